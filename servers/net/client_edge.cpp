// See client_edge.hpp.
#include "servers/net/client_edge.hpp"

namespace net_server {

void Client::open(program::ClientEdge const& edge, Grant const& given, u32 waiting, u64 now)
{
    if (edge.shared == nullptr || edge.shared_bytes < net::arena_offset) return;
    grant = given;
    if (grant.sockets > max_sockets) grant.sockets = max_sockets;
    bucket = TokenBucket{grant.rate, now};
    quota = Quota{grant.memory, grant.sockets};
    most_waiting_ = waiting < net::max_waiting ? waiting : net::max_waiting;
    shared_ = edge.memory<net::Shared>();
    signal_ = edge.signal;
    requests_ = queue::Receiver{&shared_->requests};
    events_ = queue::Sender{&shared_->events};
    arena_ = static_cast<u8*>(edge.shared) + net::arena_offset;
    arena_bytes_ = edge.shared_bytes - net::arena_offset;
    requests_.drop_all();
    epoch_ = shared_->epoch.load(std::memory_order_relaxed) + 1;
    if (epoch_ == 0) epoch_ = 1;
    shared_->max_sockets.store(grant.sockets, std::memory_order_relaxed);
    shared_->epoch.store(epoch_, std::memory_order_seq_cst);
    is_open = true;
    signal_.signal();
}

bool Client::take(Request& request)
{
    while (may_take() && requests_.pop(request)) {
        if (request.epoch != epoch_) continue;
        ++waiting_;
        return true;
    }
    return false;
}

void Client::answer(Request const& request, Status status, u32 value)
{
    --waiting_;
    // There is room, unless the client lies about what it has popped: its loss.
    static_cast<void>(events_.push({request.cookie, static_cast<u32>(status), value, epoch_, 0}));
}

void Client::tell()
{
    bool wanted = events_.must_signal();
    wanted |= requests_.must_signal();
    if (wanted) signal_.signal();
}

bool Client::sleep()
{
    if (!is_open) return true;
    if (may_take()) return requests_.sleep_if_empty();
    // It waits for events to be read, or for the network: both are seen.
    return waiting_ >= most_waiting_ || events_.sleep_below(waiting_ + 1);
}

} // namespace net_server
