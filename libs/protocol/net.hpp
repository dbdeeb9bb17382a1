// Sockets of the network server. A client and the server share a region: two rings and, behind
// them, the client's arena, where it keeps its buffers. The client pushes Requests; every request
// is answered by one Event, in the order in which they end. Data is copied once, between the arena
// and the server's own memory; the server never reads a byte of the arena twice. Client side:
// libs/net/socket.hpp.
//
// The client chooses the number of a socket (below its quota), so it need not wait for `open`
// before it goes on. Requests of one socket and direction are carried out in order.
//
// When the server was replaced it raises `epoch`: all sockets are gone, nothing that was asked will
// be answered, and requests that still name the old epoch are dropped. The client library says
// `reset` for all of it.
#pragma once

#include "queue/ring.hpp"

namespace net {

/// IPv6, or IPv4 as ::ffff:a.b.c.d. All zero: any. In the order of the wire.
struct Address {
    u8 byte[16];
    friend constexpr bool operator==(Address const&, Address const&) = default;
};

enum class Operation : u8 {
    open,   ///< value: a Kind. offset, bytes: 0
    bind,   ///< address, port (0: any free)
    listen, ///< value: backlog
    accept, ///< value: number for the new socket. Ends with a connection; a Peer at offset if bytes
    connect,      ///< address, port. Ends when the connection is there, or cannot be
    send,         ///< stream: ends when all bytes are copied. datagram: to the connected peer
    send_to,      ///< datagram: to address, port
    receive,      ///< stream: ends with 1 to `bytes` bytes, or 0 at the end of the stream.
                  ///< bytes = 0: ends when there is something to receive
    receive_from, ///< datagram: a Peer, then the datagram, at offset; ends with its bytes
    shutdown,     ///< stream: nothing more will be sent; in order with `send`
    close,        ///< in order with `send`; what was sent still goes out. What else waits ends as
                  ///< `canceled`; its event is the socket's last, and the number is free then
    abort,        ///< as close, but at once, a stream by a reset. socket = no_socket: every socket
                  ///< and request of the client, whatever it knew before; a client begins with it
    option,       ///< an Option in `port`, its value in `value`
    cancel,       ///< ends every request of the socket that waits, as `canceled`.
                  ///< socket = no_socket: every resolve and ping
    resolve,      ///< name at offset, `bytes` long: value Addresses at the same place, where there
                  ///< must be room for max_addresses; value 4 or 6: only that family. No socket
    ping, ///< an echo request with `bytes` of data to address; ends with the microseconds it took
          ///< in value. No socket
    last = ping,
};

inline constexpr u32 no_socket = ~u32{0};
inline constexpr u32 max_addresses = 8; ///< of resolve

enum class Kind : u32 { stream4 = 0, stream6 = 1, datagram4 = 2, datagram6 = 3 };

enum class Option : u16 {
    no_delay = 0,   ///< 1: small segments go out at once
    keep_alive = 1, ///< seconds; 0: none
    hop_limit = 2,  ///< TTL, 1 to 255
    broadcast = 3,  ///< datagram: 1: may send to broadcast addresses
    join = 4,       ///< datagram: the group in `address`
    leave = 5,
    receive_window = 6, ///< stream: bytes of window to offer, two segments to 1 MiB
    last = receive_window,
};

/// How a request ended.
enum class Status : u32 {
    ok = 0,
    bad_request, ///< no such socket, wrong kind or state, a place outside the arena
    denied,      ///< the manifest has no line for it; logged
    quota,       ///< sockets, memory or waiting requests are used up
    in_use,      ///< the number, or the port, is taken
    refused,     ///< by the peer
    reset,       ///< by the peer, or the server died
    unreachable, ///< no route, no interface, no answer to ARP or ND
    timed_out,
    closed, ///< sending after shutdown; accept of what does not listen any more
    canceled,
    not_found, ///< resolve
    too_long,  ///< a datagram that does not fit
    last = too_long,
};

struct Request {
    u64 cookie; ///< the client's own; comes back
    Operation operation;
    u8 reserved;
    u16 port;   ///< host order
    u32 socket; ///< number
    u32 offset; ///< in the arena
    u32 bytes;
    u32 value;
    u32 epoch; ///< Shared::epoch as the client saw it
    Address address;
};

struct Event {
    u64 cookie;
    u32 status;
    u32 value; ///< bytes moved; addresses found; microseconds; of bind: the port
    u32 epoch;
    u32 reserved;
};

/// Who is at the other end: what accept and receive_from write into the arena.
struct Peer {
    Address address;
    u16 port;
    u16 reserved;
    u32 bytes; ///< of the datagram that follows
};

inline constexpr u32 request_entries = 1024, event_entries = 2048;
/// Requests that may wait at a time: there is always room for the event of each.
inline constexpr u32 max_waiting = event_entries - 64;

/// All zero at first; the arena follows it in the region.
struct Shared {
    queue::Ring<Request, request_entries> requests; // client to server
    queue::Ring<Event, event_entries> events;       // server to client
    alignas(64) std::atomic<u32> epoch;             ///< 0: no server yet
    std::atomic<u32> max_sockets;                   ///< the client's quota
};
inline constexpr u32 arena_offset = 112 << 10;
static_assert(sizeof(Shared) <= arena_offset);

/// A line of a manifest's [network], as the build gives it to the server: arguments
/// net.N.M.a, .b and .c for line M of client N.
struct Rule {
    enum class What : u8 { bind = 0, reach = 1 };
    What what;
    u8 protocol; ///< 6 TCP, 17 UDP, 1 echo requests of either family
    u8 prefix;   ///< bits of the address that count, IPv4 from 96
    u16 first_port, last_port;
    Address address;

    /// From its three arguments. a: what, protocol, prefix in bytes 0 to 2, ports in the upper
    /// half; b and c: the address, first byte lowest.
    static constexpr Rule of(u64 a, u64 b, u64 c)
    {
        Rule rule{static_cast<What>(a & 0xff), static_cast<u8>(a >> 8),   static_cast<u8>(a >> 16),
                  static_cast<u16>(a >> 32),   static_cast<u16>(a >> 48), {}};
        for (u32 i = 0; i < 8; ++i) {
            rule.address.byte[i] = static_cast<u8>(b >> 8 * i);
            rule.address.byte[8 + i] = static_cast<u8>(c >> 8 * i);
        }
        return rule;
    }
};

} // namespace net
