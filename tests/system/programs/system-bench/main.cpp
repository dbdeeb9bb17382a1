// Measures operations of the system in TSC ticks, which are instructions with --icount, and tells
// tests/bench/system.py. restarts.cpp: drivers that are killed. scrolls.cpp: the screen.
#include "bench.hpp"
#include "protocol/entropy.hpp"
#include "protocol/memory.hpp"
#include "protocol/monitor.hpp"
#include "protocol/trial.hpp"
#include <cstring>

namespace {

constexpr u64 page = 4096;
constexpr usize pages = 255; // less than what is mapped as one large page

class Bench {
    program::Program const& self_;
    test::SerialLine& line_;
    program::Use monitor_ = self_.use("monitor"), entropy_ = self_.use("entropy");

public:
    Bench(program::Program const& self, test::SerialLine& line) : self_{self}, line_{line} {}

    /// Demand-zero faults: first of frames that nobody had, then of those same ones twice again.
    void faults()
    {
        touch("fault_fresh");
        touch("fault_reused_first");
        touch("fault_reused");
    }

    /// How long memory-manager serves nobody else when 500 pages go at once.
    void frees()
    {
        constexpr usize many = 500;
        rpc::Channel const memory{self_.memory()};
        u64 rounds[8] = {};
        for (u64& it : rounds) {
            auto const heap = rpc::call<memory::Memory, memory::Allocate>(memory, {many * page});
            if (!heap) return line_.print("bench: no memory");
            for (usize i = 0; i < many; ++i)
                *reinterpret_cast<u64 volatile*>((*heap).address + i * page) = 1;
            u64 const before = bench::now();
            (void)rpc::call<memory::Memory, memory::Free>(memory, {(*heap).address});
            it = bench::now() - before;
        }
        bench::report(line_, "free_500", rounds);
    }

    /// From the request to a program's first line.
    void spawns()
    {
        monitor::Find::Args who{};
        std::memcpy(who.name, "caller", 6);
        auto const found = ask<monitor::Find>(who);
        u64 rounds[12] = {};
        for (u64& it : rounds) {
            u64 const before = bench::now();
            (void)ask<monitor::Start>({(*found).program, trial::stamp});
            auto const record = ask<monitor::CrashRecord>({(*found).program, 0});
            it = ((*record).word[5] - before) & 0x7fff'ffff; // its status: the stamp
        }
        bench::report(line_, "spawn", std::span{rounds}.subspan(1)); // the first checks the file
    }

    /// A Call of a server by its stubs, there and back.
    void calls()
    {
        u64 rounds[100] = {};
        for (u64& it : rounds) {
            u64 const before = bench::now();
            (void)program::call<entropy::Entropy, entropy::Get>(self_, entropy_, {8});
            it = bench::now() - before;
        }
        bench::report(line_, "entropy_get", rounds);
    }

private:
    template <class C> Result<typename C::Reply> ask(typename C::Args const& args)
    {
        return program::call<monitor::Monitor, C>(self_, monitor_, args);
    }
    void touch(char const* name)
    {
        rpc::Channel const memory{self_.memory()};
        auto const heap = rpc::call<memory::Memory, memory::Allocate>(memory, {(pages + 1) * page});
        if (!heap) return line_.print("bench: no memory");
        u64 rounds[pages] = {};
        for (usize i = 0; i <= pages; ++i) {
            auto* const word = reinterpret_cast<u64 volatile*>((*heap).address + i * page);
            u64 const before = bench::now();
            *word = 1;
            u64 const ticks = bench::now() - before;
            if (i > 0) rounds[i - 1] = ticks; // the first page brings its page table
        }
        bench::report(line_, name, rounds);
        (void)rpc::call<memory::Memory, memory::Free>(memory, {(*heap).address});
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    self.ready();
    static test::SerialLine line{self};
    static Bench bench{self, line};
    bench.faults();
    bench.spawns();
    bench.calls();
    bench.frees();
    bench::scrolls(self, line);
    bench::restarts(self, line);
    line.print("bench: done");
    for (;;) self.wake().wait();
}
