// What the recipe changes in lwIP's text (sysroot/ports/lwip/build.py, EDITS).
#include "lwip_card.hpp"

#include "lwip/apps/mdns.h"
#include "lwip/dns.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/tcp_priv.h"
#include <set>
#include <string>

using namespace lwip_card;

TEST_CASE("TCP options that end in the middle are not read further", "[lwip]")
{
    Card card;
    for (u8 const kind : {u8{2}, u8{3}, u8{4}, u8{8}, u8{5}, u8{77}}) {
        Bytes const segment = word(4000) + word(9) + Bytes{0, 0, 0, 1, 0, 0, 0, 0, 0x60, 2} +
                              word(1000) + word(0) + word(0) + Bytes{1, 1, 1, kind};
        tcp_pcb* pcb = tcp_new_ip_type(IPADDR_TYPE_V4);
        REQUIRE(tcp_bind(pcb, IP4_ADDR_ANY, 9) == ERR_OK);
        pcb = tcp_listen(pcb);
        card.put4(in_ip4(tcp, summed(tcp, their_ip, ip, segment, 16)));
        tcp_close(pcb);
        while (tcp_active_pcbs != nullptr) tcp_abort(tcp_active_pcbs);
    }
}

TEST_CASE("a link-layer address that is not there is not taken", "[lwip]")
{
    Card card;
    Bytes const none = {2, 0}, source_none = {1, 0};
    auto const known = [&] {
        for (u32 i = 0; i < LWIP_ND6_NUM_NEIGHBORS; ++i)
            if (std::memcmp(neighbor_cache[i].next_hop_address.addr, their_ip6.data(), 16) == 0)
                return Bytes(neighbor_cache[i].lladdr, neighbor_cache[i].lladdr + 6);
        return Bytes{};
    };
    REQUIRE(known() == their_mac);
    for (u8 const flags : {u8{0x20}, u8{0x60}}) { // override; and solicited
        card.put6(icmp6_message(Bytes{136, 0, 0, 0, flags, 0, 0, 0} + their_ip6 + none));
        CHECK(known() == their_mac);
    }
    card.put6(icmp6_message(Bytes{135, 0, 0, 0, 0, 0, 0, 0} + ip6 + source_none));
    CHECK(known() == their_mac);
    card.put6(icmp6_message(Bytes{137, 0, 0, 0, 0, 0, 0, 0} + local6(3) + their_ip6 + none));
    CHECK(known() == their_mac);
}

TEST_CASE("a path is not narrower than IPv6 allows", "[lwip]")
{
    Card card;
    udp_pcb* const pcb = udp_new_ip_type(IPADDR_TYPE_V6);
    ip_addr_t to = *IP6_ADDR_ANY;
    std::memcpy(ip_2_ip6(&to)->addr, their_ip6.data(), 16);
    ip6_addr_assign_zone(ip_2_ip6(&to), IP6_UNICAST, &card.interface);
    auto const send = [&](u16 bytes) {
        pbuf* const data = pbuf_alloc(PBUF_TRANSPORT, bytes, PBUF_RAM);
        std::memset(data->payload, 'u', bytes);
        CHECK(udp_sendto(pcb, data, &to, 5000) == ERR_OK);
        pbuf_free(data);
    };
    send(10);
    REQUIRE(card.sent.size() == 1);
    for (u32 const mtu : {0u, 1u, 47u, 48u, 49u, 55u, 56u, 1279u, 1280u}) {
        card.sent.clear();
        card.put6(
            icmp6_message(Bytes{2, 0, 0, 0, 0, 0} + word(mtu) + in_ip6(udp, Bytes(8), their_ip6)));
        send(1400);
        CHECK(card.sent.size() == 2);
        usize largest = 0;
        for (Bytes const& frame : card.sent) largest = std::max(largest, frame.size() - 14);
        CHECK(largest <= 1280);
        CHECK(largest > 1200);
    }
    udp_remove(pcb);
}

