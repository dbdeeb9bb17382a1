// The device-manager's protocol. The supervisor (badge `manager`) attaches drivers to devices; the
// monitor shell may look; a driver whose interrupt line is shared acknowledges here. The
// device-manager Calls the memory-manager only. What a driver needs is in the system description
// (composition::Need), by the program's index.
#pragma once

#include "rpc/refusals.hpp"

namespace device {

inline constexpr u64 manager = 0x0100'0000'0000; ///< badge of the supervisor's capability
inline constexpr usize name_bytes = 24;
inline constexpr usize max_values = 24;

/// Makes the device of driver `program` ready and reachable: resets it if it ever ran, maps its
/// registers and DMA memory into `space`, puts handlers and port capabilities into the CNode in the
/// message's capability, at the slots its needs name, and turns bus mastering on. The values are
/// arguments for the program, after the names of its needs: ports NAME (first port), NAME.slot; bar
/// and mmio NAME (address), NAME.size, for the framebuffer also .pitch, .width, .height, .red,
/// .green, .blue (shifts; 32 bits a pixel); dma NAME, .physical, .size, zeroed; irq NAME, .kind.
/// For virtio devices, as far as their structures lie in mapped BARs: virtio.common, virtio.notify,
/// virtio.isr, virtio.device (addresses), each with .size, and virtio.notify_mul.
/// Errors: not_found (no such device, or it went), slot_occupied (another has it), corrupt (the
/// device lacks what the manifest needs, or will not become quiet), no_memory.
struct Attach {
    static constexpr bool idempotent = false;
    struct Args {
        u64 program, space;
    };
    struct Value {
        char name[name_bytes];
        u64 value;
    };
    struct Reply {
        u64 count;
        Value values[max_values];
    };
};
/// Makes the device quiet and takes every capability and DMA window back: bus master and interrupts
/// off, the manifest's quiesce list, then a function-level or bus reset if that fails. how: 1 it
/// was quiet at once, 2 after the list, 3 after a reset. Error: corrupt (it may still be writing:
/// its memory stays in quarantine).
struct Detach {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program;
    };
    struct Reply {
        u64 how;
    };
};
/// Whether there is a device for this driver now: 0 no, 1 yes, free, 2 yes, attached. For the
/// supervisor. Error: missing_rights.
struct Present {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program;
    };
    struct Reply {
        u64 state;
    };
};
/// The next thing that happened to devices; program no_index: nothing more. The supervisor's
/// notification is signalled for each. appeared 0: it is gone, detach at once.
struct NextEvent {
    static constexpr bool idempotent = false;
    struct Args {};
    struct Reply {
        u64 program, appeared;
    };
};
/// One line about device `index` (PCI functions first, then platform devices), for people and as
/// fields. driver: program index or ~0. For the supervisor and programs with the right `monitor`;
/// index `own`, the device that the caller drives, for everybody. Errors: missing_rights, not_found
/// behind the last, or when it drives none.
inline constexpr u64 own = ~u64{0};
struct Describe {
    static constexpr bool idempotent = true;
    struct Args {
        u64 index;
    };
    struct Reply {
        u64 bus, function, vendor, device, class_code, driver, irq, dma_contained;
        u64 bar[6], bar_size[6];
        char text[96];
    };
};
/// Switches the machine off (reboot 0) or starts it again. Answers only if it could not:
/// not_supported; missing_rights but for the supervisor and programs with the right `monitor`.
struct Power {
    static constexpr bool idempotent = true;
    struct Args {
        u64 reboot;
    };
    struct Reply {};
};
/// A driver with "irq0.kind" 2 (a shared line, demultiplexed here) has served interrupt `index`.
struct Acknowledge {
    static constexpr bool idempotent = true;
    struct Args {
        u64 index;
    };
    struct Reply {};
};
/// The oldest of what was refused for want of a right and that nobody was told of; who: a program.
/// The supervisor is signalled, as for an event, when there is one after there was none. For the
/// supervisor.
struct NextRefusal {
    static constexpr bool idempotent = false;
    struct Args {};
    using Reply = rpc::Refusal;
};
using Device =
    rpc::Protocol<1, Attach, Detach, Present, NextEvent, Describe, Power, Acknowledge, NextRefusal>;

/// Values of the argument "NAME.kind" of an interrupt.
inline constexpr u64 irq_handler = 1; ///< NAME is an IRQ handler: set its notification, ack it
inline constexpr u64 irq_shared =
    2; ///< NAME is a number: Acknowledge it; signals come by themselves

} // namespace device
