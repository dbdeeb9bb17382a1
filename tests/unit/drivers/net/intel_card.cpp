// An Intel controller's start, filters, interrupts, statistics and resets, for each family, against
// a model of the device.
#include "intel_rig.hpp"

using namespace intel_rig;

TEST_CASE("the device starts and says who it is", "[intel]")
{
    Rig rig{GENERATE(Kind::pci, Kind::express, Kind::chipset)};
    REQUIRE(rig.start());
    auto const it = rig.card->describe("x");
    CHECK(std::equal(it.address, it.address + 6, rig.model.address));
    CHECK(it.buffer_bytes == 2048);
    CHECK((it.features & nic::feature::segment4) != 0);
    CHECK(((it.features & nic::feature::segment6) != 0) == (rig.model.kind != Kind::pci));
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

TEST_CASE("a line of successors keeps the link up and never negotiates anew", "[intel]")
{
    Rig rig{GENERATE(Kind::pci, Kind::express, Kind::chipset)};
    REQUIRE(rig.start());
    for (u32 life = 2; life < 12; ++life) {
        rig.up();
        rig.card->send(rig.frame({60}));
        rig.card->show();
        if (life % 2 == 0) { // as the manifest's list makes it quiet
            for (u32 const offset : {0xd8u, 0x100u, 0x400u})
                rig.model.write(offset, offset == 0xd8 ? ~u32{0} : 0);
            if (rig.model.kind != Kind::pci) rig.model.write(0x0, 0x64);
        }
        REQUIRE(rig.restart());
        rig.wanted = std::make_unique<nic::Wanted>();
        CHECK(rig.model.resets == life);
        CHECK(rig.card->link() == nic::Link{true, 1000, true});
        CHECK((rig.model.at(0x0) & 1 << 6) != 0);
        CHECK_FALSE(rig.model.link_disturbed);
        CHECK(rig.model.phy_writes == 0);
    }
    // The model would have noticed.
    rig.model.write(0x0, 0);
    CHECK(rig.model.link_disturbed);
}

TEST_CASE("only a controller with several messages is told which cause has which", "[intel]")
{
    Rig rig{GENERATE(Kind::express, Kind::chipset)};
    bool const several = rig.model.kind == Kind::express;
    REQUIRE(rig.start());
    // In the I219 the place of IVAR is FEXTNVM7: none of its bits is ours but for the flush.
    CHECK(rig.model.at(0xe4) == (several ? 0x80808u : 0u));
    CHECK(rig.model.at(0xe8) == (several ? 195u : 0u));
    CHECK(rig.model.at(0xc4) == 195);
    // Of one message or several: what came is acknowledged by writing, once.
    rig.model.cause(1 << 2 | 1 << 7);
    CHECK(rig.card->take_causes());
    CHECK(rig.model.at(0xc0) == 0);
    CHECK_FALSE(rig.card->take_causes());
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
        auto const it = rig.card->start(fake::NicRegisters{rig.model}, family_of(Kind::express),
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
    wanted.multicast_count = GENERATE(33u, ~0u);       // hostile, or too many: all
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

TEST_CASE("a device that keeps a part of its table lets all groups through", "[intel]")
{
    Rig rig{Kind::pci};
    u32 const kept = GENERATE(0u, 32u, 127u, 128u);
    rig.model.multicast_words = kept;
    REQUIRE(rig.start());
    CHECK(rig.card->filters_groups() == (kept == 128));
    for (u32 i = 0; i < 128; ++i) CHECK(rig.model.at(0x5200 + 4 * i) == 0);
    rig.up();
    CHECK((rig.model.at(0x100) & 0x18) == 0); // nobody wants a group yet
    u8 const group[6] = {0x33, 0x33, 0xff, 0x12, 0x34, 0x56};
    std::copy(group, group + 6, rig.wanted->multicast[0]);
    rig.wanted->multicast_count = 1;
    ++rig.wanted->sequence;
    rig.card->update_filter(*rig.wanted);
    u32 const bit = 0x5634 >> 4;
    CHECK((rig.model.at(0x100) & 0x18) == (kept == 128 ? 0u : 0x10u));
    CHECK(rig.model.at(0x5200 + bit / 32 * 4) == (kept == 128 ? 1u << bit % 32 : 0));
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
