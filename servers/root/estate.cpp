// See estate.hpp.
#include "estate.hpp"

#include "kit/bits.hpp"

namespace root {

namespace {

constexpr u64 page_size = bit(abi::page_bits);
constexpr u64 archive_window = 0x100'0000'0000; ///< where root sees the archive

/// Bits of a CNode with a slot for each page.
u64 cnode_bits_of(abi::BootModule const& module)
{
    u64 bits = 1;
    while (bit(static_cast<unsigned>(bits)) * page_size < module.size) ++bits;
    return bits;
}

} // namespace

Ram::Ram(abi::BootInfo const& info, u64 first_slot) : next_slot_{first_slot}
{
    u64 const count = info.untyped.end - info.untyped.start;
    for (u64 i = 0; i < count && i < abi::max_boot_info_untypeds; ++i) {
        abi::UntypedDesc const& it = info.untyped_list[i];
        if (it.is_device) continue;
        piece_[count_++] = {it.paddr, static_cast<u32>(info.untyped.start + i), it.size_bits};
    }
}

handover::Untyped Ram::take(u64 bits)
{
    usize best = count_;
    for (usize i = 0; i < count_; ++i)
        if (piece_[i].bits >= bits && (best == count_ || piece_[i].bits < piece_[best].bits))
            best = i;
    if (best == count_) give_up("there is not enough memory");
    // Of each half the upper stays in the list, the lower is split on.
    handover::Untyped piece = piece_[best];
    piece_[best] = piece_[--count_];
    while (piece.bits > bits) {
        u32 const half = piece.bits - 1;
        auto const slot = static_cast<u32>(next_slot_);
        next_slot_ += 2;
        if (count_ == piece_.size() || !sys::Untyped{piece.slot}.retype(
                                           abi::ObjectType::untyped, half, own_cnode.slot(slot), 2))
            give_up("memory cannot be split");
        piece_[count_++] = {piece.physical + bit(half), slot + 1, half};
        piece = {piece.physical, slot, half};
    }
    return piece;
}

u64 memory_for_archive(abi::BootModule const& module)
{
    u64 const cnode = bit(static_cast<unsigned>(cnode_bits_of(module))) << abi::slot_bits;
    u64 const tables = (module.size / bit(abi::large_page_bits) + 5) * page_size;
    return cnode + tables;
}

Archive map_archive(abi::BootInfo const& info, abi::BootModule const& module, AddressSpace& own,
                    Objects& objects)
{
    Archive archive{module, {}, cnode_bits_of(module), {}};
    auto const frames = objects.make<sys::CNode>(abi::ObjectType::cnode, archive.frames_bits);
    if (!frames) give_up("the boot archive's CNode cannot be made");
    archive.frames = *frames;

    u64 page = 0;
    for (u64 i = 0; i < module.untyped_count; ++i) {
        u64 const index = module.first_untyped + i;
        if (index >= abi::max_boot_info_untypeds) give_up("the boot archive lies nowhere");
        sys::Untyped const untyped{info.untyped.start + index};
        u64 left = bit(info.untyped_list[index].size_bits) / page_size;
        while (left > 0) {
            u64 const count = left < abi::retype_max_objects ? left : abi::retype_max_objects;
            if (!untyped.retype_into(abi::ObjectType::x86_4k, 0, own_cnode,
                                     archive.frames.address(), abi::word_bits, page, count))
                give_up("the boot archive's frames cannot be made");
            page += count;
            left -= count;
        }
    }
    if (page * page_size < module.size) give_up("the boot archive is not all there");

    for (u64 i = 0; i * page_size < module.size; ++i) {
        auto const slot = objects.take_slots();
        if (!slot ||
            !own_cnode.slot(*slot).copy_from(
                archive.frames.slot(i, static_cast<u8>(archive.frames_bits)), sys::Rights::read) ||
            !own.map(sys::Frame{*slot}, archive_window + i * page_size, sys::Rights::read,
                     sys::data_attributes))
            give_up("the boot archive cannot be mapped");
    }
    archive.bytes = {reinterpret_cast<u8 const*>(archive_window), module.size};
    return archive;
}

} // namespace root
