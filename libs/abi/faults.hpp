// Fault messages: label and the meaning of each word, as a fault handler receives and answers
// them. seL4's layout. How the kernel builds them: microkernel/ipc/fault.
#pragma once

#include "kit/types.hpp"

namespace abi {

enum class FaultLabel : u64 {
    null_fault = 0,
    cap_fault = 1,
    unknown_syscall = 2,
    user_exception = 3,
    debug_exception = 4, ///< reserved: the hardware debug interface is not configured
    timeout = 5,
    vm_fault = 6,
};

/// Words of a CapFault. The message is as long as its lookup failure needs.
namespace cap_fault {
inline constexpr u64 ip = 0;
inline constexpr u64 address = 1;
inline constexpr u64 in_receive_phase = 2;
inline constexpr u64 lookup_failure = 3; ///< abi::LookupFailure
inline constexpr u64 bits_left = 4;
inline constexpr u64 depth_mismatch_bits_found = 5;
inline constexpr u64 guard_mismatch_guard_found = 5;
inline constexpr u64 guard_mismatch_bits_found = 6;
inline constexpr u64 length_invalid_root = 4;
inline constexpr u64 length_missing_capability = 5;
inline constexpr u64 length_depth_mismatch = 6;
inline constexpr u64 length_guard_mismatch = 7;
} // namespace cap_fault

/// Words of an UnknownSyscall; the reply writes the registers back in the same order.
namespace unknown_syscall {
inline constexpr u64 rax = 0;
inline constexpr u64 rbx = 1;
inline constexpr u64 rcx = 2;
inline constexpr u64 rdx = 3;
inline constexpr u64 rsi = 4;
inline constexpr u64 rdi = 5;
inline constexpr u64 rbp = 6;
inline constexpr u64 r8 = 7;
inline constexpr u64 r9 = 8;
inline constexpr u64 r10 = 9;
inline constexpr u64 r11 = 10;
inline constexpr u64 r12 = 11;
inline constexpr u64 r13 = 12;
inline constexpr u64 r14 = 13;
inline constexpr u64 r15 = 14;
inline constexpr u64 fault_ip = 15; ///< the `syscall` instruction itself
inline constexpr u64 rsp = 16;
inline constexpr u64 flags = 17;
inline constexpr u64 syscall = 18; ///< rdx, the number that was not known
inline constexpr u64 length = 19;
inline constexpr u64 reply_length = 18;
} // namespace unknown_syscall

/// Words of a UserException; the reply writes back ip, sp and flags.
namespace user_exception {
inline constexpr u64 fault_ip = 0;
inline constexpr u64 stack = 1;
inline constexpr u64 flags = 2;
inline constexpr u64 number = 3; ///< CPU exception vector
inline constexpr u64 code = 4;   ///< its error code
inline constexpr u64 length = 5;
inline constexpr u64 reply_length = 3;
} // namespace user_exception

/// Words of a Timeout: the badge of the scheduling context and the microseconds it consumed. The
/// reply is a user context without gs_base.
namespace timeout {
inline constexpr u64 data = 0;
inline constexpr u64 consumed = 1;
inline constexpr u64 length = 2;
inline constexpr u64 reply_length = 19;
} // namespace timeout

/// Words of a VMFault.
namespace vm_fault {
inline constexpr u64 ip = 0;
inline constexpr u64 address = 1;
inline constexpr u64 prefetch_fault = 2; ///< 1 if the access was an instruction fetch
inline constexpr u64 fsr = 3;            ///< #PF error code
inline constexpr u64 length = 4;
} // namespace vm_fault

} // namespace abi
