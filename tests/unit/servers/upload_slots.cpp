// Which program the upload server puts into which slot, and what the supervisor answers to that.
#include "upload_rig.hpp"

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

using namespace upload_test;

namespace {

u32 put(World& world, std::string const& name, u8 mark = 0)
{
    Upload it{world.turn_on(), name};
    it.program = program_bytes(mark);
    return status_of(world.exchange(it.text()));
}

} // namespace

TEST_CASE("each program has a slot of its own, until there is none", "[upload]")
{
    World world;
    CHECK(put(world, "one", 1) == 201);
    CHECK(put(world, "two", 2) == 201);
    CHECK(world.system.shared(0).file[world.system.shared(0).bytes - 1] == 1);
    CHECK(world.system.shared(1).file[world.system.shared(1).bytes - 1] == 2);
    Upload third{world.turn_on(), "three"};
    auto const asked = world.system.asked.size();
    CHECK(status_of(world.exchange(third.text())) == 503);
    CHECK(world.system.asked.size() == asked);
    CHECK(world.life->desk.stop("one"));
    CHECK(world.life->desk.stop("one").error() == Error::not_found);
    CHECK(status_of(world.exchange(third.text())) == 201); // its token was still good
    CHECK(world.system.state(0) == State::running);
    CHECK(world.life->desk.stop("").error() == Error::not_found);
}

TEST_CASE("the same name again replaces the program, which is ended first", "[upload]")
{
    World world;
    CHECK(put(world, "one", 1) == 201);
    CHECK(put(world, "two", 2) == 201);
    world.system.asked.clear();
    Upload it{world.turn_on(), "two"};
    it.program = program_bytes(3).substr(0, 0x2080); // no longer than the one before
    CHECK(status_of(world.exchange(it.text())) == 201);
    REQUIRE(world.system.asked.size() == 2);
    CHECK_FALSE(world.system.asked[0].start);
    CHECK(world.system.asked[0].program == System::program_of(1));
    CHECK(world.system.asked[1].start);
    CHECK(world.system.shared(1).file[it.program.size() - 1] == 3);
}

TEST_CASE("nothing of a longer predecessor is left in the slot's memory", "[upload]")
{
    World world;
    Upload longer{world.turn_on(), "one"};
    longer.program += std::string(10'000, 'x');
    CHECK(status_of(world.exchange(longer.text())) == 201);
    CHECK(put(world, "one") == 201);
    auto const& shared = world.system.shared(0);
    CHECK(std::all_of(shared.file + shared.bytes, std::end(shared.file),
                      [](u8 byte) { return byte == 0; }));
}

TEST_CASE("a slot is taken in every state but absent", "[upload]")
{
    World world;
    CHECK(put(world, "one") == 201);
    CHECK(put(world, "two") == 201);
    auto const state = GENERATE(State::starting, State::running, State::restarting);
    world.system.set_slot(0, state);
    CHECK(put(world, "three") == 503);
    world.system.set_slot(0, State::absent); // it ended for good by itself
    CHECK(put(world, "three") == 201);
    CHECK(world.life->desk.stop("one").error() == Error::not_found);
    CHECK(world.life->desk.stop("three"));
}

TEST_CASE("what the supervisor does not start is stopped, and the client is told", "[upload]")
{
    World world;
    world.system.start_error = GENERATE(Error::busy, Error::no_memory, Error::missing_rights);
    CHECK(put(world, "one") == 500);
    REQUIRE(world.system.asked.size() == 3);
    CHECK(world.system.asked[1].start);
    CHECK_FALSE(world.system.asked[2].start); // no later attempt that nobody expects
    CHECK_FALSE(world.life->desk.is_on());
    CHECK(world.line(0).status == 500);
    world.system.start_error = Error::ok;
    CHECK(put(world, "two") == 201); // its slot is free
    CHECK(world.system.state(0) == State::running);
}

TEST_CASE("names in memory that a fault has spoilt harm nobody", "[upload]")
{
    World world;
    std::memset(world.system.kept.get(), 0xff, sizeof *world.system.kept);
    world.restart();
    CHECK_FALSE(world.life->desk.line(0));
    CHECK(put(world, "one") == 201);
    CHECK(world.life->desk.line(0));
    std::memset(world.system.kept->slot_name, 'a', sizeof world.system.kept->slot_name);
    world.restart();
    CHECK(put(world, "two") == 201); // into the second: the first runs
    CHECK(world.system.state(1) == State::running);
    CHECK(std::string{world.line(1).name} == "one");
}
