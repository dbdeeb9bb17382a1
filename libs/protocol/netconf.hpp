// Configuration of network interfaces, of every kind: Ethernet now, WiFi and Bluetooth later, which
// answer `scan` and `connect`; Ethernet answers not_supported. The server is net. A client is
// signalled ("netconf.bit") whenever something that these calls tell has changed.
#pragma once

#include "protocol/net.hpp"
#include "rpc/rpc.hpp"

namespace netconf {

enum class Medium : u32 { ethernet = 0, wifi = 1, bluetooth = 2, loopback = 3 };
enum class State : u32 {
    no_driver = 0, ///< it has none, or none that runs
    down = 1,      ///< taken down
    no_link = 2,
    configuring = 3, ///< no address yet
    up = 4,
};
/// How an interface gets its IPv4 address.
enum class Method : u32 { none = 0, dhcp = 1, fixed = 2 };

inline constexpr u32 addresses_per_interface = 5; ///< one of IPv4, then IPv6
inline constexpr u32 max_name_servers = 6;

/// Everything about interface `number`, from 0. @error not_found  there are no more
struct GetInterface {
    static constexpr bool idempotent = true;
    struct Args {
        u64 number;
    };
    struct Reply {
        char name[16];  ///< "eth0"
        char model[24]; ///< "82574L"
        u32 medium, state, method, mtu;
        u32 speed_mbit, full_duplex, epoch, address_count;
        u32 features; ///< nic::feature of the card
        u32 offload;  ///< 0: sums and cutting are not left to it, and its word on sums not taken
        u8 hardware_address[8];
        net::Address address[addresses_per_interface];
        u8 prefix[8];                    ///< bits, of each address; IPv4 as of 32
        net::Address gateway4, gateway6; ///< that of IPv6 by router advertisement
        u64 received_frames, received_bytes, sent_frames, sent_bytes;
        u64 received_dropped, received_errors, sent_errors, interrupts, device_resets;
        u64 driver_changes; ///< how often another driver took over
    };
};
/// Name servers, in the order in which they are asked, and the lease: of the whole machine.
struct GetSettings {
    static constexpr bool idempotent = true;
    struct Args {};
    struct Reply {
        char host_name[32];
        net::Address name_server[max_name_servers];
        u32 name_servers, reserved;
        u64 lease_left_seconds;
        u64 memory_used, memory_size; ///< of the pool of packets, bytes
        u64 tcp_connections, tcp_retransmitted, refused_by_rule;
    };
};
/// Takes an interface up (1) or down (0). @error not_found
struct SetUp {
    static constexpr bool idempotent = true;
    struct Args {
        u64 number, up;
    };
    struct Reply {};
};
/// A name server is asked before those of DHCP and of routers, as long as the address is fixed.
/// @error not_found, bad_argument (no unicast address, prefix above 32, a group as name server)
struct SetAddress {
    static constexpr bool idempotent = true;
    struct Args {
        u64 number;
        u32 method, prefix; ///< the rest only with Method::fixed
        net::Address address, gateway, name_server;
    };
    struct Reply {};
};
/// Whether checksums and segmentation are left to the card (1, from the start) or made and checked
/// by net (0), both ways. With 0 no error of card or driver in a frame's bytes passes unnoticed but
/// as one of a wire would. Connections go on. Kept, as all that is set. @error not_found
struct SetOffload {
    static constexpr bool idempotent = true;
    struct Args {
        u64 number, on;
    };
    struct Reply {};
};
/// Starts looking for networks; GetNetwork tells what was found.
/// @error not_found; not_supported  it has no such thing
struct Scan {
    static constexpr bool idempotent = true;
    struct Args {
        u64 number;
    };
    struct Reply {};
};
struct GetNetwork {
    static constexpr bool idempotent = true;
    struct Args {
        u64 number, network; ///< from 0
    };
    struct Reply {
        char name[32]; ///< SSID, or a device's name
        u8 hardware_address[8];
        u32 signal_percent, secured;
    };
};
/// @error as Scan; busy
struct Connect {
    static constexpr bool idempotent = true;
    struct Args {
        u64 number;
        char name[32];
        char secret[64];
    };
    struct Reply {};
};
struct Disconnect {
    static constexpr bool idempotent = true;
    struct Args {
        u64 number;
    };
    struct Reply {};
};

using Netconf = rpc::Protocol<1, GetInterface, GetSettings, SetUp, SetAddress, Scan, GetNetwork,
                              Connect, Disconnect, SetOffload>;

/// Whether the call of this label changes nothing; the others need the right `monitor`.
constexpr bool only_looks(u64 label)
{
    return label == Netconf::label<GetInterface>() || label == Netconf::label<GetSettings>() ||
           label == Netconf::label<GetNetwork>();
}

} // namespace netconf
