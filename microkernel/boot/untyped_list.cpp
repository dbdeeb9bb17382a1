// Splitting physical ranges into untypeds. Called from boot/root_server.cpp.
#include "boot/untyped_list.hpp"

#include "abi/constants.hpp"
#include "kit/bits.hpp"
#include <bit>

namespace mk {

namespace {
/// The largest naturally aligned block that begins at `base` and fits below `end` (base < end).
unsigned block_bits(u64 base, u64 end)
{
    unsigned const room = unsigned(std::bit_width(end - base)) - 1;
    unsigned const alignment = unsigned(std::countr_zero(base)); // 64 for address 0
    unsigned const bits = room < alignment ? room : alignment;
    return bits < abi::max_untyped_bits ? bits : unsigned(abi::max_untyped_bits);
}
} // namespace

void UntypedList::add(u64 base, u64 end, Kind kind)
{
    if (base > ~low_mask(abi::min_untyped_bits)) return;
    base = align_up(base, abi::min_untyped_bits);
    end = align_down(end, abi::min_untyped_bits);
    while (base < end) {
        unsigned const bits = block_bits(base, end);
        add_entry({base, u8(bits), kind != Kind::ram, kind == Kind::module});
        base += bit(bits);
    }
}

void UntypedList::add_entry(UntypedEntry entry)
{
    if (count_ < capacity) {
        entry_[count_++] = entry;
        return;
    }
    unsigned smallest = capacity; // stands for the new entry
    for (unsigned i = 0; i < capacity; ++i) {
        bool const found = smallest < capacity;
        u8 const least = found ? entry_[smallest].bits : entry.keep ? u8{255} : entry.bits;
        if (!entry_[i].keep && entry_[i].bits < least) smallest = i;
    }
    dropped_bytes_ += bit(smallest == capacity ? entry.bits : entry_[smallest].bits);
    if (smallest == capacity) return;
    for (unsigned i = smallest + 1; i < capacity; ++i) entry_[i - 1] = entry_[i];
    entry_[capacity - 1] = entry;
}

UntypedList::Run UntypedList::find(u64 base, u64 end) const
{
    Run run{0, 0};
    for (unsigned i = 0; i < count_; ++i) {
        if (entry_[i].base < base || entry_[i].base >= end) continue;
        if (run.count++ == 0) run.first = i;
    }
    return run;
}

bool HoleList::add(Hole hole)
{
    if (hole.base >= hole.end) return true;
    if (count_ == capacity) return false;
    unsigned at = count_++;
    for (; at > 0 && hole_[at - 1].base > hole.base; --at) hole_[at] = hole_[at - 1];
    hole_[at] = hole;
    return true;
}

void list_devices(UntypedList& list, HoleList const& holes)
{
    u64 next = 0; // everything below is listed or in a hole
    for (Hole const& hole : holes.holes()) {
        u64 const begin = hole.base < physical_end ? hole.base : physical_end;
        if (begin > next) list.add(next, begin, UntypedList::Kind::device);
        if (hole.module) list.add(hole.base, hole.end, UntypedList::Kind::module);
        if (hole.end > next) next = hole.end;
    }
    if (next < physical_end) list.add(next, physical_end, UntypedList::Kind::device);
}

} // namespace mk
