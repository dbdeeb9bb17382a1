// What net may not say: frames and buffers that break a rule never reach the device.
#include "nic_rig.hpp"

using namespace nic_rig;

TEST_CASE("frames that break a rule are reported dropped and do not reach the device", "[nic]")
{
    Rig rig;
    auto it = rig.segment(1);
    CHECK(rig.outcome(it) == 0);
    CHECK((it.bytes = 0, rig.outcome(it)) == 1);
    CHECK((it.bytes = 13, rig.outcome(it)) == 1);
    CHECK((it.bytes = 1515, rig.outcome(it)) == 1);
    CHECK((it.bytes = 1514, rig.outcome(it)) == 0);
    CHECK((it.offset = pool_bytes - 1513, rig.outcome(it)) == 1);
    CHECK((it.offset = pool_bytes - 1514, rig.outcome(it)) == 0);
    CHECK((it.offset = ~0u - 100, rig.outcome(it)) == 1);
    it = rig.segment(2);
    CHECK((it.flags |= 64, rig.outcome(it)) == 1);
    it = rig.segment(3, 100);
    it.flags |= checksum, it.checksum_start = 34, it.checksum_offset = 16;
    CHECK(rig.outcome(it) == 0);
    CHECK((it.checksum_offset = 64, rig.outcome(it)) == 0);
    CHECK((it.checksum_offset = 65, rig.outcome(it)) == 1);
    CHECK((it.checksum_offset = 0xffff, rig.outcome(it)) == 1);
    CHECK((it.checksum_offset = 0, it.checksum_start = 13, rig.outcome(it)) == 1);
    it = rig.segment(4, 1000);
    it.flags |= checksum, it.checksum_start = 240, it.checksum_offset = 16; // beyond 255
    CHECK(rig.outcome(it) == 1);
    CHECK(rig.end.refused() == 10);
    Rig able{0};
    for (u16 const flag : {checksum, ip_checksum, segment4, segment6}) {
        auto asked = able.segment(5, 100);
        asked.flags |= flag, asked.checksum_start = 34;
        CHECK(able.outcome(asked) == 1);
    }
}

TEST_CASE("what is to be cut must have room for its headers and its pieces", "[nic]")
{
    Rig rig;
    auto it = rig.segment(1, 60'000);
    it.flags |= checksum | segment4;
    it.checksum_start = 34, it.checksum_offset = 16, it.header_bytes = 54, it.segment_bytes = 1460;
    CHECK(rig.outcome(it) == 0);
    auto const with = [&](auto&& change) {
        auto changed = it;
        change(changed);
        return rig.outcome(changed);
    };
    CHECK(with([](auto& s) { s.flags |= segment6; }) == 1);
    CHECK(with([](auto& s) { s.flags &= static_cast<u16>(~checksum); }) == 1);
    CHECK(with([](auto& s) { s.segment_bytes = 1461; }) == 1);
    CHECK(with([](auto& s) { s.segment_bytes = 63; }) == 1);
    CHECK(with([](auto& s) { s.header_bytes = 53; }) == 1);
    CHECK(with([](auto& s) { s.header_bytes = 256, s.segment_bytes = 64; }) == 1);
    CHECK(with([](auto& s) { s.bytes = 54; }) == 1);
    CHECK(with([](auto& s) { s.bytes = 65'536; }) == 0);
    CHECK(with([](auto& s) { s.checksum_start = 35; }) == 1);
    CHECK(with([](auto& s) { s.checksum_offset = 19; }) == 1);
    it.flags = first | last | checksum | segment6;
    CHECK(with([](auto&) {}) == 1); // IPv6 needs 74
    CHECK(with([](auto& s) {
              s.header_bytes = 74, s.segment_bytes = 1440, s.checksum_start = 54;
          }) == 0);
}

TEST_CASE("frames without an end, without a start, with too many pieces", "[nic]")
{
    Rig rig;
    REQUIRE(rig.segments.push(rig.segment(1, 60, first)));
    REQUIRE(rig.segments.push(rig.segment(2, 60, first)));
    REQUIRE(rig.segments.push(rig.segment(2, 60, last)));
    REQUIRE(rig.segments.push(rig.segment(3, 60, last)));  // of no frame: no report
    REQUIRE(rig.segments.push(rig.segment(4, 60, first))); // another's end
    REQUIRE(rig.segments.push(rig.segment(5, 60, last)));
    rig.settle();
    CHECK(rig.report(1) == 1);
    CHECK(rig.report(4) == 1);
    CHECK(rig.none_sent());
    REQUIRE(rig.device.taken.size() == 1);
    CHECK((rig.device.taken[0].id == 2 && rig.device.taken[0].count == 2));
    for (u32 pieces : {nic::max_segments, nic::max_segments + 1}) {
        for (u32 i = 0; i < pieces; ++i) {
            u16 const flags = i == 0 ? first : i + 1 == pieces ? last : u16{0};
            REQUIRE(rig.segments.push(rig.segment(6, 20, flags)));
        }
        rig.settle();
    }
    CHECK(rig.report(6) == 1);
    REQUIRE(rig.device.taken.size() == 2);
    CHECK(rig.device.taken[1].count == nic::max_segments);
}

TEST_CASE("buffers that may not be are not posted", "[nic]")
{
    Rig rig;
    for (u32 const offset : {1u, u32{pool_bytes}, ~0u - 2047, 1024u}) REQUIRE(rig.post(offset));
    REQUIRE(rig.buffers.push({0, rig.epoch() + 1}));
    REQUIRE(rig.post(pool_bytes - 2048));
    // What the driver said is not read back: net cannot make buffers longer or itself abler.
    rig.shared->buffer_bytes = 1 << 20;
    rig.shared->features = ~0u;
    rig.shared->mtu = 60'000;
    REQUIRE(rig.post(0));
    rig.settle();
    CHECK(rig.end.refused() == 4);
    CHECK(rig.device.posted.size() == 2);
    CHECK(rig.outcome(rig.segment(1, 2000)) == 1);
}
