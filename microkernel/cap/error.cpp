// The one refusal whose number of words depends on what happened. The others are in error.hpp.
#include "cap/error.hpp"

namespace mk {

SyscallError SyscallError::failed_lookup(bool source, LookupFailure const& failure)
{
    using K = abi::LookupFailure;
    SyscallError error = with(abi::ErrorCode::failed_lookup, source, u64(failure.kind),
                              failure.bits_left, failure.found, failure.guard_size);
    error.length = failure.kind == K::guard_mismatch       ? 5
                   : failure.kind == K::depth_mismatch     ? 4
                   : failure.kind == K::missing_capability ? 3
                                                           : 2;
    return error;
}

} // namespace mk
