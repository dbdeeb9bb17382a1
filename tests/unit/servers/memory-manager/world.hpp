// memory-manager on a fake kernel: calls go through rpc::dispatch as from the endpoint, programs
// touch their memory and their faults are served.
#pragma once

#include "memory_machine.hpp"
#include "servers/memory-manager/service.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <random>

namespace {

using namespace memory_manager;

constexpr u64 mib = 1 << 20, page = 4096;
constexpr u64 read_write = memory::access_read | memory::access_write;

struct World {
    fake::Machine machine;
    std::unique_ptr<Manager> manager = std::make_unique<Manager>();
    Service service{*manager};
    u64 given = 0; ///< address of the capability that came with the last answer, 0: none

    explicit World(std::vector<std::pair<u64, u32>> ram = {{16 * mib, 24}, {32 * mib, 25}},
                   u64 archive_pages = 64)
        : machine{std::move(ram), archive_pages}
    {
        for (u64 i = 0; i < archive_pages; ++i)
            for (u64 at = 0; at < page; ++at)
                machine.archive_page(i)[at] = static_cast<u8>(i * 7 + at * 13 + 1);
        auto const begun = manager->begin(machine.handed_over());
        REQUIRE(begun);
    }

    template <class C>
    Result<typename C::Reply> call(u64 badge, typename C::Args const& args, bool with_frame = false)
    {
        struct Channel {
            World& world;
            u64 badge;
            bool with_frame;
            void call(rpc::Message& m)
            {
                world.service.begin(with_frame);
                world.service.serve({badge}, m);
                world.given = world.service.end();
            }
        };
        return rpc::call<memory::Memory, C>(Channel{*this, badge, with_frame}, args);
    }
    template <class C>
    typename C::Reply must(typename C::Args const& args, u64 badge = memory::manager)
    {
        auto const answer = call<C>(badge, args);
        INFO("error " << static_cast<int>(answer.error()));
        REQUIRE(answer);
        return *answer;
    }
    u64 new_space(u64 quota = 1000, bool resident = false)
    {
        return must<memory::CreateSpace>({quota, resident}).space;
    }
    std::shared_ptr<fake::Space> pages_of_space(u64 space)
    {
        return machine.space(manager->mapper.vspace(*manager->spaces.find(space)).address());
    }
    /// Touches as a program does: null when the fault could not be served, `reason` says why.
    u8* touch(u64 space, u64 address, bool write)
    {
        auto const pages = pages_of_space(space);
        if (u8* const there = machine.touch(*pages, address, write)) return there;
        reason = manager->on_page_fault(*manager->spaces.find(space), address, write ? 2 : 0);
        if (reason != 0) return nullptr;
        u8* const there = machine.touch(*pages, address, write);
        REQUIRE(there != nullptr);
        return there;
    }
    u64 reason = 0;
    /// What the supervisor's clock does, until there is no more. The steps that took.
    u32 sweep()
    {
        u32 steps = 1;
        while (must<memory::Sweep>({}).more != 0) ++steps;
        return steps;
    }
    u64 free_pages() { return must<memory::MachineStatistics>({}).free; }
};

} // namespace
