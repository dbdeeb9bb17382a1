// The rings of an Intel controller and its start, for each family, against a model of the device:
// what is sent and received, full rings, false descriptors, links that flap, resets in every state.
#include "drivers/net/e1000e/models.hpp"
#include "drivers/net/intel/card.hpp"
#include "tests/fakes/intel_nic.hpp"

#include <catch2/catch.hpp>
#include <memory>

namespace {

using fake::IntelNic;
using Kind = IntelNic::Kind;
using Card = intel::Card<fake::NicRegisters>;
using Family = intel::Family<fake::NicRegisters>;

static_assert(nic::Device<Card>);

constexpr u64 physical = 0x12'3456'0000;

Family const& family_of(Kind kind)
{
    if (kind == Kind::pci) return intel::family_82540<fake::NicRegisters>;
    if (kind == Kind::express) return intel::family_82574<fake::NicRegisters>;
    return intel::family_i219<fake::NicRegisters>;
}

struct Rig {
    IntelNic model;
    std::unique_ptr<intel::RingMemory> memory = std::make_unique<intel::RingMemory>();
    std::unique_ptr<Card> card = std::make_unique<Card>();
    std::unique_ptr<nic::Wanted> wanted = std::make_unique<nic::Wanted>();
    u32 next_id = 0;

