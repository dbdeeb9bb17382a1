// One client of protocol net: its end of the rings and its quotas. What it says is copied once and
// checked; whatever it does, what it can use up is its own.
#pragma once

#include "kit/copy.hpp"
#include "queue/ring.hpp"
#include "servers/net/grant.hpp"
#include "servers/net/quota.hpp"
#include "servers/net/token_bucket.hpp"
#include "servers/net/waiting.hpp"

namespace net_server {

struct Socket;

/// Sockets of one turn, each once.
struct TurnList {
    Socket *first = nullptr, *last = nullptr;
};

class Client {
public:
    static constexpr u32 max_sockets = 2048; ///< of one client

    Client() = default;
    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;

    /// From here on it is served; what was queued for a predecessor of ours is dropped.
    /// @param waiting  requests of it that may wait at a time
    void open(program::ClientEdge const& edge, Grant const& given, u32 waiting, u64 now);

    /// The next request; false: none, or as many wait as may. Of an older epoch: dropped.
    bool take(Request& request);
    /// Answers a request that take() gave.
    void answer(Request const& request, Status status, u32 value = 0);
    /// Signals the client where it sleeps: after a run.
    void tell();
    /// Before the server waits: true when there is nothing, and the client will signal.
    bool sleep();

    /// Memory of the arena; null: not all of it is inside.
    u8* arena(u32 offset, u32 bytes) const
    {
        return bytes <= arena_bytes_ && offset <= arena_bytes_ - bytes ? arena_ + offset : nullptr;
    }

    Grant grant;
    TokenBucket bucket;
    Quota quota;       ///< bytes of the pool that its data takes
    u32 datagrams = 0; ///< held by those on their way to a card
    TurnList ready;    ///< sockets with something to do
    TurnList starved;  ///< waiting for memory
    u32 sockets = 0;   ///< that it has, those which wait to be accepted included
    u32 lingering = 0; ///< connections that were closed and still hold memory
    u32 lookups = 0;   ///< resolves and pings under way
    Socket* socket[max_sockets] = {};
    bool reserved[max_sockets] = {}; ///< numbers that a waiting accept will give
    bool is_open = false;

    /// Whether a number names no socket yet and may.
    bool is_free(u32 number) const
    {
        return number < grant.sockets && socket[number] == nullptr && !reserved[number];
    }

private:
    bool may_take() const { return waiting_ < most_waiting_ && events_.space() > waiting_; }

    net::Shared* shared_ = nullptr;
    queue::Receiver<decltype(net::Shared::requests)> requests_;
    queue::Sender<decltype(net::Shared::events)> events_;
    sys::Notification signal_;
    u8* arena_ = nullptr;
    u64 arena_bytes_ = 0;
    u32 epoch_ = 0, waiting_ = 0, most_waiting_ = 0;
};

} // namespace net_server
