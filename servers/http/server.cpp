// See server.hpp. How one connection goes on: exchange.cpp.
#include "servers/http/server.hpp"

namespace http_server {

namespace {

constexpr u32 phases = static_cast<u32>(Phase::last) + 1;
constexpr u32 backlog = 128;

} // namespace

Server::Server(net::Client& client, Site& site, std::span<Connection> table, Limits const& limits)
    : client_{client}, site_{site}, table_{table}, limits_{limits}
{
    for (u32 i = 0; i < table_.size(); ++i) by_phase_[0].add(table_, i);
}

u64 Server::poll(u64 now, u64 wall)
{
    now_ = now;
    wall_ = wall;
    for (net::Outcome outcome; client_.next(outcome);) on_outcome(outcome);
    end_late();
    while (run_stalled()) { // what one gives back may be room for another
    }
    for (u32 i = 0; i < std::size(listener_); ++i) run_listener(i);
    client_.wake_server();
    return next_deadline();
}

void Server::on_outcome(net::Outcome const& outcome)
{
    auto const kind = static_cast<Kind>(outcome.cookie & 0xff);
    auto const index = static_cast<u32>(outcome.cookie >> 8);
    if (kind == Kind::bound || kind == Kind::listening)
        on_listener(listener_[index], kind, outcome.status);
    else
        on_connection(table_[index], kind, outcome);
}

// ---- listeners ----

void Server::on_listener(Listener& it, Kind kind, net::Status status)
{
    if (it.epoch != client_.epoch()) return; // run_listener sees that
    if (status != net::Status::ok)
        refuse_listener(it, status);
    else if (kind == Kind::listening)
        it.step = Listener::Step::ready;
}

/// The network will not have it now: once more later, and meanwhile the reason can be read.
void Server::refuse_listener(Listener& it, net::Status why)
{
    it.socket = {};
    it.step = Listener::Step::open;
    it.refused = why;
    it.retry_at = now_ + limits_.retry;
}

void Server::run_listener(u32 number)
{
    Listener& it = listener_[number];
    if (!client_.online()) return;
    if (it.epoch != client_.epoch()) {
        it.socket = {};
        it.step = Listener::Step::open;
        it.epoch = client_.epoch();
        it.retry_at = 0;
    }
    if (it.retry_at > now_) return;
    if (it.step < Listener::Step::asked) (void)ask_listener(it, number); // else when woken
    if (it.step == Listener::Step::ready) accept_more(number);
}

Result<void> Server::ask_listener(Listener& it, u32 number)
{
    if (it.step == Listener::Step::open) {
        TRY(net::Listener::open(client_, it.socket, number == 1));
        it.step = Listener::Step::bind;
    }
    if (it.step == Listener::Step::bind) {
        TRY(it.socket.bind({net::any_address, port}, cookie(number, Kind::bound)));
        it.step = Listener::Step::listen;
    }
    TRY(it.socket.listen(backlog, cookie(number, Kind::listening)));
    it.step = Listener::Step::asked;
    it.refused = net::Status::ok;
    return {};
}

void Server::accept_more(u32 number)
{
    Listener& listener = listener_[number];
    while (listener.accepting < max_accepting) {
        u32 const index = by_phase_[0].first();
        if (index == no_connection) return;
        Connection& it = table_[index];
        if (!listener.socket.accept(it.stream, {}, cookie(index, Kind::accepted))) return;
        it.listener = static_cast<u8>(number);
        it.pending = 1;
        ++listener.accepting;
        enter(it, Phase::accepting);
    }
}

// ---- connections ----

void Server::on_connection(Connection& it, Kind kind, net::Outcome const& outcome)
{
    --it.pending;
    switch (kind) {
    case Kind::accepted:
        on_accepted(it, outcome.status);
        break;
    case Kind::watched:
    case Kind::received:
        on_received(it, outcome);
        break;
    case Kind::drained:
        on_drained(it, outcome);
        break;
    case Kind::start_sent:
    case Kind::content_sent:
    case Kind::shut_down:
        if (outcome.status != net::Status::ok)
            close(it);
        else if (kind != Kind::shut_down)
            on_sent(it, kind);
        break;
    case Kind::ignored:
    case Kind::closed:
    case Kind::bound:
    case Kind::listening:
        break;
    }
    free_if_over(it);
}

void Server::on_accepted(Connection& it, net::Status status)
{
    Listener& listener = listener_[it.listener];
    --listener.accepting;
    if (status != net::Status::ok) {
        // No room at the network: it may have some later. With `reset` a new epoch begins.
        if (status == net::Status::closed)
            refuse_listener(listener, status);
        else if (status != net::Status::reset)
            listener.retry_at = now_ + limits_.retry;
        return free_connection(it);
    }
    ++counters_.accepted;
    ++in_use_;
    enter(it, Phase::idle);
    // Responses go out at once. Without it they are slower, so no outcome is waited for.
    if (it.stream.set(net::Option::no_delay, 1, cookie(index_of(it), Kind::ignored))) ++it.pending;
    it.step = Step::watch;
    advance(it);
}

/// Nobody names its buffers any more, and it stands in no queue.
void Server::free_if_over(Connection& it)
{
    if (it.phase == Phase::closing && it.step == Step::nothing && it.pending == 0 && !it.is_stalled)
        free_connection(it);
}

void Server::free_connection(Connection& it)
{
    if (it.phase != Phase::accepting) --in_use_;
    let_go(it);
    if (it.received) drop_received(it);
    it.stream = {};
    it.request.reset();
    it.step = Step::nothing;
    it.is_late = it.is_aborted = false;
    enter(it, Phase::free);
}

void Server::enter(Connection& it, Phase phase)
{
    u32 const index = index_of(it);
    by_phase_[static_cast<u32>(it.phase)].remove(table_, index);
    by_phase_[static_cast<u32>(phase)].add(table_, index);
    it.phase = phase;
    it.since = now_;
}

// ---- those that found no room ----

void Server::stall(Connection& it)
{
    if (it.is_stalled) return;
    it.is_stalled = true;
    it.next_stalled = no_connection;
    u32 const index = index_of(it);
    (first_stalled_ == no_connection ? first_stalled_ : table_[last_stalled_].next_stalled) = index;
    last_stalled_ = index;
}

/// Each of them once more, in their order. Whether one of them was freed.
bool Server::run_stalled()
{
    bool freed = false;
    u32 index = first_stalled_;
    first_stalled_ = last_stalled_ = no_connection;
    while (index != no_connection) {
        Connection& it = table_[index];
        index = it.next_stalled;
        it.is_stalled = false;
        advance(it);
        free_if_over(it);
        freed |= it.phase == Phase::free;
    }
    return freed;
}

// ---- deadlines ----

u64 Server::limit_of(Phase phase) const
{
    bool const is_full = by_phase_[0].first() == no_connection;
    switch (phase) {
    case Phase::idle:
        return is_full ? limits_.idle_when_full : limits_.idle;
    case Phase::reading:
        return limits_.head;
    case Phase::responding:
        return limits_.response;
    case Phase::draining:
        return limits_.draining;
    case Phase::closing:
        return limits_.closing;
    case Phase::free:
    case Phase::accepting:
        break;
    }
    return never;
}

/// The first of each list is the oldest.
void Server::end_late()
{
    if (now_ == 0) return; // no clock yet
    for (u32 i = 0; i < phases; ++i) {
        auto const phase = static_cast<Phase>(i);
        for (;;) {
            u32 const index = by_phase_[i].first();
            u64 const limit = limit_of(phase);
            if (index == no_connection || limit == never || now_ - table_[index].since < limit)
                break;
            on_deadline(table_[index]);
        }
    }
}

/// Leaves the front of its list.
void Server::on_deadline(Connection& it)
{
    ++counters_.timed_out;
    if (it.phase == Phase::reading) {
        enter(it, Phase::responding);
        it.step = Step::respond;
        it.is_late = true;
        return advance(it);
    }
    if (it.phase != Phase::closing) {
        // Who does not take its response, or did not end after it, gets no more time to.
        if (it.phase == Phase::responding) it.is_aborted = true;
        return close(it);
    }
    enter(it, Phase::closing); // behind the others
    if (it.is_aborted) return;
    it.is_aborted = true;
    it.step = Step::close;
    advance(it);
}

u64 Server::next_deadline() const
{
    u64 next = never;
    for (u32 i = 0; i < phases; ++i) {
        u32 const index = by_phase_[i].first();
        u64 const limit = limit_of(static_cast<Phase>(i));
        if (index == no_connection || limit == never) continue;
        u64 const end = table_[index].since + limit;
        if (end < next) next = end;
    }
    for (Listener const& each : listener_)
        if (each.retry_at > now_ && each.retry_at < next) next = each.retry_at;
    return next;
}

} // namespace http_server
