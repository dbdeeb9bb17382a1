// See device_memory.hpp. Our own mappings: memory below 4 GiB lies at layout::device + its physical
// address, which is just as long; the rest, page by page, in layout::dma, which we do not need.
#include "device_memory.hpp"

#include "program/layout.hpp"
#include <bit>

namespace device_manager {

namespace {

namespace layout = program::layout;
using untyped::Piece;
using untyped::PieceState;

constexpr u64 page = bit(abi::page_bits);
constexpr u64 low_end = layout::device_end - layout::device;
constexpr u64 read_write = memory::access_read | memory::access_write;

} // namespace

DeviceMemory::DeviceMemory(Own& own, handover::Devices const& given) : own_{own}, pieces_{own.cnode}
{
    if (auto const slots = own.slots.take_slots()) scratch_ = *slots;
    for (u64 i = 0; i < given.memory_count && i < handover::max_device_memory; ++i) {
        auto const& it = given.memory[i];
        if (it.bits >= abi::page_bits)
            (void)pieces_.add(it.physical, it.slot, static_cast<u8>(it.bits));
    }
}

/// The largest block that begins at `physical`, is no longer than `bytes` and can be mapped at
/// `address`: blocks of 2 MiB and more as large pages, which both addresses must allow.
u8 DeviceMemory::piece_bits(u64 physical, u64 bytes, u64 address) const
{
    unsigned const room = static_cast<unsigned>(std::bit_width(bytes)) - 1;
    unsigned const aligned = static_cast<unsigned>(std::countr_zero(physical | bit(46)));
    unsigned const bits = room < aligned ? room : aligned;
    bool const congruent = is_aligned(physical ^ address, abi::large_page_bits);
    unsigned const most = congruent ? abi::huge_page_bits : abi::large_page_bits - 1;
    return static_cast<u8>(bits < most ? bits : most);
}

Result<void> DeviceMemory::map_piece(Piece& piece, u64 space, u64 address, u64 access,
                                     abi::VmAttributes type)
{
    bool const large = piece.bits >= abi::large_page_bits &&
                       is_aligned(piece.address ^ address, abi::large_page_bits);
    u64 const size_bits = large ? abi::large_page_bits : abi::page_bits;
    auto const object = large ? abi::ObjectType::x86_large_page : abi::ObjectType::x86_4k;
    u64 const frames = bit(piece.bits) >> size_bits;
    piece.state = PieceState::used;
    for (u64 i = 0; i < frames; ++i) {
        auto const made = sys::Untyped{piece.slot}.retype(object, 0, own_.slot(scratch_));
        if (!made) return refused(made.error());
        rpc::CapabilityChannel channel{own_.memory, sys::Cap{scratch_}};
        auto const mapped = rpc::call<memory::Memory, memory::MapFrame>(
            channel,
            {space, address + (i << size_bits), size_bits, access, static_cast<u64>(type)});
        // The space has a capability of its own now; the piece's untyped still reaches it.
        (void)own_.slot(scratch_).remove();
        if (!mapped) return mapped.error();
    }
    return {};
}

/// Where we see [physical, + bytes), whole pages: 0 when there is no room for it.
u64 DeviceMemory::own_address(u64 physical, u64 bytes)
{
    if (physical + bytes <= low_end) return layout::device + physical;
    usize const first = high_.take(physical, bytes);
    return first == HighWindow::none ? 0 : layout::dma + first * page;
}

u8 volatile* DeviceMemory::keep(u64 physical, u64 bytes, u64 access, abi::VmAttributes type)
{
    u64 const first = align_down(physical, abi::page_bits);
    u64 const end = align_up(physical + bytes, abi::page_bits);
    if (bytes == 0 || physical >> 46 != 0 || bytes >> 46 != 0) return nullptr;
    u64 const window = own_address(first, end - first);
    if (window == 0) return nullptr;
    for (u64 at = first; at < end;) {
        u64 const address = window + (at - first);
        Piece* const piece = pieces_.at(at, piece_bits(at, end - at, address), own_.slots);
        if (!piece || piece->state == PieceState::used) return nullptr;
        if (piece->state == PieceState::whole) {
            piece->user = ourselves;
            if (!map_piece(*piece, own_.space, address, access, type)) {
                release(ourselves, piece->address, bit(piece->bits));
                return nullptr;
            }
            piece->state = PieceState::kept;
        }
        at = piece->address + bit(piece->bits);
    }
    return reinterpret_cast<u8 volatile*>(window + (physical - first));
}

std::span<u8 const> DeviceMemory::view(u64 physical, u64 bytes)
{
    if (physical >= low_end || bytes > low_end - physical) return {};
    if (!keep(physical, bytes, memory::access_read, abi::VmAttributes::write_back)) return {};
    return {reinterpret_cast<u8 const*>(layout::device + physical), bytes};
}

acpi::PhysicalView DeviceMemory::physical_view()
{
    return {[](void* context, u64 address, u64 size) {
                return static_cast<DeviceMemory*>(context)->view(address, size);
            },
            this};
}

u8 volatile* DeviceMemory::registers(u64 physical, u64 bytes)
{
    return keep(physical, bytes, read_write, abi::VmAttributes::uncacheable);
}

Result<void> DeviceMemory::give(u32 program, u64 space, u64 address, u64 physical, u64 bytes,
                                abi::VmAttributes type)
{
    u64 done = 0;
    auto const given = [&]() -> Result<void> {
        while (done < bytes) {
            u64 const at = physical + done, to = address + done;
            Piece* const piece = pieces_.at(at, piece_bits(at, bytes - done, to), own_.slots);
            if (!piece) return Error::not_found;
            if (piece->state != PieceState::whole) return Error::slot_occupied;
            done += bit(piece->bits);
            piece->user = program;
            TRY(map_piece(*piece, space, to, read_write, type));
        }
        return {};
    }();
    if (!given) release(program, physical, done);
    return given;
}

/// Pieces that nothing was made of are left as large as they are.
void DeviceMemory::release(u32 user, u64 physical, u64 bytes)
{
    for (u64 at = physical; at < physical + bytes;) {
        Piece* const piece = pieces_.find(at);
        if (!piece) return;
        if (piece->state != PieceState::whole && (user == anybody || user == piece->user)) {
            (void)own_.slot(piece->slot).revoke();
            piece->state = PieceState::whole;
            high_.release(piece->address, bit(piece->bits));
        }
        at = piece->address + bit(piece->bits);
    }
}

} // namespace device_manager
