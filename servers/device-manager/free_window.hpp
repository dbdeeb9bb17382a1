// Where functions' registers may lie on a machine whose firmware has placed none. What a machine
// has there besides is in AML, which nobody reads; so this is for machines where everything is
// free: emulators whose firmware leaves PCI alone.
#pragma once

#include "kit/bits.hpp"
#include "pci/bridge.hpp"
#include "protocol/handover.hpp"

namespace device_manager {

/// Addresses between RAM and the I/O APIC: device memory in one piece up to there, without
/// what is next to RAM, since firmware keeps its tables there, nothing below 3 GiB, and without
/// configuration space [taken, taken_end). None when that is less than a MiB.
inline pci::Window free_window(std::span<handover::Untyped const> memory, u64 taken, u64 taken_end)
{
    constexpr u64 io_apic = 0xfec0'0000, lowest = 0xc000'0000, tables = bit(24);
    // From the I/O APIC downwards as far as there is device memory.
    u64 first = io_apic;
    for (usize i = 0; i < memory.size(); ++i) {
        u64 const at = memory[i].physical, end = at + bit(memory[i].bits);
        if (at >= first || end < first) continue;
        first = at;
        i = ~usize{0}; // from the beginning: they are in no order
    }
    u64 end = io_apic;
    first = align_up(first + tables, pci::window_bits);
    if (first < lowest) first = lowest;
    if (taken < end && taken_end > first) {
        bool const above = taken_end < end && end - taken_end > taken - first;
        if (taken <= first || above)
            first = align_up(taken_end, pci::window_bits);
        else
            end = align_down(taken, pci::window_bits);
    }
    return first < end ? pci::Window{first, end - 1} : pci::Window{};
}

} // namespace device_manager
