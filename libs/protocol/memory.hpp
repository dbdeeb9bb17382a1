// The memory-manager's protocol. Badge of the caller's capability = number of its space; what only
// the supervisor may do (and root, before it hands over) needs the badge `manager`. Addresses and
// sizes are bytes, page aligned (4 KiB), below program::layout's areas. A space is an address space
// with its account: every frame and page table in it counts against its quota.
#pragma once

#include "rpc/refusals.hpp"

namespace memory {

inline constexpr u64 manager = 0x0100'0000'0000; ///< badge: may make and end spaces
/// Badge of a thread's fault endpoint: fault_bit | its space.
inline constexpr u64 fault_bit = u64{1} << 41;
/// Set beside the space in the badge of a program with the right `monitor`: may see all statistics.
inline constexpr u64 monitor_bit = u64{1} << 42;
/// The same for a program with the right `injector` (profile test only): may use MapVictim.
inline constexpr u64 injector_bit = u64{1} << 43;
/// The same for a program with the right `loader`: may use MapImage and Seal.
inline constexpr u64 loader_bit = u64{1} << 44;

/// How a region may be used. Write and execute together are refused everywhere.
inline constexpr u64 access_read = 1, access_write = 2, access_execute = 4;

// ---- what every program may do ----

/// Memory on demand: zero when first touched. Answers its address, in layout::heap.
/// Errors: no_memory (quota, or the machine's), bad_argument (size 0).
struct Allocate {
    static constexpr bool idempotent = false;
    struct Args {
        u64 bytes;
    };
    struct Reply {
        u64 address;
    };
};
/// Gives back what Allocate gave; nobody can touch it any more. The pages of a large piece count
/// until they were taken back one after the other. Error: not_found.
struct Free {
    static constexpr bool idempotent = false;
    struct Args {
        u64 address;
    };
    struct Reply {};
};
/// The caller's account. Pages of 4 KiB; counters since the space was made.
struct Statistics {
    static constexpr bool idempotent = true;
    struct Args {};
    struct Reply {
        u64 quota, resident, tables, swapped;
        u64 faults, zero_fills, copies, evictions, swap_ins;
        u64 large; ///< pages of 2 MiB, each 512 of the resident ones
    };
};
/// The same of any space, by number, and of the machine. Needs flag_monitor's capability or
/// `manager`; Error not_found.
struct SpaceStatistics {
    static constexpr bool idempotent = true;
    struct Args {
        u64 space;
    };
    struct Reply {
        u64 quota, resident, tables, swapped, faults, zero_fills, copies, evictions, swap_ins,
            large;
    };
};
struct MachineStatistics {
    static constexpr bool idempotent = true;
    struct Args {};
    struct Reply {
        u64 total, free, kernel_objects, shared, swap_total, swap_used;
    }; ///< pages
};

// ---- what only the manager may do ----

/// An empty address space. Answers its number; the capability in the answer is its VSpace (PML4).
/// resident: whatever is mapped into it is made at once and never evicted. Error: no_memory.
struct CreateSpace {
    static constexpr bool idempotent = false;
    struct Args {
        u64 quota_pages, resident;
    };
    struct Reply {
        u64 space;
    };
};
/// Ends it, whose threads must have ended: all its frames are cleared before anybody gets them.
/// Blocked faults get no answer. The pages of a large one are taken back by Sweep, or when memory
/// is short.
struct DestroySpace {
    static constexpr bool idempotent = false;
    struct Args {
        u64 space;
    };
    struct Reply {};
};
/// Maps `file_bytes` of the boot archive from `offset` (page aligned) at `address`; bytes up to
/// `bytes` behind them are zero. Pages are read in place; a written one is copied first, so
/// instances share what they do not change.
struct MapArchive {
    static constexpr bool idempotent = false;
    struct Args {
        u64 space, address, bytes, offset, file_bytes, access;
    };
    struct Reply {};
};
/// Zeroed memory at a fixed address (stacks).
struct MapAnonymous {
    static constexpr bool idempotent = false;
    struct Args {
        u64 space, address, bytes, access;
    };
    struct Reply {};
};
/// Memory that several spaces share: anonymous, always resident, zero at first, at most 16 MiB.
/// contiguous: one block of physical memory below 2^address_bits. physical is its address then,
/// else 0. What is 2 MiB or larger has pages of 2 MiB, and 4 KiB for the rest.
struct CreateObject {
    static constexpr bool idempotent = false;
    struct Args {
        u64 bytes, contiguous, address_bits;
    };
    struct Reply {
        u64 object, physical;
    };
};
/// space 0 is the memory-manager itself (its own end of the swap rings). Error: bad_argument also
/// for an object of 2 MiB or more at an address that is no multiple of 2 MiB.
struct MapObject {
    static constexpr bool idempotent = false;
    struct Args {
        u64 space, object, address, access;
    };
    struct Reply {};
};
/// Error: slot_occupied while it is mapped anywhere.
struct DestroyObject {
    static constexpr bool idempotent = false;
    struct Args {
        u64 object;
    };
    struct Reply {};
};
/// Maps the frame in the message's capability (device memory, 4 KiB or 2 MiB: `size_bits`) with the
/// kernel's memory type `attributes` (abi::VmAttributes). The capability is the space's until it
/// ends. A page that has such a frame already gets the new one in its place.
struct MapFrame {
    static constexpr bool idempotent = false;
    struct Args {
        u64 space, address, size_bits, access, attributes;
    };
    struct Reply {};
};
/// An untyped of 2^bits bytes for kernel objects; the capability is in the answer. physical: its
/// address, by which the kernel event ring names what is made of it. bits: 12 to 21. Errors:
/// out_of_range, no_memory.
struct TakeUntyped {
    static constexpr bool idempotent = false;
    struct Args {
        u64 bits;
    };
    struct Reply {
        u64 untyped, physical;
    };
};
/// Takes it back: everything made of it is destroyed.
struct ReturnUntyped {
    static constexpr bool idempotent = false;
    struct Args {
        u64 untyped;
    };
    struct Reply {};
};
/// Puts `bytes` (at most 800) from the message to `address` of a space that does not run yet
/// (argument pages). The pages there become present, stay so and are, for the program, read-only.
inline constexpr u64 max_fill = 800;
struct Fill {
    static constexpr bool idempotent = true;
    struct Args {
        u64 space, address, bytes;
        u8 data[max_fill];
    };
    struct Reply {};
};
/// A capability to the frame behind `address` of a space, made present and kept so (the IPC buffer:
/// Tcb.configure wants it). Error: busy, the page is on the swap disk and was asked for now: call
/// again later. (In a space that does not run yet nothing is there.)
struct TakeFrame {
    static constexpr bool idempotent = false;
    struct Args {
        u64 space, address, access;
    };
    struct Reply {
        u64 size_bits;
    };
};
/// Why a page fault could not be served: its word 4, behind the four of the kernel's.
inline constexpr u64 fault_unmapped = 1; ///< nothing is there, or not for this kind of access
inline constexpr u64 fault_quota = 2;    ///< the space's account is full
inline constexpr u64 fault_memory = 3;   ///< the machine has no memory left
inline constexpr u64 fault_disk = 4;     ///< the swap disk cannot read the page
/// The next fault that the memory-manager could not serve, oldest first: the thread waits until its
/// space ends or ResumeFault. space 0: there is none. The manager's notification is signalled with
/// its badge bit for each (set up when root hands over).
struct NextFault {
    static constexpr bool idempotent = false;
    struct Args {};
    struct Reply {
        u64 space, label, words;
        u64 word[20];
    };
};
/// Lets a thread that NextFault told of go on (as it was, for a UserException as `word` says).
struct ResumeFault {
    static constexpr bool idempotent = false;
    struct Args {
        u64 space;
    };
    struct Reply {};
};
/// Where pages go when memory is short: the object with a block protocol's rings, mapped by
/// MapObject into space 0 at `rings`, and a pool of `pool_bytes` (MapObject at `pool`) with the DMA
/// address the driver knows. The memory-manager signals the capability in the message after
/// pushing.
struct AttachSwap {
    static constexpr bool idempotent = false;
    struct Args {
        u64 rings, pool, pool_bytes;
    };
    struct Reply {};
};
/// Up to max_peek bytes at `address` of a space, as far as they lie in one page that is present: a
/// look at a program that has ended, which makes nothing present and changes nothing. bytes: how
/// many came, 0 for a page that is not there. Error: busy, it is on the swap disk (nobody asks for
/// it, so it stays there). For the manager.
inline constexpr u64 max_peek = 256;
struct Peek {
    static constexpr bool idempotent = true;
    struct Args {
        u64 space, address, bytes;
    };
    struct Reply {
        u64 bytes;
        u8 data[max_peek];
    };
};

/// Maps a page of another space, writable, at `window` of the caller's own, in the place of what
/// was mapped there by this call before: how the injector of the test profile gets at a victim's
/// memory. The page becomes the victim's own copy first, so the resident image and other instances
/// keep theirs; the mapping goes with the victim. The right `injector`. Errors: missing_rights,
/// not_found (no such space, or nothing is there), bad_argument (shared memory and device registers
/// have an owner besides the victim; the caller itself), no_memory.
struct MapVictim {
    static constexpr bool idempotent = true;
    struct Args {
        u64 space, address, window;
    };
    struct Reply {};
};
/// Takes back the next 1 MiB of what ended spaces and freed heap hold. Answers whether there is
/// more (1) or not (0). For the manager.
struct Sweep {
    static constexpr bool idempotent = true;
    struct Args {};
    struct Reply {
        u64 more;
    };
};

/// Zeroed memory on demand where a program's own image may lie (program::layout::image_start to
/// image_end), to be read and written, and only where nothing is. The right `loader`. Errors:
/// missing_rights; bad_argument (not page aligned, no bytes); out_of_range (not in that area);
/// slot_occupied; no_memory (more than the account may ever hold).
struct MapImage {
    static constexpr bool idempotent = false;
    struct Args {
        u64 address, bytes;
    };
    struct Reply {};
};
/// Makes what MapImage gave at this address, all of it, readable or readable and executable, and
/// never writable again: its contents stay. So no page is ever writable and executable, nor
/// executable and later writable. The right `loader`. Errors: missing_rights; bad_argument (access
/// is another); not_found (no region of MapImage begins there, or it was sealed before).
struct Seal {
    static constexpr bool idempotent = false;
    struct Args {
        u64 address, access;
    };
    struct Reply {};
};
/// The oldest of what was refused for want of a right or of memory and that nobody was told of;
/// who: a space. The manager is signalled, as for a fault, when there is one after there was none.
/// For the manager.
struct NextRefusal {
    static constexpr bool idempotent = false;
    struct Args {};
    using Reply = rpc::Refusal;
};

using Memory =
    rpc::Protocol<1, Allocate, Free, Statistics, SpaceStatistics, MachineStatistics, CreateSpace,
                  DestroySpace, MapArchive, MapAnonymous, CreateObject, MapObject, DestroyObject,
                  MapFrame, TakeUntyped, ReturnUntyped, Fill, TakeFrame, NextFault, ResumeFault,
                  AttachSwap, Peek, MapVictim, Sweep, NextRefusal, MapImage, Seal>;

} // namespace memory
