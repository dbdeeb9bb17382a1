// What root hands to the members of the trusted base besides what the description grants them: one
// structure each, read-only at `address`, filled before the thread starts. A field that names a
// capability is a slot of the receiver's CNode (a slot's index is its address); the capabilities
// that were root's own are moved, so that the receiver has the originals. Physical ranges are
// bytes.
#pragma once

#include "abi/boot_info.hpp"
#include "kit/types.hpp"

namespace handover {

inline constexpr u64 address = 0x1002'0000;         ///< of the structure, behind layout::ipc_buffer
inline constexpr u64 archive_address = 0x8000'0000; ///< of the boot archive, behind layout::shared

/// Bits of the supervisor's notification, as badges rpc::signal_bit | bit. The compiler of the
/// description (scripts/lib/manifest/layout.py) gives the first three out; its status_event is 48.
inline constexpr u64 memory_event = u64{1} << 49; ///< memory-manager: call NextFault
inline constexpr u64 device_event = u64{1} << 50; ///< device-manager: call NextEvent
inline constexpr u64 clock_event = u64{1} << 51;  ///< the supervisor's own clock thread

/// An untyped of 2^bits bytes at `physical`. Nothing was made of it.
struct Untyped {
    u64 physical;
    u32 slot;
    u32 bits;
};
static_assert(sizeof(Untyped) == 16);

/// Slots that are empty in the receiver's CNode: [first, end).
struct EmptySlots {
    u64 first, end;
};

/// To memory-manager, which root loads by itself: image, stack, IPC buffer and this page are mapped
/// and present. Its arguments are what the description grants ("endpoint", "reply0", "wake", ...).
inline constexpr usize max_ram = 220;
struct Memory {
    u64 own_cnode, own_cnode_bits, own_vspace, own_tcb; ///< own_cnode has its guard: slot(index)
    u64 asid_control;
    u64 asid_pool;         ///< the first pool; root's and the receiver's own VSpace are of it
    u64 endpoint;          ///< its endpoint, unbadged, all rights
    u64 supervisor_signal; ///< signals memory_event to the supervisor
    EmptySlots empty;
    /// The boot archive. Its frames (4 KiB, in order, device memory, not mapped) are slots 0 to
    /// pages - 1 of a CNode of 2^archive_cnode_bits slots: `CNode{archive_cnode}.slot(i, bits)`.
    /// root maps them too, by copies.
    u64 archive_physical, archive_bytes;
    u64 archive_cnode, archive_cnode_bits;
    u64 tsc_mhz;
    u64 ram_count;
    Untyped ram[max_ram]; ///< everything there is, largest pieces as the kernel gave them
};
static_assert(sizeof(Memory) <= 4096);

/// To device-manager.
inline constexpr usize max_device_memory = 210;
struct Devices {
    u64 own_cnode, own_cnode_bits;    ///< own_cnode has its guard: `slot(index)` is depth 64
    u64 irq_control, io_port_control; ///< the latter has issued 0x3f8 to 0x3ff already:
    u64 com1_ports;                   ///< for the serial driver; root keeps a copy
    u64 endpoint, notification;       ///< its own, unbadged, all rights
    u64 supervisor_signal;            ///< signals device_event to the supervisor
    u64 own_space;                    ///< its number at the memory-manager
    EmptySlots empty;
    u64 archive_bytes; ///< mapped read-only at archive_address
    u64 tsc_mhz;
    u64 tsc_hz, tsc_at_entry; ///< as exactly as the kernel knows; when the kernel began
    u64 rsdp_bytes;           ///< 0: the firmware has none
    u8 rsdp[40];              ///< abi::acpi_rsdp_bytes of it
    u64 framebuffer_bytes;
    u8 framebuffer[64]; ///< payload of the boot information's chunk x86_framebuffer; 0 bytes: none
    u64 memory_count;
    Untyped memory[max_device_memory]; ///< device untypeds, but for the archive's
};
static_assert(sizeof(Devices) <= 4096);

/// A member of the trusted base, for the supervisor to look at. thread: its number in the kernel's
/// event ring. space: its number at the memory-manager; ~0: none. bytes: memory that root gave it
/// and that no space's account has. 0: not known.
struct Member {
    u64 program; ///< index in the description
    u64 context; ///< a copy of its scheduling context's capability
    u64 thread, space, bytes;
};

/// To supervisor. Endpoints and notifications are unbadged, with all rights: it makes everybody's
/// capabilities of them.
struct Supervision {
    u64 own_cnode, own_cnode_bits, own_tcb; ///< its maximum controlled priority is its priority
    u64 sched_control;
    u64 memory_manager; ///< badge memory::manager, may grant: what spawn::Authority wants
    u64 memory_endpoint, device_endpoint, root_endpoint, endpoint;
    u64 memory_notification, device_notification, notification; ///< 0: the program has none
    u64 own_space; ///< its number at the memory-manager
    u64 device_space;
    EmptySlots empty;
    u64 archive_bytes; ///< mapped read-only at archive_address
    u64 tsc_mhz;
    u64 tsc_at_entry; ///< when the kernel began: time 0
    Member member[4]; ///< root, memory-manager, device-manager, supervisor
};

} // namespace handover
