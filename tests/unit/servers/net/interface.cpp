// Interfaces against a driver's end that the test plays: frames both ways, a driver that lies, one
// that dies, and what is sent again.
#include "card_rig.hpp"

#include "lwip/dhcp.h"
#include "lwip/pbuf.h"
#include "servers/net/frame_header.hpp"
#include "servers/net/protocol_address.hpp"
#include <catch2/catch.hpp>
#include <random>

using card_rig::Rig;
using net_server::Settings;

namespace {

Settings fixed()
{
    Settings out;
    out.method = static_cast<u32>(netconf::Method::fixed);
    out.address = net_server::ip4_word({{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}});
    out.mask = net_server::ip4_mask(24);
    return out;
}

/// Who has 10.0.0.1? Says 10.0.0.2.
std::vector<u8> arp_request()
{
    std::vector<u8> out(42);
    u8 const start[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 5, 8,  6, 0, 1,
                        8,    0,    6,    4,    0,    1,    2, 0, 0, 0, 0, 5, 10, 0, 0, 2};
    std::memcpy(out.data(), start, sizeof start);
    out[38] = 10, out[41] = 1;
    return out;
}

/// An echo request to 10.0.0.1 with `bytes` of data.
std::vector<u8> echo_request(usize bytes)
{
    std::vector<u8> out(42 + bytes);
    u8 const ethernet[] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 5, 8, 0};
    std::memcpy(out.data(), ethernet, sizeof ethernet);
    u8* const ip = out.data() + 14;
    ip[0] = 0x45, ip[8] = 64, ip[9] = 1;
    net_server::write_word(ip + 2, static_cast<u32>(28 + bytes));
    u8 const addresses[] = {10, 0, 0, 2, 10, 0, 0, 1};
    std::memcpy(ip + 12, addresses, sizeof addresses);
    u16 sum = static_cast<u16>(~kit::internet_sum(ip, 20));
    std::memcpy(ip + 10, &sum, 2);
    u8* const icmp = ip + 20;
    icmp[0] = 8;
    for (usize i = 0; i < bytes; ++i) icmp[8 + i] = static_cast<u8>(i);
    sum = static_cast<u16>(~kit::internet_sum(icmp, 8 + bytes));
    std::memcpy(icmp + 2, &sum, 2);
    return out;
}

u32 count_type(std::vector<card_rig::Frame> const& frames, u16 type)
{
    u32 count = 0;
    for (auto const& each : frames) count += net_server::read_word(&each.bytes[12]) == type;
    return count;
}

} // namespace

TEST_CASE("an interface answers ARP and echo requests, also in pieces", "[net]")
{
    Rig rig{0, fixed()};
    rig.transmit(); // announcements
    REQUIRE(rig.receive(arp_request()));
    auto frames = rig.transmit();
    REQUIRE(count_type(frames, 0x0806) == 1);
    for (usize const piece : {2048u, 60u}) {
        REQUIRE(rig.receive(echo_request(1000), 0, piece));
        frames = rig.transmit();
        REQUIRE(count_type(frames, 0x0800) == 1);
        for (auto const& each : frames)
            if (net_server::read_word(&each.bytes[12]) == 0x0800) CHECK(each.bytes[34] == 0);
    }
    CHECK(rig.interface->wrong() == 0);
}

TEST_CASE("what the driver does not report is sent again to its successor", "[net]")
{
    Rig rig{0, fixed()};
    rig.transmit();
    rig.receive(arp_request());
    rig.transmit();
    rig.receive(echo_request(100));
    auto const before = rig.transmit(false);
    REQUIRE(count_type(before, 0x0800) == 1);
    rig.driver(0);
    auto const after = rig.transmit();
    CHECK(count_type(after, 0x0800) == 1);
    CHECK(count_type(rig.transmit(), 0x0800) == 0); // reported now
    CHECK(rig.receive(echo_request(100)));
    CHECK(count_type(rig.transmit(), 0x0800) == 1);
}

TEST_CASE("records that cannot be change nothing", "[net]")
{
    Rig rig{0, fixed()};
    rig.transmit();
    rig.receive(arp_request());
    rig.transmit();
    std::mt19937 random{11};
    for (u32 i = 0; i < 20'000; ++i) {
        rig.take_buffers();
        nic::Received record{static_cast<u32>(random()), static_cast<u32>(random()),
                             static_cast<u32>(random() % 16), rig.epoch};
        if (random() % 2 && !rig.posted.empty()) {
            record.offset = rig.posted.back().offset;
            rig.posted.pop_back();
        }
        if (random() % 2) record.bytes %= 2049;
        if (random() % 8 == 0) record.epoch += random() % 3;
        rig.received.push(record);
        if (random() % 4 == 0) rig.sent.push({static_cast<u32>(random()), 0, rig.epoch, 0});
        rig.interface->run();
    }
    CHECK(rig.interface->wrong() > 0);
    rig.driver(0); // what was lost that way comes back with another driver
    rig.transmit();
    rig.receive(arp_request());
    rig.transmit();
    CHECK(rig.receive(echo_request(64)));
    CHECK(count_type(rig.transmit(), 0x0800) == 1);
}

TEST_CASE("the header of a virtio device is no more believed", "[net]")
{
    Rig rig{nic::feature::virtio_header, fixed()};
    rig.transmit();
    auto const with_header = [](std::vector<u8> frame, u16 buffers) {
        std::vector<u8> out(12);
        out[10] = static_cast<u8>(buffers);
        out[11] = static_cast<u8>(buffers >> 8);
        out.insert(out.end(), frame.begin(), frame.end());
        return out;
    };
    rig.receive(with_header(arp_request(), 1));
    CHECK(count_type(rig.transmit(), 0x0806) >= 1);
    CHECK(rig.receive(with_header(echo_request(64), 1)));
    CHECK(count_type(rig.transmit(), 0x0800) == 1);
    for (u32 const buffers : {0u, 65535u}) {
        CHECK(rig.receive(with_header(echo_request(64), static_cast<u16>(buffers))));
        CHECK(count_type(rig.transmit(), 0x0800) == 0);
    }
    CHECK(rig.interface->wrong() == 2);
}

TEST_CASE("a driver that describes what cannot be is not used", "[net]")
{
    Rig rig{0, fixed()};
    rig.shared->buffer_bytes = 3000;
    rig.shared->epoch = ++rig.epoch;
    rig.interface->run();
    CHECK(rig.interface->state() == netconf::State::no_link);
    CHECK(rig.transmit().empty());
}
