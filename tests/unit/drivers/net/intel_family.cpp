// What differs between Intel's controllers: NVM, PHY, the flag shared with firmware, and the flush
// before an I219's reset, against a model that can refuse each.
#include "drivers/net/e1000e/models.hpp"
#include "protocol/nic.hpp"
#include "tests/fakes/intel_nic.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <set>

namespace {

using fake::IntelNic;
using fake::NicRegisters;
using Kind = IntelNic::Kind;

constexpr u64 physical = 0x7000'0000;

} // namespace

TEST_CASE("the flag is taken when firmware lets go", "[intel]")
{
    IntelNic model{Kind::chipset};
    NicRegisters const registers{model};
    model.firmware_reads = GENERATE(0, 1, 1000, 150'000);
    REQUIRE(intel::take_flag(registers));
    CHECK((model.at(0xf00) & 1 << 5) != 0);
    intel::give_flag(registers);
    CHECK((model.at(0xf00) & 1 << 5) == 0);
}

TEST_CASE("firmware that keeps the flag keeps the PHY", "[intel]")
{
    IntelNic model{Kind::chipset};
    model.firmware_reads = 1 << 30;
    CHECK(intel::wake_phy(NicRegisters{model}, intel::family_i219<NicRegisters>).error() ==
          Error::busy);
    CHECK(model.phy_writes == 0);
    CHECK_FALSE(model.phy_without_flag);
}

TEST_CASE("only a PHY that is off is written to", "[intel]")
{
    auto const kind = GENERATE(Kind::pci, Kind::express, Kind::chipset);
    IntelNic model{kind};
    auto const& family = kind == Kind::pci       ? intel::family_82540<NicRegisters>
                         : kind == Kind::express ? intel::family_82574<NicRegisters>
                                                 : intel::family_i219<NicRegisters>;
    REQUIRE(intel::wake_phy(NicRegisters{model}, family));
    CHECK(model.phy_writes == 0);
    model.phy_control |= 1 << 11;
    REQUIRE(intel::wake_phy(NicRegisters{model}, family));
    CHECK(model.phy_writes == 1);
    CHECK(model.phy_control == 0x1140); // neither reset nor restart of the negotiation
    CHECK_FALSE(model.phy_without_flag);
    CHECK((model.at(0xf00) & 1 << 5) == 0);
}

TEST_CASE("a PHY that does not answer is an error, and the flag is given back", "[intel]")
{
    IntelNic model{Kind::chipset};
    auto const& family = intel::family_i219<NicRegisters>;
    model.phy_answers = false;
    CHECK(intel::wake_phy(NicRegisters{model}, family).error() == Error::corrupt);
    CHECK((model.at(0xf00) & 1 << 5) == 0);
    model.mdi_ends = false;
    CHECK(intel::wake_phy(NicRegisters{model}, family).error() == Error::busy);
    CHECK((model.at(0xf00) & 1 << 5) == 0);
}

TEST_CASE("words of an EEPROM", "[intel]")
{
    IntelNic pci{Kind::pci}, express{Kind::express};
    for (u16 i = 0; i < 64; ++i) pci.nvm[i] = express.nvm[i] = static_cast<u16>(i * 0x111);
    for (u16 i = 0; i < 64; ++i) {
        CHECK(*intel::family_82540<NicRegisters>.read_nvm(NicRegisters{pci}, i) == i * 0x111);
        CHECK(*intel::family_82574<NicRegisters>.read_nvm(NicRegisters{express}, i) == i * 0x111);
    }
    CHECK(intel::family_i217<NicRegisters>.read_nvm(NicRegisters{express}, 0).error() ==
          Error::not_supported);
}

TEST_CASE("words of the flash's valid bank", "[intel]")
{
    IntelNic model{Kind::chipset};
    NicRegisters const registers{model};
    for (u16 i = 0; i < 64; ++i) model.nvm[i] = static_cast<u16>(0x1000 + i);
    model.valid_bank = GENERATE(0u, 1u);
    for (u16 i = 0; i < 64; ++i)
        if (i != 0x13) CHECK(*intel::read_flash_word(registers, i) == 0x1000 + i);
    CHECK(intel::read_flash_word(registers, 2048).error() == Error::out_of_range);
    CHECK(intel::read_flash_word(registers, 0xffff).error() == Error::out_of_range);
    model.valid_bank = 2;
    CHECK(intel::read_flash_word(registers, 0).error() == Error::not_found);
}

TEST_CASE("flash cycles that fail, hang or cannot be", "[intel]")
{
    IntelNic model{Kind::chipset};
    NicRegisters const registers{model};
    SECTION("fails")
    {
        model.flash_fails = true;
        CHECK(intel::read_flash_word(registers, 0).error() == Error::corrupt);
    }
    SECTION("never ends")
    {
        model.flash_ends = false;
        CHECK(intel::read_flash_word(registers, 0).error() == Error::busy);
    }
    SECTION("firmware's cycle never ends")
    {
        model.at(0xe004) = 1 << 5;
        CHECK(intel::read_flash_word(registers, 0).error() == Error::busy);
    }
    SECTION("a flash without regions")
    {
        model.flash_described = false;
        CHECK(intel::read_flash_word(registers, 0).error() == Error::not_supported);
    }
    SECTION("an error that is left over does not count")
    {
        model.at(0xe004) = 1 << 1 | 1 << 2;
        CHECK(intel::read_flash_word(registers, 0));
    }
}

TEST_CASE("rings are flushed before a reset, into memory of ours", "[intel]")
{
    IntelNic model{Kind::chipset};
    NicRegisters const registers{model};
    auto memory = std::make_unique<intel::RingMemory>();
    model.lend(memory.get(), physical, sizeof *memory);
    auto const flush = [&] { return intel::flush_rings(registers, *memory, physical); };
    SECTION("a device that was never used is left alone")
    {
        REQUIRE(flush());
        CHECK(model.flushed == 0);
        CHECK(model.receive_control_writes == 0);
        CHECK((model.at(0x5bbc) & 1 << 13) != 0);
    }
    model.at(0x3800) = physical;
    model.at(0x3808) = sizeof memory->transmit;
    model.at(0x2800) = physical + sizeof memory->transmit;
    model.at(0x2808) = sizeof memory->receive;
    SECTION("what is queued goes out as zeros, and nothing can be received meanwhile")
    {
        model.at(0x3810) = GENERATE(0u, 510u);
        u32 const queued = GENERATE(1u, 5u, 300u);
        model.at(0x3818) = (model.at(0x3810) + queued) % 512;
        REQUIRE(flush());
        CHECK(model.flushed == queued + 1);
        CHECK(model.at(0x3810) == model.at(0x3818));
        CHECK(model.receive_control_writes == 2);
        CHECK((model.at(0x5404) & u32{1} << 31) != 0); // the address is valid again
        for (auto const& each : memory->transmit) CHECK((each.address | each.word) == 0);
    }
    SECTION("a ring that is somebody else's is not touched")
    {
        model.at(0x3800) = 0x1000;
        model.at(0x3818) = 3;
        REQUIRE(flush());
        CHECK(model.flushed == 0);
        CHECK(model.at(0x3818) == 3);
    }
    SECTION("a device that hangs already")
    {
        model.at(0x3818) = 3;
        model.stalls = true;
        CHECK(flush().error() == Error::busy);
    }
    SECTION("positions that cannot be")
    {
        model.at(0x3810) = GENERATE(512u, ~0u);
        CHECK(flush().error() == Error::corrupt);
    }
}

TEST_CASE("an I219 that is reset with frames queued hangs, the others do not", "[intel]")
{
    auto const kind = GENERATE(Kind::express, Kind::chipset);
    IntelNic model{kind};
    auto memory = std::make_unique<intel::RingMemory>();
    model.lend(memory.get(), physical, sizeof *memory);
    model.at(0x3800) = physical;
    model.at(0x3808) = sizeof memory->transmit;
    model.at(0x3818) = 3;
    NicRegisters const registers{model};
    bool const flushes = GENERATE(true, false);
    if (flushes) {
        auto const& family = kind == Kind::express ? intel::family_82574<NicRegisters>
                                                   : intel::family_i219<NicRegisters>;
        REQUIRE(family.flush(registers, *memory, physical));
    }
    intel::put<intel::reg::Control>(registers, intel::control::reset);
    CHECK(model.hung == (kind == Kind::chipset && !flushes));
}

TEST_CASE("every model is there once", "[intel]")
{
    std::set<u16> seen;
    for (auto const& each : e1000e::models<NicRegisters>) {
        CHECK(seen.insert(each.device).second);
        CHECK(std::string_view{each.name}.size() < sizeof nic::Shared::model);
        CHECK(each.family->multicast_words <= 128);
    }
}
