// Between test programs only (tests/system/programs): a server that answers, and that misbehaves in
// every way the supervisor has to notice, when asked.
#pragma once

#include "rpc/rpc.hpp"

namespace trial {

struct Echo {
    static constexpr bool idempotent = true;
    struct Args {
        u64 value;
    };
    struct Reply {
        u64 value;
    };
};

/// Parameter of `caller`: it ends at once with the lower 31 bits of the TSC as its status.
inline constexpr u64 stamp = 6;

/// How to misbehave. `give_up` writes gave_up_code to the status page; `hold` never answers and
/// uses no CPU time.
inline constexpr u64 fault = 1, exit = 2, loop = 3, hold = 4, give_up = 5;
inline constexpr u64 bad_address = 0xdead'0000, exit_status = 7, gave_up_code = 42;
struct Misbehave {
    static constexpr bool idempotent = false;
    struct Args {
        u64 how;
    };
    struct Reply {};
};
using Trial = rpc::Protocol<1, Echo, Misbehave>;

} // namespace trial
