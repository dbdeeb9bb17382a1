// The heap of the pool: any order of allocations and frees against a map of who has what.
#include "servers/net/heap.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

using net_server::Heap;

namespace {

struct Pool {
    static constexpr u64 bytes = 1 << 20;
    std::vector<u8> memory = std::vector<u8>(bytes + Heap::page_bytes);
    std::unique_ptr<Heap> heap = std::make_unique<Heap>();
    Pool()
    {
        auto const start = reinterpret_cast<uptr>(memory.data());
        u64 const skip = -start % Heap::page_bytes;
        heap->begin(memory.data() + skip, bytes);
    }
};

} // namespace

TEST_CASE("blocks are inside, aligned and nobody else's, in any order", "[net]")
{
    Pool pool;
    Heap& heap = *pool.heap;
    std::mt19937 random{5};
    struct Block {
        u64 bytes;
        u8 mark;
    };
    std::map<u8*, Block> blocks;
    auto const check = [&](u8* at, Block const& it) {
        for (u64 i = 0; i < it.bytes; ++i)
            if (at[i] != it.mark) return false;
        return true;
    };
    for (u32 step = 0; step < 20'000; ++step) {
        if (random() % 2 == 0 || blocks.empty()) {
            u64 const bytes = random() % 8 == 0 ? random() % 70'000 : random() % 3000;
            auto* const at = static_cast<u8*>(heap.allocate(bytes));
            if (at == nullptr) continue;
            REQUIRE(heap.holds(at, bytes));
            REQUIRE(reinterpret_cast<uptr>(at) % 64 == 0);
            auto const next = blocks.lower_bound(at);
            REQUIRE((next == blocks.end() || at + bytes <= next->first));
            if (next != blocks.begin()) {
                auto const before = std::prev(next);
                REQUIRE(before->first + before->second.bytes <= at);
            }
            u8 const mark = static_cast<u8>(random());
            std::memset(at, mark, bytes);
            blocks[at] = {bytes, mark};
        } else {
            auto it = blocks.begin();
            std::advance(it, random() % blocks.size());
            REQUIRE(check(it->first, it->second));
            heap.free(it->first);
            blocks.erase(it);
        }
    }
    for (auto const& [at, block] : blocks) heap.free(at);
    // Each class may keep one page.
    CHECK(heap.bytes_used() <= 6 * Heap::page_bytes);
}

TEST_CASE("buffers are aligned to their size", "[net]")
{
    Pool pool;
    for (u32 i = 0; i < 100; ++i) {
        auto const small = reinterpret_cast<uptr>(pool.heap->allocate(2048));
        auto const page = reinterpret_cast<uptr>(pool.heap->allocate(4096));
        REQUIRE(small % 2048 == 0);
        REQUIRE(page % 4096 == 0);
    }
}

TEST_CASE("a pool that is used up gives nothing, and everything again after that", "[net]")
{
    for (usize const bytes : {64u, 2048u, 4096u, 65'700u}) {
        Pool pool;
        std::vector<void*> all;
        while (void* const each = pool.heap->allocate(bytes)) all.push_back(each);
        CHECK(all.size() >= Pool::bytes / (bytes + Heap::page_bytes));
        CHECK(pool.heap->allocate(Pool::bytes + 1) == nullptr);
        std::shuffle(all.begin(), all.end(), std::mt19937{9});
        for (void* const each : all) pool.heap->free(each);
        CHECK(pool.heap->bytes_used() <= 6 * Heap::page_bytes);
    }
}
