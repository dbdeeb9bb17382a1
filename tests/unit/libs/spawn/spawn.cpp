// Rules of spawn::Maker, over a kernel and a memory-manager that answer as the test says: a program
// gets what its grants name and nothing else; after a failure at any step nothing of it is left; a
// successor is made of the same untyped.
#include "spawn/spawn.hpp"

#include "../composition/sound_system.hpp"
#include "protocol/device.hpp"
#include "protocol/memory.hpp"
#include "rpc/rpc.hpp"
#include <catch2/catch.hpp>
#include <map>

extern "C" {
__thread seL4_IPCBuffer_* __sel4_ipc_buffer;
}

using namespace spawn;
using abi::Label;
using composition::GrantKind;
using memory::Memory;
using sys::fake_kernel;

namespace {

constexpr u64 own_cnode = 2, memory_manager = 30, scratch = 40, first_slot = 100;
abi::IpcBuffer buffer;

/// A system call as a test looks at it.
struct Call {
    u64 object, label;
    std::vector<u64> words;
};

class World {
public:
    composition::SoundSystem description;
    std::vector<u64> file;
    std::vector<Call> calls;
    usize fail_at = ~usize{0};    ///< which call from now on is refused
    u64 spaces = 0, untypeds = 0; ///< that the memory-manager has given and not got back

