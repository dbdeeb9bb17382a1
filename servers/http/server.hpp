// The HTTP server without its surroundings: connections over a net::Client, answers from a Site,
// deadlines by a clock that the caller reads. Whoever runs it calls poll() when woken and again at
// the time it answers. Memory is bounded: tables of fixed size; buffers only for connections that
// have something to receive or to send; bodies are shared.
//
// Every connection that is not free either has requests under way, or stands in the queue of those
// that found no room: so an outcome or room takes each of them on.
#pragma once

#include "servers/http/connection.hpp"
#include "servers/http/site.hpp"

namespace http_server {

/// How long each phase may take, in nanoseconds.
struct Limits {
    u64 idle = 30'000'000'000;
    u64 idle_when_full = 2'000'000'000; ///< others wait to be accepted
    u64 head = 10'000'000'000;
    u64 response = 30'000'000'000;
    u64 draining = 2'000'000'000;
    u64 closing = 20'000'000'000; ///< then it is aborted
    u64 retry = 1'000'000'000;    ///< until a listener that the network refused is tried again
};

struct Counters {
    u64 accepted = 0, requests = 0, refused = 0, timed_out = 0;
};

class Server {
public:
    static constexpr u16 port = 80;
    static constexpr u32 max_accepting = 8; ///< for each listener
    static constexpr u32 receive_bytes = 1024, max_received = 64;
    static constexpr u64 never = ~u64{0};

    /// @param table  its size is how many connections there may be
    Server(net::Client& client, Site& site, std::span<Connection> table, Limits const& limits);

    /// Does what can be done now, and wakes the network. Both times in nanoseconds; wall since
    /// 1970-01-01 UTC, 0: not known. Returns when to come back at the latest; never: no time.
    u64 poll(u64 now, u64 wall);

    Counters const& counters() const { return counters_; }
    u32 connections() const { return in_use_; }
    /// How the IPv4 or IPv6 listener is: ok, or why it was refused.
    net::Status listening(bool ipv6) const { return listener_[ipv6].refused; }

private:
    struct Listener {
        enum class Step : u8 { open, bind, listen, asked, ready };
        net::Listener socket;
        Step step = Step::open;
        net::Status refused = net::Status::ok;
        u64 retry_at = 0;
        u32 epoch = 0, accepting = 0;
    };
    enum class Kind : u8 {
        ignored,
        bound,
        listening,
        accepted,
        watched,
        received,
        start_sent,
        content_sent,
        shut_down,
        drained,
        closed
    };

    u64 cookie(u32 index, Kind kind) const { return u64{index} << 8 | static_cast<u8>(kind); }
    u32 index_of(Connection const& it) const { return static_cast<u32>(&it - table_.data()); }

    // server.cpp: outcomes, listeners, the queue, deadlines.
    void on_outcome(net::Outcome const& outcome);
    void on_listener(Listener& it, Kind kind, net::Status status);
    void refuse_listener(Listener& it, net::Status why);
    void run_listener(u32 number);
    Result<void> ask_listener(Listener& it, u32 number);
    void accept_more(u32 number);
    void on_connection(Connection& it, Kind kind, net::Outcome const& outcome);
    void on_accepted(Connection& it, net::Status status);
    bool run_stalled();
    void stall(Connection& it);
    void enter(Connection& it, Phase phase);
    void end_late();
    u64 limit_of(Phase phase) const;
    u64 next_deadline() const;
    void on_deadline(Connection& it);
    void free_if_over(Connection& it);
    void free_connection(Connection& it);

    // exchange.cpp: one connection's requests and responses.
    void advance(Connection& it);
    Result<void> take_step(Connection& it);
    Result<void> receive(Connection& it);
    Result<void> respond(Connection& it);
    Result<void> respond_error(Connection& it, http::Status status, bool keep_alive);
    Result<void> send_start(Connection& it, net::Buffer buffer, std::string_view text);
    http::Status judge(Connection const& it) const;
    void on_received(Connection& it, net::Outcome const& outcome);
    void drop_received(Connection& it);
    void parse(Connection& it);
    void on_sent(Connection& it, Kind kind);
    void on_drained(Connection& it, net::Outcome const& outcome);
    void close(Connection& it);
    void let_go(Connection& it);

    net::Client& client_;
    Site& site_;
    std::span<Connection> table_;
    Limits limits_;
    Counters counters_;
    net::Buffer discarded_; ///< what is received while draining, of all connections
    ConnectionList by_phase_[static_cast<u32>(Phase::last) + 1];
    u32 first_stalled_ = no_connection, last_stalled_ = no_connection;
    u32 in_use_ = 0, receiving_ = 0;
    u64 now_ = 0, wall_ = 0;
    Listener listener_[2]; ///< IPv4, IPv6
};

} // namespace http_server
