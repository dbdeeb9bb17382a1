// A memory-manager with a swap disk, and a thread that waits for its pages, for tests.
#pragma once

#include "world.hpp"

#include "abi/faults.hpp"
#include "program/layout.hpp"
#include "queue/ring.hpp"

#include <deque>
#include <map>

using namespace memory;

namespace {

/// The other end of the rings: a driver that does what it is asked when the test lets it, may die,
/// and the disk behind it.
class Disk {
public:
    std::vector<u8> bytes;
    block::Shared* rings;
    u8* pool;
    queue::Receiver<decltype(block::Shared::requests)> requests;
    queue::Sender<decltype(block::Shared::completions)> completions;
    block::Status answer = block::Status::ok;
    u64 reads = 0, writes = 0;
    std::set<u64> written; ///< sectors

    Disk(u64 pages, u8* shared, u8* data)
        : bytes(pages * page), rings{new (shared) block::Shared{}}, pool{data}
    {
        std::memcpy(bytes.data(), swap_signature, swap_signature_bytes);
        live();
    }
    /// A new driver: it drops what was asked of the old one.
    void live()
    {
        requests = queue::Receiver<decltype(block::Shared::requests)>{&rings->requests};
        completions = queue::Sender<decltype(block::Shared::completions)>{&rings->completions};
        requests.drop_all();
        rings->sectors = bytes.size() / 512;
        ++rings->epoch;
    }
    /// Does at most n requests.
    bool work(int n = 1000)
    {
        bool any = false;
        block::Request it{};
        while (n-- > 0 && requests.pop(it)) {
            if (it.epoch != rings->epoch) continue;
            REQUIRE(it.sector * 512 + it.bytes <= bytes.size());
            bool const write = it.operation == static_cast<u32>(block::Operation::write);
            if (write) REQUIRE(it.sector != 0);
            ++(write ? writes : reads);
            if (write) written.insert(it.sector);
            if (answer == block::Status::ok) {
                if (write)
                    std::memcpy(&bytes[it.sector * 512], pool + it.offset, it.bytes);
                else
                    std::memcpy(pool + it.offset, &bytes[it.sector * 512], it.bytes);
            }
            REQUIRE(completions.push({it.id, static_cast<u32>(answer), rings->epoch}));
            any = true;
        }
        return any;
    }
};

struct SwapWorld : World {
    std::unique_ptr<Disk> disk;
    std::map<u64, u64> waiting; ///< reply object to the space that waits in it

    explicit SwapWorld(u64 disk_pages, bool is_swap_disk = true, u64 pool_pages = 32)
        : World{{{16 * mib, 24}}, 8}
    {
        auto const rings = must<CreateObject>({sizeof(block::Shared), 0, 0});
        auto const pool = must<CreateObject>({pool_pages * page, 1, 64});
        constexpr u64 at = program::layout::shared;
        must<MapObject>({0, rings.object, at, read_write});
        must<MapObject>({0, pool.object, at + mib, read_write});
        disk = std::make_unique<Disk>(disk_pages, reinterpret_cast<u8*>(at),
                                      machine.ram(pool.physical));
        if (!is_swap_disk) disk->bytes[3] ^= 1;
        auto& inbox = *machine.slot(manager->inbox);
        inbox = *machine.slot(machine.handed_over().supervisor_signal);
        inbox.parent = nullptr;
        auto const attached =
            call<AttachSwap>(memory::manager, {at, at + mib, pool_pages * page}, true);
        REQUIRE(attached);
        turn();
    }
    /// The driver works, we are told.
    bool turn(int requests = 1000)
    {
        bool const any = disk->work(requests);
        manager->on_signal();
        return any;
    }
    /// Touches, and waits as a thread does. Null: refused, see reason.
    u8* wait_for(u64 space, u64 address, bool write)
    {
        for (int tries = 0; tries < 100; ++tries) {
            if (u8* const there = touch_once(space, address, write)) return there;
            if (reason != Manager::waits_for_memory) return nullptr;
            u64 const reply = manager->faults.reply();
            manager->keep(*manager->spaces.find(space),
                          {0, abi::MessageInfo(6, 0, 0, 4), {0, address, 0, write ? u64{2} : 0}},
                          reason);
            machine.answered.clear();
            for (int turns = 0; machine.answered.empty(); ++turns) {
                if (manager->faults.oldest(FaultState::told_not)) return reason = 99, nullptr;
                REQUIRE(turns < 200);
                turn();
            }
            CHECK(machine.answered[0] == reply);
        }
        FAIL("a page never stayed");
        return nullptr;
    }
    u8* touch_once(u64 space, u64 address, bool write)
    {
        auto const pages = pages_of_space(space);
        if (u8* const there = machine.touch(*pages, address, write)) return there;
        reason = manager->on_page_fault(*manager->spaces.find(space), address, write ? 2 : 0);
        return reason ? nullptr : machine.touch(*pages, address, write);
    }
};

} // namespace
