// Name servers from everybody who names some. lwIP's DNS client asks them in this order: those that
// people set, those of DHCP, those that routers advertise, until their time is over. Nobody takes
// the place of another source's. [RFC 8106, sections 5.1, 5.3.1 and 6]
#pragma once

#include "kit/types.hpp"
#include "lwip/dns.h"
#include "lwip/netif.h"
#include <utility>

namespace net_server {

class NameServers {
public:
    enum class Source : u8 { hand, dhcp, router }; ///< in the order in which they are asked
    static constexpr u32 max = DNS_MAX_SERVERS, max_of_source = 3;
    static constexpr u32 forever = ~u32{0};

    /// Whether it can be one: no group, not this machine, not "any".
    static bool is_usable(ip_addr_t const& server);

    /// Takes a server in, or gives one that is there so many seconds from now; 0 drops it. Beyond
    /// `max_of_source`, or when it is none, nothing happens.
    void set(Source source, netif const& of, ip_addr_t const& server, u32 seconds);
    /// Drops what this source named on this interface.
    void forget(Source source, netif const& of);
    /// Drops what was named on this interface.
    void forget(netif const& of);
    /// A second has passed.
    void second();
    /// Whether the list has changed since the last call.
    bool take_changed() { return std::exchange(changed_, false); }

private:
    struct Entry {
        ip_addr_t server;
        netif const* of;
        u32 seconds; ///< left, or `forever`
        Source source;
    };
    Entry* find(Source source, netif const& of, ip_addr_t const& server);
    u32 count(Source source) const;
    void insert(Entry const& entry);
    void remove(u32 index);
    template <class Wanted> void remove_if(Wanted wanted);
    void publish();

    Entry entry_[max] = {};
    u32 count_ = 0;
    bool changed_ = false;
};

extern NameServers name_servers; ///< of lwIP's one DNS client

} // namespace net_server
