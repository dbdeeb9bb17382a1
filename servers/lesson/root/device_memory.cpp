// See device_memory.hpp.
#include "device_memory.hpp"

#include "kit/bits.hpp"
#include "layout.hpp"

namespace root {

namespace {

/// A piece this small becomes frames: 16 pages.
constexpr u8 small_bits = 16;
constexpr u64 page_size = bit(abi::page_bits);

} // namespace

DeviceMemory::DeviceMemory(abi::BootInfo const& info, AddressSpace& own, Objects& objects)
    : own_{own}, objects_{objects}
{
    u64 const count = info.untyped.end - info.untyped.start;
    for (u64 i = 0; i < count && i < abi::max_boot_info_untypeds; ++i) {
        abi::UntypedDesc const& it = info.untyped_list[i];
        if (!it.is_device || it.size_bits < abi::page_bits) continue;
        (void)pieces_.add(it.paddr, info.untyped.start + i, it.size_bits); // there is room for all
    }
}

std::span<u8 const> DeviceMemory::view(u64 address, u64 size)
{
    constexpr u64 limit = layout::physical_window_size;
    if (size == 0 || address >= limit || size > limit - address) return {};
    for (u64 page = align_down(address, abi::page_bits); page < address + size; page += page_size)
        if (!map_page(page)) return {};
    return {reinterpret_cast<u8 const*>(layout::physical_window + address), size};
}

bool DeviceMemory::map_page(u64 address)
{
    untyped::Piece* const piece = pieces_.at(address, small_bits, objects_);
    return piece && (piece->state == untyped::PieceState::kept || map_piece(*piece));
}

bool DeviceMemory::map_piece(untyped::Piece& piece)
{
    u64 const pages = bit(piece.bits) / page_size;
    auto const slots = objects_.take_slots(pages);
    if (!slots) return false;
    if (!sys::Untyped{piece.slot}.retype(abi::ObjectType::x86_4k, 0, own_cnode.slot(*slots), pages))
        return false;
    for (u64 i = 0; i < pages; ++i) {
        u64 const address = layout::physical_window + piece.address + i * page_size;
        if (!own_.map(sys::Frame{*slots + i}, address, sys::Rights::read, sys::data_attributes))
            return false;
    }
    piece.state = untyped::PieceState::kept;
    return true;
}

} // namespace root
