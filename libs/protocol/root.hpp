// What the trusted base may ask of root: to say something before there is a console. Nothing else
// Calls root; it answers at once, always.
#pragma once

#include "rpc/rpc.hpp"

namespace root_protocol {

inline constexpr usize max_text = 240;

/// Prints text on the first serial port, by polling, until Quiet. Error: out_of_range.
struct Print {
    static constexpr bool idempotent = true;
    struct Args {
        u64 length;
        char text[max_text];
    };
    struct Reply {};
};
/// The serial driver has the port now: root prints only when a member of the trusted base dies.
struct Quiet {
    static constexpr bool idempotent = true;
    struct Args {};
    struct Reply {};
};
using Root = rpc::Protocol<1, Print, Quiet>;

} // namespace root_protocol
