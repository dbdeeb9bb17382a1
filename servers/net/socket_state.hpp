// A socket as the server knows it, and the account of a TCP connection that outlives it.
#pragma once

#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "servers/net/client_edge.hpp"

namespace net_server {

/// A datagram that has arrived and was not received.
struct Arrived {
    pbuf* packet;
    Address from;
    u16 port;
    u32 charge; ///< of the client's memory
    u32 next;
};

/// What a TCP connection holds of its client's memory, from its beginning to lwIP's end of it:
/// closing a socket frees nothing of what the peer has not acknowledged.
struct Account {
    Client* client;
    Socket* socket; ///< null: closed, lwIP goes on by itself
    u32 charged;    ///< bytes in lwIP's queues to be sent
    u32 held;       ///< of the client's quota, for those and for what waits to be read
    bool used;
    bool abandoned; ///< its client has begun anew
    // Closed, with bytes that the peer has not acknowledged:
    bool lingers;     ///< counts as one of its client's sockets
    tcp_pcb* tcp;     ///< once closed
    u32 acknowledged; ///< up to which number, when that was looked at last
    u32 closed_at;    ///< lwIP's ticks
};

struct Socket {
    enum class State : u8 {
        fresh,
        connecting,
        connected, ///< datagram: has a peer
        listening,
        over, ///< the connection is no more: `end` says why
    };

    Client* client;
    u32 number; ///< net::no_socket: waits to be accepted
    State state;
    Status end;
    bool stream, six;
    bool at_end;  ///< the peer sends no more
    bool shut;    ///< we send no more
    bool closing; ///< a close waits behind what is to be sent
    bool narrow;  ///< its window is smaller than wanted, for want of memory
    bool owes;    ///< an acknowledgment, when its bytes are received
    enum class Turn : u8 { none, ready, starved } turn; ///< the list of its client's that it is in
    Socket *next_turn, *previous_turn;
    Socket *first_accept, *last_accept, *next_accept; ///< connections that wait to be accepted
    tcp_pcb* tcp;
    udp_pcb* udp;
    Account* account;
    u32 connect; ///< waiting request; none
    Queue sends, receives;
    // What has arrived. Packets of a stream are linked by pbuf::next alone: tot_len means nothing.
    pbuf *first_packet, *last_packet;
    u32 unread;                      ///< bytes of a stream
    u32 packets;                     ///< that they lie in
    u32 charged;                     ///< of the client's memory for what has arrived
    u32 held;                        ///< of its quota, where no account holds that
    u32 window;                      ///< receive window that is wanted, bytes
    u32 first_arrived, last_arrived; ///< datagrams
    Address allowed;                 ///< the last peer that the rules let us send to
    u16 allowed_port;
    static constexpr u32 max_groups = 2;
    Address group[max_groups]; ///< joined
    u32 groups;
};

} // namespace net_server