TEST_CASE("of fragments that never come together no memory of ours is told", "[lwip]")
{
    Card card;
    Bytes data(64);
    for (usize i = 0; i < data.size(); ++i) data[i] = static_cast<u8>(0x40 + i);
    Bytes const packet = part(0, true, udp, data, 7);
    card.put6(packet);
    card.pass(55'000);
    card.introduce();
    card.pass(10'000);
    usize told = 0;
    for (Bytes const& frame : card.sent) {
        if (!is_icmp6(frame, 3)) continue;
        ++told;
        Bytes const quoted(frame.begin() + 62, frame.end());
        REQUIRE(quoted.size() <= packet.size());
        // The addresses lie behind lwIP's own words in the header: those are what was received too.
        CHECK(std::memcmp(quoted.data() + 40, packet.data() + 40, quoted.size() - 40) == 0);
    }
    CHECK(told == 1);
}

TEST_CASE("a fragment in more pieces than may wait leaves nothing behind", "[lwip]")
{
    Card card;
    std::vector<usize> cuts;
    for (usize at = 48; at < 48 + 140; ++at) cuts.push_back(at);
    card.put6(part(0, true, udp, Bytes(160), 8), cuts);
    card.pass(70'000);
    card.introduce();
    card.put6(icmp6_message(Bytes{128, 0, 0, 0, 0, 1, 0, 1}));
    CHECK(card.count([](Bytes const& it) { return is_icmp6(it, 129); }) == 1);
}

TEST_CASE("fragments with a hole between them are no datagram", "[lwip]")
{
    Card card;
    // An echo request of 24 bytes whose sum is right without the hole.
    Bytes const echo =
        summed(icmp6, their_ip6, ip6, Bytes{128, 0, 0, 0, 0, 1, 0, 1} + Bytes(16), 2);
    auto const piece = [&](usize at) {
        return Bytes(echo.begin() + static_cast<long>(at),
                     echo.begin() + static_cast<long>(at + 8));
    };
    card.put6(part(0, true, icmp6, piece(0), 9));
    card.put6(part(24, false, icmp6, piece(16), 9));
    card.put6(part(16, true, icmp6, piece(8), 9)); // 8 to 16 is missing
    CHECK(card.count([](Bytes const& it) { return is_icmp6(it, 129); }) == 0);
    // And without a hole, in the same order, it is answered.
    card.put6(part(0, true, icmp6, piece(0), 10));
    card.put6(part(16, false, icmp6, piece(16), 10));
    card.put6(part(8, true, icmp6, piece(8), 10));
    CHECK(card.count([](Bytes const& it) { return is_icmp6(it, 129); }) == 1);
}

TEST_CASE("the header of a datagram that came in fragments is its own", "[lwip]")
{
    Card card;
    static u8 next;
    next = 0;
    udp_pcb* const pcb = udp_new_ip_type(IPADDR_TYPE_V6);
    REQUIRE(udp_bind(pcb, IP6_ADDR_ANY, 5001) == ERR_OK);
    udp_recv(
        pcb,
        [](void*, udp_pcb*, pbuf* packet, ip_addr_t const*, u16) {
            next = IP6H_NEXTH(ip6_current_header());
            pbuf_free(packet);
        },
        nullptr);
    Bytes const data = udp_message(their_ip6, ip6, 5000, 5001, Bytes(16, 'd'));
    Bytes const first(data.begin(), data.begin() + 16), last(data.begin() + 16, data.end());
    card.put6(part(16, false, udp, last, 11));
    card.put6(part(0, true, udp, first, 11));
    CHECK(next == udp);
    udp_remove(pcb);
}

TEST_CASE("an ARP frame that is too short is dropped", "[lwip]")
{
    Card card;
    for (usize bytes = 1; bytes < 28; ++bytes) card.put(Card::their_arp(bytes));
    CHECK(card.sent.empty());
    card.put(Card::their_arp(28));
    CHECK(card.sent.size() == 1);
}

TEST_CASE("an error about a packet in pieces quotes all of them", "[lwip]")
{
    Card card;
    Bytes const packet = in_ip4(200, Bytes{'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'});
    card.put4(packet, {20});
    REQUIRE(card.sent.size() == 1);
    Bytes const& frame = card.sent[0];
    REQUIRE(frame.size() >= 14 + 20 + 8 + 28);
    CHECK(std::memcmp(&frame[14 + 20 + 8 + 20], "abcdefgh", 8) == 0);
}

TEST_CASE("multicast DNS answers the link alone", "[lwip]")
{
    Card card;
    static bool const begun = (mdns_resp_init(), true);
    static_cast<void>(begun);
    REQUIRE(mdns_resp_add_netif(&card.interface, "name", 120) == ERR_OK);
    card.pass(5000);
    card.introduce();
    Bytes const query = Bytes{0,   7,   0,   0, 0,   1,   0,   0,   0,   0, 0, 0, 4, 'n',
                              'a', 'm', 'e', 5, 'l', 'o', 'c', 'a', 'l', 0, 0, 1, 0, 1};
    auto const answers = [&] {
        return card.count([](Bytes const& it) {
            return it.size() > 42 && word_at(it, 12) == 0x800 && it[23] == udp &&
                   word_at(it, 34) == 5353;
        });
    };
    card.put4(in_ip4(udp, udp_message(far_ip, ip, 5353, 5353, query), far_ip));
    card.pass(1000);
    CHECK(answers() == 0);
    card.put4(in_ip4(udp, udp_message(their_ip, ip, 5353, 5353, query)));
    card.pass(1000);
    CHECK(answers() == 1);
    mdns_resp_remove_netif(&card.interface);
}

TEST_CASE("numbers that nobody is to foresee are drawn for each use", "[lwip]")
{
    Card card;
    // Sequence numbers: from the hook. Ports: each anew.
    std::set<u16> ports, steps;
    u16 last = 0;
    for (u32 i = 0; i < 50; ++i) {
        fakes::lwip_port.first_sequence = 0x1234'0000 + i;
        tcp_pcb* const pcb = tcp_new_ip_type(IPADDR_TYPE_V4);
        ip_addr_t to = IPADDR4_INIT_BYTES(10, 9, 0, 2);
        card.sent.clear();
        REQUIRE(tcp_connect(pcb, &to, 80, nullptr) == ERR_OK);
        REQUIRE(card.sent.size() == 1);
        Bytes const& syn = card.sent[0];
        REQUIRE((syn[23] == tcp && syn[47] == 2));
        CHECK((u32{word_at(syn, 38)} << 16 | word_at(syn, 40)) == 0x1233'ffff + i); // the SYN's
        u16 const port = word_at(syn, 34);
        CHECK(port >= 49152);
        ports.insert(port);
        steps.insert(static_cast<u16>(port - last));
        last = port;
        tcp_abort(pcb);
    }
    CHECK(ports.size() > 45);
    CHECK(steps.size() > 45);
    // Questions to a name server: identifiers and ports.
    ip_addr_t const server = IPADDR4_INIT_BYTES(10, 9, 0, 2);
    dns_setserver(0, &server);
    std::set<u16> identifiers, id_steps;
    ports.clear();
    last = 0;
    for (u32 i = 0; i < 16; ++i) {
        card.sent.clear();
        ip_addr_t address{};
        std::string const name = "host" + std::to_string(i) + ".example";
        REQUIRE(dns_gethostbyname(
                    name.c_str(), &address, [](char const*, ip_addr_t const*, void*) {}, nullptr) ==
                ERR_INPROGRESS);
        REQUIRE(card.sent.size() == 1);
        Bytes const& question = card.sent[0];
        REQUIRE((question[23] == udp && word_at(question, 36) == 53));
        ports.insert(word_at(question, 34));
        identifiers.insert(word_at(question, 42));
        id_steps.insert(static_cast<u16>(word_at(question, 42) - last));
        last = word_at(question, 42);
    }
    CHECK(ports.size() > 2); // lwIP keeps some and takes them again
    CHECK(identifiers.size() > 14);
    CHECK(id_steps.size() > 14);
    dns_setserver(0, nullptr);
    for (u32 i = 0; i < 4; ++i) card.pass(20'000);
}
