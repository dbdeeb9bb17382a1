// See datagram_sender.hpp.
#include "servers/iperf/datagram_sender.hpp"

#include <bit>

namespace iperf_server {

void DatagramSender::begin(iperf::Begin::Args const& args)
{
    start(args);
    phase_ = Phase::connecting;
    step_ = Step::open;
    u32 const fit = sending_bytes / static_cast<u32>(args.size);
    slots_ = fit < max_slots ? fit : max_slots;
    free_ = static_cast<u32>((u64{1} << slots_) - 1);
    asked_ = 0;
    asked_final_ = false;
    tries_ = 0;
    since_ = last_ = desk_.now;
}

u64 DatagramSender::deadline() const
{
    if (phase_ == Phase::asking) return retry_at_;
    if (phase_ != Phase::sending) return never;
    if (free_ == 0) return never; // an outcome comes first
    u64 const due = pace_.due(asked_), end = since_ + args_.microseconds * 1000;
    return args_.bytes > 0 || due < end ? due : end;
}

void DatagramSender::run()
{
    while (step_ != Step::nothing) {
        Asked const asked = take_step();
        if (asked == Asked::later) return;
        if (asked == Asked::lost) return end(End::network, net::Status::reset);
    }
    if (phase_ == Phase::sending) send_due();
    if (phase_ == Phase::asking && desk_.now >= retry_at_) ask();
}

Asked DatagramSender::take_step()
{
    Step next = Step::nothing;
    Asked asked = Asked::done;
    switch (step_) {
    case Step::nothing:
        return Asked::done;
    case Step::open:
        asked =
            desk_.opened(net::Datagram::open(desk_.client, socket_, !net::is_ipv4(args_.address)));
        next = Step::connect;
        break;
    case Step::connect:
        asked = desk_.asked(socket_.connect(peer_, connected));
        break;
    case Step::receive:
        asked = desk_.asked(socket_.receive_from(receive_slot(), received));
        break;
    }
    if (asked == Asked::done) step_ = next;
    return asked;
}

bool DatagramSender::has_sent_all() const
{
    if (args_.bytes > 0) return asked_ * args_.size >= args_.bytes;
    return desk_.now >= since_ + args_.microseconds * 1000;
}

void DatagramSender::send_due()
{
    while (!has_sent_all()) {
        if (free_ == 0 || pace_.due(asked_) > desk_.now) return;
        Asked const asked = send(false);
        if (asked == Asked::later) return;
        if (asked == Asked::lost) return end(End::network, net::Status::reset);
        ++asked_;
    }
    phase_ = Phase::asking;
    retry_at_ = desk_.now;
}

Asked DatagramSender::send(bool is_final)
{
    auto const index = static_cast<u32>(std::countr_zero(free_));
    net::Piece const piece = slot(index);
    u64 const number = asked_ + 1;
    write_datagram(desk_.bytes(piece), {number, desk_.now / 1000, is_final}, peer_.port);
    Asked const asked = desk_.asked(socket_.send(piece, u64{index} << 8 | sent));
    if (asked != Asked::done) return asked;
    free_ &= free_ - 1;
    if (!asked_final_) last_ = desk_.now;
    return asked;
}

/// Sends the final datagram, again and again with the same number.
void DatagramSender::ask()
{
    if (tries_ == tries) return end(End::silent, net::Status::ok);
    if (free_ == 0) return; // an outcome comes first
    Asked const asked = send(true);
    if (asked == Asked::later) return;
    if (asked == Asked::lost) return end(End::network, net::Status::reset);
    asked_final_ = true;
    ++tries_;
    retry_at_ = desk_.now + patience;
}

net::Piece DatagramSender::slot(u32 index) const
{
    auto const size = static_cast<u32>(args_.size);
    return desk_.memory.piece(index * size, size);
}

void DatagramSender::take(net::Outcome const& outcome)
{
    if (phase_ == Phase::over) return;
    switch (static_cast<Cookie>(outcome.cookie & 0xff)) {
    case connected:
        if (outcome.status != net::Status::ok) return end(End::network, outcome.status);
        phase_ = Phase::sending;
        step_ = Step::receive;
        since_ = last_ = desk_.now;
        pace_ = {desk_.now, args_.size * 8, args_.rate};
        return;
    case sent:
        free_ |= 1u << (outcome.cookie >> 8);
        if (outcome.status != net::Status::ok) end(End::network, outcome.status);
        return;
    case received:
        return on_received(outcome);
    }
}

/// Anything but a report is not for us: the next one may be.
void DatagramSender::on_received(net::Outcome const& outcome)
{
    if (outcome.status != net::Status::ok) return end(End::network, outcome.status);
    step_ = Step::receive;
    constexpr u32 room = receive_bytes - static_cast<u32>(sizeof(net::Peer));
    u32 const bytes = outcome.value < room ? outcome.value : room;
    auto const report = read_report(desk_.bytes(receive_slot()).subspan(sizeof(net::Peer), bytes));
    if (report && asked_final_) end(End::complete, net::Status::ok, &*report);
}

/// What was sent: nobody here knows what came.
iperf::Counts DatagramSender::counts() const
{
    u64 const datagrams = asked_ + (asked_final_ ? 1 : 0);
    return {datagrams * args_.size, (last_ - since_) / 1000, datagrams, 0, 0, 0};
}

void DatagramSender::end(End end, net::Status status, iperf::Counts const* report)
{
    add_result(end, status, counts(), report);
    phase_ = Phase::over;
    step_ = Step::nothing;
    socket_ = {};
    running_ = false;
    over_ = true;
}

void DatagramSender::stop()
{
    if (phase_ != Phase::over) end(End::stopped, net::Status::ok);
}

} // namespace iperf_server
