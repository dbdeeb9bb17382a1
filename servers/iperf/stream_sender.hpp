// A client of TCP: sends for a time or so many bytes, then waits until the server has taken them.
#pragma once

#include "servers/iperf/desk.hpp"
#include "servers/iperf/wire.hpp"

namespace iperf_server {

class StreamSender final : public Job {
public:
    /// Nanoseconds for a server to take what has been sent, and to end the connection.
    static constexpr u64 patience = 10 * second;

    using Job::Job;
    void begin(iperf::Begin::Args const& args) override;
    void take(net::Outcome const& outcome) override;
    void run() override;
    u64 deadline() const override;
    void stop() override;

private:
    enum class Phase : u8 { connecting, sending, draining, ending };
    enum class Step : u8 { nothing, open, connect, send, shut_down, drain, close, abort };
    enum Cookie : u64 { ignored, connected, sent, drained };

    static constexpr u32 slots = 4, slot_bytes = 64 << 10, drain_bytes = 4 << 10;

    Asked take_step();
    Asked send();
    void on_connected(net::Status status);
    void on_sent(net::Outcome const& outcome);
    void on_drained(net::Outcome const& outcome);
    void on_deadline();
    void end(End end, net::Status status);

    net::Stream stream_;
    Phase phase_ = Phase::ending;
    Step step_ = Step::nothing;
    u32 sending_ = 0; ///< requests to send that are under way
    u64 unasked_ = 0; ///< bytes that no request was made for yet
    u64 bytes_ = 0;   ///< that the network has taken
    u64 since_ = 0, until_ = never;
};

} // namespace iperf_server
