// Why an invocation is refused, with the message words that go back to a caller.
// Source: seL4 manual, "Errors"; what the words are for each kind is checked by tests/kernel.
#pragma once

#include "abi/errors.hpp"
#include "cap/cspace.hpp"
#include "kit/result.hpp"

namespace mk {

/// Built only by the functions below; `length` words of `word` go into the reply.
/// There is one refusal at a time, answered or dropped before the next is made; so its words lie in
/// one place, as a Plan's do, and a result that may be one fits into two registers.
struct SyscallError {
    abi::ErrorCode code : 32 = abi::ErrorCode::no_error;
    u64 length : 32 = 0;
    static inline constinit u64 word[5] = {};

    /// Argument `n` (message word number as the manual counts arguments) is wrong.
    static SyscallError invalid_argument(u64 n)
    {
        return with(abi::ErrorCode::invalid_argument, n);
    }
    /// Capability argument `n` (0: the invoked one) is of a wrong kind or state.
    static SyscallError invalid_capability(u64 n)
    {
        return with(abi::ErrorCode::invalid_capability, n);
    }
    static SyscallError illegal_operation() { return with(abi::ErrorCode::illegal_operation); }
    static SyscallError range(u64 least, u64 most)
    {
        return with(abi::ErrorCode::range_error, least, most);
    }
    static SyscallError alignment() { return with(abi::ErrorCode::alignment_error); }
    static SyscallError failed_lookup(bool source, LookupFailure const& failure);
    static SyscallError truncated() { return with(abi::ErrorCode::truncated_message); }
    static SyscallError delete_first() { return with(abi::ErrorCode::delete_first); }
    static SyscallError revoke_first() { return with(abi::ErrorCode::revoke_first); }
    static SyscallError revoke_first(u64 first, u64 last)
    {
        return with(abi::ErrorCode::revoke_first, first, last);
    }
    static SyscallError not_enough_memory(u64 left)
    {
        return with(abi::ErrorCode::not_enough_memory, left);
    }

private:
    [[gnu::cold, gnu::noinline]] static SyscallError with(abi::ErrorCode code, auto... words)
    {
        [[maybe_unused]] usize i = 0;
        ((word[i++] = words), ...);
        SyscallError error;
        error.code = code;
        error.length = sizeof...(words);
        return error;
    }
};

static_assert(sizeof(SyscallError) == 8);

/// A value, or why the invocation is refused.
template <class T> using Checked = Result<T, SyscallError>;

} // namespace mk
