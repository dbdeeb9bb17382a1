// A server of TCP: counts what one client after the other sends, until the client ends.
#pragma once

#include "servers/iperf/desk.hpp"
#include "servers/iperf/wire.hpp"

namespace iperf_server {

class StreamReceiver final : public Job {
public:
    static constexpr u64 silence = 30 * second; ///< then a client is given up

    using Job::Job;
    void begin(iperf::Begin::Args const& args) override;
    void take(net::Outcome const& outcome) override;
    void run() override;
    u64 deadline() const override;
    void stop() override;

private:
    enum class Phase : u8 { listening, receiving, ending };
    /// What is to be asked next.
    enum class Step : u8 { nothing, open, bind, listen, accept, window, receive, close, abort };
    enum Cookie : u64 { ignored, bound, listens, accepted, received };

    static constexpr u32 slots = 4, slot_bytes = 64 << 10, backlog = 4;

    Asked take_step();
    Asked receive();
    net::Piece slot(u32 index) const;
    void on_accepted(net::Status status);
    void on_received(u32 index, net::Outcome const& outcome);
    bool is_refused(std::span<u8 const> bytes);
    void end_client(End end, net::Status status);
    void give_up(net::Status status);
    void finish();

    net::Listener listener_;
    net::Stream stream_;
    Phase phase_ = Phase::ending;
    Step step_ = Step::nothing;
    u32 free_ = 0;  ///< slots without a request, a bit for each
    u32 next_ = 0;  ///< slot to be asked with next
    u64 bytes_ = 0; ///< of this client
    u64 since_ = 0, heard_ = 0;
    u8 head_[deciding_bytes] = {};
    bool decided_ = false;
};

} // namespace iperf_server
