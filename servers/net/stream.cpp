// TCP: what requests ask of lwIP, and what its callbacks tell. See sockets.hpp.
#include "servers/net/sockets.hpp"

#include "lwip/priv/tcp_priv.h"
#include "servers/net/address_of.hpp"
#include "servers/net/large_segments.hpp"

namespace net_server {

namespace {

constexpr u32 default_window = 64 << 10;
constexpr u32 told_in_syn = 0xffff;

Status status_of(err_t error)
{
    switch (error) {
    case ERR_USE:
    case ERR_ISCONN:
        return Status::in_use;
    case ERR_RTE:
        return Status::unreachable;
    case ERR_MEM:
    case ERR_BUF:
        return Status::quota;
    default:
        return Status::bad_request;
    }
}

template <class Pcb> bool any_has(Pcb const* first, ip_addr_t const& ip, u16 port)
{
    for (Pcb const* it = first; it != nullptr; it = it->next)
        if (it->local_port == port && IP_GET_TYPE(&it->local_ip) == IP_GET_TYPE(&ip) &&
            (ip_addr_isany(&it->local_ip) || ip_addr_isany(&ip) || ip_addr_cmp(&it->local_ip, &ip)))
            return true;
    return false;
}

/// A port is taken by who listens there or is bound to it, not by connections that ended: those
/// stay for minutes (TIME-WAIT), and a server that was replaced would have to wait for them.
err_t bind_stream(tcp_pcb& pcb, ip_addr_t const& ip, u16 port)
{
    if (port != 0 &&
        (any_has(tcp_listen_pcbs.listen_pcbs, ip, port) || any_has(tcp_bound_pcbs, ip, port)))
        return ERR_USE;
    ip_set_option(&pcb, SOF_REUSEADDR); // connections of a listener have it too
    return tcp_bind(&pcb, &ip, port);
}

/// lwIP acknowledges every second packet, and lets the first wait. Here a packet is two segments or
/// more, so it is acknowledged [RFC 5681, section 4.2]; if it will be received in this turn by what
/// tells of the new window: one frame instead of two.
void acknowledge_soon(Socket& socket, tcp_pcb& pcb)
{
    socket.owes = !socket.receives.empty();
    if (socket.owes) {
        tcp_clear_flags(&pcb, TF_ACK_NOW);
        tcp_set_flags(&pcb, TF_ACK_DELAY);
    } else {
        tcp_ack_now(&pcb);
    }
}

/// One of the two: lwIP's connections and listeners have the same arguments.
constexpr tcp_ext_arg_callbacks callbacks_of(tcp_extarg_callback_pcb_destroyed_fn destroyed,
                                             tcp_extarg_callback_passive_open_fn opened)
{
    return {destroyed, opened};
}

} // namespace

void Sockets::begin_connection(Socket& socket, tcp_pcb& pcb)
{
    static constinit tcp_ext_arg_callbacks const callbacks = callbacks_of(on_destroyed, nullptr);
    tcp_ext_arg_set_callbacks(&pcb, account_id, &callbacks);
    tcp_ext_arg_set(&pcb, account_id, socket.account);
    tcp_arg(&pcb, socket.account);
    tcp_recv(&pcb, on_received);
    tcp_sent(&pcb, on_sent);
    tcp_err(&pcb, on_error);
    tcp_poll(&pcb, on_poll, 1);
    if (socket.window == 0) socket.window = default_window;
}

void Sockets::bind(Socket& socket, Request const& request)
{
    Client& client = *socket.client;
    bool const fits = net::is_any(request.address) || net::is_ipv4(request.address) != socket.six;
    bool const fresh = socket.state == Socket::State::fresh &&
                       (socket.stream ? socket.tcp->local_port : socket.udp->local_port) == 0;
    if (!fits || !fresh) return client.answer(request, Status::bad_request);
    if (!may_bind(socket, request)) return client.answer(request, Status::denied);
    ip_addr_t const ip = ip_of(request.address, socket.six);
    err_t const error = socket.stream ? bind_stream(*socket.tcp, ip, request.port)
                                      : udp_bind(socket.udp, &ip, request.port);
    u16 const port = socket.stream ? socket.tcp->local_port : socket.udp->local_port;
    client.answer(request, error == ERR_OK ? Status::ok : status_of(error), port);
}

void Sockets::connect(Socket& socket, Request const& request)
{
    Client& client = *socket.client;
    bool const fits = !net::is_any(request.address) && request.port != 0 &&
                      net::is_ipv4(request.address) != socket.six;
    bool const fresh = socket.state == Socket::State::fresh ||
                       (!socket.stream && socket.state == Socket::State::connected);
    if (!fits || !fresh || socket.closing) return client.answer(request, Status::bad_request);
    if (!may_reach(socket, request.address, request.port))
        return client.answer(request, Status::denied);
    ip_addr_t const ip = ip_of(request.address, socket.six);
    if (!socket.stream) {
        err_t const error = udp_connect(socket.udp, &ip, request.port);
        if (error == ERR_OK) socket.state = Socket::State::connected;
        return client.answer(request, error == ERR_OK ? Status::ok : status_of(error));
    }
    u32 const index = waiting_.take(request);
    if (index == none) return client.answer(request, Status::quota);
    socket.connect = index;
    socket.state = Socket::State::connecting;
    err_t const error = tcp_connect(socket.tcp, &ip, request.port, on_connected);
    if (error == ERR_OK) return;
    socket.connect = none;
    socket.state = Socket::State::fresh;
    answer(socket, index, status_of(error));
}

void Sockets::listen(Socket& socket, Request const& request)
{
    Client& client = *socket.client;
    bool const fresh = socket.stream && socket.state == Socket::State::fresh &&
                       socket.tcp->local_port != 0 && !socket.closing;
    if (!fresh) return client.answer(request, Status::bad_request);
    u32 const backlog = request.value < 1 ? 1 : request.value < 255 ? request.value : 255;
    // lwIP replaces the block by a shorter one, and ends the other: with it the account.
    socket.account->socket = nullptr;
    tcp_pcb* const listener = tcp_listen_with_backlog(socket.tcp, static_cast<u8>(backlog));
    if (listener == nullptr) {
        socket.account->socket = &socket;
        return client.answer(request, Status::quota);
    }
    socket.account = nullptr;
    socket.tcp = listener;
    socket.state = Socket::State::listening;
    static constinit tcp_ext_arg_callbacks const callbacks = callbacks_of(nullptr, on_syn);
    listener->ext_args[account_id] = {&callbacks, nullptr}; // it had taken over the connection's
    tcp_arg(listener, &socket);
    tcp_accept(listener, on_accept);
    client.answer(request, Status::ok);
}

void Sockets::accept(Socket& listener, Request const& request)
{
    Client& client = *listener.client;
    if (listener.state != Socket::State::listening || listener.closing)
        return client.answer(request, Status::closed);
    if (request.value >= client.grant.sockets) return client.answer(request, Status::quota);
    if (!client.is_free(request.value)) return client.answer(request, Status::in_use);
    client.reserved[request.value] = true;
    queue(listener, listener.receives, request);
}

/// Gives connections to the accepts that wait for them.
void Sockets::hand_over(Socket& listener)
{
    while (listener.first_accept != nullptr && !listener.receives.empty()) {
        Socket& socket = *listener.first_accept;
        listener.first_accept = socket.next_accept;
        u32 const index = listener.receives.pop(waiting_);
        Request const& request = waiting_[index].request;
        listener.client->reserved[request.value] = false;
        name(socket, request.value);
        net::Peer peer{};
        if (socket.tcp != nullptr) {
            tcp_backlog_accepted(socket.tcp);
            peer = {address_of(socket.tcp->remote_ip), socket.tcp->remote_port, 0, 0};
        }
        if (request.bytes >= sizeof peer)
            __builtin_memcpy(listener.client->arena(request.offset, request.bytes), &peer,
                             sizeof peer);
        answer(listener, index, Status::ok);
    }
}

err_t Sockets::on_accept(void* argument, tcp_pcb* pcb, err_t error)
{
    if (error != ERR_OK || pcb == nullptr || argument == nullptr) return ERR_VAL;
    auto& listener = *static_cast<Socket*>(argument);
    Socket* const socket = self_->make(*listener.client, true, listener.six);
    if (socket == nullptr) return ERR_MEM; // lwIP resets it
    socket->account = self_->make_account(*listener.client, socket);
    if (socket->account == nullptr) {
        self_->free(*socket);
        return ERR_MEM;
    }
    socket->tcp = pcb;
    socket->state = Socket::State::connected;
    socket->window = listener.window;
    u32 const told = pcb->rcv_wnd; // by on_syn()
    self_->begin_connection(*socket, *pcb);
    self_->established(*socket, told);
    tcp_backlog_delayed(pcb);
    (listener.first_accept ? listener.last_accept->next_accept : listener.first_accept) = socket;
    listener.last_accept = socket;
    self_->ready(listener);
    return ERR_OK;
}

/// A SYN has come: what the answer says of the window, as much as there is memory for now.
err_t Sockets::on_syn(u8, tcp_pcb_listen* listener, tcp_pcb* pcb)
{
    if (listener->callback_arg == nullptr) return ERR_OK;
    auto const& socket = *static_cast<Socket*>(listener->callback_arg);
    u32 const wanted = socket.window > 0 ? socket.window : default_window;
    u32 const limit = window_limit(*socket.client, *pcb, wanted, 0, 0);
    pcb->rcv_wnd = pcb->rcv_ann_wnd = limit < told_in_syn ? limit : told_in_syn;
    return ERR_OK;
}

/// lwIP begins with the largest window: the socket's own takes its place. What the peer was told in
/// a SYN, which can say no more than 64 KiB, is not taken back.
void Sockets::established(Socket& socket, u32 told)
{
    tcp_pcb& pcb = *socket.tcp;
    u32 const most = socket.client->grant.memory / 2;
    if (most < socket.window) socket.window = most;
    u32 const limit = window_limit(*socket.client, pcb, socket.window, 0, 0);
    socket.narrow = limit < socket.window;
    u32 const start = limit < told ? told : limit;
    pcb.rcv_wnd = pcb.rcv_ann_wnd = start;
    pcb.rcv_ann_right_edge = pcb.rcv_nxt + start;
    netif* const interface = ip_route(&pcb.local_ip, &pcb.remote_ip);
    if (interface != nullptr && hooks_.cuts(*interface, socket.six)) begin_large_segments(pcb);
}

err_t Sockets::on_connected(void* argument, tcp_pcb*, err_t)
{
    auto const& account = *static_cast<Account*>(argument);
    if (account.socket == nullptr) return ERR_OK;
    Socket& socket = *account.socket;
    socket.state = Socket::State::connected;
    self_->established(socket, told_in_syn);
    if (socket.connect != none)
        self_->answer(socket, std::exchange(socket.connect, none), Status::ok);
    self_->ready(socket);
    return ERR_OK;
}

void Sockets::on_error(void* argument, err_t error)
{
    auto const& account = *static_cast<Account*>(argument);
    if (account.socket == nullptr) return;
    Socket& socket = *account.socket;
    // Both ends have closed, and everything has come: what was not read is there still.
    if (error == ERR_CLSD && socket.at_end)
        socket.tcp = nullptr;
    else
        self_->lost(socket, error == ERR_ABRT);
}

/// The connection is no more. What waits ends, and what comes after says the same.
void Sockets::lost(Socket& socket, bool timed_out)
{
    socket.tcp = nullptr;
    if (socket.state == Socket::State::over) return;
    bool const connecting = socket.state == Socket::State::connecting;
    socket.state = Socket::State::over;
    socket.end = timed_out ? Status::timed_out : connecting ? Status::refused : Status::reset;
    drop_packets(socket);
    socket.unread = 0;
    if (socket.connect != none) answer(socket, std::exchange(socket.connect, none), socket.end);
    ready(socket); // its requests end there
}

/// lwIP frees the control block: whatever it held is given back.
void Sockets::on_destroyed(u8, void* argument)
{
    if (argument == nullptr) return;
    auto& account = *static_cast<Account*>(argument);
    if (!account.used) return;
    Quota& quota = account.client->quota;
    quota.change(account.held, 0);
    self_->stop_lingering(account);
    account.used = false;
    // on_error(), which may still come, finds the socket by it: it is not given out before then.
    if (Socket* const socket = account.socket) {
        socket->tcp = nullptr;
        socket->account = nullptr;
        quota.change(socket->held, socket->charged); // what was not read is there still
        self_->ready(*socket);
    }
    wake_starved(*account.client);
    self_->free_accounts_.give(static_cast<u32>(&account - self_->account_));
}

err_t Sockets::on_poll(void* argument, tcp_pcb*)
{
    auto const* const account = static_cast<Account*>(argument);
    if (account != nullptr && account->socket != nullptr) self_->ready(*account->socket);
    return ERR_OK;
}

err_t Sockets::on_sent(void* argument, tcp_pcb*, u16 bytes)
{
    auto& account = *static_cast<Account*>(argument);
    u32 const acked = bytes < account.charged ? bytes : account.charged;
    account.charged -= acked;
    account.client->quota.change(account.held, account.held - acked);
    if (account.lingers && account.charged == 0) self_->stop_lingering(account);
    wake_starved(*account.client);
    if (account.socket != nullptr && !account.socket->sends.empty()) self_->ready(*account.socket);
    return ERR_OK;
}

err_t Sockets::on_received(void* argument, tcp_pcb* pcb, pbuf* packet, err_t)
{
    auto const& account = *static_cast<Account*>(argument);
    Socket* const socket = account.socket;
    if (packet == nullptr) {
        if (socket == nullptr) return ERR_OK;
        socket->at_end = true;
        self_->ready(*socket);
        return ERR_OK;
    }
    if (socket == nullptr) {
        pbuf_free(packet);
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    // lwIP keeps it, takes no more, and offers it again.
    bool const several = packet->tot_len >= 2 * u32{pcb->mss};
    if (!self_->keep(*socket, packet)) return ERR_MEM;
    if (several) acknowledge_soon(*socket, *pcb);
    self_->ready(*socket);
    return ERR_OK;
}

} // namespace net_server
