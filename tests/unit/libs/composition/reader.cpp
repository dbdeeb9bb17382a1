// Rules of composition::Reader: a sound description is offered as it is; each thing that its users
// rely on is checked, and the fault says which.
#include "composition/reader.hpp"

#include "sound_system.hpp"
#include <catch2/catch.hpp>
#include <functional>

using namespace composition;

namespace {

std::span<u8 const> view(std::vector<u64> const& file)
{
    return {reinterpret_cast<u8 const*>(file.data()), file.size() * 8};
}

/// What the reader says of the sound system after a change.
Fault after(std::function<void(SoundSystem&)> const& change)
{
    SoundSystem system;
    change(system);
    auto const file = system.bytes();
    return Reader::open(view(file)).error();
}

} // namespace

TEST_CASE("a sound description is offered as it was written", "[composition]")
{
    SoundSystem const sound;
    auto const file = sound.bytes();
    auto const opened = Reader::open(view(file));
    REQUIRE(opened);
    Reader const& system = *opened;
    CHECK(system.profile() == "test");
    CHECK(system.programs().size() == 5);
    CHECK(system.find("disk") == 4);
    CHECK(system.find("dis") == no_index);
    Program const& disk = system.program(4);
    CHECK(system.grants(disk).size() == 6);
    CHECK(text(system.grants(disk)[2].name) == "log.signal");
    CHECK(system.grants(disk)[2].peer + 0 == 3);
    CHECK(system.needs(disk)[0].last + 0 == 0x3ff);
    CHECK(system.quiesces(disk)[1].mask == 0xff);
    CHECK(system.objects()[1].contiguous == 1);
    CHECK(system.manifest(disk) == sound.words);
    CHECK(system.grants(system.program(0)).empty());
}

TEST_CASE("the file must be whole, aligned and of this version", "[composition]")
{
    auto file = SoundSystem{}.bytes();
    auto const whole = view(file);
    for (usize size = 0; size < whole.size(); ++size)
        REQUIRE_FALSE(Reader::open(whole.first(size)));
    CHECK(Reader::open(whole.subspan(4)).error() == Fault::truncated);
    CHECK(after([](auto& it) { it.header.magic ^= 1; }) == Fault::bad_magic);
    CHECK(after([](auto& it) { ++it.header.version; }) == Fault::bad_version);
    file.push_back(0);
    CHECK(Reader::open(view(file)).error() == Fault::bad_size);
}

TEST_CASE("there are at most max_programs", "[composition]")
{
    auto const grown = [](usize count) {
        return after([&](SoundSystem& it) {
            while (it.programs.size() < count) {
                it.programs.push_back(it.programs[0]);
                auto const name = "p" + std::to_string(it.programs.size());
                SoundSystem::name(it.programs.back().name, name.c_str());
            }
        });
    };
    CHECK(grown(max_programs) == Fault::ok);
    CHECK(grown(max_programs + 1) == Fault::too_many);
}

TEST_CASE("names are there, end, and are not there twice", "[composition]")
{
    auto const fill = [](auto& name) { std::memset(name, 'x', sizeof name); };
    CHECK(after([&](auto& it) { fill(it.programs[1].name); }) == Fault::bad_text);
    CHECK(after([&](auto& it) { fill(it.programs[1].file); }) == Fault::bad_text);
    CHECK(after([&](auto& it) { fill(it.grants[0].name); }) == Fault::bad_text);
    CHECK(after([&](auto& it) { fill(it.needs[0].name); }) == Fault::bad_text);
    CHECK(after([&](auto& it) { fill(it.objects[0].name); }) == Fault::bad_text);
    CHECK(after([&](auto& it) { fill(it.header.profile); }) == Fault::bad_text);
    CHECK(after([&](auto& it) { fill(it.programs[4].match.id); }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.programs[4].name[0] = 0; }) == Fault::bad_text);
    CHECK(after([](auto& it) { SoundSystem::name(it.programs[4].name, "root"); }) ==
          Fault::bad_text);
}

