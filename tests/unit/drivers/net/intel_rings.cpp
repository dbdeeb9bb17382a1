// The rings of an Intel controller against a model of the device: what is sent and received, full
// rings, false descriptors.
#include "intel_rig.hpp"

using namespace intel_rig;

TEST_CASE("a frame is sent as its pieces, and reported", "[intel]")
{
    Rig rig{GENERATE(Kind::pci, Kind::express, Kind::chipset)};
    REQUIRE(rig.start());
    auto const frame = rig.frame({54, 1446});
    rig.card->send(frame);
    CHECK(rig.reap().empty());
    CHECK(rig.card->sleep(true, true));
    rig.card->show();
    REQUIRE(rig.model.sent.size() == 1);
    auto const& sent = rig.model.sent[0];
    REQUIRE(sent.pieces.size() == 2);
    CHECK(sent.pieces[0].address == frame.piece[0].dma);
    CHECK(sent.pieces[0].bytes == 54);
    CHECK(sent.pieces[1].address == frame.piece[1].dma);
    CHECK(sent.pieces[1].bytes == 1446);
    CHECK(sent.options == 0);
    CHECK_FALSE(sent.cut);
    CHECK_FALSE(rig.card->sleep(true, true)); // there is something to take
    CHECK(rig.card->sleep(true, false));      // but nobody waits for it
    CHECK(rig.reap() == std::vector<u32>{frame.id});
    CHECK(rig.reap().empty());
}

TEST_CASE("a batch costs one write, and is reported whole", "[intel]")
{
    Rig rig;
    REQUIRE(rig.start());
    std::vector<u32> ids;
    u32 const writes = rig.model.tail_writes, reads = rig.model.reads;
    for (int i = 0; i < 100; ++i) {
        REQUIRE(rig.card->can_send());
        auto const frame = rig.frame({60});
        ids.push_back(frame.id);
        rig.card->send(frame);
    }
    rig.card->show();
    CHECK(rig.model.tail_writes == writes + 1);
    CHECK(rig.reap() == ids);
    CHECK(rig.model.reads == reads);
    rig.card->show();
    CHECK(rig.model.tail_writes == writes + 1);
}

TEST_CASE("checksums are described once for frames of a kind", "[intel]")
{
    Rig rig{GENERATE(Kind::pci, Kind::express, Kind::chipset)};
    REQUIRE(rig.start());
    auto frame = rig.frame({1000}, nic::segment::checksum);
    frame.head.checksum_start = 34;
    frame.head.checksum_offset = GENERATE(u16{6}, u16{16});
    rig.card->send(frame);
    rig.card->send(frame);
    rig.card->show();
    REQUIRE(rig.model.sent.size() == 2);
    for (auto const& sent : rig.model.sent) {
        CHECK(sent.options == 2);
        CHECK((sent.context_places >> 32 & 0xff) == 34);
        CHECK((sent.context_places >> 40 & 0xff) == 34u + frame.head.checksum_offset);
        CHECK(sent.context_places >> 48 == 0); // to the frame's end
    }
    CHECK(rig.model.at(0x3818) == 3); // a context and two frames
    CHECK(rig.reap().size() == 2);
}

