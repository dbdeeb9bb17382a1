// UDP: datagrams from the arena into packets of lwIP's and back. See sockets.hpp.
#include "servers/net/sockets.hpp"

#include "lwip/mem.h"
#include "servers/net/address_of.hpp"

namespace net_server {

namespace {

constexpr u32 most_bytes = 65507, buffer_bytes = 2048;
constexpr u32 headroom = LWIP_MEM_ALIGN_SIZE(u32{PBUF_TRANSPORT}); // for what lwIP puts in front

/// A packet that counts against its client's memory until the device has sent it.
struct Charged {
    pbuf_custom packet;
    Client* client;
    u32 bytes;
};

constexpr u32 head = LWIP_MEM_ALIGN_SIZE(sizeof(Charged));

void free_charged(pbuf* packet)
{
    auto* const charged = reinterpret_cast<Charged*>(packet);
    Client& client = *charged->client;
    client.quota.change(client.datagrams, client.datagrams - charged->bytes);
    mem_free(charged);
    Sockets::wake_starved(client);
}

/// Null: no memory, of the client's or at all.
pbuf* make_packet(Client& client, u32 bytes)
{
    u32 const memory = headroom + bytes, all = head + memory;
    if (client.quota.room(client.datagrams) < all) return nullptr;
    auto* const charged = static_cast<Charged*>(mem_malloc(all));
    if (charged == nullptr) return nullptr;
    charged->packet.custom_free_function = free_charged;
    charged->client = &client;
    charged->bytes = all;
    client.quota.change(client.datagrams, client.datagrams + all);
    return pbuf_alloced_custom(PBUF_TRANSPORT, static_cast<u16>(bytes), PBUF_RAM, &charged->packet,
                               reinterpret_cast<u8*>(charged) + head,
                               static_cast<u16>(memory < 0xffff ? memory : 0xffff));
}

} // namespace

/// A datagram goes whole: the last one may go beyond the budget.
u32 Sockets::carry_on_datagrams(Socket& socket, u32 budget)
{
    u32 moved = 0;
    while (moved < budget && !socket.receives.empty() && socket.first_arrived != none) {
        u32 const index = socket.receives.pop(waiting_);
        moved += arrived_[socket.first_arrived].packet->tot_len;
        receive_datagram(socket, waiting_[index].request, index);
    }
    if (!socket.receives.empty() && socket.first_arrived != none) ready(socket); // another turn
    while (!socket.sends.empty()) {
        Waiting& it = waiting_[socket.sends.first];
        if (it.request.operation == Operation::close) {
            Client& client = *socket.client;
            Request const request = it.request;
            waiting_.give(socket.sends.pop(waiting_));
            close(socket, false);
            client.answer(request, Status::ok);
            break;
        }
        if (moved >= budget) {
            ready(socket); // another turn
            break;
        }
        Status end = Status::ok;
        if (!send_datagram(socket, it.request, end)) {
            starve(socket);
            break;
        }
        moved += it.request.bytes;
        answer(socket, socket.sends.pop(waiting_), end, end == Status::ok ? it.request.bytes : 0);
    }
    return moved;
}

/// False: there is no memory now.
bool Sockets::send_datagram(Socket& socket, Request const& request, Status& end)
{
    bool const to = request.operation == Operation::send_to;
    bool const connected = socket.state == Socket::State::connected;
    end = Status::bad_request;
    if (!to && !(request.operation == Operation::send && connected)) return true;
    if (to && (request.port == 0 || net::is_any(request.address) ||
               net::is_ipv4(request.address) == socket.six))
        return true;
    end = Status::denied;
    if (to && !may_reach(socket, request.address, request.port)) return true;
    end = Status::too_long;
    u32 const largest = socket.client->quota.largest();
    if (request.bytes > most_bytes || head + headroom + request.bytes > largest) return true;
    pbuf* const packet = make_packet(*socket.client, request.bytes);
    if (packet == nullptr) return false;
    kit::copy(packet->payload, socket.client->arena(request.offset, request.bytes), request.bytes);
    ip_addr_t const ip = ip_of(request.address, socket.six);
    err_t const error =
        to ? udp_sendto(socket.udp, packet, &ip, request.port) : udp_send(socket.udp, packet);
    pbuf_free(packet);
    if (error == ERR_MEM || error == ERR_BUF) return false;
    end = error == ERR_OK ? Status::ok : error == ERR_RTE ? Status::unreachable : Status::denied;
    return true;
}

void Sockets::receive_datagram(Socket& socket, Request const& request, u32 waiting)
{
    u32 const index = socket.first_arrived;
    Arrived const arrived = arrived_[index];
    socket.first_arrived = arrived.next;
    free_arrived_.give(index);
    pbuf* const packet = arrived.packet;
    net::Peer const peer{arrived.from, arrived.port, 0, packet->tot_len};
    u32 bytes = 0;
    Status end = Status::bad_request;
    if (request.bytes >= sizeof peer) {
        u8* const to = socket.client->arena(request.offset, request.bytes);
        u32 const room = request.bytes - static_cast<u32>(sizeof peer);
        bytes = packet->tot_len < room ? packet->tot_len : room;
        end = Status::ok;
        __builtin_memcpy(to, &peer, sizeof peer);
        pbuf_copy_partial(packet, to + sizeof peer, static_cast<u16>(bytes), 0);
    }
    pbuf_free(packet);
    recharge(socket, socket.charged - arrived.charge);
    answer(socket, waiting, end, bytes);
}

void Sockets::on_datagram(void* argument, udp_pcb*, pbuf* packet, ip_addr_t const* from, u16 port)
{
    auto& socket = *static_cast<Socket*>(argument);
    u32 charge = 0;
    for (pbuf const* it = packet; it != nullptr; it = it->next)
        charge += it->len < buffer_bytes ? buffer_bytes : it->len;
    // Too much waits already: the datagram is lost, as it may be.
    bool const fits = charge <= socket.client->quota.room_to_read(socket.held);
    u32 const index = fits ? self_->free_arrived_.take() : net::IndexList::none;
    if (index == net::IndexList::none) {
        pbuf_free(packet);
        return;
    }
    self_->arrived_[index] = {packet, address_of(*from), port, charge, none};
    (socket.first_arrived == none ? socket.first_arrived
                                  : self_->arrived_[socket.last_arrived].next) = index;
    socket.last_arrived = index;
    self_->recharge(socket, socket.charged + charge);
    self_->ready(socket);
}

} // namespace net_server