    explicit Rig(Kind kind = Kind::express) : model{kind}
    {
        model.lend(memory.get(), physical, sizeof *memory);
    }
    Result<void> start()
    {
        return card->start(
            fake::NicRegisters{model}, family_of(model.kind),
            {reinterpret_cast<u8*>(memory.get()), physical, sizeof(intel::RingMemory)});
    }
    /// A driver died; its successor finds zeroed memory and the device in whatever state.
    Result<void> restart()
    {
        *memory = {};
        card = std::make_unique<Card>();
        return start();
    }
    void up()
    {
        wanted->up = 1;
        ++wanted->sequence;
        card->update_filter(*wanted);
    }
    nic::Frame frame(std::vector<u32> const& pieces, u16 flags = 0)
    {
        nic::Frame it{};
        it.id = ++next_id;
        for (u32 const bytes : pieces) {
            it.piece[it.count] = {0x4000'0000 + u64{it.id} * 0x10'0000 + it.count * 0x1'0000, bytes};
            it.bytes += bytes;
            ++it.count;
        }
        it.head.flags = flags;
        return it;
    }
    std::vector<u32> reap()
    {
        std::vector<u32> ids;
        for (u32 id = 0;;) {
            auto const taken = card->take_sent(id);
            REQUIRE(taken);
            if (!*taken) return ids;
            ids.push_back(id);
        }
    }
};

} // namespace

TEST_CASE("the device starts and says who it is", "[intel]")
{
    Rig rig{GENERATE(Kind::pci, Kind::express, Kind::chipset)};
    REQUIRE(rig.start());
    auto const it = rig.card->describe("x");
    CHECK(std::equal(it.address, it.address + 6, rig.model.address));
    CHECK(it.buffer_bytes == 2048);
    CHECK(rig.card->link() == nic::Link{true, 1000, true});
    CHECK(rig.model.resets == 1);
    CHECK_FALSE(rig.model.phy_was_reset);
    CHECK(rig.model.phy_writes == 0); // negotiation goes on
    CHECK_FALSE(rig.model.phy_without_flag);
    CHECK((rig.model.at(0x100) & 2) == 0); // receives only when net wants it
    CHECK((rig.model.at(0xf00) & 1 << 5) == 0);
    rig.model.status_bits = 0x40;
    CHECK(rig.card->link() == nic::Link{true, 100, true});
    rig.model.link = false;
    CHECK_FALSE(rig.card->link().up);
}

TEST_CASE("an address that was not loaded comes from the NVM", "[intel]")
{
    Rig rig{GENERATE(Kind::pci, Kind::express, Kind::chipset)};
    rig.model.address_loaded = false;
    rig.model.at(0x5400) = rig.model.at(0x5404) = 0;
    rig.model.nvm[0] = 0x1102, rig.model.nvm[1] = 0x3322, rig.model.nvm[2] = 0x5544;
    REQUIRE(rig.start());
    u8 const expected[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
    auto const it = rig.card->describe("x");
    CHECK(std::equal(expected, expected + 6, it.address));
    CHECK(rig.model.at(0x5400) == 0x33221102);
    CHECK(rig.model.at(0x5404) == 0x80005544);

    Rig nobody{rig.model.kind};
    nobody.model.address_loaded = false;
    nobody.model.at(0x5400) = nobody.model.at(0x5404) = 0;
    nobody.model.nvm[0] = GENERATE(u16{0}, u16{1}); // all zero; a group's
    CHECK(nobody.start().error() == Error::not_found);
}

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
    auto frame = rig.frame({u32{start} + 20, 30000, 20000},
                           nic::segment::checksum |
                               (six ? nic::segment::segment6 : nic::segment::segment4));
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
    CHECK((sent.context_word >> 24 & 1) == 1);       // TCP
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

TEST_CASE("interrupts come for what is waited for alone", "[intel]")
{
    Rig rig{GENERATE(Kind::pci, Kind::express, Kind::chipset)};
    REQUIRE(rig.start());
    rig.up();
    rig.card->post(0x8000'0000, 0);
    rig.card->show();
    CHECK(rig.card->sleep(true, false));
    rig.card->send(rig.frame({60}));
    rig.card->show();
    CHECK_FALSE(rig.model.interrupts()); // sent, and nobody waits for it
    rig.model.receive(60, 3);
    CHECK(rig.model.interrupts());
    CHECK_FALSE(rig.card->take_causes()); // it was not for the link
    CHECK_FALSE(rig.model.interrupts());
    CHECK_FALSE(rig.card->sleep(true, false));
    CHECK(rig.card->sleep(false, false));
    rig.model.cause(1 << 7);
    CHECK_FALSE(rig.model.interrupts());
    rig.model.cause(1 << 2);
    CHECK(rig.model.interrupts());
    CHECK(rig.card->take_causes());
    CHECK_FALSE(rig.card->sleep(false, true)); // the frame was reported
    CHECK(rig.reap().size() == 1);
    CHECK(rig.card->sleep(false, true));
    rig.card->send(rig.frame({60}));
    rig.card->show();
    CHECK(rig.model.interrupts());
}

TEST_CASE("a link that goes and comes loses no frame", "[intel]")
{
    Rig rig;
    REQUIRE(rig.start());
    std::vector<u32> done, expected;
    for (int flap = 0; flap < 20; ++flap) {
        rig.model.link = flap % 2 != 0;
        rig.model.stalls = !rig.model.link;
        rig.model.cause(1 << 2);
        CHECK(rig.card->take_causes());
        CHECK(rig.card->link().up == rig.model.link);
        auto const frame = rig.frame({60});
        expected.push_back(frame.id);
        rig.card->send(frame);
        rig.card->show();
        auto const now = rig.reap();
        CHECK(now.empty() == rig.model.stalls);
        done.insert(done.end(), now.begin(), now.end());
    }
    CHECK(done == expected);
    CHECK(rig.model.resets == 1);
}

TEST_CASE("a successor resets the device in whatever state", "[intel]")
{
    Rig rig{GENERATE(Kind::pci, Kind::express, Kind::chipset)};
    REQUIRE(rig.start());
    rig.up();
    auto const state = GENERATE(range(0, 5));
    CAPTURE(state);
    for (u32 i = 0; i < 10; ++i) rig.card->post(0x8000'0000 + i * 2048, i * 2048);
    if (state > 0) rig.card->show();
    if (state > 1) rig.model.receive(60, 3);
    if (state > 2) rig.model.stalls = true;
    if (state > 2) rig.card->send(rig.frame({60}));
    if (state > 2) rig.card->show();
    if (state > 3) {
        rig.model.at(0xf00) |= 1 << 5; // it died with the flag in its hands
        rig.model.at(0x0) |= 1 << 2;   // and the device was made quiet
        rig.model.at(0x100) = 0;
    }
    rig.model.stalls = false;
    REQUIRE(rig.restart());
    CHECK(rig.model.resets == 2);
    CHECK_FALSE(rig.model.hung);
    CHECK_FALSE(rig.model.phy_was_reset);
    CHECK(rig.model.phy_writes == 0);
    CHECK(rig.model.buffers() == 0); // none of the predecessor's
    CHECK((rig.model.at(0x0) & 1 << 2) == 0);
    rig.wanted = std::make_unique<nic::Wanted>();
    rig.up();
    rig.card->post(0x8000'0000, 0);
    rig.card->send(rig.frame({60}));
    rig.card->show();
    CHECK(rig.reap().size() == 1);
    CHECK(rig.model.receive(60, 3));
    nic::Received record{};
    CHECK(*rig.card->take_received(record));
}

TEST_CASE("a device that does not come to rest is not used", "[intel]")
{
    Rig rig;
    SECTION("it goes on using memory")
    {
        rig.model.never_rests = true;
        CHECK(rig.start().error() == Error::busy);
        CHECK(rig.model.resets == 0);
    }
    SECTION("it stays in its reset")
    {
        rig.model.stays_in_reset = true;
        CHECK(rig.start().error() == Error::busy);
    }
    SECTION("the memory is too small")
    {
        auto const it =
            rig.card->start(fake::NicRegisters{rig.model}, family_of(Kind::express),
                            {reinterpret_cast<u8*>(rig.memory.get()), physical, 4096});
        CHECK(it.error() == Error::no_memory);
    }
}

TEST_CASE("filters say what net wants, and write what has changed", "[intel]")
{
    Rig rig{GENERATE(Kind::express, Kind::chipset)};
    REQUIRE(rig.start());
    auto& wanted = *rig.wanted;
    u32 const before = rig.model.receive_control_writes;
    rig.card->update_filter(wanted);
    CHECK((rig.model.at(0x100) & 2) == 0);
    CHECK(rig.model.receive_control_writes == before); // it is what it was
    rig.up();
    CHECK(rig.model.at(0x100) == (1u << 1 | 1 << 15 | 1 << 26));
    u8 const group[6] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb};
    std::copy(group, group + 6, wanted.multicast[0]);
    wanted.multicast_count = 1;
    rig.card->update_filter(wanted); // not before sequence says so
    u32 const bit = rig.model.kind == Kind::chipset ? 0xfb00 >> 6 : 0xfb00 >> 4;
    u32 const place = 0x5200 + bit / 32 * 4;
    CHECK(rig.model.at(place) == 0);
    ++wanted.sequence;
    u32 const writes = rig.model.receive_control_writes;
    rig.card->update_filter(wanted);
    CHECK(rig.model.at(place) == 1u << bit % 32);
    CHECK(rig.model.receive_control_writes == writes); // it would stop QEMU's for a second
    wanted.multicast_count = GENERATE(33u, ~0u); // hostile, or too many: all
    ++wanted.sequence;
    rig.card->update_filter(wanted);
    CHECK((rig.model.at(0x100) & 0x18) == 0x10);
    CHECK(rig.model.at(place) == 0);
    wanted.multicast_count = 0;
    wanted.promiscuous = 1;
    ++wanted.sequence;
    rig.card->update_filter(wanted);
    CHECK((rig.model.at(0x100) & 0x18) == 0x18);
    wanted.up = 0;
    ++wanted.sequence;
    rig.card->update_filter(wanted);
    CHECK((rig.model.at(0x100) & 2) == 0);
}

TEST_CASE("statistics are the device's own", "[intel]")
{
    Rig rig;
    rig.model.at(0x4074) = 99; // a predecessor's
    REQUIRE(rig.start());
    nic::Statistics all{};
    rig.model.at(0x4074) = 5, rig.model.at(0x4088) = 0xffff'ffff, rig.model.at(0x408c) = 1;
    rig.model.at(0x4010) = 3, rig.model.at(0x4000) = 1, rig.model.at(0x400c) = 2;
    rig.model.at(0x4018) = 4;
    rig.card->count(all);
    rig.card->count(all); // read is cleared
    CHECK(all.received_frames == 5);
    CHECK(all.received_bytes == 0x1'ffff'ffff);
    CHECK(all.received_dropped == 3);
    CHECK(all.received_errors == 3);
    CHECK(all.sent_errors == 4);
    CHECK_FALSE(rig.card->is_paused());
    rig.model.at(0x404c) = 1;
    CHECK(rig.card->is_paused());
    CHECK_FALSE(rig.card->is_paused());
    rig.model.status_bits |= 1 << 4;
    CHECK(rig.card->is_paused());
}