TEST_CASE("large segments are cut by the device", "[intel]")
{
    Rig rig{GENERATE(Kind::pci, Kind::express, Kind::chipset)};
    REQUIRE(rig.start());
    bool const six = GENERATE(false, true);
    u16 const start = six ? 54 : 34;
    auto frame =
        rig.frame({u32{start} + 20, 30000, 20000},
                  nic::segment::checksum | (six ? nic::segment::segment6 : nic::segment::segment4));
    frame.head.checksum_start = start;
    frame.head.checksum_offset = 16;
    frame.head.header_bytes = static_cast<u16>(start + 20);
    frame.head.segment_bytes = 1440;
    rig.card->send(frame);
    rig.card->show();
    REQUIRE(rig.model.sent.size() == 1);
    auto const& sent = rig.model.sent[0];
    CHECK(sent.cut);
    CHECK(sent.options == (six ? 2 : 3));
    CHECK((sent.context_places & 0xff) == 14);
    CHECK((sent.context_places >> 8 & 0xff) == (six ? 0 : 24));
    CHECK((sent.context_places >> 16 & 0xffff) == start - 1u);
    CHECK((sent.context_places >> 40 & 0xff) == start + 16u);
    CHECK((sent.context_word & 0xfffff) == 50000);
    CHECK((sent.context_word >> 24 & 1) == 1);             // TCP
    CHECK((sent.context_word >> 25 & 1) == (six ? 0 : 1)); // IPv4
    CHECK((sent.context_word >> 26 & 1) == 1);
    CHECK((sent.context_word >> 40 & 0xff) == start + 20u);
    CHECK(sent.context_word >> 48 == 1440);
    u64 bytes = 0, next = 0;
    for (auto const& piece : sent.pieces) {
        CHECK(piece.bytes <= 8192);
        if (next != 0 && piece.address != next) CHECK(piece.address % 0x1'0000 == 0);
        next = piece.address + piece.bytes;
        bytes += piece.bytes;
    }
    CHECK(bytes == frame.bytes);
    // Another kind of context follows: it is told anew.
    auto plain = rig.frame({100}, nic::segment::checksum);
    plain.head.checksum_start = 34;
    plain.head.checksum_offset = 16;
    rig.card->send(plain);
    rig.card->show();
    REQUIRE(rig.model.sent.size() == 2);
    CHECK((rig.model.sent[1].context_word >> 26 & 1) == 0);
}

TEST_CASE("the ring is filled, rests and goes on", "[intel]")
{
    Rig rig;
    REQUIRE(rig.start());
    rig.model.stalls = true;
    std::vector<u32> ids;
    std::vector<u32> const longest(nic::max_segments, 65536 / nic::max_segments);
    while (rig.card->can_send()) {
        auto const frame = rig.frame(ids.size() % 2 ? longest : std::vector<u32>{64});
        ids.push_back(frame.id);
        rig.card->send(frame);
        REQUIRE(ids.size() < 512);
    }
    rig.card->show();
    u32 const head = rig.model.at(0x3810), tail = rig.model.at(0x3818);
    CHECK((tail + 1) % 512 != head); // a full ring is not an empty one
    CHECK(tail != head);
    CHECK(rig.card->sleep(true, true));
    rig.model.stalls = false;
    rig.model.transmit(100); // some
    auto done = rig.reap();
    CHECK(done.size() > 0);
    CHECK(done.size() < ids.size());
    rig.model.transmit();
    for (u32 const id : rig.reap()) done.push_back(id);
    CHECK(done == ids);
    CHECK(rig.card->can_send());
}

TEST_CASE("many times around the rings", "[intel]")
{
    Rig rig{GENERATE(Kind::pci, Kind::express)};
    REQUIRE(rig.start());
    rig.up();
    u32 posted = 0, taken = 0, sent = 0, reported = 0;
    u64 random = 12345;
    auto const draw = [&random](u32 below) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        return static_cast<u32>(random % below);
    };
    for (int round = 0; round < 2000; ++round) {
        for (u32 n = draw(40); n > 0 && rig.card->can_post(); --n, ++posted)
            rig.card->post(0x8000'0000 + posted * 2048ull, posted * 2048);
        for (u32 n = draw(8); n > 0 && rig.card->can_send(); --n, ++sent)
            rig.card->send(rig.frame(std::vector<u32>(1 + draw(5), 1 + draw(9000))));
        rig.model.stalls = draw(3) == 0;
        rig.card->show();
        for (u32 n = draw(40); n > 0; --n) rig.model.receive(64 + draw(1400), 3);
        for (nic::Received record{};; ++taken) {
            auto const one = rig.card->take_received(record);
            REQUIRE(one);
            if (!*one) break;
            REQUIRE(record.offset == taken * 2048);
            REQUIRE(record.flags == 0);
        }
        for (u32 const id : rig.reap()) REQUIRE(id == ++reported);
    }
    rig.model.stalls = false;
    rig.model.transmit();
    for (u32 const id : rig.reap()) REQUIRE(id == ++reported);
    CHECK(reported == sent);
    CHECK(sent > 3000);
    CHECK(taken > 20000);
    CHECK(rig.model.sent.size() == sent);
}

TEST_CASE("received frames: lengths, sums, pieces and damage", "[intel]")
{
    Rig rig;
    REQUIRE(rig.start());
    rig.up();
    for (u32 i = 0; i < 8; ++i) rig.card->post(0x8000'0000 + i * 2048, i * 2048);
    rig.card->show();
    CHECK(rig.model.buffers() == 8);
    struct {
        u32 bytes;
        u8 status, errors;
        u32 flags;
    } const cases[] = {{60, 0x03, 0, 0},
                       {1514, 0x63, 0, nic::received::ip_good | nic::received::l4_good},
                       {1514, 0x63, 0x20, nic::received::ip_good},
                       {1514, 0x63, 0x40, nic::received::l4_good},
                       {100, 0x67, 0, 0}, // sums are to be ignored
                       {100, 0x53, 0, nic::received::ip_good | nic::received::l4_good},
                       {2048, 0x01, 0, nic::received::more},
                       {10, 0x03, 0x01, nic::received::damaged}};
    for (auto const& it : cases) REQUIRE(rig.model.receive(it.bytes, it.status, it.errors));
    CHECK_FALSE(rig.model.receive(60, 3)); // no more buffers
    CHECK_FALSE(rig.card->sleep(true, false));
    CHECK(rig.card->sleep(false, false)); // nobody could take them
    nic::Received record{};
    u32 number = 0;
    for (auto const& it : cases) {
        auto const taken = rig.card->take_received(record);
        REQUIRE(taken);
        REQUIRE(*taken);
        CHECK(record.offset == number++ * 2048);
        CHECK(record.bytes == it.bytes);
        CHECK(record.flags == it.flags);
    }
    CHECK_FALSE(*rig.card->take_received(record));
    CHECK(rig.card->sleep(true, false));
}

TEST_CASE("false descriptors end the driver", "[intel]")
{
    Rig rig;
    REQUIRE(rig.start());
    rig.up();
    for (u32 i = 0; i < 20; ++i) rig.card->post(0x8000'0000 + i * 2048, i * 2048);
    rig.card->show();
    nic::Received record{};
    SECTION("longer than its buffer")
    {
        rig.model.receive(2049, 3);
        CHECK(rig.card->take_received(record).error() == Error::corrupt);
    }
    SECTION("a frame without an end")
    {
        for (int i = 0; i < 7; ++i) {
            rig.model.receive(2048, 1);
            REQUIRE(rig.card->take_received(record));
        }
        rig.model.receive(2048, 1);
        CHECK(rig.card->take_received(record).error() == Error::corrupt);
    }
    SECTION("buffers that were never shown are not taken")
    {
        for (int i = 0; i < 20; ++i) {
            rig.model.receive(60, 3);
            REQUIRE(*rig.card->take_received(record));
        }
        rig.card->post(0x9000'0000, 0);
        rig.memory->receive[20].word = u64{3} << 32 | 60;
        CHECK_FALSE(*rig.card->take_received(record));
    }
    SECTION("a report for what was never sent")
    {
        rig.memory->transmit[0].word = u64{1} << 32;
        CHECK(rig.reap().empty());
    }
}
