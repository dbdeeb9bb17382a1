// Uses memory as programs do and notices every wrong word: fresh pages are zero, more than the
// quota is refused, and twice as much as the machine has keeps its contents (with a swap disk).
// Without one it ends by a fault, since at last it uses more than its quota in two parts, each of
// which fits. swap.py says what has to be in its log. Logs also what a page costs the first time it
// is touched, in ticks of the TSC.
#include "protocol/memory.hpp"
#include "tests/system/programs/test_program.hpp"

namespace {

constexpr u64 page = 4096, mib = 1 << 20;
constexpr u64 with_swap = 256 * mib, without_swap = 16 * mib;
/// Of the pages, how many are written in the second round.
constexpr u64 one_in = 8;

u64 ticks()
{
    u32 low = 0, high = 0;
    asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
    return u64{high} << 32 | low;
}

class Test : test_program::Base {
    rpc::Channel memory_{self_.memory()};

public:
    explicit Test(program::Program const& self) : Base{self} {}

    int run()
    {
        measure();
        if (rpc::call<memory::Memory, memory::Allocate>(memory_, {u64{1} << 46}))
            fail("more than any quota was given");
        if (rpc::call<memory::Memory, memory::CreateSpace>(memory_, {1, 0}))
            fail("a space was made for a program");
        bool const swaps = may_have(with_swap);
        keep(swaps ? with_swap : without_swap);
        auto const used = statistics();
        log_.info("passed: {} MiB, {} faults, {} evictions, {} pages back",
                  (swaps ? with_swap : without_swap) / mib, used.faults, used.evictions,
                  used.swap_ins);
        if (!swaps) exceed(used.quota * page);
        return 0;
    }

private:
    /// What the first touch of a page costs, when its page table is there.
    void measure()
    {
        constexpr u64 pages = 400;
        u64* const at = allocate(pages * page);
        at[0] = 1;
        u64 const start = ticks();
        for (u64 i = 1; i < pages; ++i) {
            if (at[i * 512] != 0) fail("a fresh page is not zero");
            at[i * 512] = i;
        }
        log_.info("a fresh page: {} ticks", (ticks() - start) / (pages - 1));
        auto const freed =
            rpc::call<memory::Memory, memory::Free>(memory_, {reinterpret_cast<u64>(at)});
        if (!freed) fail("memory cannot be freed");
        u64* const again = allocate(pages * page);
        for (u64 i = 0; i < pages; ++i)
            if (again[i * 512] != 0) fail("a page that comes back is not zero");
    }

    /// Writes a word in each page; checks them, and writes some of them anew; checks these.
    void keep(u64 bytes)
    {
        u64* const at = allocate(bytes);
        for (u64 round = 0; round < 3; ++round) {
            for (u64 n = 0; n < bytes / page; n += round < 2 ? 1 : one_in) {
                u64& word = at[n * (page / sizeof(u64)) + n % 500];
                if (word != (round == 0 ? 0 : value(n, round - 1)))
                    fail("a word is not what was written");
                if (round == 0 || (round == 1 && n % one_in == 0)) word = value(n, round);
            }
            log_.info("round {} done, {} pages on the disk", round, statistics().swapped);
        }
    }
    /// Does not come back.
    void exceed(u64 quota)
    {
        if (may_have(quota + page)) fail("more than the quota was given");
        log_.info("now more than the quota");
        for (int part = 0; part < 2; ++part) {
            u64* const at = allocate(quota * 2 / 3);
            for (u64 n = 0; n < quota * 2 / 3; n += page) at[n / sizeof(u64)] = n;
        }
        fail("more than the quota could be used");
    }
    bool may_have(u64 bytes)
    {
        auto got = rpc::call<memory::Memory, memory::Allocate>(memory_, {bytes});
        return got && rpc::call<memory::Memory, memory::Free>(memory_, {got->address});
    }
    static u64 value(u64 n, u64 round) { return (n + 1) * 0x9e37'79b9'7f4a'7c15 + round; }

    u64* allocate(u64 bytes)
    {
        auto got = rpc::call<memory::Memory, memory::Allocate>(memory_, {bytes});
        if (!got) fail("no memory");
        return reinterpret_cast<u64*>(got->address);
    }
    memory::Statistics::Reply statistics()
    {
        auto got = rpc::call<memory::Memory, memory::Statistics>(memory_, {});
        if (!got) fail("no statistics");
        return *got;
    }
};

} // namespace

int main(void* argument)
{
    return test_program::run<Test>(argument);
}
