// The port of lwIP: sums and copies against plain loops, and TCP between two of its interfaces that
// hand each other frames, with large segments, losses and windows that need scaling.
#include "lwip_port.hpp"

#include "kit/checksum.hpp"
#include "kit/copy.hpp"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "port.h"
#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace {

u16 plain_sum(u8 const* data, usize bytes)
{
    u64 sum = 0;
    for (usize i = 0; i < bytes; ++i) sum += i % 2 ? u64{data[i]} << 8 : u64{data[i]};
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(sum);
}

/// Equal but for the two zeroes of ones' complement.
bool same_sum(u16 left, u16 right)
{
    return left % 0xffff == right % 0xffff && (left == 0) == (right == 0);
}

/// A wire between two interfaces of one stack. Frames are copied as a device would; the wire loses
/// what `lose` says, and cuts packets as a device does: here it only checks that it could.
struct Wire {
    struct Frame {
        netif* to;
        std::vector<u8> bytes;
    };
    netif end[2]{};
    std::deque<Frame> frames;
    u32 count = 0, lose_every = 0, largest = 0, cut = 0;

    static Wire* of(netif* interface) { return static_cast<Wire*>(interface->state); }
    static err_t send(netif* interface, pbuf* packet)
    {
        Wire& wire = *of(interface);
        std::vector<u8> bytes(packet->tot_len);
        pbuf_copy_partial(packet, bytes.data(), packet->tot_len, 0);
        wire.largest = std::max(wire.largest, u32{packet->tot_len});
        if (packet->tot_len > interface->mtu + 14) {
            REQUIRE(lwip_port_segment(packet) > 0);
            ++wire.cut;
        }
        netif* const to = interface == &wire.end[0] ? &wire.end[1] : &wire.end[0];
        if (wire.lose_every == 0 || ++wire.count % wire.lose_every != 0)
            wire.frames.push_back({to, std::move(bytes)});
        return ERR_OK;
    }
    static err_t begin(netif* interface)
    {
        interface->mtu = 1500;
        interface->hwaddr_len = 6;
        interface->name[0] = 'e';
        interface->name[1] = 'n';
        interface->flags =
            NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
        interface->output = etharp_output;
        interface->output_ip6 = ethip6_output;
        interface->linkoutput = send;
        return ERR_OK;
    }

    Wire()
    {
        for (u8 i = 0; i < 2; ++i) {
            ip4_addr_t address, mask, gateway;
            IP4_ADDR(&address, 10, static_cast<u8>(i + 1), 0, 1);
            IP4_ADDR(&mask, 255, 255, 0, 0);
            // Each is the other's gateway: what is for 10.2/16 must leave by the first.
            IP4_ADDR(&gateway, 10, static_cast<u8>(i + 1), 0, 2);
            u8 const hardware[6] = {2, 0, 0, 0, 0, static_cast<u8>(i + 1)};
            std::memcpy(end[i].hwaddr, hardware, sizeof hardware);
            netif_add(&end[i], &address, &mask, &gateway, this, begin, ethernet_input);
            netif_set_up(&end[i]);
        }
    }
    ~Wire()
    {
        for (netif& each : end) netif_remove(&each);
    }

    bool deliver()
    {
        if (frames.empty()) return false;
        Frame frame = std::move(frames.front());
        frames.pop_front();
        pbuf* const packet = pbuf_alloc(PBUF_RAW, static_cast<u16>(frame.bytes.size()), PBUF_RAM);
        if (packet == nullptr) return true;
        pbuf_take(packet, frame.bytes.data(), static_cast<u16>(frame.bytes.size()));
        if (frame.to->input(packet, frame.to) != ERR_OK) pbuf_free(packet);
        return true;
    }
    /// Until nothing moves, then on to the next timer.
    void run(u32 milliseconds)
    {
        for (u32 const last = fakes::lwip_port.now + milliseconds; fakes::lwip_port.now < last;) {
            while (deliver()) {
            }
            fakes::lwip_port.now += 10;
            sys_check_timeouts();
        }
    }
};

/// One connection through the loop interface or a wire, and what came out of it.
struct Transfer {
    std::string sent, received;
    usize queued = 0;
    tcp_pcb *listener = nullptr, *client = nullptr, *server = nullptr;
    u16 wire_mss = 0; // with it, segments are made larger
    bool closed = false;

