// Name servers of people, DHCP and routers beside each other; advertisements and leases as they
// come over the wire, through lwIP.
#include "card_rig.hpp"

#include "lwip/dhcp.h"
#include "lwip/nd6.h"
#include "port.h"
#include "servers/net/frame_header.hpp"
#include "servers/net/host_name.hpp"
#include "servers/net/name_servers.hpp"
#include "servers/net/protocol_address.hpp"
#include <catch2/catch.hpp>

using card_rig::Rig;
using net_server::name_servers;
using net_server::NameServers;
using Source = NameServers::Source;

namespace {

using Bytes = std::vector<u8>;

ip_addr_t four(u8 last)
{
    ip_addr_t out{};
    IP_ADDR4(&out, 10, 0, 0, last);
    return out;
}
/// The servers that lwIP asks, by their last bytes.
Bytes asked()
{
    Bytes out;
    for (u8 i = 0; i < DNS_MAX_SERVERS; ++i)
        if (ip_addr_t const* const it = dns_getserver(i); !ip_addr_isany(it))
            out.push_back(net_server::protocol_address(*it).byte[15]);
    return out;
}

void put(Bytes& out, std::initializer_list<u8> more)
{
    out.insert(out.end(), more);
}
void put32(Bytes& out, u32 word)
{
    put(out, {static_cast<u8>(word >> 24), static_cast<u8>(word >> 16), static_cast<u8>(word >> 8),
              static_cast<u8>(word)});
}

/// A router's advertisement: itself for `lifetime` seconds, name servers fd00::N for `seconds`.
/// [RFC 4861, section 4.2; RFC 8106, section 5.1]
Bytes advertisement(u16 lifetime, Bytes const& servers, u32 seconds)
{
    Bytes icmp{134, 0, 0, 0, 64, 0, static_cast<u8>(lifetime >> 8), static_cast<u8>(lifetime)};
    put32(icmp, 0), put32(icmp, 0);
    put(icmp, {1, 1, 2, 0, 0, 0, 0, 5}); // its hardware address
    if (!servers.empty()) {
        put(icmp, {25, static_cast<u8>(1 + 2 * servers.size()), 0, 0});
        put32(icmp, seconds);
        for (u8 const each : servers)
            put(icmp, {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, each});
    }
    Bytes frame{0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 5, 0x86, 0xdd, 0x60, 0, 0, 0};
    put(frame, {static_cast<u8>(icmp.size() >> 8), static_cast<u8>(icmp.size()), 58, 255});
    put(frame, {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5});
    put(frame, {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    Bytes pseudo(frame.begin() + 22, frame.end());
    put32(pseudo, static_cast<u32>(icmp.size()));
    put32(pseudo, 58);
    pseudo.insert(pseudo.end(), icmp.begin(), icmp.end());
    u16 const sum = static_cast<u16>(~kit::internet_sum(pseudo.data(), pseudo.size()));
    std::memcpy(&icmp[2], &sum, 2);
    frame.insert(frame.end(), icmp.begin(), icmp.end());
    return frame;
}

/// A DHCP server's answer to a request of the interface's [RFC 2131, section 2; RFC 2132].
Bytes dhcp_answer(u8 type, u8 const* transaction, Bytes const& servers)
{
    Bytes frame{2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 5, 8, 0};
    Bytes ip{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 9};
    Bytes udp{0, 67, 0, 68, 0, 0, 0, 0};
    put(udp, {2, 1, 6, 0, transaction[0], transaction[1], transaction[2], transaction[3]});
    put32(udp, 0), put32(udp, 0);
    put(udp, {10, 0, 0, 9, 10, 0, 0, 1, 0, 0, 0, 0});
    put(udp, {2, 0, 0, 0, 0, 9});
    udp.resize(8 + 236); // the rest of chaddr, sname, file
    put(udp, {0x63, 0x82, 0x53, 0x63, 53, 1, type, 54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 14, 16});
    put(udp, {1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 0, 1});
    if (!servers.empty()) put(udp, {6, static_cast<u8>(4 * servers.size())});
    for (u8 const each : servers) put(udp, {10, 0, 0, each});
    udp.push_back(255);
    net_server::write_word(&udp[4], static_cast<u32>(udp.size()));
    net_server::write_word(&ip[2], static_cast<u32>(20 + udp.size()));
    u16 const sum = static_cast<u16>(~kit::internet_sum(ip.data(), ip.size()));
    std::memcpy(&ip[10], &sum, 2);
    frame.insert(frame.end(), ip.begin(), ip.end());
    frame.insert(frame.end(), udp.begin(), udp.end());
    return frame;
}

/// The transaction of the last DHCP message among these frames; empty: there is none.
Bytes transaction(std::vector<card_rig::Frame> const& frames)
{
    Bytes out;
    for (auto const& each : frames)
        if (each.bytes.size() > 282 && each.bytes[23] == 17 && each.bytes[37] == 67)
            out = {each.bytes.begin() + 46, each.bytes.begin() + 50};
    return out;
}

/// Who has 10.0.0.9? Says the server, which is known then.
Bytes arp_request()
{
    return {2, 0, 0, 0, 0, 9, 2, 0,  0, 0, 0, 5, 8, 6, 0, 1, 8, 0,  6, 4, 0,
            1, 2, 0, 0, 0, 0, 5, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 9};
}

/// Offer, acknowledgement; then nobody has the address.
void lease(Rig& rig, Bytes const& servers)
{
    Bytes const discover = transaction(rig.transmit());
    REQUIRE(discover.size() == 4);
    rig.receive(dhcp_answer(2, discover.data(), servers));
    Bytes const request = transaction(rig.transmit());
    REQUIRE(request.size() == 4);
    rig.receive(dhcp_answer(5, request.data(), servers));
    for (u32 i = 0; i < 10 && netif_ip4_addr(netif_list)->addr == 0; ++i) {
        dhcp_fine_tmr();
        rig.transmit();
    }
    REQUIRE(netif_ip4_addr(netif_list)->addr != 0);
}

net_server::Settings fixed(u8 server)
{
    net_server::Settings out;
    out.method = static_cast<u32>(netconf::Method::fixed);
    out.address = net_server::ip4_word({{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 8}});
    out.mask = net_server::ip4_mask(24);
    if (server != 0) out.name_server = net_server::protocol_address(four(server));
    return out;
}

} // namespace

TEST_CASE("a router's name server stands behind that of DHCP, whoever comes first", "[net]")
{
    Rig rig;
    bool const router_first = GENERATE(false, true);
    if (router_first) rig.receive(advertisement(1800, {7}, 600));
    lease(rig, {1, 2});
    if (!router_first) rig.receive(advertisement(1800, {7}, 600));
    CHECK(asked() == Bytes{1, 2, 7});
    rig.receive(advertisement(1800, {7, 8}, 600)); // again, and one more
    CHECK(asked() == Bytes{1, 2, 7, 8});
    CHECK(name_servers.take_changed());
    rig.receive(advertisement(1800, {8}, 600));
    CHECK_FALSE(name_servers.take_changed());
}

TEST_CASE("a router's name server lasts as long as the router says", "[net]")
{
    Rig rig;
    lease(rig, {1});
    rig.receive(advertisement(1800, {7}, 3));
    rig.receive(advertisement(1800, {8}, ~0u));
    name_servers.second(), name_servers.second();
    CHECK(asked() == Bytes{1, 7, 8});
    rig.receive(advertisement(1800, {7}, 2)); // from now on
    name_servers.second();
    CHECK(asked() == Bytes{1, 7, 8});
    name_servers.second();
    CHECK(asked() == Bytes{1, 8});
    rig.receive(advertisement(1800, {8, 1}, 0)); // taken back; fd00::1 is not 10.0.0.1
    CHECK(asked() == Bytes{1});
    for (u32 i = 0; i < 1000; ++i) name_servers.second();
    CHECK(asked() == Bytes{1});
}

TEST_CASE("what no machine can be reached by is no name server", "[net]")
{
    Rig rig;
    lease(rig, {1});
    ip_addr_t bad[5] = {};
    IP_ADDR4(&bad[0], 224, 0, 0, 251);
    IP_ADDR4(&bad[1], 127, 0, 0, 1);
    IP_ADDR4(&bad[2], 255, 255, 255, 255);
    IP_ADDR6(&bad[3], PP_HTONL(0xff020000), 0, 0, PP_HTONL(1));
    IP_ADDR6(&bad[4], 0, 0, 0, PP_HTONL(1));
    for (ip_addr_t const& each : bad) name_servers.set(Source::router, *netif_list, each, 60);
    name_servers.set(Source::router, *netif_list, *IP6_ADDR_ANY, 60);
    CHECK(asked() == Bytes{1});
}

TEST_CASE("no source fills the list, and the better one has its place", "[net]")
{
    Rig rig;
    rig.receive(advertisement(1800, {11, 12, 13, 14}, 600));
    rig.receive(advertisement(1800, {15}, 600));
    CHECK(asked() == Bytes{11, 12, 13});
    lease(rig, {1, 2, 3, 4});
    CHECK(asked() == Bytes{1, 2, 3, 11, 12, 13});
    // By hand on another interface: the last one goes.
    netif other{};
    name_servers.set(Source::hand, other, four(9), NameServers::forever);
    CHECK(asked() == Bytes{9, 1, 2, 3, 11, 12});
    name_servers.set(Source::hand, other, four(1), NameServers::forever); // asked once
    CHECK(asked() == Bytes{9, 1, 2, 3, 11});
    name_servers.forget(other);
    CHECK(asked() == Bytes{1, 2, 3, 11});
}

TEST_CASE("name servers go with what named them", "[net]")
{
    Rig rig;
    rig.receive(advertisement(1800, {7}, 600));
    lease(rig, {1, 2});
    rig.interface->set(fixed(5));
    CHECK(asked() == Bytes{5, 7});
    rig.interface->set(fixed(0));
    CHECK(asked() == Bytes{7});
    rig.interface->set({});
    lease(rig, {3});
    CHECK(asked() == Bytes{3, 7});
    rig.receive(arp_request());
    Bytes const renewed = (dhcp_renew(netif_list), transaction(rig.transmit()));
    REQUIRE(renewed.size() == 4);
    rig.receive(dhcp_answer(5, renewed.data(), {4})); // another in its place
    CHECK(asked() == Bytes{4, 7});
    Bytes const refused = (dhcp_renew(netif_list), transaction(rig.transmit()));
    REQUIRE(refused.size() == 4);
    rig.receive(dhcp_answer(6, refused.data(), {}));
    CHECK(asked() == Bytes{7});
    net_server::Settings down;
    down.up = 0;
    rig.interface->set(down);
    CHECK(asked().empty());
}

TEST_CASE("the gateway of IPv6 is the router that advertises itself", "[net]")
{
    Rig rig{0, fixed(0)};
    auto const gateway = [&] {
        netconf::GetInterface::Reply reply{};
        rig.interface->describe(reply);
        return reply.gateway6;
    };
    auto const changed = [&] { return rig.interface->tick(), rig.interface->take_changed(); };
    CHECK(gateway() == net::Address{});
    changed();
    rig.receive(advertisement(0, {7}, 600)); // names servers, leads nowhere
    CHECK(gateway() == net::Address{});
    CHECK_FALSE(changed());
    rig.receive(advertisement(1800, {}, 0));
    net::Address const router{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}};
    CHECK(gateway() == router);
    CHECK(changed());
    rig.receive(advertisement(0, {}, 0));
    CHECK(gateway() == net::Address{});
    CHECK(changed());
}

TEST_CASE("the card lets through what is sent to all", "[net]")
{
    Rig rig;
    nd6_tmr(); // begins to see whether somebody else has our address
    u8 const groups[][6] = {{0x33, 0x33, 0, 0, 0, 1},      // all nodes, ff02::1
                            {0x01, 0x00, 0x5e, 0, 0, 1},   // all systems, 224.0.0.1
                            {0x01, 0x00, 0x5e, 0, 0, 251}, // multicast DNS
                            {0x33, 0x33, 0, 0, 0, 0xfb},
                            {0x33, 0x33, 0xff, 0, 0, 9}}; // neighbour discovery
    for (auto const& group : groups) {
        bool found = false;
        for (u32 i = 0; i < rig.shared->wanted.multicast_count; ++i)
            found |= std::memcmp(rig.shared->wanted.multicast[i], group, 6) == 0;
        CHECK(found);
    }
}

TEST_CASE("a name is asked for if its labels fit into a question", "[net]")
{
    using net_server::is_host_name;
    std::string const label(63, 'a');
    for (std::string const& good :
         {std::string{"a"}, std::string{"peer.test"}, label + ".test", std::string{"_x-1.local"},
          label + '.' + label + '.' + label + '.' + std::string(61, 'b')})
        CHECK(is_host_name(good));
    for (std::string const& bad :
         {std::string{}, std::string{"."}, std::string{".a"}, std::string{"a."},
          std::string{"a..b"}, std::string{"a b"}, std::string{"a\n"}, std::string{"\xc3\xa4"},
          label + "a.test", label + '.' + label + '.' + label + '.' + std::string(62, 'b'),
          std::string("a\0b", 3)})
        CHECK_FALSE(is_host_name(bad));
}
