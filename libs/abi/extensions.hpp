// What our kernel offers beyond seL4's interface, at numbers that seL4 refuses today, so that no
// program built for seL4 can meet an extension by accident. Rules: invocation labels from 0x1000,
// boot information ids from 0x1000, never a flag bit that seL4 ignores.
#pragma once

#include "abi/labels.hpp"
#include "kit/types.hpp"
#include <cstddef>

namespace abi {

// The comment above each number is the text of its page in docs/kernel-api/extensions, made by
// scripts/gen/api_pages.py: Markdown, links from the root of the repository.

/// Maps a frame so that no code runs from the mapping. An instruction fetch there is a VMFault with
/// instruction-fetch 1 and bit 4 of the error code set.
///
/// - Words, capabilities, checks and errors are those of [Page.map](docs/kernel-api/vspace.md).
/// - `Page.map` at the same address makes the page executable again, as it always does.
/// - It holds for the mapping, not for the frame: a copy of the capability may be mapped executable
///   elsewhere. Whoever wants a program to be unable to execute data keeps the frame capabilities.
///
/// Example: data of a program, readable and writable, not executable:
///
///     Call frame, label 0x1000, words: address, 3 (read and write), 0 (write back)
///     capability: the program's PML4
///
/// In C++ `sys::Frame::map` with `data_attributes`, in C `hypercore_X86_Page_MapExecuteNever`
/// (`libs/abi/sel4/hypercore/extensions.h`).
///
/// Why a label and not an attribute bit: seL4 ignores attribute bits it does not know, so programs
/// may pass any.
inline constexpr Label page_map_execute_never{0x1000};

/// Puts a scheduling context into the feedback class, or takes it out: it is then time-shared
/// inside its priority, and what it did before decides when its turn comes
/// ([how](docs/architecture/scheduler.md)).
///
/// - Only a context whose budget is its period can be in the class: it has no refills to wait for
///   and no timeout faults. Its budget is its slice.
/// - It begins at level 0. So it does when it is put into the class again.
/// - `SchedContext.consumed` tells its level now in a second word, which seL4's does not have.
/// - `configure_flags` makes it a plain context.
/// - Word 0 other than 0 and 1 is an error, so that more can be said there one day.
///
/// Example: a shell that shares its priority with compilers, slices of 5 ms:
///
///     Call SchedControl, label 33, words: 5000, 5000, 0, 0, 0; capability: the scheduling context
///     Call SchedControl, label 0x1001, words: 1; capability: the scheduling context
///
/// In C++ `sys::SchedControl::configure_feedback`, in C `hypercore_SchedControl_ConfigureFeedback`
/// (`libs/abi/sel4/hypercore/extensions.h`).
inline constexpr Label sched_control_configure_feedback{0x1001};

/// Turns every `syscall` instruction of a thread into an UnknownSyscall
/// [fault](docs/kernel-api/faults.md), also one whose number (rdx) is one of seL4's: Linux programs
/// leave in rdx whatever their third argument is. A Linux system call number is in rax, the first
/// word of the message; the last word is rdx, as always.
///
/// - The handler answers with the registers that are to be: rax the result, FaultIP two more than
///   it was (it is the address of the `syscall` instruction), and as many words as are to be
///   written back; 16 reach to FaultIP.
/// - Foreign is the thread, not its registers: write_registers and copy_registers neither see nor
///   change it, set_flags does not either. A new TCB is not foreign. The thread itself cannot find
///   out, and cannot end it: it has no system call left to do so.
/// - It counts from the thread's next system call on, a repeated one included: a thread that was
///   blocked in a call and is resumed repeats it, and that is then a fault.
/// - All other events stay what they are: exceptions and page faults have their own labels, time is
///   charged as always. Without a fault handler the thread stops.
/// - System calls of other threads do not become slower by more than one test (none on the fast
///   paths, which are for threads without any flag).
///
/// Example: the thread made `write(1, p, 5)`, and the personality answers 5:
///
///     received: label 2, words rax 1, rbx, rcx, rdx 5, rsi p, rdi 1 ... word 15 FaultIP
///     reply: label 0, 16 words, the same but word 0 = 5 and word 15 = FaultIP + 2
///
/// In C++ `sys::Tcb::set_foreign`, in C `hypercore_TCB_SetForeign`.
///
/// Why not a flag of set_flags: seL4 ignores flag bits it does not know, so programs may pass any.
inline constexpr Label tcb_set_foreign{0x1002};

/// Tells which of the pages that a table maps were accessed and which were written, and takes those
/// marks away, so that the next harvest shows what happened in between. For pagers that look for
/// pages nobody uses, without unmapping them.
///
///     Call page table, label 0x1003, words: first entry, count,
///         what to take away (1 accessed, 2 dirty, 3 both, 0 nothing)
///     answer, count 512: words 0 to 7 accessed pages, 8 to 15 written pages;
///         bit i of word j is entry first + 64 j + i
///
/// - A page table speaks of its 4 KiB pages, a page directory of 2 MiB pages, a PDPT of 1 GiB
///   pages: one bit for each, however little of it was touched. An entry that leads on to a table
///   has no bit, and nothing below it changes: harvest that table.
/// - Whoever has a capability to a table may take it away altogether, so no more right is asked
///   for. The table must be mapped.
/// - The marks belong to the mapping: a frame mapped twice has two of each; `Page.map` and
///   `Page.unmap` discard them, so harvest before.
/// - They show what the CPU did by this mapping in user mode. The kernel's own use of a frame (IPC
///   buffer, event ring) and DMA leave none. The CPU may set accessed for pages it only speculated
///   about; it never sets dirty for those.
/// - Cost: at most 512 entries, and one load of CR3 if anything was taken away. A written page
///   whose mark was taken away counts as clean: write it back before, or remember.
///
/// In C++ `sys::PageTable::harvest`, in C `hypercore_X86_Table_Harvest`.
inline constexpr Label table_harvest{0x1003};

/// From now on the kernel writes what happens on a CPU (switches, wake-ups, messages, signals,
/// faults, interrupts, system calls, ends of budgets) into a frame, as records of 32 bytes. A null
/// capability ends it. Layout and kinds: [event_ring.hpp](libs/abi/event_ring.hpp).
///
///     Call SchedControl, label 0x1004, no words; capability: a frame of RAM with read and write
///
/// - **Who.** The holder of SchedControl decides; give the tracer a read-only capability to the
///   same frame and let it map that. One ring for each CPU; attaching a second is delete_first. The
///   kernel only writes into the frame, so a program that can write there too hurts nobody but the
///   ring's readers.
/// - **Lifetime.** The kernel keeps a capability of its own, derived from the one given, in a slot
///   that is in no CSpace. Deleting the frame's other capabilities does not end the tracing, and
///   the memory stays in use. Revoking an ancestor (the original frame capability or its untyped)
///   deletes the kernel's too, which detaches the ring before the memory can become anything else.
///   A *copy* of a frame capability is no ancestor: what was attached by a copy ends by a null
///   capability or by revoking the original.
/// - **Layout.** A header of 64 bytes, then as many records as fit (126 in 4 KiB, 65,534 in 2 MiB).
///   Record number n, counted from 0 since the ring was attached, lies in place n modulo that
///   number: the newest overwrite the oldest. Attaching does not clear the frame.
/// - **Reading.** `written` in the header counts all records ever. A reader that has read r of them
///   has lost `written` - `capacity` - r, if that is positive. Each record carries the lower 32
///   bits of its number + 1, and 0 while it is being written: copy the record, and take the copy
///   only if that word was right before and after. `sys::EventReader` does all this
///   ([libs/sys/event_ring.hpp](libs/sys/event_ring.hpp)).
/// - **Names.** Threads, scheduling contexts, endpoints and so on are named by the lower 32 bits of
///   their physical address / 16; 0 is the idle thread. Whoever made an object of memory whose
///   address it knows can tell which it is; nobody else learns more than he could by making objects
///   himself. No badges, message contents, registers or fault addresses are recorded.
/// - **Cost.** One compare with memory and one branch at each trace point while no ring is
///   attached; nothing at all when built with `-Devent_ring=disabled`, or in a release kernel
///   without `-Devent_ring=enabled` (the method is then illegal_operation). With a ring about 40
///   instructions for each event.
///
/// A panic prints the last 32 events. Debug kernels keep them in memory of their own when no ring
/// is attached.
///
/// `scripts/trace FILE` prints a ring that a program dumped (the frame's bytes, or lines
/// `event-ring: HEX` in a serial log) as a table.
///
/// In C++ `sys::SchedControl::set_event_ring`, in C `hypercore_SchedControl_SetEventRing`.
///
/// Order of events: a thread that wakes another gives `wake`; the switch then is `block` (unless
/// the old thread was only preempted) and `dispatch`. A call from a client to a passive server that
/// waits for it: syscall (client), call, donate, wake (server), block (client, on the reply),
/// dispatch (server).
inline constexpr Label sched_control_set_event_ring{0x1004};

/// Which bits table_harvest takes away.
inline constexpr u64 harvest_clear_accessed = 1, harvest_clear_dirty = 2;

/// Tells the root server which files the loader put into memory behind it (the boot archive): a
/// chunk of the [boot information](docs/kernel-api/boot-info.md).
///
/// - The payload is a head (u64: number of entries) and the entries, 112 bytes each.
/// - `paddr`, `size`: physical address (page aligned) and bytes; the rest of the last page is zero.
/// - `first_untyped`, `untyped_count`: the entries of the untyped list that are exactly this
///   module's pages.
/// - `name`: 48 bytes, zero terminated. `sha256`: of the file, computed by the loader.
///
/// The memory is *device* untyped, because frames made of device memory are not cleared: retype the
/// untypeds into 4 KiB frames, in ascending order, map them, read the file.
///
/// Example: a module of 20 KiB at 0x7fe4000: untypeds of 2^14 at 0x7fe4000 and 2^12 at 0x7fe8000;
/// retype four frames from the first and one from the second, map all five in order.
inline constexpr u64 boot_info_modules = 0x1000;

/// A file in memory. It lies in *device* untypeds, because retyping a device untyped into frames
/// does not clear them: make frames from untypeds first_untyped .. + untyped_count - 1 (indices
/// into untyped_list, ascending in address, together exactly the module's pages) and map them.
struct BootModule {
    u64 paddr;         ///< page aligned
    u64 size;          ///< bytes; the rest of the last page is zero
    u64 first_untyped; ///< index into BootInfo::untyped_list
    u64 untyped_count;
    char name[48]; ///< zero terminated
    u8 sha256[32]; ///< of the file, computed by the loader, not by the kernel
};
static_assert(sizeof(BootModule) == 112);
static_assert(offsetof(BootModule, name) == 32);
static_assert(offsetof(BootModule, sha256) == 80);

struct BootModules {
    u64 count; ///< BootModule entries that follow directly
};

/// Tells the root server when the kernel began, and the TSC's rate as exactly as the kernel knows
/// it: a chunk of the [boot information](docs/kernel-api/boot-info.md).
///
/// - The payload is two u64: the TSC when the kernel's first lines ran, and TSC ticks in a second.
///
/// Example: `(rdtsc - payload[0]) / (payload[1] / 1000)` are the milliseconds since then.
inline constexpr u64 boot_info_clock = 0x1001;

struct BootClock {
    u64 tsc_at_entry, tsc_hz;
};

} // namespace abi
