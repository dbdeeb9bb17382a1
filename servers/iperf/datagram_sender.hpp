// A client of UDP: sends datagrams at a rate, for a time or so many bytes, then one that says it
// was the final one, until the server reports what has come.
#pragma once

#include "servers/iperf/desk.hpp"
#include "servers/iperf/pace.hpp"
#include "servers/iperf/wire.hpp"

namespace iperf_server {

class DatagramSender final : public Job {
public:
    /// Nanoseconds until the final datagram is sent again, and how often it is sent.
    static constexpr u64 patience = second / 4;
    static constexpr u32 tries = 10;

    using Job::Job;
    void begin(iperf::Begin::Args const& args) override;
    void take(net::Outcome const& outcome) override;
    void run() override;
    u64 deadline() const override;
    void stop() override;

private:
    enum class Phase : u8 { connecting, sending, asking, over };
    enum class Step : u8 { nothing, open, connect, receive };
    enum Cookie : u64 { connected, sent, received };

    static constexpr u32 max_slots = 32, receive_bytes = 2048;
    static constexpr u32 sending_bytes = Desk::memory_bytes - receive_bytes;

    Asked take_step();
    void send_due();
    bool has_sent_all() const;
    Asked send(bool is_final);
    void ask();
    net::Piece slot(u32 index) const;
    net::Piece receive_slot() const { return desk_.memory.piece(sending_bytes, receive_bytes); }
    void on_received(net::Outcome const& outcome);
    iperf::Counts counts() const;
    void end(End end, net::Status status, iperf::Counts const* report = nullptr);

    net::Datagram socket_;
    Phase phase_ = Phase::over;
    Step step_ = Step::nothing;
    Pace pace_;
    u32 slots_ = 0;
    u32 free_ = 0;  ///< slots without a request, a bit for each
    u64 asked_ = 0; ///< datagrams given to the network, the final one not counted
    bool asked_final_ = false;
    u64 since_ = 0, last_ = 0; ///< when the first and the latest were sent
    u32 tries_ = 0;
    u64 retry_at_ = 0;
};

} // namespace iperf_server
