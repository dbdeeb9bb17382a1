// Why the kernel refused, with the words it said about it (abi/errors.hpp lists them per error).
#pragma once

#include "abi/errors.hpp"
#include "kit/result.hpp"
#include "kit/types.hpp"

namespace sys {

struct Error {
    abi::ErrorCode code = abi::ErrorCode::no_error;
    u64 word[4] = {}; ///< message registers 0 to 3 of the refusal

    friend bool operator==(Error const& error, abi::ErrorCode wanted)
    {
        return error.code == wanted;
    }
};

template <class T> using Result = ::Result<T, Error>;

/// The error in words, for logs.
constexpr char const* name(abi::ErrorCode code)
{
    switch (code) {
    case abi::ErrorCode::no_error:
        return "no error";
    case abi::ErrorCode::invalid_argument:
        return "invalid argument";
    case abi::ErrorCode::invalid_capability:
        return "invalid capability";
    case abi::ErrorCode::illegal_operation:
        return "illegal operation";
    case abi::ErrorCode::range_error:
        return "out of range";
    case abi::ErrorCode::alignment_error:
        return "misaligned";
    case abi::ErrorCode::failed_lookup:
        return "failed lookup";
    case abi::ErrorCode::truncated_message:
        return "truncated message";
    case abi::ErrorCode::delete_first:
        return "slot occupied";
    case abi::ErrorCode::revoke_first:
        return "has children";
    case abi::ErrorCode::not_enough_memory:
        return "not enough memory";
    }
    return "unknown error";
}

} // namespace sys
