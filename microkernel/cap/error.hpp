// Why an invocation is refused, with the message words that go back to a caller.
// Source: seL4 manual, "Errors"; what the words are for each kind is checked by tests/kernel.
#pragma once

#include "abi/errors.hpp"
#include "cap/cspace.hpp"
#include "kit/result.hpp"

namespace mk {

/// Built only by the functions below; `length` words of `word` go into the reply.
struct SyscallError {
    abi::ErrorCode code = abi::ErrorCode::no_error;
    u8 length = 0;
    u64 word[5] = {};

    /// Argument `n` (message word number as the manual counts arguments) is wrong.
    static constexpr SyscallError invalid_argument(u64 n)
    {
        return {abi::ErrorCode::invalid_argument, 1, {n}};
    }
    /// Capability argument `n` (0: the invoked one) is of a wrong kind or state.
    static constexpr SyscallError invalid_capability(u64 n)
    {
        return {abi::ErrorCode::invalid_capability, 1, {n}};
    }
    static constexpr SyscallError illegal_operation()
    {
        return {abi::ErrorCode::illegal_operation, 0, {}};
    }
    static constexpr SyscallError range(u64 least, u64 most)
    {
        return {abi::ErrorCode::range_error, 2, {least, most}};
    }
    static constexpr SyscallError alignment() { return {abi::ErrorCode::alignment_error, 0, {}}; }
    static constexpr SyscallError failed_lookup(bool source, LookupFailure const& f);
    static constexpr SyscallError truncated() { return {abi::ErrorCode::truncated_message, 0, {}}; }
    static constexpr SyscallError delete_first() { return {abi::ErrorCode::delete_first, 0, {}}; }
    static constexpr SyscallError revoke_first() { return {abi::ErrorCode::revoke_first, 0, {}}; }
    static constexpr SyscallError revoke_first(u64 first, u64 last)
    {
        return {abi::ErrorCode::revoke_first, 2, {first, last}};
    }
    static constexpr SyscallError not_enough_memory(u64 left)
    {
        return {abi::ErrorCode::not_enough_memory, 1, {left}};
    }
};

constexpr SyscallError SyscallError::failed_lookup(bool source, LookupFailure const& f)
{
    using K = abi::LookupFailure;
    u8 const length = f.kind == K::guard_mismatch       ? 5
                      : f.kind == K::depth_mismatch     ? 4
                      : f.kind == K::missing_capability ? 3
                                                        : 2;
    return {abi::ErrorCode::failed_lookup,
            length,
            {u64(source), u64(f.kind), f.bits_left, f.found, f.guard_size}};
}

/// A value, or why the invocation is refused.
template <class T> using Checked = Result<T, SyscallError>;

} // namespace mk
