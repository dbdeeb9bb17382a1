// The supervisor's protocol for whoever has the right `uploader` (servers/upload): starts and stops
// programs in the slots for uploaded ones, which are programs with the right `loader`, and no
// others. What such a program may have at most is its slot's manifest. A badge is the caller's
// program index.
#pragma once

#include "rpc/rpc.hpp"

namespace guests {

inline constexpr usize max_uses = 8, alias_bytes = 16;

/// Starts the slot `program`, which must not run. It gets, also when it is restarted, those of its
/// manifest's uses that are named here (`count` of them, zero terminated), and nothing of the
/// others, neither name nor capability. policy: composition::Restart, no more lenient than its
/// manifest's. Errors: not_found; missing_rights (no slot); busy (it runs or is about to);
/// bad_argument (policy, a name that is none, too many); why it could not be made.
struct Start {
    static constexpr bool idempotent = false;
    struct Args {
        u64 program, policy, count;
        char uses[max_uses][alias_bytes];
    };
    struct Reply {};
};
/// Ends a slot's program and what would come after it. It may be stopped already. Errors:
/// not_found, missing_rights (no slot).
struct Stop {
    static constexpr bool idempotent = true;
    struct Args {
        u64 program;
    };
    struct Reply {};
};
/// Version 2: no label of it is one of protocol `monitor`, which the same endpoint serves.
using Guests = rpc::Protocol<2, Start, Stop>;

} // namespace guests
