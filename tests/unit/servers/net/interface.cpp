// Interfaces against a driver's end that the test plays: frames both ways, a driver that lies, one
// that dies, and what is sent again.
#include "card_rig.hpp"

#include "lwip/dhcp.h"
#include "lwip/pbuf.h"
#include "port.h"
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

/// A SYN to a port where nobody listens, with a sum as a device leaves it that sums itself: an
/// answer, a reset, shows that it was believed.
std::vector<u8> syn_without_sum()
{
    std::vector<u8> out = echo_request(12); // room for a TCP header
    u8* const ip = out.data() + 14;
    ip[9] = 6;
    net_server::write_word(ip + 10, 0);
    u16 const sum = static_cast<u16>(~kit::internet_sum(ip, 20));
    std::memcpy(ip + 10, &sum, 2);
    u8* const tcp = ip + 20;
    std::memset(tcp, 0, 20);
    tcp[1] = 99, tcp[3] = 99, tcp[12] = 0x50, tcp[13] = 2;
    return out;
}

/// TCP with `bytes` of payload, each what its place is, and the header checksums of the whole.
std::vector<u8> large_segment(bool six, usize bytes)
{
    usize const ip_bytes = six ? 40 : 20, tcp = 14 + ip_bytes, header = tcp + 20;
    std::vector<u8> out(header + bytes);
    u8* const ip = out.data() + 14;
    for (usize i = six ? 8 : 12; i < ip_bytes; ++i) ip[i] = static_cast<u8>(i);
    if (six) {
        out[12] = 0x86, out[13] = 0xdd;
        ip[0] = 0x60, ip[6] = 6, ip[7] = 64;
        net_server::write_word(ip + 4, static_cast<u32>(20 + bytes));
    } else {
        out[12] = 8;
        ip[0] = 0x45, ip[8] = 64, ip[9] = 6;
        net_server::write_word(ip + 2, static_cast<u32>(40 + bytes));
        net_server::write_word(ip + 4, 0xffff);
        u16 const sum = static_cast<u16>(~kit::internet_sum(ip, 20));
        std::memcpy(ip + 10, &sum, 2);
    }
    net_server::write_word(&out[tcp + 4], 0xffff); // its sequence numbers wrap
    net_server::write_word(&out[tcp + 6], 0xff00);
    out[tcp + 12] = 0x50, out[tcp + 13] = 0x19; // ACK, PSH, FIN
    for (usize i = 0; i < bytes; ++i) out[header + i] = static_cast<u8>(i * 7 >> 3);
    return out;
}

/// What the interface gives the driver of a frame that lwIP hands it, for an MSS of 1,000.
std::vector<card_rig::Frame> put_out(Rig& rig, std::vector<u8> const& frame)
{
    rig.transmit();
    pbuf* const packet = pbuf_alloc(PBUF_RAW, static_cast<u16>(frame.size()), PBUF_RAM);
    pbuf_take(packet, frame.data(), static_cast<u16>(frame.size()));
    packet->segment_bytes = 1000;
    packet->flags = static_cast<u8>(packet->flags | LWIP_PORT_PBUF_SEGMENT);
    CHECK(netif_list->linkoutput(netif_list, packet) == ERR_OK);
    pbuf_free(packet);
    auto out = rig.transmit();
    std::erase_if(out, [](auto const& each) {
        return !net_server::TcpFrame::of(each.bytes.data(), each.bytes.size()).found;
    });
    return out;
}

u32 word32(u8 const* at)
{
    return u32{net_server::read_word(at)} << 16 | net_server::read_word(at + 2);
}

/// A frame cut from one of `all` payload bytes, of which `done` came before: headers and payload.
void check_part(std::vector<u8> const& part, std::vector<u8> const& whole, u32 number, bool summed)
{
    auto const at = net_server::TcpFrame::of(part.data(), part.size());
    u32 const done = number * 1000, bytes = static_cast<u32>(part.size()) - at.header;
    u8 const* const ip = part.data() + 14;
    if (at.six) {
        CHECK(net_server::read_word(ip + 4) == 20 + bytes);
    } else {
        CHECK(net_server::read_word(ip + 2) == 40 + bytes);
        CHECK(net_server::read_word(ip + 4) == static_cast<u16>(0xffff + number));
        CHECK(kit::internet_sum(ip, 20) == 0xffff);
    }
    CHECK(word32(&part[at.tcp + 4]) == 0xffffff00 + done);
    bool const last = at.header + done + bytes == whole.size();
    CHECK(part[at.tcp + 13] == (last ? 0x19 : 0x10));
    CHECK(std::equal(part.begin() + at.header, part.end(), whole.begin() + at.header + done));
    u32 const length = 20 + bytes;
    u16 const pseudo = at.pseudo_sum(part.data(), length);
    u16 const stored = kit::internet_sum(&part[at.tcp + 16], 2);
    if (!summed)
        CHECK(stored == pseudo);
    else
        CHECK(kit::fold_sum(u64{pseudo} + kit::internet_sum(&part[at.tcp], length)) == 0xffff);
}

} // namespace

