// The list of free physical memory during boot. Called from arch/x86_64/kernel_space.cpp and from
// boot/.
#include "boot/boot_memory.hpp"

#include "arch/arch.hpp"
#include "debug/panic.hpp"
#include "kit/bits.hpp"
#include <bit>

namespace mk {

constinit BootMemory boot_memory;

bool BootMemory::insert(unsigned at, MemoryRange range)
{
    if (count_ == capacity) return false;
    for (unsigned i = count_; i > at; --i) range_[i] = range_[i - 1];
    range_[at] = range;
    ++count_;
    return true;
}

void BootMemory::erase(unsigned at)
{
    --count_;
    for (unsigned i = at; i < count_; ++i) range_[i] = range_[i + 1];
}

bool BootMemory::add(u64 base, u64 end)
{
    if (base < lowest) base = lowest;
    if (base > ~low_mask(12)) return true; // rounding up would wrap: not a whole page
    base = align_up(base, 12);
    end = align_down(end, 12);
    if (base >= end) return true;
    unsigned at = 0;
    while (at < count_ && range_[at].base < base) ++at;
    if (at < count_ && range_[at].base == end) {
        end = range_[at].end;
        erase(at);
    }
    if (at == 0 || range_[at - 1].end != base) return insert(at, {base, end});
    range_[at - 1].end = end;
    return true;
}

u64 BootMemory::take(unsigned size_bits)
{
    if (size_bits < 12) size_bits = 12;
    u64 const size = bit(size_bits);
    for (unsigned i = count_; i-- > 0;) {
        auto const [low, high] = range_[i];
        if (high - low < size) continue;
        u64 const base = align_down(high - size, size_bits);
        if (base < low) continue;
        // Up to two pieces remain: below, and above when the range's end was not aligned.
        if (high > base + size && !insert(i + 1, {base + size, high})) continue;
        range_[i].end = base;
        if (base == low) erase(i);
        return base;
    }
    return 0;
}

u64 BootMemory::take_cleared(u64 bytes, char const* user)
{
    unsigned const bits = unsigned(std::bit_width(bytes - 1));
    u64 const physical = take(bits);
    if (physical == 0) panic(user, ": not enough memory");
    // If the list is full what is too much is lost, which harms nobody.
    (void)add(physical + bytes, physical + bit(bits));
    arch::clear_memory(arch::from_physical(physical), bytes);
    return physical;
}

} // namespace mk
