// Sockets from their making to their end, and who has something to do. See sockets.hpp.
#include "servers/net/sockets.hpp"

#include "lwip/priv/tcp_priv.h"
#include "servers/net/multicast.hpp"

namespace net_server {

namespace {

using Turn = Socket::Turn;

/// lwIP's ticks, 0.5 s, in which a closed connection has to send a segment: a minute.
constexpr u8 linger_ticks = 120;

TurnList& list_of(Socket& socket)
{
    return socket.turn == Turn::ready ? socket.client->ready : socket.client->starved;
}

void append(Socket& socket, Turn turn)
{
    socket.turn = turn;
    TurnList& list = list_of(socket);
    socket.next_turn = nullptr;
    socket.previous_turn = list.last;
    (list.last ? list.last->next_turn : list.first) = &socket;
    list.last = &socket;
}

void take_out(Socket& socket)
{
    if (socket.turn == Turn::none) return;
    TurnList& list = list_of(socket);
    (socket.previous_turn ? socket.previous_turn->next_turn : list.first) = socket.next_turn;
    (socket.next_turn ? socket.next_turn->previous_turn : list.last) = socket.previous_turn;
    socket.turn = Turn::none;
}

void wake_all(Client& client)
{
    while (Socket* const socket = client.starved.first) {
        take_out(*socket);
        append(*socket, Turn::ready);
    }
}

} // namespace

void Sockets::open(Client& client, Request const& request)
{
    if (request.value > static_cast<u32>(net::Kind::datagram6))
        return client.answer(request, Status::bad_request);
    if (request.socket >= client.grant.sockets) return client.answer(request, Status::quota);
    if (!client.is_free(request.socket)) return client.answer(request, Status::in_use);
    auto const kind = static_cast<net::Kind>(request.value);
    bool const stream = kind == net::Kind::stream4 || kind == net::Kind::stream6;
    bool const six = kind == net::Kind::stream6 || kind == net::Kind::datagram6;
    Socket* const socket = make(client, stream, six);
    if (socket == nullptr) return client.answer(request, Status::quota);
    u8 const type = six ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4;
    if (stream) {
        socket->tcp = tcp_new_ip_type(type);
        if (socket->tcp != nullptr) socket->account = make_account(client, socket);
        if (socket->account != nullptr) begin_connection(*socket, *socket->tcp);
    } else {
        socket->udp = udp_new_ip_type(type);
        if (socket->udp != nullptr) udp_recv(socket->udp, on_datagram, socket);
    }
    if (stream ? socket->account == nullptr : socket->udp == nullptr) {
        if (socket->tcp != nullptr) tcp_abort(socket->tcp);
        free(*socket);
        return client.answer(request, Status::quota);
    }
    name(*socket, request.socket);
    client.answer(request, Status::ok);
}

/// Null: the client has as many as it may, or there are no more.
Socket* Sockets::make(Client& client, bool stream, bool six)
{
    if (client.sockets >= client.grant.sockets) return nullptr;
    if (client.sockets + client.lingering >= client.grant.sockets && !end_longest_lingering(client))
        return nullptr;
    u32 const index = free_sockets_.take();
    if (index == net::IndexList::none) return nullptr;
    Socket& socket = socket_[index];
    socket = {};
    socket.client = &client;
    socket.number = net::no_socket;
    socket.stream = stream;
    socket.six = six;
    socket.connect = none;
    socket.first_arrived = socket.last_arrived = none;
    ++client.sockets;
    return &socket;
}

void Sockets::name(Socket& socket, u32 number)
{
    socket.number = number;
    socket.client->socket[number] = &socket;
}

Account* Sockets::make_account(Client& client, Socket* socket)
{
    u32 const index = free_accounts_.take();
    if (index == net::IndexList::none) return nullptr;
    account_[index] = {};
    account_[index].client = &client;
    account_[index].socket = socket;
    account_[index].used = true;
    return &account_[index];
}

/// What lwIP and the client see of it is over by now.
void Sockets::free(Socket& socket)
{
    Client& client = *socket.client;
    drop_packets(socket);
    for (u32 i = 0; i < socket.groups; ++i) leave_group(socket.group[i]);
    if (socket.number != net::no_socket) client.socket[socket.number] = nullptr;
    take_out(socket);
    --client.sockets;
    free_sockets_.give(static_cast<u32>(&socket - socket_));
}

void Sockets::join_groups(netif& interface)
{
    for (Client const& client : client_)
        for (Socket const* const socket : client.socket)
            for (u32 i = 0; socket != nullptr && i < socket->groups; ++i)
                static_cast<void>(join_on(interface, socket->group[i]));
}

void Sockets::drop_packets(Socket& socket)
{
    while (socket.first_packet != nullptr) {
        pbuf* const packet = socket.first_packet;
        socket.first_packet = packet->next;
        packet->next = nullptr;
        packet->tot_len = packet->len;
        pbuf_free(packet);
    }
    while (socket.first_arrived != none) {
        u32 const index = socket.first_arrived;
        socket.first_arrived = arrived_[index].next;
        pbuf_free(arrived_[index].packet);
        free_arrived_.give(index);
    }
    recharge(socket, 0);
    socket.last_packet = nullptr;
    socket.unread = socket.packets = 0;
}

/// lwIP goes on with the connection by itself: it has been taken from its socket.
/// @param account  null: of a listener
void Sockets::let_go(tcp_pcb& pcb, Account* account, bool abort)
{
    if (pcb.state == LISTEN) {
        tcp_arg(&pcb, nullptr);
        static_cast<void>(tcp_close(&pcb));
        return;
    }
    if (abort) {
        tcp_err(&pcb, nullptr);
        tcp_abort(&pcb); // the account ends in on_destroyed()
        return;
    }
    tcp_recv(&pcb, nullptr); // what still comes is answered by a reset
    tcp_err(&pcb, nullptr);
    tcp_poll(&pcb, on_lingering, linger_ticks);
    if (account != nullptr) {
        account->tcp = &pcb;
        account->acknowledged = pcb.lastack;
        account->closed_at = tcp_ticks;
        account->lingers = account->charged > 0;
        account->client->lingering += account->lingers;
    }
    // lwIP compares with the largest window it knows, to see whether something was not read.
    pcb.rcv_wnd = TCP_WND_MAX(&pcb);
    if (tcp_close(&pcb) != ERR_OK) tcp_abort(&pcb);
}

/// A connection that was closed ends with what it has to send. A peer that takes nothing would hold
/// memory, and a control block, for ever: its window may stay shut however often lwIP asks.
err_t Sockets::on_lingering(void* argument, tcp_pcb* pcb)
{
    auto& account = *static_cast<Account*>(argument);
    bool const waits = pcb->unacked != nullptr || pcb->unsent != nullptr; // FIN counts
    bool const moves = pcb->lastack - std::exchange(account.acknowledged, pcb->lastack) >= pcb->mss;
    if (!waits || moves) return ERR_OK;
    tcp_abort(pcb);
    return ERR_ABRT;
}

void Sockets::stop_lingering(Account& account)
{
    if (std::exchange(account.lingers, false)) --account.client->lingering;
}

/// Makes room for another socket. False: none lingers.
bool Sockets::end_longest_lingering(Client const& client)
{
    Account const* longest = nullptr;
    if (client.lingering > 0)
        for (Account const& it : account_)
            if (it.used && it.lingers && it.client == &client &&
                (longest == nullptr || tcp_ticks - it.closed_at > tcp_ticks - longest->closed_at))
                longest = &it;
    if (longest != nullptr) tcp_abort(longest->tcp);
    return longest != nullptr;
}

/// Ends a socket whose requests have been answered. Unread bytes make it a reset.
void Sockets::close(Socket& socket, bool abort)
{
    while (socket.first_accept != nullptr) {
        Socket* const waiting = socket.first_accept;
        socket.first_accept = waiting->next_accept;
        close(*waiting, true);
    }
    if (socket.tcp != nullptr) {
        Account* const account = socket.account;
        bool const unread = socket.unread > 0;
        drop_packets(socket); // while it is known which account holds them
        if (account != nullptr) account->socket = nullptr;
        socket.account = nullptr;
        let_go(*socket.tcp, account, abort || unread);
    }
    if (socket.udp != nullptr) udp_remove(socket.udp);
    free(socket);
}

void Sockets::drop_all(Client& client)
{
    lookups_.cancel(client);
    // Connections that wait for accept end with their listener.
    for (u32 i = 0; i < client.grant.sockets; ++i) {
        Socket* const socket = client.socket[i];
        if (socket == nullptr) continue;
        end_requests(*socket, Status::canceled);
        close(*socket, true);
    }
    // What closed before and is not acknowledged: the client's memory too.
    for (Account& account : account_)
        if (account.used && account.client == &client) account.abandoned = true;
    abandon();
}

void Sockets::drop_client(u32 number)
{
    if (number < clients_ && client_[number].is_open) drop_all(client_[number]);
}

/// Resets the connections of abandoned accounts.
void Sockets::abandon()
{
    for (tcp_pcb* pcb = tcp_active_pcbs; pcb != nullptr;) {
        tcp_pcb* const next = pcb->next;
        auto const* const account = static_cast<Account const*>(tcp_ext_arg_get(pcb, account_id));
        if (account != nullptr && account->abandoned) tcp_abort(pcb);
        pcb = next;
    }
}

void Sockets::ready(Socket& socket)
{
    if (socket.turn == Turn::ready) return;
    take_out(socket);
    append(socket, Turn::ready);
}

/// It goes on when memory of its own, of its client's common part, or any has become free.
void Sockets::starve(Socket& socket)
{
    if (socket.turn == Turn::none) append(socket, Turn::starved);
}

void Sockets::wake_starved(Client& client)
{
    if (client.starved.first != nullptr && client.quota.is_roomy()) wake_all(client);
}

void Sockets::on_second()
{
    for (u32 i = 0; i < clients_; ++i) wake_all(client_[i]);
}

Socket* Sockets::pop_ready(Client& client)
{
    Socket* const socket = client.ready.first;
    if (socket != nullptr) take_out(*socket);
    return socket;
}

/// What has arrived for a socket takes so many bytes of its client's memory from now on.
void Sockets::recharge(Socket& socket, u32 bytes)
{
    u32& held = socket.account != nullptr ? socket.account->held : socket.held;
    socket.client->quota.change(held, held - socket.charged + bytes);
    bool const less = bytes < std::exchange(socket.charged, bytes);
    if (less) wake_starved(*socket.client);
}

} // namespace net_server
