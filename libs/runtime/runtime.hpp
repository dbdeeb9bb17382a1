// What a program without an operating system library below it gets: a stack, thread-local storage,
// constructors, memcpy and friends. Entry: crt0.S; order of the steps: start.cpp; layout: user.ld.
#pragma once

#include "kit/types.hpp"

struct seL4_IPCBuffer_;

extern "C" {

#ifndef HYPERCORE_HOST // a host test has a main of its own
/// The program. `argument` is what rdi held at the entry: abi::BootInfo for a root server,
/// runtime::Arguments for the others. A C library may put its own runtime_main in between.
int main(void* argument);
#endif

/// Calls main; weak, so that a C library's start-up can replace it (sysroot/ports/newlib).
int runtime_main(void* argument);

/// The IPC buffer of the calling thread. The C names reach it through this variable.
extern __thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

namespace runtime {

/// Ends the program: tells its fault handler by a system call that the kernel does not know, with
/// exit_call in rdx and the status in rdi, which arrives as an UnknownSyscall fault. Does not come
/// back; without a fault handler the kernel stops the thread.
[[noreturn]] void exit(int status);

/// "exit" in a positive number: no system call of the kernel, none of Linux.
inline constexpr u64 exit_call = 0x7469'7865;

/// Bytes of memory that a thread's local storage takes, all alignment included.
usize tls_size();

/// Prepares `memory` (at least tls_size() bytes, zeroed or not) as the local storage of a thread to
/// be started, with the given IPC buffer. Returns what its fs_base must be.
u64 tls_make(void* memory, seL4_IPCBuffer_* ipc_buffer);

} // namespace runtime
