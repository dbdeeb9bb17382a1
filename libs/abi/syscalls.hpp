// Numbers of the system calls, as a program puts them into rdx (negative, sign-extended).
// They are seL4's (MCS) and never change. Which register carries what: abi/README.md and
// sys/syscall.hpp; the C names: abi/sel4/sel4/syscall.h.
#pragma once

#include "kit/types.hpp"

namespace abi {

enum class Syscall : i64 {
    call = -1,
    reply_recv = -2,
    nb_send_recv = -3,
    nb_send_wait = -4,
    send = -5,
    nb_send = -6,
    recv = -7,
    nb_recv = -8,
    wait = -9,
    nb_wait = -10,
    yield = -11,
    // Debug builds only; in a release build the numbers below are UnknownSyscall faults.
    debug_put_char = -12,
    debug_dump_scheduler = -13,
    debug_halt = -14,
    debug_cap_identify = -15,
    debug_snapshot = -16,
    debug_name_thread = -17,
    // seL4 has these in benchmark builds.
    benchmark_flush_caches = -21,
    benchmark_reset_log = -22,
    benchmark_finalize_log = -23,
    benchmark_set_log_buffer = -24,
    benchmark_null_syscall = -25,
    // Not debug calls, but numbered after them.
    vm_enter = -32,
    set_tls_base = -33,
};

/// Everything from `first` down to `last` is IPC or yield and exists in every build.
inline constexpr Syscall first_api_syscall = Syscall::call;
inline constexpr Syscall last_api_syscall = Syscall::yield;

} // namespace abi
