// What the CPU itself needs to get from user mode into the kernel and back: descriptor tables, the
// stacks it pushes frames to, and the words that entry.S uses before it has the kernel's page
// tables. With page-table isolation user page tables map this object, the text of entry.S and
// nothing else of the kernel. So it must hold nothing that a user may not know: whatever is here
// can be read on a CPU with Meltdown. There are frames of past traps (rip, rsp, flags: no other
// register), the physical addresses of two PML4s, and constants.
#pragma once

#include "kit/types.hpp"
#include <cstddef>

namespace mk {

/// Task-state segment, as the CPU reads it.
struct [[gnu::packed]] Tss {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7];
    u64 reserved2;
    u16 reserved3;
    u16 io_map_base; ///< at or past the limit: there is no bitmap
};
static_assert(sizeof(Tss) == 104);

struct Gate {
    u64 low, high;
};

/// One frame, and for those that end in a report the registers below it. No code runs on it, so it
/// has no guard page: at most 208 bytes are pushed.
struct EntryStack {
    u64 words[32];
    u64 top() const { return reinterpret_cast<u64>(words + 32); }
};

struct alignas(4096) Trampoline {
    u64 kernel_root; ///< CR3 of the kernel, valid always; the loader's until it has its own tables
    u64 user_root;   ///< CR3 that user mode has, and without isolation the kernel as well
    u64 user_rsp;    ///< on the ways between user mode and the Context
    u64 root_at_nmi; ///< CR3 as the NMI found it
    alignas(64) EntryStack trap; ///< TSS.RSP0 with isolation
    EntryStack debug, nmi, double_fault, machine_check;
    u64 gdt[7];
    Tss tss; ///< with isolation; without it RSP0 changes with the thread (descriptors.cpp)
    alignas(4096) Gate idt[256];
};
extern "C" Trampoline trampoline;

// What entry.S knows by heart.
static_assert(offsetof(Trampoline, kernel_root) == 0 && offsetof(Trampoline, user_root) == 8);
static_assert(offsetof(Trampoline, user_rsp) == 16 && offsetof(Trampoline, root_at_nmi) == 24);
static_assert(offsetof(Trampoline, trap) == 64 && offsetof(Trampoline, debug) == 64 + 256);
static_assert(offsetof(Trampoline, nmi) == 64 + 2 * 256);

} // namespace mk
