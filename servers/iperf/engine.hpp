// One measurement at a time: which kind it is, and that its memory is not used by the next before
// the network server has let go of it.
#pragma once

#include "servers/iperf/datagram_receiver.hpp"
#include "servers/iperf/datagram_sender.hpp"
#include "servers/iperf/stream_receiver.hpp"
#include "servers/iperf/stream_sender.hpp"

namespace iperf_server {

class Engine {
public:
    explicit Engine(net::Client& client) : desk_{client, results_} {}

    Result<iperf::Begin::Reply> begin(iperf::Begin::Args const& args);
    void stop();
    iperf::Next::Reply next(u64 after) const;

    /// Does what can be done now, within bounds. Returns when to come back at the latest, in
    /// nanoseconds since boot; never: no time.
    u64 poll(u64 now);
    /// Whether next() has more to say than when this was last asked.
    bool has_news();

private:
    static constexpr u32 outcomes_in_turn = 256;

    Job& job_for(u64 options);
    void start();
    iperf::State state() const;

    Results results_;
    Desk desk_;
    StreamReceiver stream_receiver_{desk_};
    StreamSender stream_sender_{desk_};
    DatagramReceiver datagram_receiver_{desk_};
    DatagramSender datagram_sender_{desk_};
    Job* job_ = nullptr;
    iperf::Begin::Args wanted_{};
    bool waits_ = false; ///< `wanted_` has not begun
    u64 told_results_ = 0;
    iperf::State told_state_ = iperf::State::over;
};

} // namespace iperf_server
