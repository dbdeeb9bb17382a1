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
        pieces_[count_++] = {it.paddr, info.untyped.start + i, it.size_bits, State::whole};
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

/// The smallest piece around an address: halves are added behind the piece they come from.
DeviceMemory::Piece* DeviceMemory::find(u64 address)
{
    for (usize i = count_; i-- > 0;) {
        Piece& piece = pieces_[i];
        if (address >= piece.address && address - piece.address < bit(piece.bits)) return &piece;
    }
    return nullptr;
}

bool DeviceMemory::map_page(u64 address)
{
    Piece* piece = find(address);
    while (piece && piece->state == State::whole && piece->bits > small_bits) {
        if (!split(*piece)) return false;
        piece = find(address);
    }
    if (!piece || piece->state == State::split) return false;
    return piece->state == State::mapped || map_piece(*piece);
}

bool DeviceMemory::split(Piece& piece)
{
    if (count_ + 2 > pieces_.size()) return false;
    auto const slots = objects_.take_slots(2);
    if (!slots) return false;
    auto const half = static_cast<u8>(piece.bits - 1);
    if (!sys::Untyped{piece.slot}.retype(abi::ObjectType::untyped, half, own_cnode.slot(*slots), 2))
        return false;
    piece.state = State::split;
    pieces_[count_++] = {piece.address, *slots, half, State::whole};
    pieces_[count_++] = {piece.address + bit(half), *slots + 1, half, State::whole};
    return true;
}

bool DeviceMemory::map_piece(Piece& piece)
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
    piece.state = State::mapped;
    return true;
}

} // namespace root
