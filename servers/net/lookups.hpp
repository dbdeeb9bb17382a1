// Names that are being resolved and pings under way: requests without a socket.
#pragma once

#include "lwip/raw.h"
#include "servers/net/client_edge.hpp"

namespace net_server {

class Sockets;

class Lookups {
public:
    static constexpr u32 entries = 64, of_one_client = 12;
    static constexpr u64 ping_microseconds = 5'000'000; ///< until an echo counts as lost

    explicit Lookups(Sockets& sockets) : sockets_{sockets} {}
    void begin();
    void end();

    void resolve(Client& client, Request const& request);
    void ping(Client& client, Request const& request);
    /// Ends those of a client as `canceled`.
    void cancel(Client& client);
    /// Ends what has taken too long.
    void run();
    /// Microseconds at which run() is to be called; ~0: never.
    u64 deadline() const;

private:
    struct Entry {
        Client* client; ///< null: free, or canceled while lwIP still knows it
        Request request;
        bool of_dns; ///< lwIP will call back
        bool second; ///< the other family of a name is being asked for
        u32 found;   ///< addresses so far
        net::Address address[2];
        u16 id, sequence;
        u64 sent_at;
    };

    Entry* take(Client& client, Request const& request);
    void end(Entry& entry, Status status, u32 value);
    void ask(Entry& entry, char const* name);
    void found(Entry& entry, ip_addr_t const* address);
    bool send_echo(Entry& entry);
    static void on_found(char const* name, ip_addr_t const* address, void* entry);
    static u8 on_echo(void* self, raw_pcb*, pbuf* packet, ip_addr_t const* from);
    static u8 on_echo6(void* self, raw_pcb*, pbuf* packet, ip_addr_t const* from);
    void echo(pbuf* packet, u32 offset, ip_addr_t const& from, u8 type);

    Sockets& sockets_;
    raw_pcb *icmp_ = nullptr, *icmp6_ = nullptr;
    Entry entry_[entries] = {};
    u32 pings_ = 0;
    u16 sequence_ = 0;
};

} // namespace net_server
