// Interrupts as capabilities: which vectors are issued, what each signals, how it is routed.
// Interrupt numbers 0..107 are the ABI's; the CPU vector is the number + 0x30.
// Decoders: api/decode_irq.cpp. Source: seL4 manual, "Interrupts".
#pragma once

#include "cap/slot.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

inline constexpr unsigned irq_count = 108;
inline constexpr unsigned irq_vector_base = 0x30;

/// Where an interrupt comes from, set when its handler is issued.
struct IrqRoute {
    enum class Kind : u8 { free, io_apic, msi } kind = Kind::free;
    u8 io_apic = 0, pin = 0;
    bool level = false, active_low = false;
};

struct IrqTable {
    IrqRoute route[irq_count];
    Slot notification[irq_count]; ///< what SetNotification put there; badge as in the capability
};
extern IrqTable irq_table;

/// Called by arch on interrupt `irq`, with the line masked already: signals its notification.
void deliver_irq(Cpu& cpu, unsigned irq);
/// The last handler capability is gone: masks, forgets the notification, frees the vector.
void release_irq(Cpu& cpu, unsigned irq);

} // namespace mk
