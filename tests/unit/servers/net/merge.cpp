// Received segments that become one packet, and those that must not.
#include "servers/net/merge.hpp"

#include "lwip_port.hpp"
#include "servers/net/frame_header.hpp"
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

using net_server::Merger;
using net_server::ReceivedFrame;
using net_server::write_word;
using Bytes = std::vector<u8>;

namespace {

constexpr usize ethernet = 14;

void write_long(u8* at, u32 value)
{
    write_word(at, value >> 16);
    write_word(at + 2, value & 0xffff);
}
u32 read_long(u8 const* at)
{
    return u32{net_server::read_word(at)} << 16 | net_server::read_word(at + 2);
}

/// A frame with a plain TCP segment.
Bytes frame(bool six, u32 sequence, Bytes const& payload, bool push = false)
{
    usize const header = six ? 40 : 20, tcp = ethernet + header;
    Bytes out(tcp + 20);
    u8* const ip = out.data() + ethernet;
    for (usize i = six ? 8 : 12; i < header; ++i) ip[i] = static_cast<u8>(i);
    out[12] = six ? 0x86 : 8, out[13] = six ? 0xdd : 0;
    ip[0] = six ? 0x60 : 0x45;
    ip[six ? 6 : 9] = 6;
    write_word(ip + (six ? 4 : 2), static_cast<u32>(payload.size() + (six ? 20 : 40)));
    write_long(&out[tcp], 0x1234'5678); // ports
    write_long(&out[tcp + 4], sequence);
    write_long(&out[tcp + 8], 77);
    out[tcp + 12] = 0x50;
    out[tcp + 13] = push ? 0x18 : 0x10;
    write_word(&out[tcp + 14], 500);
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
}

/// As Receive gives it: from behind the Ethernet header, which lies in front.
ReceivedFrame received(Bytes const& bytes, bool sums = true, bool ip_sum = true)
{
    pbuf* const packet = pbuf_alloc(PBUF_RAW, static_cast<u16>(bytes.size()), PBUF_RAM);
    pbuf_take(packet, bytes.data(), static_cast<u16>(bytes.size()));
    pbuf_remove_header(packet, ethernet);
    return {packet, sums, ip_sum};
}

/// All of a packet, which ends.
Bytes content(ReceivedFrame const& it)
{
    Bytes out(it.packet->tot_len);
    CHECK(pbuf_copy_partial(it.packet, out.data(), it.packet->tot_len, 0) == out.size());
    u32 left = it.packet->tot_len;
    for (pbuf const* each = it.packet; each != nullptr; left -= each->len, each = each->next)
        CHECK(each->tot_len == left);
    pbuf_free(it.packet);
    return out;
}

Bytes numbered(usize bytes, u32 seed)
{
    Bytes out(bytes);
    for (usize i = 0; i < bytes; ++i) out[i] = static_cast<u8>(seed + i * 3);
    return out;
}

/// Whether a second segment, changed so, is merged with the first.
bool merges(bool six, std::function<void(Bytes&)> const& change, bool sums = true,
            bool ip_sum = true)
{
    Merger merger;
    ReceivedFrame done;
    REQUIRE(merger.take(received(frame(six, 1000, numbered(100, 1))), done));
    CHECK(done.packet == nullptr);
    Bytes second = frame(six, 1100, numbered(100, 2));
    change(second);
    ReceivedFrame const next = received(second, sums, ip_sum);
    bool const taken = merger.take(next, done);
    bool const merged = done.packet == nullptr;
    CHECK((taken || !merged));
    if (!merged) CHECK(content(done).size() == (six ? 160 : 140));
    if (!taken) pbuf_free(next.packet);
    if (taken) content(merger.give());
    return merged;
}

} // namespace

TEST_CASE("segments that follow each other are one packet", "[net]")
{
    bool const six = GENERATE(false, true);
    usize const headers = six ? 60 : 40;
    Merger merger;
    CHECK(merger.give().packet == nullptr);
    Bytes all;
    for (u32 i = 0; i < 20; ++i) {
        Bytes const payload = numbered(1000 + i, i);
        Bytes bytes = frame(six, 0xffff'f000 + static_cast<u32>(all.size()), payload, i == 19);
        if (i % 4 == 0) bytes.resize(bytes.size() + 5); // padding of the link's
        ReceivedFrame done;
        CHECK(merger.take(received(bytes), done));
        CHECK(done.packet == nullptr);
        all.insert(all.end(), payload.begin(), payload.end());
    }
    ReceivedFrame const merged = merger.give();
    CHECK((merged.sums_good && merged.ip_sum_good));
    Bytes const bytes = content(merged);
    REQUIRE(bytes.size() == headers + all.size());
    CHECK(std::equal(all.begin(), all.end(), bytes.begin() + static_cast<long>(headers)));
    CHECK(net_server::read_word(&bytes[six ? 4 : 2]) == all.size() + (six ? 20 : 40));
    u8 const* const tcp = &bytes[headers - 20];
    CHECK((read_long(tcp + 4) == 0xffff'f000 && tcp[13] == 0x18));
    CHECK(merger.give().packet == nullptr);
}

TEST_CASE("what differs in anything else is not merged", "[net]")
{
    bool const six = GENERATE(false, true);
    usize const ip = ethernet, tcp = ip + (six ? 40 : 20);
    CHECK(merges(six, [](Bytes&) {}));
    for (usize const at : {tcp, tcp + 3, tcp + 7, tcp + 4, tcp + 11, tcp + 15, tcp - 1})
        CHECK_FALSE(merges(six, [&](Bytes& it) { it[at] ^= 1; }));
    for (u8 const flags : {0x11, 0x12, 0x14, 0x30, 0x50, 0x90, 0x08, 0x00})
        CHECK_FALSE(merges(six, [&](Bytes& it) { it[tcp + 13] = flags; }));
    CHECK_FALSE(merges(six, [&](Bytes& it) { it[tcp + 12] = 0x60; })); // an option
    CHECK_FALSE(merges(six, [&](Bytes& it) { it[ip + 1] ^= 4; }));     // class
    CHECK_FALSE(merges(six, [&](Bytes& it) { it[13] ^= 1; }));
    usize const length = ip + (six ? 4 : 2);
    u32 const none = six ? 20 : 40; // of payload
    for (u32 const bytes : {0u, none - 1, none, none + 101, 0xffffu})
        CHECK_FALSE(merges(six, [&](Bytes& it) { write_word(&it[length], bytes); }));
    CHECK_FALSE(merges(
        six, [](Bytes&) {}, false));
    CHECK(merges(
              six, [](Bytes&) {}, true, false) == six); // IPv6 has no sum of its own
    if (six) return;
    CHECK_FALSE(merges(six, [&](Bytes& it) { it[ip + 6] = 0x20; })); // a fragment
    CHECK_FALSE(merges(six, [&](Bytes& it) { it[ip + 7] = 1; }));
    CHECK_FALSE(merges(six, [&](Bytes& it) { it[ip] = 0x46; })); // an option
    CHECK(merges(six, [&](Bytes& it) { it[ip + 6] = 0x40; }));   // not to be cut
}

TEST_CASE("sums that the device has not checked are checked", "[net]")
{
    bool const six = GENERATE(false, true);
    Merger merger;
    for (u32 i = 0; i < 4; ++i) {
        Bytes bytes = frame(six, 1000 + 101 * i, numbered(101, i));
        u8* const ip = bytes.data() + ethernet;
        u8* const tcp = ip + (six ? 40 : 20);
        if (!six) {
            u16 const sum = static_cast<u16>(~kit::internet_sum(ip, 20));
            std::memcpy(ip + 10, &sum, 2);
        }
        net_server::TcpFrame const at = net_server::TcpFrame::of(bytes.data(), bytes.size());
        u16 const sum = static_cast<u16>(
            ~kit::fold_sum(u64{at.pseudo_sum(bytes.data(), 121)} + kit::internet_sum(tcp, 121)));
        std::memcpy(tcp + 16, &sum, 2);
        if (i == 3) bytes.back() ^= 4;
        ReceivedFrame const it = received(bytes, false, false);
        ReceivedFrame done;
        CHECK(merger.take(it, done) == (i < 3));
        if (i < 3) continue;
        CHECK((done.sums_good && done.ip_sum_good));
        CHECK(content(done).size() == 3 * 101 + (six ? 60 : 40));
        pbuf_free(it.packet);
    }
}

TEST_CASE("a packet is never longer than IP can say", "[net]")
{
    bool const six = GENERATE(false, true);
    Merger merger;
    u32 sequence = 0, taken = 0;
    for (; taken < 100; ++taken, sequence += 1000) {
        ReceivedFrame done;
        CHECK(merger.take(received(frame(six, sequence, numbered(1000, taken))), done));
        if (done.packet == nullptr) continue;
        CHECK(content(done).size() == 65'000 + (six ? 60 : 40));
        break;
    }
    CHECK(taken == 65);
    CHECK(content(merger.give()).size() == 1000 + (six ? 60 : 40));
}

TEST_CASE("whatever comes, the bytes of a stream stay in their order", "[net]")
{
    std::mt19937 random{5};
    Merger merger;
    Bytes sent, seen;
    auto const input = [&](ReceivedFrame const& it) {
        Bytes const bytes = content(it);
        seen.insert(seen.end(), bytes.begin() + 40, bytes.end());
    };
    for (u32 i = 0; i < 3000; ++i) {
        Bytes const payload = numbered(20 + random() % 60, i);
        Bytes bytes = frame(false, static_cast<u32>(sent.size()), payload, random() % 9 == 0);
        if (random() % 5 == 0) bytes[ethernet + 20 + random() % 16] ^= 1 << random() % 8;
        sent.insert(sent.end(), payload.begin(), payload.end());
        ReceivedFrame const it = received(bytes, random() % 7 != 0);
        ReceivedFrame before;
        bool const taken = merger.take(it, before);
        if (before.packet != nullptr) input(before);
        if (!taken) input(it);
    }
    if (ReceivedFrame const done = merger.give(); done.packet != nullptr) input(done);
    CHECK(seen == sent);
}
