// The sockets of all clients, over lwIP's raw API. The server's loop calls run() whenever something
// may have happened: requests are taken, and what lwIP's callbacks marked as ready is carried on,
// client after client, each with a bounded share of a turn. Callbacks only note what happened.
//
// requests.cpp takes requests apart, stream.cpp and datagram.cpp carry them out, life.cpp makes and
// ends sockets, lookups.cpp resolves and pings.
#pragma once

#include "lwip/netif.h"
#include "servers/net/lookups.hpp"
#include "servers/net/socket_state.hpp"

namespace net_server {

/// What Sockets needs of the rest of the server.
struct Hooks {
    u64 (*now)(); ///< microseconds
    /// Whether an interface cuts large segments (nic::segment4, segment6).
    bool (*cuts)(netif const& interface, bool six);
    void (*log)(std::string_view line);
};

class Sockets {
public:
    static constexpr u32 max_clients = 8, max_sockets = 2048, max_accounts = 2304;
    static constexpr u32 max_arrived = 1024;

    explicit Sockets(Hooks const& hooks);
    Sockets(Sockets const&) = delete;
    Sockets& operator=(Sockets const&) = delete;

    /// Serves the clients of protocol net that our arguments name. lwIP has begun.
    void begin(program::Program const& self);
    /// Serves one more client. @param share  requests of it that may wait at a time
    void add_client(program::ClientEdge const& edge, Grant const& grant, u32 share);

    /// Does what there is to do, but not for ever. True when it is done.
    bool run();
    /// Before the server waits: true when there is nothing to do.
    bool sleep();
    /// Milliseconds until run() is to be called though nothing happened; ~0: never.
    u32 deadline();
    /// Ends everything of client `number`, which will not come back by itself.
    void drop_client(u32 number);
    /// An interface has come: members of groups join them there too.
    void join_groups(netif& interface);
    u64 refused_by_rule() const { return refused_; }
    /// Bytes of the pool that client `number` takes.
    u32 memory_of(u32 number) const { return client_[number].quota.held(); }
    /// Once a second: who waits for memory tries again, since it may be others' that was short.
    void on_second();
    /// Memory of a client's has become free.
    static void wake_starved(Client& client);
    void begin_lookups() { lookups_.begin(); }
    void end_lookups() { lookups_.end(); }

private:
    friend class Lookups;
    static constexpr u32 none = WaitingTable::none;
    /// Of lwIP's arguments for extensions: the account (sysroot/ports/lwip/lwipopts.h).
    static constexpr u8 account_id = 1;
    static constexpr u32 batch = 64;                ///< requests and sockets of a client in a turn
    static constexpr u32 bytes_in_turn = 512 << 10; ///< that are copied for it

    // requests.cpp
    bool run_client(Client& client);
    void handle(Client& client, Request const& request);
    void handle_socket(Client& client, Socket& socket, Request const& request);
    void queue(Socket& socket, Queue& queue, Request const& request);
    void answer(Socket& socket, u32 waiting, Status status, u32 value = 0);
    void end_queue(Socket& socket, Queue& queue, Status status);
    void end_requests(Socket& socket, Status status);
    bool allowed(Client& client, Rule::What what, u8 protocol, Address const& address, u16 port);
    bool may_bind(Socket& socket, Request const& request);
    bool may_reach(Socket& socket, Address const& address, u16 port);
    void set_option(Socket& socket, Request const& request);
    void log_refusal(Client& client, Rule::What what, u8 protocol, Address const& address,
                     u16 port);

    // life.cpp
    void open(Client& client, Request const& request);
    Socket* make(Client& client, bool stream, bool six);
    void name(Socket& socket, u32 number);
    void free(Socket& socket);
    void close(Socket& socket, bool abort);
    void let_go(tcp_pcb& pcb, Account* account, bool abort);
    void drop_all(Client& client);
    void abandon();
    void drop_packets(Socket& socket);
    void ready(Socket& socket);
    Socket* pop_ready(Client& client);
    void starve(Socket& socket);
    void recharge(Socket& socket, u32 bytes);
    Account* make_account(Client& client, Socket* socket);
    void stop_lingering(Account& account);
    bool end_longest_lingering(Client const& client);

    // stream.cpp
    void bind(Socket& socket, Request const& request);
    void connect(Socket& socket, Request const& request);
    void listen(Socket& socket, Request const& request);
    void accept(Socket& listener, Request const& request);
    void hand_over(Socket& listener);
    void begin_connection(Socket& socket, tcp_pcb& pcb);
    void established(Socket& socket, u32 told);
    static err_t on_syn(u8 id, tcp_pcb_listen* listener, tcp_pcb* pcb);
    void lost(Socket& socket, bool timed_out);
    static err_t on_connected(void* account, tcp_pcb* pcb, err_t error);
    static err_t on_received(void* account, tcp_pcb* pcb, pbuf* packet, err_t error);
    static err_t on_sent(void* account, tcp_pcb* pcb, u16 bytes);
    static err_t on_poll(void* account, tcp_pcb* pcb);
    static err_t on_lingering(void* account, tcp_pcb* pcb);
    static err_t on_accept(void* listener, tcp_pcb* pcb, err_t error);
    static void on_error(void* account, err_t error);
    static void on_destroyed(u8 id, void* account);

    // stream_data.cpp
    u32 carry_on(Socket& socket, u32 budget);
    u32 send(Socket& socket, u32 budget);
    u32 send_some(Socket& socket, Waiting& it, u32 budget);
    u32 receive(Socket& socket, u32 budget);
    u32 copy_out(Socket& socket, u8* to, u32 bytes);
    void set_window(Socket& socket, u32 bytes);
    static u32 window_limit(Client const& client, tcp_pcb const& pcb, u32 wanted, u32 unread,
                            u32 held);
    void open_window(Socket& socket);
    void acknowledge(Socket& socket);
    bool keep(Socket& socket, pbuf* packet);
    bool keep_small(Socket& socket, pbuf* packet);

    // datagram.cpp
    u32 carry_on_datagrams(Socket& socket, u32 budget);
    bool send_datagram(Socket& socket, Request const& request, Status& end);
    void receive_datagram(Socket& socket, Request const& request, u32 waiting);
    static void on_datagram(void* socket, udp_pcb*, pbuf* packet, ip_addr_t const* from, u16 port);

    static Sockets* self_; ///< lwIP's callbacks find us here: there is one stack
    Hooks hooks_;
    Client client_[max_clients];
    u32 clients_ = 0, turn_ = 0;
    Socket socket_[max_sockets] = {};
    u32 next_socket_[max_sockets] = {};
    net::IndexList free_sockets_{next_socket_};
    Account account_[max_accounts] = {};
    u32 next_account_[max_accounts] = {};
    net::IndexList free_accounts_{next_account_};
    Arrived arrived_[max_arrived] = {};
    u32 next_arrived_[max_arrived] = {};
    net::IndexList free_arrived_{next_arrived_};
    WaitingTable waiting_;
    Lookups lookups_{*this};
    u64 refused_ = 0, logged_at_ = 0, unlogged_ = 0;
};

} // namespace net_server