TEST_CASE("every reference leads somewhere", "[composition]")
{
    CHECK(after([](auto& it) { it.header.supervisor = 5; }) == Fault::bad_index);
    CHECK(after([](auto& it) { it.header.root = no_index; }) == Fault::bad_index);
    CHECK(after([](auto& it) { it.grants[2].peer = 5; }) == Fault::bad_index);
    CHECK(after([](auto& it) { it.grants[4].object = 2; }) == Fault::bad_index);
    for (u32 const wrong : {7u, 0xffff'ffffu}) {
        CHECK(after([&](auto& it) { it.programs[4].first_grant = wrong; }) == Fault::bad_index);
        CHECK(after([&](auto& it) { it.programs[4].grant_count = wrong; }) == Fault::bad_index);
        CHECK(after([&](auto& it) { it.programs[4].first_need = wrong; }) == Fault::bad_index);
        CHECK(after([&](auto& it) { it.programs[4].need_count = wrong; }) == Fault::bad_index);
        CHECK(after([&](auto& it) { it.programs[4].first_quiesce = wrong; }) == Fault::bad_index);
        CHECK(after([&](auto& it) { it.programs[4].manifest = 100 + wrong / 2; }) ==
              Fault::bad_index);
    }
}

TEST_CASE("numbers are within what they mean", "[composition]")
{
    CHECK(after([](auto& it) { it.programs[4].kind = Kind{3}; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.programs[4].restart = Restart{3}; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.programs[4].match.bus = Bus{3}; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.programs[4].cnode_bits = 21; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.programs[4].objects_bits = 31; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.programs[4].objects_bits = 11; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.programs[4].budget_us = 19; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.programs[4].period_us = 9999; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.programs[4].reply_count = 2; }) == Fault::bad_value);
    auto const with_replies = [](u8 count) {
        return after([=](auto& it) {
            for (u32 n = 1; n < count; ++n) {
                it.grants.push_back(it.grant("reply", GrantKind::reply, 10 + n));
                ++it.programs[4].grant_count;
            }
            it.programs[4].reply_count = count;
        });
    };
    CHECK(with_replies(8) == Fault::ok);
    CHECK(with_replies(9) == Fault::bad_value);
    CHECK(after([](auto& it) { it.grants[0].kind = GrantKind::monitor; }) == Fault::bad_value);
    CHECK(after([](auto& it) {
              it.grants[0].kind = GrantKind::monitor;
              it.programs[4].flags = flag_monitor;
          }) == Fault::ok);
    CHECK(after([](auto& it) {
              it.grants[0].kind = GrantKind::monitor;
              it.programs[4].flags = flag_uploader;
          }) == Fault::ok);
    CHECK(after([](auto& it) {
              it.grants[0].kind = GrantKind::monitor;
              it.programs[4].flags = flag_observer;
          }) == Fault::ok);
    CHECK(after([](auto& it) {
              it.grants[0].kind = GrantKind::monitor;
              it.programs[4].flags = flag_loader;
          }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.grants[0].kind = GrantKind{0}; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.grants[0].kind = GrantKind{15}; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.grants[4].bytes = 0x1000; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.objects[0].pages = 0; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.objects[1].contiguous = 0; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.needs[0].kind = NeedKind{0}; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.needs[0].kind = NeedKind{9}; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.needs[0].last = 0x1'0000; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.needs[0].first = 0x400; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.needs[1].index = 6; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.needs[2].address_bits = 23; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.quiesces[0].kind = QuiesceKind{7}; }) == Fault::bad_value);
    CHECK(after([](auto& it) { it.quiesces[0].bar = 6; }) == Fault::bad_value);
}

TEST_CASE("no two capabilities of a program are in one slot", "[composition]")
{
    CHECK(after([](auto& it) { it.grants[1].slot = 1; }) == Fault::slot_taken);
    CHECK(after([](auto& it) { it.needs[0].slot = 1; }) == Fault::slot_taken);
    CHECK(after([](auto& it) { it.grants[1].slot = 0; }) == Fault::slot_taken);
    CHECK(after([](auto& it) { it.grants[1].slot = 64; }) == Fault::slot_taken);
    CHECK(after([](auto& it) { it.grants[1].slot = 63; }) == Fault::ok);
}

TEST_CASE("memory lies in its area and over nothing else", "[composition]")
{
    CHECK(after([](auto& it) { it.grants[4].address = 0x1fff'f000; }) == Fault::bad_address);
    CHECK(after([](auto& it) { it.grants[4].address = 0x7fff'f000; }) == Fault::bad_address);
    CHECK(after([](auto& it) { it.grants[4].address += 8; }) == Fault::bad_address);
    CHECK(after([](auto& it) { it.grants[5].address = 0x2000'1000; }) == Fault::bad_address);
    CHECK(after([](auto& it) { it.grants[5].address = 0x2000'2000; }) == Fault::ok);
    CHECK(after([](auto& it) { it.needs[1].address = 0x2000'0000; }) == Fault::bad_address);
    CHECK(after([](auto& it) { it.needs[2].first = 0; }) == Fault::bad_address);
    CHECK(after([](auto& it) { it.needs[2].address = 0x2'ffff'f000; }) == Fault::bad_address);
    CHECK(after([](auto& it) { it.needs[2].address = 0x1'0000'0000; }) == Fault::bad_address);
}
