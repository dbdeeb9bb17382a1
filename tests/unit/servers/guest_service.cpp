// What the supervisor takes of the upload server: slots and nothing else, no more than their
// manifests say, and no change by a request that is refused.
#include "servers/supervisor/guest_service.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

using namespace supervisor;
using composition::Restart;

namespace {

/// In the place of a Lifecycle: program 0 is a server, 1 and 2 are slots.
struct Programs {
    std::unique_ptr<composition::Program[]> definition =
        std::make_unique<composition::Program[]>(3);
    std::unique_ptr<Managed[]> managed = std::make_unique<Managed[]>(3);
    std::vector<u32> started, stopped;
    Error start_error = Error::ok;

    Programs()
    {
        for (u32 i = 0; i < 3; ++i) {
            managed[i].index = i;
            managed[i].definition = &definition[i];
            definition[i].restart = Restart::on_fault;
            definition[i].max_per_minute = 10;
            definition[i].flags = i > 0 ? composition::flag_loader : u16{0};
        }
    }
    Managed* find(u64 index) { return index < 3 ? &managed[index] : nullptr; }
    Result<void> start(Managed& it, u64 parameter)
    {
        CHECK(parameter == 0);
        CHECK(it.described);
        if (start_error != Error::ok) return start_error;
        started.push_back(it.index);
        return {};
    }
    void stop(Managed& it) { stopped.push_back(it.index); }
};

guests::Start::Args args_of(u64 program, std::vector<std::string> const& uses,
                            Restart policy = Restart::on_fault)
{
    guests::Start::Args args{};
    args.program = program;
    args.policy = static_cast<u64>(policy);
    args.count = uses.size();
    for (usize i = 0; i < uses.size() && i < guests::max_uses; ++i)
        std::memcpy(args.uses[i], uses[i].data(), uses[i].size());
    return args;
}

/// Error::ok is the answer of what was done.
template <class Answer> Error error_of(Answer const& answer)
{
    return answer ? Error::ok : answer.error();
}

struct World {
    Programs programs;
    GuestService<Programs> service{programs};
    Error start(guests::Start::Args const& args)
    {
        return error_of(service.on(guests::Start{}, args, {}));
    }
    Error stop(u64 program) { return error_of(service.on(guests::Stop{}, {program}, {})); }
};

} // namespace

TEST_CASE("a slot is started with the uses and the policy that were named", "[guests]")
{
    World world;
    CHECK(world.start(args_of(2, {"upload", "net"}, Restart::never)) == Error::ok);
    CHECK(world.programs.started == std::vector<u32>{2});
    auto& it = world.programs.managed[2];
    CHECK((it.uses.has("upload") && it.uses.has("net") && !it.uses.has("entropy")));
    CHECK_FALSE(it.policy.ended(Reason::fault, 1).again);
    // Another program in the same slot has nothing of the first.
    CHECK(world.start(args_of(2, {"upload", "log"})) == Error::ok);
    CHECK((it.uses.has("log") && !it.uses.has("net")));
    CHECK(it.policy.ended(Reason::fault, 1).again);
}

TEST_CASE("only slots can be started or stopped", "[guests]")
{
    World world;
    CHECK(world.start(args_of(0, {"upload"})) == Error::missing_rights);
    CHECK(world.stop(0) == Error::missing_rights);
    for (u64 const none : {u64{3}, u64{64}, ~u64{0}}) {
        CHECK(world.start(args_of(none, {"upload"})) == Error::not_found);
        CHECK(world.stop(none) == Error::not_found);
    }
    CHECK((world.programs.started.empty() && world.programs.stopped.empty()));
    CHECK(world.stop(1) == Error::ok); // also one that does not run
    CHECK(world.programs.stopped == std::vector<u32>{1});
}

TEST_CASE("a slot that is about to come back is busy", "[guests]")
{
    World world;
    world.programs.managed[1].due = true;
    CHECK(world.start(args_of(1, {"upload"})) == Error::busy);
    CHECK_FALSE(world.programs.managed[1].described);
}

TEST_CASE("what is refused changes nothing", "[guests]")
{
    World world;
    REQUIRE(world.start(args_of(1, {"upload", "net"}, Restart::never)) == Error::ok);
    auto args = args_of(1, {"log"});
    SECTION("a policy that is more lenient than the slot's")
    {
        args.policy = static_cast<u64>(Restart::always);
    }
    SECTION("no policy")
    {
        args.policy = GENERATE(u64{3}, u64{255}, u64{256}, ~u64{0});
    }
    SECTION("too many uses")
    {
        args.count = GENERATE(guests::max_uses + 1, ~u64{0});
    }
    SECTION("a name that is empty")
    {
        args.count = 2;
    }
    SECTION("a name that is too long, or has no end")
    {
        std::memset(args.uses[0], 'x', GENERATE(usize{9}, guests::alias_bytes));
    }
    CHECK(world.start(args) == Error::bad_argument);
    auto& it = world.programs.managed[1];
    CHECK((it.uses.has("upload") && it.uses.has("net") && !it.uses.has("log")));
    CHECK_FALSE(it.policy.ended(Reason::fault, 1).again);
    CHECK(world.programs.started.size() == 1);
}

TEST_CASE("why a slot could not be started is answered", "[guests]")
{
    World world;
    world.programs.start_error = Error::no_memory;
    CHECK(world.start(args_of(1, {"upload"})) == Error::no_memory);
}
