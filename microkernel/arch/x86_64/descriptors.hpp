// GDT, TSS, IDT and the system call registers. The selectors are in arch_context.hpp, in the order
// that `syscall` and `sysret` demand. The TSS has no I/O bitmap: every port instruction of a user
// is a #GP. Source: Intel SDM vol. 3A, "Task Management in 64-bit Mode", "64-Bit Mode IDT".
#pragma once

#include "kit/types.hpp"

namespace mk {

/// Loads all of them. From here on a fault in the kernel is a panic with a report.
void init_descriptors();
/// From here on traps enter by the isolated stubs of entry.S, through the trampoline's stacks.
void isolate_descriptors();
/// Where `syscall` enters; needs EFER.SCE (init_features) and to know `isolated`.
void init_syscall_entry();
/// Where the CPU pushes the frame of a trap from user mode: the end of the current Context. With
/// isolation the frame goes through the trampoline, and this changes nothing.
void set_entry_stack(u64 top);

} // namespace mk
