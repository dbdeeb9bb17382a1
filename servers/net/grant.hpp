// What a client's manifest lets it do ([network], docs/architecture/network.md): rules and quotas.
// Without a rule that says so, nothing.
#pragma once

#include "net/address.hpp"
#include "program/program.hpp"

namespace net_server {

using net::Address;
using net::Rule;

inline constexpr u8 tcp_protocol = 6, udp_protocol = 17, echo_protocol = 1;

struct Grant {
    static constexpr u32 max_rules = 32;
    Rule rule[max_rules] = {};
    u32 rules = 0;
    u32 sockets = 0; ///< at a time
    u32 memory = 0;  ///< bytes of the pool, for what waits to be sent or read
    u32 rate = 0;    ///< bytes in a second, both ways together; 0: no limit

    /// Whether a rule covers the ports from `port` to `last` at `address`.
    bool allows(Rule::What what, u8 protocol, Address const& address, u16 port, u16 last) const
    {
        for (u32 i = 0; i < rules; ++i) {
            Rule const& it = rule[i];
            bool const ports =
                protocol == echo_protocol || (it.first_port <= port && last <= it.last_port);
            if (it.what == what && it.protocol == protocol && ports &&
                net::same_prefix(address, it.address, it.prefix))
                return true;
        }
        return false;
    }
    bool allows(Rule::What what, u8 protocol, Address const& address, u16 port) const
    {
        return allows(what, protocol, address, port, port);
    }
    /// Who may reach something may ask where it is.
    bool may_resolve() const
    {
        for (u32 i = 0; i < rules; ++i)
            if (rule[i].what == Rule::What::reach) return true;
        return false;
    }
    /// Of client `number`, from our arguments.
    static Grant of(program::Program const& self, u64 number);
};

} // namespace net_server