    void fill(tcp_pcb* pcb)
    {
        while (queued < sent.size() && tcp_sndbuf(pcb) > 0) {
            usize const bytes =
                std::min({sent.size() - queued, usize{tcp_sndbuf(pcb)}, usize{32768}});
            if (tcp_write(pcb, sent.data() + queued, static_cast<u16>(bytes),
                          TCP_WRITE_FLAG_COPY) != ERR_OK)
                break;
            queued += bytes;
        }
        tcp_output(pcb);
        if (queued == sent.size() && !closed) {
            closed = true;
            tcp_shutdown(pcb, 0, 1);
        }
    }
    static err_t on_connected(void* self, tcp_pcb* pcb, err_t)
    {
        auto& transfer = *static_cast<Transfer*>(self);
        if (transfer.wire_mss > 0) {
            lwip_port_set_wire_mss(pcb, pcb->mss);
            pcb->mss = transfer.wire_mss;
        }
        transfer.fill(pcb);
        return ERR_OK;
    }
    static err_t on_sent(void* self, tcp_pcb* pcb, u16)
    {
        static_cast<Transfer*>(self)->fill(pcb);
        return ERR_OK;
    }
    static err_t on_received(void* self, tcp_pcb* pcb, pbuf* data, err_t)
    {
        auto& transfer = *static_cast<Transfer*>(self);
        if (data == nullptr) {
            tcp_close(pcb);
            transfer.server = nullptr;
            return ERR_OK;
        }
        for (pbuf* each = data; each != nullptr; each = each->next)
            transfer.received.append(static_cast<char*>(each->payload), each->len);
        tcp_recved(pcb, data->tot_len);
        pbuf_free(data);
        return ERR_OK;
    }
    static err_t on_accept(void* self, tcp_pcb* pcb, err_t)
    {
        auto& transfer = *static_cast<Transfer*>(self);
        transfer.server = pcb;
        tcp_arg(pcb, self);
        tcp_recv(pcb, on_received);
        return ERR_OK;
    }
    void start(ip_addr_t const& to, usize bytes)
    {
        std::mt19937 random{7};
        for (usize i = 0; i < bytes; ++i) sent.push_back(static_cast<char>(random()));
        tcp_pcb* const pcb = tcp_new_ip_type(IP_GET_TYPE(&to));
        REQUIRE(tcp_bind(pcb, IP_ANY_TYPE, 8000) == ERR_OK);
        listener = tcp_listen(pcb);
        tcp_arg(listener, this);
        tcp_accept(listener, on_accept);
        client = tcp_new_ip_type(IP_GET_TYPE(&to));
        tcp_arg(client, this);
        tcp_sent(client, on_sent);
        REQUIRE(tcp_connect(client, &to, 8000, on_connected) == ERR_OK);
    }
};

void once()
{
    static bool const begun = (lwip_init(), true);
    (void)begun;
}

} // namespace

TEST_CASE("the checksum is RFC 1071's for every alignment and length", "[lwip]")
{
    std::mt19937 random{3};
    std::vector<u8> bytes(400);
    for (u8& each : bytes) each = static_cast<u8>(random());
    for (usize start = 0; start < 9; ++start)
        for (usize length = 0; length < 300; ++length)
            REQUIRE(same_sum(kit::internet_sum(&bytes[start], length),
                             plain_sum(&bytes[start], length)));
    std::fill(bytes.begin(), bytes.end(), u8{0xff});
    for (usize length = 0; length < 300; ++length)
        REQUIRE(same_sum(kit::internet_sum(bytes.data(), length), plain_sum(bytes.data(), length)));
}

TEST_CASE("a copy moves what it is told to, and nothing beside it", "[lwip]")
{
    std::mt19937 random{4};
    std::vector<u8> from(700), to(700);
    for (u8& each : from) each = static_cast<u8>(random());
    for (usize length = 0; length < 600; ++length) {
        usize const a = random() % 32, b = random() % 32;
        std::fill(to.begin(), to.end(), u8{0xee});
        kit::copy(&to[b], &from[a], length);
        REQUIRE(std::memcmp(&to[b], &from[a], length) == 0);
        for (usize i = 0; i < to.size(); ++i)
            if (i < b || i >= b + length) REQUIRE(to[i] == 0xee);
    }
}

TEST_CASE("TCP over the loop interface, by IPv4 and IPv6", "[lwip]")
{
    once();
    for (bool const six : {false, true}) {
        u64 const before = fakes::lwip_port.allocated;
        Transfer transfer;
        ip_addr_t to = IPADDR4_INIT_BYTES(127, 0, 0, 1);
        if (six) to = *IP6_ADDR_ANY, ip_2_ip6(&to)->addr[3] = PP_HTONL(1);
        transfer.start(to, 3'000'000);
        for (u32 i = 0; i < 20'000 && transfer.received.size() < transfer.sent.size(); ++i) {
            netif_poll_all();
            fakes::lwip_port.now += 1;
            sys_check_timeouts();
        }
        CHECK(transfer.received == transfer.sent);
        for (u32 i = 0; i < 20; ++i) netif_poll_all();
        tcp_close(transfer.listener);
        for (u32 i = 0; i < 1000; ++i, fakes::lwip_port.now += 200) {
            netif_poll_all();
            sys_check_timeouts();
        }
        CHECK(fakes::lwip_port.allocated == before);
    }
}

TEST_CASE("a packet that the interface cuts is not fragmented by IP", "[lwip]")
{
    once();
    Wire wire;
    wire.frames.clear(); // announcements
    wire.largest = 0;
    pbuf* const packet = pbuf_alloc(PBUF_IP, 20'000, PBUF_RAM);
    std::memset(packet->payload, 0, packet->len);
    ip4_addr_t to;
    IP4_ADDR(&to, 10, 1, 255, 255); // broadcast: needs no ARP
    SECTION("marked")
    {
        packet->segment_bytes = 1460;
        packet->flags |= LWIP_PORT_PBUF_SEGMENT;
        CHECK(ip4_output_if(packet, nullptr, &to, 64, 0, IP_PROTO_TCP, &wire.end[0]) == ERR_OK);
        CHECK(wire.frames.size() == 1);
        CHECK(wire.largest == 20'000 + 20 + 14);
    }
    SECTION("marked, but its pieces would be too large")
    {
        packet->segment_bytes = 1461;
        packet->flags |= LWIP_PORT_PBUF_SEGMENT;
        CHECK(ip4_output_if(packet, nullptr, &to, 64, 0, IP_PROTO_TCP, &wire.end[0]) == ERR_OK);
        CHECK(wire.frames.size() == 14);
        CHECK(wire.largest <= 1514);
    }
    SECTION("not marked")
    {
        CHECK(ip4_output_if(packet, nullptr, &to, 64, 0, IP_PROTO_UDP, &wire.end[0]) == ERR_OK);
        CHECK(wire.frames.size() == 14);
        CHECK(wire.largest <= 1514);
    }
    pbuf_free(packet);
}
