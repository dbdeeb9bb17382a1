// Why the kernel refused an invocation: the label of the reply to a Call. The words that come with
// an error (argument number, range, lookup failure) are listed at each enumerator.
#pragma once

#include "kit/types.hpp"

namespace abi {

enum class ErrorCode : u64 {
    no_error = 0,
    invalid_argument = 1,   ///< MR0: number of the argument
    invalid_capability = 2, ///< MR0: number of the capability, 0 is the invoked one
    illegal_operation = 3,
    range_error = 4, ///< MR0: least legal value, MR1: greatest
    alignment_error = 5,
    failed_lookup = 6, ///< MR0: 1 if the source, 0 if the destination; then a lookup failure
    truncated_message = 7,
    delete_first = 8,
    revoke_first = 9,       ///< I/O ports: MR0, MR1: the range already issued
    not_enough_memory = 10, ///< MR0: bytes left in the untyped
};

inline constexpr u64 error_count = 11;

/// Why a capability address did not resolve. Words that follow the kind in a CapFault (from MR4)
/// or a FailedLookup (from MR2) are listed at each.
enum class LookupFailure : u64 {
    none = 0,
    invalid_root = 1,
    missing_capability = 2, ///< bits left
    depth_mismatch = 3,     ///< bits left, bits found
    guard_mismatch = 4,     ///< bits left, guard found, guard bits
};

} // namespace abi
