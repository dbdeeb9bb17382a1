// One connection: what it is at, and what is to be asked of the network next. Connections lie in a
// table; lists of them are linked by index.
#pragma once

#include "http/request.hpp"
#include "net/socket.hpp"

namespace http_server {

inline constexpr u32 no_connection = ~u32{0};

enum class Phase : u8 {
    free,
    accepting,  ///< its stream is the next connection of a listener
    idle,       ///< no byte of a request has come
    reading,    ///< the head of a request is under way
    responding, ///< until the network has all of the response
    draining,   ///< our direction is shut down: what still comes is thrown away, since closing with
                ///< unread bytes would send a reset, which may overtake the response
                ///< [RFC 9112, section 9.6 "Tear-down"]
    closing,    ///< asked to close; its last outcomes are to come
    last = closing,
};

/// What is to be asked of the network as soon as there is room.
enum class Step : u8 {
    nothing, ///< an outcome comes first
    watch,   ///< tell when there is something to receive
    receive,
    respond,
    send_content, ///< the start was sent
    shut_down,
    drain,
    close,
};

struct Connection {
    net::Stream stream;
    http::Request request;
    net::Buffer received; ///< while something is received, and for requests that came too early
    net::Buffer start;    ///< of the response
    u64 since = 0;        ///< when the phase began, ns since boot
    u32 rest_from = 0, rest_bytes = 0; ///< in `received`: behind the request in hand
    u32 body = 0;                      ///< place at the site; valid with has_body
    u32 content_bytes = 0;             ///< of the body: to be sent with this response
    u32 previous = no_connection, next = no_connection; ///< in the list of its phase
    u32 next_stalled = no_connection;
    Phase phase = Phase::free;
    Step step = Step::nothing;
    u8 pending = 0; ///< requests whose outcome is to come
    u8 listener = 0;
    bool is_stalled = false, has_body = false, keep_alive = false;
    bool is_late = false; ///< its request did not come in time
    bool is_aborted = false;
};

/// Connections in the order in which they came.
class ConnectionList {
    u32 first_ = no_connection, last_ = no_connection;

public:
    u32 first() const { return first_; }
    void add(std::span<Connection> table, u32 index)
    {
        table[index].previous = last_;
        table[index].next = no_connection;
        (last_ == no_connection ? first_ : table[last_].next) = index;
        last_ = index;
    }
    void remove(std::span<Connection> table, u32 index)
    {
        Connection const& it = table[index];
        (it.previous == no_connection ? first_ : table[it.previous].next) = it.next;
        (it.next == no_connection ? last_ : table[it.next].previous) = it.previous;
    }
};

} // namespace http_server
