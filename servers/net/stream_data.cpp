// The bytes of streams: copied once, between a client's arena and lwIP's packets. See sockets.hpp.
#include "servers/net/sockets.hpp"

#include "lwip/priv/tcp_priv.h"
#include "servers/net/large_segments.hpp"

namespace net_server {

namespace {

constexpr u32 largest_window = 1 << 20;
constexpr u32 buffer_bytes = 2048; // that a received packet takes, however short it is
constexpr u32 small_bytes = 512;   // shorter ones are copied together
constexpr u8 own_packet = 0x80;    // in pbuf::flags, beside lwIP's: keep_small() made it

u8* start_of(pbuf* packet)
{
    return reinterpret_cast<u8*>(packet) + LWIP_MEM_ALIGN_SIZE(sizeof(pbuf));
}
u32 used_of(pbuf* packet)
{
    return static_cast<u32>(static_cast<u8*>(packet->payload) - start_of(packet)) + packet->len;
}
/// Of the client's memory, for so many bytes in so many packets.
u32 charge_of(u32 bytes, u32 packets)
{
    return bytes > packets * buffer_bytes ? bytes : packets * buffer_bytes;
}
/// Whether a short packet has room behind what is there.
bool joins(Socket const& socket, pbuf const& packet)
{
    pbuf* const last = socket.last_packet;
    return last != nullptr && (last->flags & own_packet) &&
           used_of(last) + packet.tot_len <= buffer_bytes;
}
void append(Socket& socket, pbuf* packet)
{
    (socket.last_packet ? socket.last_packet->next : socket.first_packet) = packet;
    while (++socket.packets, packet->next != nullptr) packet = packet->next;
    socket.last_packet = packet;
}

} // namespace

/// False: there is no memory of the client's for it.
bool Sockets::keep(Socket& socket, pbuf* packet)
{
    u32 const bytes = packet->tot_len;
    bool const small = bytes < small_bytes;
    u32 const pieces = packet->next == nullptr ? 1 : pbuf_clen(packet);
    u32 const more = small ? !joins(socket, *packet) : pieces;
    u32 charge = charge_of(socket.unread + bytes, socket.packets + more);
    u32 const growth = charge > socket.charged ? charge - socket.charged : 0;
    if (growth > socket.client->quota.room_to_read(socket.account->held)) return false;
    socket.unread += bytes;
    if (!small || !keep_small(socket, packet)) {
        append(socket, packet);
        charge = charge_of(socket.unread, socket.packets);
    }
    recharge(socket, charge);
    return true;
}

/// Copies a short packet behind what is there already, so that a peer that sends byte by byte holds
/// no buffer for each. False: there is no memory for that.
bool Sockets::keep_small(Socket& socket, pbuf* packet)
{
    if (!joins(socket, *packet)) {
        pbuf* const fresh = pbuf_alloc(PBUF_RAW, buffer_bytes, PBUF_RAM);
        if (fresh == nullptr) return false;
        fresh->flags = static_cast<u8>(fresh->flags | own_packet);
        fresh->len = fresh->tot_len = 0;
        append(socket, fresh);
    }
    pbuf* const last = socket.last_packet;
    pbuf_copy_partial(packet, static_cast<u8*>(last->payload) + last->len, packet->tot_len, 0);
    last->len = static_cast<u16>(last->len + packet->tot_len);
    pbuf_free(packet);
    return true;
}

/// @return bytes copied
u32 Sockets::carry_on(Socket& socket, u32 budget)
{
    if (!socket.stream) return carry_on_datagrams(socket, budget);
    if (socket.state == Socket::State::listening) hand_over(socket);
    if (socket.state == Socket::State::over) end_queue(socket, socket.receives, socket.end);
    u32 const received = socket.state == Socket::State::connected ? receive(socket, budget) : 0;
    return received + send(socket, budget - received);
}

u32 Sockets::receive(Socket& socket, u32 budget)
{
    u32 moved = 0;
    while (!socket.receives.empty() && (socket.unread > 0 || socket.at_end)) {
        u32 const index = socket.receives.first;
        Request const& request = waiting_[index].request;
        u32 bytes = request.bytes < socket.unread ? request.bytes : socket.unread;
        if (bytes > budget - moved) bytes = budget - moved;
        if (bytes == 0 && request.bytes > 0 && socket.unread > 0) {
            ready(socket); // another turn
            break;
        }
        copy_out(socket, socket.client->arena(request.offset, request.bytes), bytes);
        moved += bytes;
        socket.receives.pop(waiting_);
        answer(socket, index, Status::ok, bytes);
    }
    if (moved > 0) {
        recharge(socket, charge_of(socket.unread, socket.packets));
        // What lwIP had to keep for want of memory it would offer when its timer comes.
        if (socket.tcp != nullptr && socket.tcp->refused_data != nullptr)
            static_cast<void>(tcp_process_refused_data(socket.tcp));
    }
    if (moved > 0 || socket.narrow) open_window(socket);
    if (moved > 0 && std::exchange(socket.owes, false)) acknowledge(socket);
    return moved;
}

u32 Sockets::copy_out(Socket& socket, u8* to, u32 bytes)
{
    u32 left = bytes;
    while (left > 0) {
        pbuf* const packet = socket.first_packet;
        u32 const part = packet->len < left ? packet->len : left;
        kit::copy(to, packet->payload, part);
        to += part;
        left -= part;
        packet->payload = static_cast<u8*>(packet->payload) + part;
        packet->len = static_cast<u16>(packet->len - part);
        if (packet->len > 0) break;
        socket.first_packet = packet->next;
        if (socket.first_packet == nullptr) socket.last_packet = nullptr;
        packet->next = nullptr;
        packet->tot_len = 0;
        --socket.packets;
        pbuf_free(packet);
    }
    socket.unread -= bytes;
    return bytes;
}

/// Unless what told of the window has done it.
void Sockets::acknowledge(Socket& socket)
{
    if (socket.tcp == nullptr || !(socket.tcp->flags & TF_ACK_DELAY)) return;
    tcp_ack_now(socket.tcp);
    static_cast<void>(tcp_output(socket.tcp));
}

/// How much the peer may send beyond what was read: as much as is wanted, and as there is memory
/// for; two segments in any case. lwIP announces a window again when it has grown by an MSS: what
/// is less than another MSS then would leave the peer nothing that is worth sending.
u32 Sockets::window_limit(Client const& client, tcp_pcb const& pcb, u32 wanted, u32 unread,
                          u32 held)
{
    u32 const room = unread + client.quota.room_to_read(held), least = 2 * u32{pcb.mss};
    u32 limit = wanted < room ? wanted : room;
    if (limit < least) limit = least;
    u32 const largest = TCP_WND_MAX(&pcb); // without scaling 64 KiB
    return limit < largest ? limit : largest;
}

void Sockets::open_window(Socket& socket)
{
    if (socket.tcp == nullptr) return;
    tcp_pcb& pcb = *socket.tcp;
    u32 const refused = pcb.refused_data != nullptr ? pcb.refused_data->tot_len : 0;
    u32 const waits = socket.unread + refused;
    u32 const limit =
        window_limit(*socket.client, pcb, socket.window, socket.unread, socket.account->held);
    socket.narrow = limit < socket.window;
    while (limit > waits && limit - waits > pcb.rcv_wnd) {
        u32 const more = limit - waits - pcb.rcv_wnd;
        tcp_recved(&pcb, static_cast<u16>(more < 0xffff ? more : 0xffff));
    }
    // lwIP tells the peer of steps that a small window never makes.
    u32 const opened = pcb.rcv_nxt + pcb.rcv_ann_wnd - pcb.rcv_ann_right_edge;
    if (limit >= 2 * TCP_WND_UPDATE_THRESHOLD || opened < limit / 2) return;
    tcp_ack_now(&pcb);
    static_cast<void>(tcp_output(&pcb));
}

void Sockets::set_window(Socket& socket, u32 bytes)
{
    u32 const most = socket.client->grant.memory / 2;
    if (bytes > largest_window) bytes = largest_window;
    socket.window = bytes < most ? bytes : most;
    if (socket.state == Socket::State::connected) open_window(socket);
}

/// Carries out what is to be sent, and shutdown and close behind it, as far as it goes now.
u32 Sockets::send(Socket& socket, u32 budget)
{
    u32 moved = 0;
    while (!socket.sends.empty()) {
        u32 const index = socket.sends.first;
        Waiting& it = waiting_[index];
        bool const connected = socket.state == Socket::State::connected;
        Status end = Status::ok;
        if (it.request.operation == Operation::close) {
            Client& client = *socket.client;
            Request const request = it.request;
            waiting_.give(socket.sends.pop(waiting_));
            if (socket.connect != none)
                answer(socket, std::exchange(socket.connect, none), Status::canceled);
            close(socket, false);
            client.answer(request, Status::ok);
            return moved;
        }
        if (socket.state == Socket::State::connecting) return moved;
        if (socket.state == Socket::State::over) {
            end = socket.end;
        } else if (!connected) {
            end = Status::bad_request;
        } else if (socket.shut || socket.tcp == nullptr) {
            end = Status::closed;
        } else if (it.request.operation == Operation::shutdown) {
            socket.shut = true;
            static_cast<void>(tcp_shutdown(socket.tcp, 0, 1));
        } else if (it.request.operation == Operation::send) {
            moved += send_some(socket, it, budget - moved);
            if (it.done < it.request.bytes) break;
        } else {
            end = Status::bad_request;
        }
        answer(socket, socket.sends.pop(waiting_), end, it.done);
    }
    if (moved > 0 && socket.tcp != nullptr) static_cast<void>(tcp_output(socket.tcp));
    return moved;
}

/// Queues what lwIP and the quota have room for; goes on when either has more.
u32 Sockets::send_some(Socket& socket, Waiting& it, u32 budget)
{
    Client& client = *socket.client;
    tcp_pcb& pcb = *socket.tcp;
    u32 moved = 0;
    while (it.done < it.request.bytes) {
        if (moved == budget) {
            ready(socket); // another turn
            break;
        }
        u32 const left = it.request.bytes - it.done, size = segment_bytes(pcb);
        u32 const queue = queue_room(pcb);
        u32 part = left < size ? left : size;
        // Small pieces, whenever a bit of room is there, would be small segments.
        if (tcp_sndbuf(&pcb) < part || queue == 0) break;
        if (part > queue) part = queue;
        if (part > client.grant.memory / 4) part = client.grant.memory / 4;
        if (part > budget - moved) part = budget - moved;
        Account& account = *socket.account;
        u32 const room = client.quota.room(account.held);
        bool const fits = part <= room || room >= pcb.mss || (room > 0 && account.held == 0);
        if (part > room) part = room;
        u8* const data = client.arena(it.request.offset + it.done, part);
        u8 const flags = part < left ? TCP_WRITE_FLAG_MORE : 0;
        if (!fits || write_segments(pcb, data, static_cast<u16>(part), flags) != ERR_OK) {
            starve(socket);
            break;
        }
        account.charged += part;
        client.quota.change(account.held, account.held + part);
        it.done += part;
        moved += part;
    }
    return moved;
}

} // namespace net_server
