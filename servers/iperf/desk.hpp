// What all kinds of measurements work with: the network, memory for its requests, the time, and
// where results go.
#pragma once

#include "net/socket.hpp"
#include "protocol/iperf.hpp"

namespace iperf_server {

using iperf::End;

inline constexpr u64 never = ~u64{0};
inline constexpr u64 second = 1'000'000'000;

/// The last results.
class Results {
    static constexpr u32 kept = 16;
    iperf::Result result_[kept] = {};
    u64 count_ = 0;

public:
    void add(iperf::Result const& result) { result_[count_++ % kept] = result; }
    u64 last() const { return count_; }
    /// The first behind number `after`; number 0: there is none. Not the whole of the answer.
    iperf::Next::Reply behind(u64 after) const
    {
        if (after >= count_) return {};
        u64 const oldest = count_ > kept ? count_ - kept : 0;
        u64 const index = after > oldest ? after : oldest;
        return {index + 1, 0, result_[index % kept]};
    }
};

/// What became of a request that was to be asked.
enum class Asked : u8 {
    done,
    later, ///< no room: once more when woken
    lost,  ///< the network server is gone, and the socket with it
};

struct Desk {
    static constexpr u32 memory_bytes = 288 << 10;

    net::Client& client;
    Results& results;
    net::Buffer memory{}; ///< memory_bytes of the arena
    u64 now = 0;          ///< nanoseconds since boot
    u32 pending = 0;      ///< requests under way

    Asked opened(Result<void> const& done) const
    {
        if (done) return Asked::done;
        return done.error() == Error::busy ? Asked::later : Asked::lost;
    }
    Asked asked(Result<void> const& done)
    {
        pending += done ? 1 : 0;
        return opened(done);
    }
    std::span<u8> bytes(net::Piece const& piece) const
    {
        return {client.arena().data(piece.offset), piece.bytes};
    }
};

/// One measurement, or a server's one after the other. Whoever runs it calls take() for each
/// outcome, then run(); sockets are gone when it is over and no request is under way.
class Job {
public:
    explicit Job(Desk& desk) : desk_{desk} {}
    Job(Job const&) = delete;
    Job& operator=(Job const&) = delete;

    virtual void begin(iperf::Begin::Args const& args) = 0;
    virtual void take(net::Outcome const& outcome) = 0;
    /// Asks for what is to be asked.
    virtual void run() = 0;
    /// Nanoseconds since boot at which run() has something to do by itself; never.
    virtual u64 deadline() const = 0;
    /// Ends at once, with a result of what is under way.
    virtual void stop() = 0;

    /// Whether there may be more results.
    bool is_running() const { return running_; }
    /// A server: clients may come. A client: it has begun.
    bool is_ready() const { return ready_; }
    /// Nothing more will be asked.
    bool is_over() const { return over_; }

protected:
    ~Job() = default;

    void start(iperf::Begin::Args const& args)
    {
        args_ = args;
        peer_ = {args.address, static_cast<u16>(args.port)};
        running_ = true;
        over_ = false;
        ready_ = !has(iperf::is_server);
    }
    bool has(u64 option) const { return args_.options & option; }
    void add_result(End end, net::Status status, iperf::Counts const& own,
                    iperf::Counts const* report = nullptr)
    {
        desk_.results.add({args_.options, static_cast<u64>(end), static_cast<u64>(status),
                           peer_.port, peer_.address, own, report != nullptr,
                           report ? *report : iperf::Counts{}});
    }

    Desk& desk_;
    iperf::Begin::Args args_{};
    net::Endpoint peer_{};
    bool running_ = false, over_ = true, ready_ = false;
};

} // namespace iperf_server
