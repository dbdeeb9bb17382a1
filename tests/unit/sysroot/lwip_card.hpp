// A card of lwIP's whose frames a test sees, and hostile packets for it: each lies in memory that
// is not a byte longer, so that AddressSanitizer sees who reads behind it.
#pragma once

#include "lwip_port.hpp"

#include "kit/checksum.hpp"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"
#include "lwip/timeouts.h"
#include "lwip/udp.h"
#include "netif/ethernet.h"
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <functional>
#include <vector>

namespace lwip_card {

using Bytes = std::vector<u8>;

inline Bytes operator+(Bytes left, Bytes const& right)
{
    left.insert(left.end(), right.begin(), right.end());
    return left;
}
inline Bytes word(u32 value) // two bytes
{
    return {static_cast<u8>(value >> 8), static_cast<u8>(value)};
}
inline u16 word_at(Bytes const& bytes, usize at)
{
    return static_cast<u16>(bytes[at] << 8 | bytes[at + 1]);
}

constexpr u8 udp = 17, tcp = 6, icmp6 = 58, fragment = 44;
inline Bytes const mac = {2, 0, 0, 0, 0, 1}, their_mac = {2, 0, 0, 0, 0, 2};
inline Bytes const ip = {10, 9, 0, 1}, their_ip = {10, 9, 0, 2}, far_ip = {192, 0, 2, 1};

inline Bytes local6(u8 last)
{
    Bytes address = {0xfe, 0x80};
    address.resize(15);
    return address + Bytes{last};
}
inline Bytes const ip6 = local6(1), their_ip6 = local6(2);

/// With the checksum at `at`, over what IPv4 or IPv6 puts in front. [RFC 8200, section 8.1]
inline Bytes summed(u8 protocol, Bytes const& from, Bytes const& to, Bytes data, usize at)
{
    Bytes const all = from + to + word(static_cast<u32>(data.size())) + Bytes{0, protocol} + data;
    u16 const sum = static_cast<u16>(~kit::internet_sum(all.data(), all.size()));
    std::memcpy(&data[at], &sum, 2);
    return data;
}
inline Bytes in_ip4(u8 protocol, Bytes const& data, Bytes const& from = their_ip,
                    Bytes const& to = ip)
{
    Bytes header = Bytes{0x45, 0} + word(static_cast<u32>(20 + data.size())) +
                   Bytes{0, 1, 0, 0, 64, protocol, 0, 0} + from + to;
    u16 const sum = static_cast<u16>(~kit::internet_sum(header.data(), header.size()));
    std::memcpy(&header[10], &sum, 2);
    return header + data;
}
inline Bytes in_ip6(u8 next, Bytes const& data, Bytes const& to = ip6)
{
    return Bytes{0x60, 0, 0, 0} + word(static_cast<u32>(data.size())) + Bytes{next, 255} +
           their_ip6 + to + data;
}
inline Bytes icmp6_message(Bytes const& message)
{
    return in_ip6(icmp6, summed(icmp6, their_ip6, ip6, message, 2));
}
inline Bytes udp_message(Bytes const& from, Bytes const& to, u16 port, u16 to_port,
                         Bytes const& data)
{
    Bytes const all =
        word(port) + word(to_port) + word(static_cast<u32>(8 + data.size())) + word(0) + data;
    return summed(udp, from, to, all, 6);
}
inline Bytes part(u32 offset, bool more, u8 next, Bytes const& data, u8 identification)
{
    return in_ip6(fragment, Bytes{next, 0} + word(offset | u32{more}) +
                                Bytes{0, 0, 0, identification} + data);
}

/// One card, whose frames come out here.
struct Card {
    netif interface {
    };
    std::vector<Bytes> sent;
    std::deque<Bytes> memory; ///< of what was put in

