// Measurements of throughput with other machines' iperf 2, as the shell asks for them. Served by
// servers/iperf, which signals its client when there is a result, or none will come any more.
#pragma once

#include "protocol/net.hpp"
#include "rpc/rpc.hpp"

namespace iperf {

inline constexpr u16 default_port = 5001;
/// Bytes of a datagram: its head at least; what fits in a frame of Ethernet by default.
inline constexpr u32 least_datagram = 40, most_datagram = 65507, usual_datagram = 1470,
                     usual_datagram6 = 1450;

/// What is to be measured, as bits.
inline constexpr u64 is_server = 1;   ///< wait for clients, rather than be one
inline constexpr u64 is_datagram = 2; ///< UDP, rather than TCP
inline constexpr u64 is_ipv6 = 4;
inline constexpr u64 is_single = 8; ///< server: ends with the first client
inline constexpr u64 all_options = 15;

/// Why a measurement ended.
enum class End : u64 {
    complete, ///< all of it, and the other end knows
    stopped,  ///< by Stop or Begin
    network,  ///< Result::status says why
    refused,  ///< the client asks for a kind of test that there is not here
    silent,   ///< the other end says nothing any more
    last = silent,
};

/// What may come of what was begun last.
enum class State : u64 {
    over,      ///< no more results
    beginning, ///< a server: who asks now is refused
    ready,
};

/// Begins; ends what was under way. Errors: bad_argument.
struct Begin {
    static constexpr bool idempotent = false;
    struct Args {
        u64 options;
        u64 port;         ///< of the server, here or there
        u64 rate;         ///< bits in a second, of datagrams; 0: as fast as it goes
        u64 bytes;        ///< to be sent, datagrams up to a whole one; 0: until the time is over
        u64 microseconds; ///< to send for, unless `bytes` says how much
        u64 size;         ///< bytes of a datagram
        net::Address address; ///< client: whom to ask
    };
    struct Reply {
        u64 number; ///< results of this have higher numbers
    };
};
/// Ends what is under way; what was measured until then is a result.
struct Stop {
    static constexpr bool idempotent = true;
    struct Args {};
    struct Reply {};
};

/// One direction of traffic, as one of its ends counted it. The final datagram counts as any other.
struct Counts {
    u64 bytes, microseconds;
    u64 datagrams; ///< sent, as far as this end can know
    u64 lost, out_of_order;
    u64 jitter_us; ///< RFC 3550, section 6.4.1
};
struct Result {
    u64 options; ///< as they were
    u64 end;     ///< an End
    u64 status;  ///< a net::Status
    u64 port;
    net::Address peer;
    Counts own;
    u64 has_report; ///< client of UDP: the server said what it has received
    Counts report;
};
/// The first result behind number `after`. Some are kept; older ones are lost.
struct Next {
    static constexpr bool idempotent = true;
    struct Args {
        u64 after;
    };
    struct Reply {
        u64 number; ///< 0: there is none yet
        u64 state;  ///< a State
        Result result;
    };
};
using Iperf = rpc::Protocol<1, Begin, Stop, Next>;

} // namespace iperf