    World()
    {
        __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(&buffer);
        fake_kernel = {};
        fake_kernel.answer = [this](sys::FakeCall const& call, sys::Registers& io) {
            answer(call, io);
        };
    }
    composition::Reader open()
    {
        file = description.bytes();
        auto const system =
            composition::Reader::open({reinterpret_cast<u8 const*>(file.data()), file.size() * 8});
        REQUIRE(system);
        return *system;
    }
    /// Words of all calls of `label` to `object`.
    std::vector<std::vector<u64>> find(u64 object, u64 label) const
    {
        std::vector<std::vector<u64>> found;
        for (Call const& it : calls)
            if (it.object == object && it.label == label) found.push_back(it.words);
        return found;
    }
    std::vector<std::vector<u64>> find(u64 object, Label label) const
    {
        return find(object, static_cast<u64>(label));
    }

private:
    void answer(sys::FakeCall const& call, sys::Registers& io)
    {
        if (call.number == abi::Syscall::debug_name_thread) return; // cannot be refused
        abi::MessageInfo const info{call.in.info};
        Call seen{call.in.cap_or_badge, info.label(), {}};
        for (u64 i = 0; i < info.length(); ++i)
            seen.words.push_back(i < 4 ? call.in.mr[i] : buffer.msg[i]);
        bool const refuse = calls.size() == fail_at;
        calls.push_back(seen);
        if (seen.object != memory_manager) {
            io.info = abi::MessageInfo(refuse ? 1 : 0, 0, 0, 0).word();
        } else if (refuse) {
            io.info = abi::MessageInfo(static_cast<u64>(Error::no_memory), 0, 0, 0).word();
        } else {
            serve(seen, io);
        }
    }
    void serve(Call const& seen, sys::Registers& io)
    {
        u64 words = 0, caps = 0;
        if (seen.label == Memory::label<memory::CreateSpace>()) {
            ++spaces, words = 1, caps = 1, io.mr[0] = 77;
        } else if (seen.label == Memory::label<memory::TakeUntyped>()) {
            ++untypeds, words = 2, caps = 1, io.mr[0] = 5, io.mr[1] = 0x10'0000;
        } else if (seen.label == Memory::label<memory::TakeFrame>()) {
            words = 1, caps = 1, io.mr[0] = 12;
        } else if (seen.label == Memory::label<memory::DestroySpace>()) {
            --spaces;
        } else if (seen.label == Memory::label<memory::ReturnUntyped>()) {
            --untypeds;
        }
        io.info = abi::MessageInfo(0, 0, caps, words).word();
    }
};

Image image()
{
    Image it;
    it.entry = 0x40'1000;
    it.count = 2;
    it.segment[0] = {0x40'1000, 0x1000, 0x2000, 0x100, 5};
    it.segment[1] = {0x40'3000, 0x4000, 0, 0, 3};
    return it;
}

constexpr Peer peers[] = {{50, 51}, {52, 53}, {54, 55}, {56, 57}, {58, 59}};
constexpr SharedMemory objects[] = {{6, 0}, {7, 0x12'3000}};
constexpr u32 disk = 4;
Authority const own{sys::CNode{own_cnode}, sys::Tcb{1}, sys::SchedControl{16},
                    sys::Endpoint{memory_manager}, scratch};

} // namespace

TEST_CASE("a program gets its grants, each with the right to do just that", "[spawn]")
{
    World world;
    auto const give = [&](char const* name, GrantKind kind, u32 slot, u64 value = 0) {
        world.description.grants.push_back(world.description.grant(name, kind, slot));
        world.description.grants.back().value = value;
        ++world.description.programs[disk].grant_count;
    };
    give("memory", GrantKind::memory, 8);
    give("device", GrantKind::device, 9);
    give("monitor.call", GrantKind::monitor, 10);
    give("irq.signal", GrantKind::own_signal, 11, 0x80);
    give("disk.0.pool", GrantKind::pool_dma, 0);
    world.description.programs[disk].flags |= composition::flag_monitor;
    world.description.grants.back().object = 1;
    world.description.grants.back().bytes = 0x1000;
    auto const system = world.open();
    Maker maker{own, system, peers, objects};
    Process process{first_slot};
    REQUIRE(maker.make(process, disk, image()));
    CHECK(process.space() == 77);

    u64 const cnode = process.cnode().address();
    constexpr u64 read = 2, write = 1, call = 1 | 8;
    // slot, its depth, from, its depth, rights, badge
    auto const minted = world.find(cnode, Label::cnode_mint);
    CHECK(minted == std::vector<std::vector<u64>>{{3, 6, 57, 64, write, 0},
                                                  {8, 6, 52, 64, call, 77 | memory::monitor_bit},
                                                  {9, 6, 54, 64, call, disk},
                                                  {10, 6, 56, 64, call, disk},
                                                  {11, 6, 59, 64, write, 0x80}});
    auto const copied = world.find(cnode, Label::cnode_copy);
    CHECK(copied == std::vector<std::vector<u64>>{{1, 6, 58, 64, read},
                                                  {2, 6, process.reply(0).address(), 64, 15}});
    // space, object, address, access
    auto const mapped = world.find(memory_manager, Memory::label<memory::MapObject>());
    CHECK(mapped ==
          std::vector<std::vector<u64>>{{77, 6, 0x2000'0000, 3}, {77, 7, 0x2000'3000, 3}});
    auto const& arguments = maker.arguments();
    CHECK(arguments.value("endpoint") == 1);
    CHECK(arguments.value("block.shared") == 0x2000'0000);
    CHECK(arguments.value("block.shared.size") == 0x2000);
    CHECK(arguments.value("disk.0.pool") == 0x12'3000);
    CHECK(arguments.value("disk.0.pool.size") == 0x1000);

    // Faults go to the memory-manager with the space's number; no priority may be raised.
    auto const faults = world.find(own_cnode, Label::cnode_mint);
    CHECK(faults ==
          std::vector<std::vector<u64>>{{scratch, 64, 52, 64, call, memory::fault_bit | 77}});
    auto const params = world.find(process.tcb().address(), Label::tcb_set_sched_params);
    REQUIRE(params.size() == 1);
    CHECK(params[0][0] == 0);
    // It does not run before start().
    CHECK(world.find(process.tcb().address(), Label::tcb_resume).empty());
    REQUIRE(maker.start(process));
    CHECK(world.find(process.tcb().address(), Label::tcb_resume).size() == 1);
}

TEST_CASE("a slot's program gets the uses that were named, and nothing of the others", "[spawn]")
{
    World world;
    world.description.grants.push_back(world.description.grant("block.peer", GrantKind::number, 0));
    world.description.grants.push_back(world.description.grant("log.peer", GrantKind::number, 0));
    world.description.grants.push_back(world.description.grant("memory", GrantKind::memory, 8));
    world.description.programs[disk].grant_count += 3;
    world.description.programs[disk].flags |= composition::flag_loader;
    auto const system = world.open();
    Maker maker{own, system, peers, objects};
    Process process{first_slot};
    Uses uses;
    REQUIRE(uses.add("block"));
    CHECK_FALSE(uses.add(""));
    CHECK_FALSE(uses.add("ninechars"));
    for (int round = 0; round < 2; ++round) { // its successor too
        world.calls.clear();
        REQUIRE(maker.make(process, disk, image(), &uses));
        // Only the memory-manager, as a loader: no signal to the log server.
        CHECK(world.find(process.cnode().address(), Label::cnode_mint) ==
              std::vector<std::vector<u64>>{{8, 6, 52, 64, 1 | 8, 77 | memory::loader_bit}});
        CHECK(world.find(memory_manager, Memory::label<memory::MapObject>()).size() == 2);
        CHECK(maker.arguments().value("block.shared") == 0x2000'0000);
        CHECK(maker.arguments().value("log.signal", 99) == 99);
        CHECK(maker.arguments().value("log.peer", 99) == 99);
        CHECK(maker.arguments().value("endpoint") == 1);
        maker.end(process);
    }
    // With none, what the program shares is not even mapped.
    world.calls.clear();
    Uses const none;
    REQUIRE(maker.make(process, disk, image(), &none));
    CHECK(world.find(memory_manager, Memory::label<memory::MapObject>()).empty());
    CHECK(maker.arguments().value("block.shared", 99) == 99);
    CHECK(maker.arguments().value("block.shared.size", 99) == 99);
    // All, when nobody says which.
    maker.end(process);
    world.calls.clear();
    REQUIRE(maker.make(process, disk, image()));
    CHECK(maker.arguments().value("log.peer", 99) == 0);
}

TEST_CASE("the trusted base Calls as managers do, and its faults are root's", "[spawn]")
{
    World world;
    auto& grants = world.description.grants;
    composition::Program& supervisor = world.description.programs[3];
    supervisor.first_grant = static_cast<u32>(grants.size());
    supervisor.grant_count = 2;
    grants.push_back(world.description.grant("memory", GrantKind::memory, 1));
    grants.push_back(world.description.grant("device.call", GrantKind::device, 2));
    auto const system = world.open();
    Maker maker{own, system, peers, {}};
    Process process{first_slot};
    REQUIRE(maker.make(process, 3, image()));
    constexpr u64 call_and_give = 1 | 4 | 8;
    CHECK(world.find(process.cnode().address(), Label::cnode_mint) ==
          std::vector<std::vector<u64>>{{1, 6, 52, 64, call_and_give, memory::manager},
                                        {2, 6, 54, 64, call_and_give, device::manager}});
    CHECK(world.find(own_cnode, Label::cnode_mint) ==
          std::vector<std::vector<u64>>{{scratch, 64, 50, 64, 1 | 8, memory::fault_bit | 3}});
}

TEST_CASE("after a failure at any step nothing is left but the untyped", "[spawn]")
{
    usize steps = 0;
    for (usize fail_at = 0;; ++fail_at) {
        World world;
        auto const system = world.open();
        Maker maker{own, system, peers, objects};
        Process process{first_slot};
        world.fail_at = fail_at;
        bool const made = maker.make(process, disk, image()) && maker.start(process);
        if (made && world.calls.size() <= fail_at) break; // every step was refused once
        steps = fail_at;
        INFO("refused call " << fail_at);
        CHECK_FALSE(made);
        CHECK_FALSE(process.exists());
        CHECK(world.spaces == 0);
        if (world.untypeds > 0) {
            auto const revoked = world.find(own_cnode, Label::cnode_revoke);
            REQUIRE(revoked.size() == 1);
            CHECK(revoked[0] == std::vector<u64>{first_slot, 64});
        }
        // It can be made then, of the untyped that is there.
        world.fail_at = ~usize{0};
        CHECK(maker.make(process, disk, image()));
        CHECK(world.untypeds == 1);
        maker.end(process);
        maker.release(process);
        CHECK(world.spaces == 0);
        CHECK(world.untypeds == 0);
    }
    CHECK(steps > 20);
}
