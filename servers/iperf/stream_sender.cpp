// See stream_sender.hpp.
#include "servers/iperf/stream_sender.hpp"

namespace iperf_server {

void StreamSender::begin(iperf::Begin::Args const& args)
{
    start(args);
    phase_ = Phase::connecting;
    step_ = Step::open;
    unasked_ = args.bytes > 0 ? args.bytes : ~u64{0};
    bytes_ = 0;
    sending_ = 0;
    until_ = never;
    since_ = desk_.now;
    if (unasked_ >= stream_head_bytes)
        write_stream_head(desk_.bytes(desk_.memory.piece()), peer_.port, args.bytes);
}

u64 StreamSender::deadline() const
{
    return phase_ == Phase::sending || phase_ == Phase::draining ? until_ : never;
}

void StreamSender::run()
{
    if (desk_.now >= deadline()) on_deadline();
    while (step_ != Step::nothing) {
        Asked const asked = take_step();
        if (asked == Asked::later) return;
        if (asked == Asked::lost) {
            if (phase_ != Phase::ending) end(End::network, net::Status::reset);
            step_ = Step::nothing; // there is nothing to abort
        }
    }
    if (phase_ != Phase::ending) return;
    stream_ = {};
    over_ = true;
}

Asked StreamSender::take_step()
{
    Step next = Step::nothing;
    Asked asked = Asked::done;
    switch (step_) {
    case Step::nothing:
        return Asked::done;
    case Step::open:
        asked =
            desk_.opened(net::Stream::open(desk_.client, stream_, !net::is_ipv4(args_.address)));
        next = Step::connect;
        break;
    case Step::connect:
        asked = desk_.asked(stream_.connect(peer_, connected));
        break;
    case Step::send:
        asked = send();
        if (asked == Asked::done && unasked_ == 0) next = Step::shut_down;
        break;
    case Step::shut_down:
        asked = desk_.asked(stream_.shutdown(ignored));
        if (asked == Asked::done) {
            phase_ = Phase::draining;
            until_ = desk_.now + patience;
        }
        next = Step::drain;
        break;
    case Step::drain:
        asked = desk_.asked(
            stream_.receive(desk_.memory.piece(slots * slot_bytes, drain_bytes), drained));
        break;
    case Step::close:
        asked = desk_.asked(stream_.close(ignored));
        break;
    case Step::abort:
        asked = desk_.asked(stream_.abort(ignored));
        break;
    }
    if (asked == Asked::done) step_ = next;
    return asked;
}

/// All requests send the same bytes: nothing is written to memory while they are under way.
Asked StreamSender::send()
{
    while (sending_ < slots && unasked_ > 0) {
        u32 const bytes = unasked_ < slot_bytes ? static_cast<u32>(unasked_) : slot_bytes;
        Asked const asked = desk_.asked(stream_.send(desk_.memory.piece(0, bytes), sent));
        if (asked != Asked::done) return asked;
        unasked_ -= bytes;
        ++sending_;
    }
    return Asked::done;
}

void StreamSender::take(net::Outcome const& outcome)
{
    switch (static_cast<Cookie>(outcome.cookie)) {
    case ignored:
        return;
    case connected:
        return on_connected(outcome.status);
    case sent:
        return on_sent(outcome);
    case drained:
        return on_drained(outcome);
    }
}

void StreamSender::on_connected(net::Status status)
{
    if (phase_ != Phase::connecting) return;
    if (status != net::Status::ok) return end(End::network, status);
    phase_ = Phase::sending;
    step_ = Step::send;
    since_ = desk_.now;
    until_ = desk_.now + (args_.bytes > 0 ? patience : args_.microseconds * 1000);
}

void StreamSender::on_sent(net::Outcome const& outcome)
{
    --sending_;
    bytes_ += outcome.value; // a part of it may have been sent before it was canceled
    if (phase_ != Phase::sending && phase_ != Phase::draining) return;
    if (outcome.status != net::Status::ok) return end(End::network, outcome.status);
    if (phase_ == Phase::draining || args_.bytes > 0) until_ = desk_.now + patience;
    if (step_ == Step::nothing && unasked_ > 0) step_ = Step::send;
}

/// The server says nothing but that it has seen our end.
void StreamSender::on_drained(net::Outcome const& outcome)
{
    if (phase_ != Phase::draining) return;
    if (outcome.status != net::Status::ok) return end(End::network, outcome.status);
    if (outcome.value > 0)
        step_ = Step::drain;
    else
        end(End::complete, net::Status::ok);
}

void StreamSender::on_deadline()
{
    if (phase_ == Phase::draining || args_.bytes > 0) return end(End::silent, net::Status::ok);
    unasked_ = 0; // the time is over
    until_ = never;
    step_ = Step::shut_down;
}

void StreamSender::end(End end, net::Status status)
{
    add_result(end, status, {bytes_, (desk_.now - since_) / 1000, 0, 0, 0, 0});
    phase_ = Phase::ending;
    step_ = end == End::complete ? Step::close : stream_ ? Step::abort : Step::nothing;
    running_ = false;
}

void StreamSender::stop()
{
    if (running_) end(End::stopped, net::Status::ok);
}

} // namespace iperf_server
