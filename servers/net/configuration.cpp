// Protocol netconf: what people see and set.
#include "kit/bits.hpp"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "servers/net/address_of.hpp"
#include "servers/net/name_servers.hpp"
#include "servers/net/packet_memory.hpp"
#include "servers/net/protocol_address.hpp"
#include "servers/net/server.hpp"

namespace net_server {

using namespace netconf;

/// Everybody who uses it may look; what changes something needs the right `monitor`.
void Server::on_call(u64, u64 client, rpc::Message& message)
{
    auto const edge = self_.client("netconf", client);
    if (!edge.monitor && !only_looks(message.label)) {
        u64 const who = bit(static_cast<unsigned>(client % 64));
        if (!(told_refused_ & who)) // one line each
            log_.warning("program {} may not change the network", edge.peer);
        told_refused_ |= who;
        message = {static_cast<u64>(Error::missing_rights), 0, {}};
        return;
    }
    rpc::dispatch(Netconf{}, *this, rpc::Client{client}, message);
    on_signal(0); // what it has set in motion
}

Interface* Server::find(u64 number)
{
    for (u32 i = 0; i < interfaces_; ++i)
        if (interface_[i].number() == number && number != Interface::none) return &interface_[i];
    return nullptr;
}

Result<GetInterface::Reply> Server::answer(GetInterface, GetInterface::Args const& args)
{
    Interface const* const interface = find(args.number);
    if (interface == nullptr) return Error::not_found;
    GetInterface::Reply reply{};
    interface->describe(reply);
    return reply;
}

Result<GetSettings::Reply> Server::answer(GetSettings, GetSettings::Args const&)
{
    static_assert(DNS_MAX_SERVERS == max_name_servers);
    GetSettings::Reply reply{};
    __builtin_memcpy(reply.host_name, "hypercore", 10);
    for (u8 i = 0; i < DNS_MAX_SERVERS; ++i)
        if (ip_addr_t const* const server = dns_getserver(i); !ip_addr_isany(server))
            reply.name_server[reply.name_servers++] = protocol_address(*server);
    for (u32 i = 0; i < interfaces_ && reply.lease_left_seconds == 0; ++i)
        reply.lease_left_seconds = interface_[i].lease_left();
    reply.memory_used = packet_memory.bytes_used();
    reply.memory_size = packet_memory.heap().bytes();
    for (tcp_pcb const* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next)
        ++reply.tcp_connections;
    reply.tcp_retransmitted = lwip_stats.mib2.tcpretranssegs;
    reply.refused_by_rule = sockets_.refused_by_rule();
    return reply;
}

void Server::change(Interface& interface, Settings const& settings)
{
    configuration_.interface[interface.edge()] = settings;
    kept_.write(configuration_);
    interface.set(settings);
}

Result<SetUp::Reply> Server::answer(SetUp, SetUp::Args const& args)
{
    Interface* const interface = find(args.number);
    if (interface == nullptr) return Error::not_found;
    Settings settings = interface->settings();
    settings.up = args.up != 0;
    change(*interface, settings);
    return SetUp::Reply{};
}

Result<SetAddress::Reply> Server::answer(SetAddress, SetAddress::Args const& args)
{
    Interface* const interface = find(args.number);
    if (interface == nullptr) return Error::not_found;
    if (args.method > static_cast<u32>(Method::fixed)) return Error::bad_argument;
    Settings settings = interface->settings();
    settings.method = args.method;
    if (args.method == static_cast<u32>(Method::fixed)) {
        u8 const first = args.address.byte[12];
        bool const unicast = is_ip4(args.address) && first != 0 && first != 127 && first < 224;
        if (!unicast || args.prefix == 0 || args.prefix > 32) return Error::bad_argument;
        bool const asks = !net::is_any(args.name_server);
        if (asks && !NameServers::is_usable(ip_of(args.name_server, false)))
            return Error::bad_argument;
        settings.address = ip4_word(args.address);
        settings.mask = ip4_mask(args.prefix);
        settings.gateway = is_ip4(args.gateway) ? ip4_word(args.gateway) : 0;
        settings.name_server = args.name_server;
    }
    change(*interface, settings);
    return SetAddress::Reply{};
}

Result<SetOffload::Reply> Server::answer(SetOffload, SetOffload::Args const& args)
{
    Interface* const interface = find(args.number);
    if (interface == nullptr) return Error::not_found;
    interface->set_offload(args.on != 0);
    configuration_.interface[interface->edge()] = interface->settings();
    kept_.write(configuration_);
    return SetOffload::Reply{};
}

// Ethernet has no networks to choose from.

Result<Scan::Reply> Server::answer(Scan, Scan::Args const& args)
{
    return find(args.number) ? Error::not_supported : Error::not_found;
}
Result<GetNetwork::Reply> Server::answer(GetNetwork, GetNetwork::Args const& args)
{
    return find(args.number) ? Error::not_supported : Error::not_found;
}
Result<Connect::Reply> Server::answer(Connect, Connect::Args const& args)
{
    return find(args.number) ? Error::not_supported : Error::not_found;
}
Result<Disconnect::Reply> Server::answer(Disconnect, Disconnect::Args const& args)
{
    return find(args.number) ? Error::not_supported : Error::not_found;
}

} // namespace net_server