    static err_t send(netif* interface, pbuf* packet)
    {
        Bytes bytes(packet->tot_len);
        pbuf_copy_partial(packet, bytes.data(), packet->tot_len, 0);
        static_cast<Card*>(interface->state)->sent.push_back(std::move(bytes));
        return ERR_OK;
    }
    static err_t begin(netif* interface)
    {
        interface->mtu = interface->mtu6 = 1500;
        interface->hwaddr_len = 6;
        std::memcpy(interface->hwaddr, mac.data(), 6);
        interface->name[0] = 'e';
        interface->name[1] = 'n';
        interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                           NETIF_FLAG_LINK_UP | NETIF_FLAG_IGMP;
        interface->output = etharp_output;
        interface->output_ip6 = ethip6_output;
        interface->linkoutput = send;
        return ERR_OK;
    }
    Card()
    {
        static bool const begun = (lwip_init(), true);
        static_cast<void>(begun);
        ip4_addr_t address, mask, gateway{};
        IP4_ADDR(&address, 10, 9, 0, 1);
        IP4_ADDR(&mask, 255, 255, 255, 0);
        IP4_ADDR(&gateway, 10, 9, 0, 2);
        netif_add(&interface, &address, &mask, &gateway, this, begin, ethernet_input);
        netif_set_default(&interface);
        netif_set_up(&interface);
        netif_create_ip6_linklocal_address(&interface, 1);
        std::memcpy(ip_2_ip6(&interface.ip6_addr[0])->addr, ip6.data(), 16);
        netif_ip6_addr_set_state(&interface, 0, IP6_ADDR_PREFERRED);
        introduce();
    }
    /// Says who the other is, which lwIP forgets when it does not answer for some seconds.
    void introduce()
    {
        put(their_arp(28));
        put6(icmp6_message(Bytes{135, 0, 0, 0, 0, 0, 0, 0} + ip6 + Bytes{1, 1} + their_mac));
        sent.clear();
    }
    ~Card()
    {
        pass(70'000); // what waits to be put together lies in our memory
        netif_remove(&interface);
    }

    static Bytes their_arp(usize bytes)
    {
        Bytes arp = Bytes{0, 1, 8, 0, 6, 4, 0, 1} + their_mac + their_ip + Bytes(6) + ip;
        arp.resize(bytes);
        return mac + their_mac + Bytes{8, 6} + arp;
    }
    /// A packet in pieces that end at `cuts`.
    pbuf* packet(Bytes const& bytes, std::vector<usize> cuts = {})
    {
        cuts.push_back(bytes.size());
        pbuf* all = nullptr;
        usize at = 0;
        for (usize const end : cuts) {
            memory.emplace_back(bytes.begin() + static_cast<long>(at),
                                bytes.begin() + static_cast<long>(end));
            pbuf* const it = pbuf_alloc(PBUF_RAW, static_cast<u16>(end - at), PBUF_REF);
            it->payload = memory.back().data();
            if (all != nullptr)
                pbuf_cat(all, it);
            else
                all = it;
            at = end;
        }
        return all;
    }
    void put(Bytes const& frame) { static_cast<void>(ethernet_input(packet(frame), &interface)); }
    void put4(Bytes const& bytes, std::vector<usize> const& cuts = {})
    {
        static_cast<void>(ip4_input(packet(bytes, cuts), &interface));
    }
    void put6(Bytes const& bytes, std::vector<usize> const& cuts = {})
    {
        static_cast<void>(ip6_input(packet(bytes, cuts), &interface));
    }
    void pass(u32 milliseconds)
    {
        for (u32 i = 0; i < milliseconds; i += 100) {
            fakes::lwip_port.now += 100;
            sys_check_timeouts();
        }
    }
    usize count(std::function<bool(Bytes const&)> const& wanted) const
    {
        return static_cast<usize>(std::count_if(sent.begin(), sent.end(), wanted));
    }
};

inline bool is_icmp6(Bytes const& frame, u8 type)
{
    return frame.size() > 54 && word_at(frame, 12) == 0x86dd && frame[20] == icmp6 &&
           frame[54] == type;
}

} // namespace lwip_card
