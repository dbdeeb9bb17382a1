// Sockets from their making to their end, and who has something to do. See sockets.hpp.
#include "servers/net/sockets.hpp"

#include "lwip/priv/tcp_priv.h"
#include "servers/net/multicast.hpp"

namespace net_server {

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
    account_[index] = {&client, socket, 0, true, false};
    return &account_[index];
}

/// What lwIP and the client see of it is over by now.
void Sockets::free(Socket& socket)
{
    Client& client = *socket.client;
    drop_packets(socket);
    for (u32 i = 0; i < socket.groups; ++i) leave_group(socket.group[i]);
    if (socket.number != net::no_socket) client.socket[socket.number] = nullptr;
    if (socket.is_ready) unlink(socket);
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
void Sockets::let_go(tcp_pcb& pcb, bool abort)
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
    tcp_poll(&pcb, nullptr, 0);
    // lwIP compares with the largest window it knows, to see whether something was not read.
    pcb.rcv_wnd = TCP_WND_MAX(&pcb);
    if (tcp_close(&pcb) != ERR_OK) tcp_abort(&pcb);
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
        if (socket.account != nullptr) socket.account->socket = nullptr;
        let_go(*socket.tcp, abort || socket.unread > 0);
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

namespace {

void append(ReadyList& list, Socket& socket)
{
    socket.is_ready = true;
    socket.next_ready = nullptr;
    (list.last ? list.last->next_ready : list.first) = &socket;
    list.last = &socket;
}

/// False: it was not in the list.
bool take_out(ReadyList& list, Socket& socket)
{
    Socket* before = nullptr;
    for (Socket* it = list.first; it != nullptr; before = it, it = it->next_ready) {
        if (it != &socket) continue;
        (before ? before->next_ready : list.first) = it->next_ready;
        if (list.last == it) list.last = before;
        it->is_ready = false;
        return true;
    }
    return false;
}

} // namespace

void Sockets::ready(Socket& socket)
{
    if (!socket.is_ready) append(socket.client->ready, socket);
}

/// It goes on when memory of its client's, or any, has become free.
void Sockets::starve(Socket& socket)
{
    if (!socket.is_ready) append(socket.client->starved, socket);
}

void Sockets::wake_starved(Client& client)
{
    if (client.starved.first == nullptr || !client.has_memory(client.grant.memory / 4)) return;
    ReadyList& list = client.ready;
    (list.last ? list.last->next_ready : list.first) = client.starved.first;
    list.last = client.starved.last;
    client.starved = {};
}

void Sockets::unlink(Socket& socket)
{
    if (!take_out(socket.client->ready, socket)) take_out(socket.client->starved, socket);
}

Socket* Sockets::pop_ready(Client& client)
{
    Socket* const socket = client.ready.first;
    if (socket == nullptr) return nullptr;
    client.ready.first = socket->next_ready;
    if (client.ready.first == nullptr) client.ready.last = nullptr;
    socket->is_ready = false;
    return socket;
}

/// What has arrived for a socket takes so many bytes of its client's memory from now on.
void Sockets::recharge(Socket& socket, u32 bytes)
{
    Client& client = *socket.client;
    client.memory = client.memory - socket.charged + bytes;
    bool const less = bytes < std::exchange(socket.charged, bytes);
    if (less) wake_starved(client);
}

} // namespace net_server
