// A server of UDP: counts the datagrams of one client after the other, and reports to each what
// came. A client begins with its first datagram; while it sends, others are not listened to.
#pragma once

#include "servers/iperf/arrivals.hpp"
#include "servers/iperf/desk.hpp"

namespace iperf_server {

class DatagramReceiver final : public Job {
public:
    static constexpr u64 silence = 10 * second; ///< then a client is given up
    /// What a client still sends so long after its end belongs to it: datagrams that others
    /// overtook, and final ones again when the report was lost.
    static constexpr u64 echo_time = second;

    using Job::Job;
    void begin(iperf::Begin::Args const& args) override;
    void take(net::Outcome const& outcome) override;
    void run() override;
    u64 deadline() const override;
    void stop() override;

private:
    enum class Phase : u8 { opening, waiting, counting, over };
    enum class Step : u8 { nothing, open, bind, receive };
    enum class Last : u8 { none, reported, refused }; ///< what became of the client before
    enum Cookie : u64 { prepared, received, reported };

    static constexpr u32 slots = 64, slot_bytes = 2048;
    static_assert(slots * slot_bytes + report_bytes <= Desk::memory_bytes);

    Asked take_step();
    Asked receive();
    net::Piece slot(u32 index) const;
    void on_received(u32 index, net::Outcome const& outcome);
    void on_datagram(net::Endpoint const& from, std::span<u8 const> bytes, u32 size);
    bool is_echo(net::Endpoint const& from, DatagramHead const& head);
    void report();
    void end_client(End end);
    void give_up(net::Status status);
    void finish();

    net::Datagram socket_;
    Phase phase_ = Phase::over;
    Step step_ = Step::nothing;
    Last last_ = Last::none;
    u64 free_ = 0; ///< slots without a request, a bit for each
    u64 heard_ = 0, echoes_until_ = 0;
    bool reporting_ = false; ///< the report's memory is in use
    Arrivals arrivals_;
};

} // namespace iperf_server
