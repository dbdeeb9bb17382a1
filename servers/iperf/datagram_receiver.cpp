// See datagram_receiver.hpp.
#include "servers/iperf/datagram_receiver.hpp"

#include <bit>

namespace iperf_server {

namespace {

constexpr u32 head_bytes = 16; // in front of a client's header

bool same(net::Endpoint const& a, net::Endpoint const& b)
{
    return a.address == b.address && a.port == b.port;
}

} // namespace

void DatagramReceiver::begin(iperf::Begin::Args const& args)
{
    start(args);
    phase_ = Phase::opening;
    step_ = Step::open;
    last_ = Last::none;
    free_ = ~u64{0};
    reporting_ = false;
}

u64 DatagramReceiver::deadline() const
{
    if (phase_ == Phase::counting) return heard_ + silence;
    return phase_ == Phase::waiting && !running_ ? echoes_until_ : never;
}

void DatagramReceiver::run()
{
    if (desk_.now >= deadline()) {
        if (phase_ == Phase::counting) end_client(End::silent);
        if (!running_) return finish();
    }
    while (step_ != Step::nothing) {
        Asked const asked = take_step();
        if (asked == Asked::later) return;
        if (asked == Asked::lost) give_up(net::Status::reset);
    }
}

Asked DatagramReceiver::take_step()
{
    Step next = Step::nothing;
    Asked asked = Asked::done;
    switch (step_) {
    case Step::nothing:
        return Asked::done;
    case Step::open:
        asked = desk_.opened(net::Datagram::open(desk_.client, socket_, has(iperf::is_ipv6)));
        next = Step::bind;
        break;
    case Step::bind:
        asked =
            desk_.asked(socket_.bind({net::any_address, static_cast<u16>(args_.port)}, prepared));
        next = Step::receive;
        break;
    case Step::receive:
        asked = receive();
        break;
    }
    if (asked == Asked::done) step_ = next;
    return asked;
}

net::Piece DatagramReceiver::slot(u32 index) const
{
    return desk_.memory.piece(index * slot_bytes, slot_bytes);
}

Asked DatagramReceiver::receive()
{
    while (free_ != 0) {
        auto const index = static_cast<u32>(std::countr_zero(free_));
        Asked const asked =
            desk_.asked(socket_.receive_from(slot(index), u64{index} << 8 | received));
        if (asked != Asked::done) return asked;
        free_ &= free_ - 1;
    }
    return Asked::done;
}

void DatagramReceiver::take(net::Outcome const& outcome)
{
    switch (static_cast<Cookie>(outcome.cookie & 0xff)) {
    case prepared:
        if (outcome.status != net::Status::ok)
            give_up(outcome.status);
        else if (phase_ == Phase::opening)
            phase_ = Phase::waiting;
        ready_ = phase_ == Phase::waiting;
        return;
    case received:
        return on_received(static_cast<u32>(outcome.cookie >> 8), outcome);
    case reported: // or not: the client asks again then
        reporting_ = false;
        return;
    }
}

void DatagramReceiver::on_received(u32 index, net::Outcome const& outcome)
{
    free_ |= u64{1} << index;
    if (phase_ == Phase::over) return;
    if (outcome.status != net::Status::ok) return give_up(outcome.status);
    std::span<u8 const> const bytes = desk_.bytes(slot(index));
    net::Peer peer{};
    __builtin_memcpy(&peer, bytes.data(), sizeof peer);
    u32 const room = slot_bytes - static_cast<u32>(sizeof peer);
    u32 const here = outcome.value < room ? outcome.value : room;
    on_datagram({peer.address, peer.port}, bytes.subspan(sizeof peer, here), peer.bytes);
    if (step_ == Step::nothing && phase_ != Phase::over) step_ = Step::receive;
}

/// @param size  of all of it; `bytes` may be less
void DatagramReceiver::on_datagram(net::Endpoint const& from, std::span<u8 const> bytes, u32 size)
{
    auto const head = read_datagram(bytes);
    if (!head) return;
    if (phase_ == Phase::waiting) {
        if (is_echo(from, *head) || head->is_final || !running_) return;
        peer_ = from;
        arrivals_ = {};
        phase_ = Phase::counting;
        bool const has_client = bytes.size() > head_bytes;
        if (has_client && what_asks(bytes.subspan(head_bytes)) == Asks::more)
            return end_client(End::refused);
    }
    if (phase_ != Phase::counting || !same(from, peer_)) return;
    heard_ = desk_.now;
    arrivals_.take(*head, size, desk_.now / 1000);
    if (head->is_final) end_client(End::complete);
}

/// Whether a datagram belongs to the client before.
bool DatagramReceiver::is_echo(net::Endpoint const& from, DatagramHead const& head)
{
    bool const echo =
        last_ != Last::none && same(from, peer_) && (head.is_final || desk_.now < echoes_until_);
    if (!echo) return false;
    echoes_until_ = desk_.now + echo_time;
    if (last_ == Last::reported && head.is_final) report();
    return true;
}

void DatagramReceiver::report()
{
    if (reporting_) return;
    net::Piece const piece = desk_.memory.piece(slots * slot_bytes, report_bytes);
    write_report(desk_.bytes(piece), arrivals_.counts());
    reporting_ = desk_.asked(socket_.send_to(peer_, piece, reported)) == Asked::done;
}

void DatagramReceiver::end_client(End end)
{
    add_result(end, net::Status::ok, arrivals_.counts());
    phase_ = Phase::waiting;
    echoes_until_ = desk_.now + echo_time;
    last_ = end == End::complete  ? Last::reported
            : end == End::refused ? Last::refused
                                  : Last::none;
    if (last_ == Last::reported) report();
    if (has(iperf::is_single) && end != End::refused) running_ = false;
}

void DatagramReceiver::give_up(net::Status status)
{
    if (phase_ == Phase::over) return;
    if (running_) {
        bool const client = phase_ == Phase::counting;
        if (!client) peer_ = {};
        add_result(End::network, status, client ? arrivals_.counts() : iperf::Counts{});
    }
    finish();
}

void DatagramReceiver::stop()
{
    if (phase_ == Phase::counting) end_client(End::stopped);
    finish();
}

void DatagramReceiver::finish()
{
    phase_ = Phase::over;
    step_ = Step::nothing;
    socket_ = {};
    running_ = false;
    over_ = true;
}

} // namespace iperf_server
