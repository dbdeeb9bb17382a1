// See stream_receiver.hpp.
#include "servers/iperf/stream_receiver.hpp"

namespace iperf_server {

namespace {

constexpr u32 widest_window = 1 << 20;

} // namespace

void StreamReceiver::begin(iperf::Begin::Args const& args)
{
    start(args);
    phase_ = Phase::listening;
    step_ = Step::open;
    free_ = (1u << slots) - 1;
    next_ = 0;
}

u64 StreamReceiver::deadline() const
{
    return phase_ == Phase::receiving ? heard_ + silence : never;
}

void StreamReceiver::run()
{
    if (desk_.now >= deadline()) end_client(End::silent, net::Status::ok);
    while (step_ != Step::nothing) {
        Asked const asked = take_step();
        if (asked == Asked::later) return;
        if (asked == Asked::lost) give_up(net::Status::reset);
    }
    if (phase_ != Phase::ending || desk_.pending > 0) return;
    stream_ = {};
    if (!running_) return finish();
    phase_ = Phase::listening;
    step_ = Step::accept;
    run();
}

Asked StreamReceiver::take_step()
{
    Step next = Step::nothing;
    Asked asked = Asked::done;
    switch (step_) {
    case Step::nothing:
        return Asked::done;
    case Step::open:
        asked = desk_.opened(net::Listener::open(desk_.client, listener_, has(iperf::is_ipv6)));
        next = Step::bind;
        break;
    case Step::bind:
        asked =
            desk_.asked(listener_.bind({net::any_address, static_cast<u16>(args_.port)}, bound));
        next = Step::listen;
        break;
    case Step::listen:
        asked = desk_.asked(listener_.listen(backlog, listens));
        next = Step::accept;
        break;
    case Step::accept:
        // The peer is written where the first bytes will be.
        asked = desk_.asked(listener_.accept(
            stream_, desk_.memory.piece(0, static_cast<u32>(sizeof(net::Peer))), accepted));
        break;
    case Step::window:
        asked = desk_.asked(stream_.set(net::Option::receive_window, widest_window, ignored));
        next = Step::receive;
        break;
    case Step::receive:
        asked = receive();
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

net::Piece StreamReceiver::slot(u32 index) const
{
    return desk_.memory.piece(index * slot_bytes, slot_bytes);
}

/// Slots are used in turn: what comes first is what was asked first.
Asked StreamReceiver::receive()
{
    while (free_ & 1u << next_) {
        Asked const asked = desk_.asked(stream_.receive(slot(next_), u64{next_} << 8 | received));
        if (asked != Asked::done) return asked;
        free_ &= ~(1u << next_);
        next_ = (next_ + 1) % slots;
    }
    return Asked::done;
}

void StreamReceiver::take(net::Outcome const& outcome)
{
    switch (static_cast<Cookie>(outcome.cookie & 0xff)) {
    case ignored:
        return;
    case bound:
    case listens:
        if (outcome.status != net::Status::ok && phase_ == Phase::listening)
            give_up(outcome.status);
        ready_ = running_ && (outcome.cookie & 0xff) == listens;
        return;
    case accepted:
        return on_accepted(outcome.status);
    case received:
        return on_received(static_cast<u32>(outcome.cookie >> 8), outcome);
    }
}

void StreamReceiver::on_accepted(net::Status status)
{
    if (phase_ != Phase::listening) return;
    if (status != net::Status::ok) return give_up(status);
    net::Peer peer{};
    __builtin_memcpy(&peer, desk_.memory.data(), sizeof peer);
    peer_ = {peer.address, peer.port};
    bytes_ = 0;
    decided_ = false;
    since_ = heard_ = desk_.now;
    phase_ = Phase::receiving;
    step_ = Step::window;
}

void StreamReceiver::on_received(u32 index, net::Outcome const& outcome)
{
    free_ |= 1u << index;
    if (phase_ != Phase::receiving) return;
    if (outcome.status != net::Status::ok) return end_client(End::network, outcome.status);
    if (outcome.value == 0) return end_client(End::complete, net::Status::ok);
    heard_ = desk_.now;
    u32 const bytes = outcome.value < slot_bytes ? outcome.value : slot_bytes;
    if (!decided_ && is_refused(desk_.bytes(slot(index)).first(bytes)))
        return end_client(End::refused, net::Status::ok);
    bytes_ += bytes;
    if (step_ == Step::nothing) step_ = Step::receive;
}

/// Looks at the first bytes, however they are cut up.
bool StreamReceiver::is_refused(std::span<u8 const> bytes)
{
    u64 at = bytes_;
    for (u8 const byte : bytes)
        if (at < sizeof head_) head_[at++] = byte;
    Asks const asks = what_asks({head_, static_cast<usize>(at)});
    decided_ = asks != Asks::undecided;
    return asks == Asks::more;
}

void StreamReceiver::end_client(End end, net::Status status)
{
    add_result(end, status, {bytes_, (desk_.now - since_) / 1000, 0, 0, 0, 0});
    phase_ = Phase::ending;
    step_ = end == End::complete ? Step::close : Step::abort;
    if (has(iperf::is_single) && end != End::refused) running_ = false;
}

void StreamReceiver::give_up(net::Status status)
{
    if (phase_ == Phase::receiving) {
        end_client(End::network, status);
    } else if (running_) {
        peer_ = {};
        add_result(End::network, status, {});
    }
    running_ = false;
    finish();
}

void StreamReceiver::stop()
{
    running_ = false;
    if (phase_ == Phase::receiving) return end_client(End::stopped, net::Status::ok);
    if (phase_ == Phase::listening) finish();
}

/// Sockets go; requests that are under way end as canceled.
void StreamReceiver::finish()
{
    phase_ = Phase::ending;
    step_ = Step::nothing;
    stream_ = {};
    listener_ = {};
    over_ = true;
}

} // namespace iperf_server