TEST_CASE("a device that cuts gets the sums that it announces", "[net]")
{
    bool const completes = GENERATE(false, true), six = GENERATE(false, true);
    using namespace nic;
    Rig rig{feature::checksum | feature::segment4 | feature::segment6 |
                (completes ? feature::completes_sums : 0),
            fixed()};
    auto const whole = large_segment(six, 3500);
    auto const frames = put_out(rig, whole);
    REQUIRE(frames.size() == 1);
    auto const& head = frames[0].head;
    auto const& bytes = frames[0].bytes;
    REQUIRE(bytes.size() == whole.size());
    auto const at = net_server::TcpFrame::of(bytes.data(), bytes.size());
    constexpr u16 plain = segment::first | segment::last;
    CHECK((head.flags & ~plain) ==
          (segment::checksum | (six ? segment::segment6 : segment::segment4)));
    CHECK(head.header_bytes == at.header);
    CHECK(head.segment_bytes == 1000);
    CHECK(kit::internet_sum(&bytes[at.tcp + 16], 2) ==
          at.pseudo_sum(bytes.data(), completes ? 0 : 3520));
    if (six) return;
    CHECK(net_server::read_word(&bytes[16]) == 3540);
    if (completes)
        CHECK(net_server::read_word(&bytes[24]) == 0);
    else
        CHECK(kit::internet_sum(&bytes[14], 20) == 0xffff);
}

TEST_CASE("for a device that does not cut net does", "[net]")
{
    bool const sums = GENERATE(false, true), six = GENERATE(false, true);
    u32 const bytes = GENERATE(3000u, 3001u, 3999u);
    Rig rig{sums ? nic::feature::checksum : 0, fixed()};
    auto const whole = large_segment(six, bytes);
    auto const frames = put_out(rig, whole);
    REQUIRE(frames.size() == (bytes + 999) / 1000);
    for (u32 i = 0; i < frames.size(); ++i) check_part(frames[i].bytes, whole, i, !sums);
}

TEST_CASE("without offloads nothing is left to the device, and nothing believed", "[net]")
{
    using namespace nic;
    bool const six = GENERATE(false, true);
    Rig rig{feature::checksum | feature::segment4 | feature::segment6 | feature::completes_sums |
                feature::check_received,
            fixed()};
    rig.transmit();
    rig.receive(arp_request());
    rig.transmit();
    CHECK(rig.shared->wanted.plain == 0);
    rig.receive(syn_without_sum(), received::ip_good | received::l4_good);
    CHECK(count_type(rig.transmit(), 0x0800) == 1);
    rig.interface->set_offload(false);
    CHECK(rig.shared->wanted.plain == 1);
    CHECK(rig.interface->settings().plain == 1);
    rig.receive(syn_without_sum(), received::ip_good | received::l4_good);
    CHECK(count_type(rig.transmit(), 0x0800) == 0);
    auto const whole = large_segment(six, 3500);
    auto const frames = put_out(rig, whole);
    REQUIRE(frames.size() == 4);
    for (u32 i = 0; i < frames.size(); ++i) {
        CHECK((frames[i].head.flags & ~(segment::first | segment::last)) == 0);
        check_part(frames[i].bytes, whole, i, true);
    }
    rig.driver(feature::checksum | feature::segment4); // a successor changes nothing
    CHECK(rig.shared->wanted.plain == 1);
    CHECK(put_out(rig, whole).size() == 4);
    netconf::GetInterface::Reply told{};
    rig.interface->describe(told);
    CHECK((told.offload == 0 && told.features == (feature::checksum | feature::segment4)));
    rig.interface->set_offload(true);
    CHECK(rig.shared->wanted.plain == 0);
    CHECK(put_out(rig, large_segment(false, 3500)).size() == 1);
}

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

TEST_CASE("free buffers that are kept are there for whoever needs memory", "[net]")
{
    Rig rig{0, fixed()};
    auto& memory = net_server::packet_memory;
    constexpr u8 owner = 9;
    u64 const before = memory.bytes_free(), used = memory.bytes_used();
    for (u32 const bytes : {2048u, 4096u}) {
        std::vector<u64> taken;
        for (u8* it; (it = memory.take_buffer(bytes, owner)) != nullptr;)
            taken.push_back(memory.heap().offset_of(it));
        CHECK(memory.bytes_free() < net_server::PacketMemory::reserve);
        CHECK(memory.bytes_free() >= net_server::PacketMemory::reserve - 4096);
        for (u64 const each : taken) {
            REQUIRE(memory.give_back(each, bytes, owner));
            memory.free_buffer(each);
        }
        CHECK_FALSE(memory.give_back(taken[0], bytes, owner));
        // Blocks of half a page share pages, so what is free need not be whole pages.
        CHECK(memory.bytes_free() + 4096 >= before);
        CHECK(memory.bytes_free() + memory.bytes_used() == memory.heap().bytes());
    }
    std::vector<void*> blocks;
    constexpr u32 block = 60 << 10;
    for (void* it; (it = memory.allocate(block)) != nullptr;) blocks.push_back(it);
    CHECK(blocks.size() + 2 >= before / block);
    for (void* const each : blocks) memory.heap().free(each);
    CHECK(memory.bytes_used() <= used + 4096);
}

TEST_CASE("a net after the first takes no driver that served another", "[net]")
{
    Rig rig;
    CHECK(rig.shared->wanted.session == 1);
    CHECK(!rig.posted.empty());
    nic::Buffer posted{};
    auto const successor = std::make_unique<net_server::Interface>();
    program::Use use;
    use.shared = rig.shared.get();
    use.pool = rig.pool;
    use.pool_bytes = 4 << 20;
    use.peer = 1;
    rig.interface->end();
    rig.buffers.drop_all();
    successor->begin(rig.self, use, 0, rig.names, {}, "test", rig.log);
    CHECK(rig.shared->wanted.session == 2);
    successor->run();
    CHECK(!rig.buffers.pop(posted));
    CHECK(successor->sleep());
    rig.shared->epoch = ++rig.epoch; // another driver
    CHECK(!successor->sleep());
    successor->run();
    CHECK(rig.buffers.pop(posted));
    successor->end();
}
