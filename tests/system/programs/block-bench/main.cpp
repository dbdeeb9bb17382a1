// Sequential reads of a disk, by size and number at a time, in ticks of the TSC for each request:
// with --icount these are instructions. Speaks to people by the kernel's debug calls.
#include "block/client.hpp"
#include "kit/text.hpp"
#include "program/program.hpp"
#include "sys/debug.hpp"

namespace {

template <class... Parts> void print(Parts const&... parts)
{
    kit::Text<200> line;
    line.add(parts..., "\n");
    for (char const c : line.view()) sys::debug::put(c);
}

class Bench {
    program::Program const& self_;
    program::Use use_ = self_.use("block");
    block::Client disk_{use_};

public:
    explicit Bench(program::Program const& self) : self_{self}
    {
        for (block::Outcome none{}; !disk_.online();)
            if (!disk_.next(none)) wait();
    }

    /// Reads `total` bytes from the start of the disk, `depth` requests at a time.
    void read(u32 bytes, u32 depth, u64 total)
    {
        u64 const requests = total / bytes;
        u64 begun = 0, ended = 0;
        mark();
        u64 const before = __builtin_ia32_rdtsc();
        while (ended < requests) {
            while (begun < requests && begun - ended < depth) {
                u64 const place = begun % depth * bytes;
                (void)disk_.submit(block::Operation::read, begun * (bytes / 512), place, bytes,
                                   begun);
                ++begun;
            }
            bool any = false;
            for (block::Outcome outcome{}; disk_.next(outcome); any = true, ++ended)
                if (outcome.status != block::Status::ok) return print("# an error");
            if (!any) wait();
        }
        u64 const ticks = __builtin_ia32_rdtsc() - before;
        mark();
        print("# block: ", bytes / 1024, " KiB, ", depth, " at a time: ", ticks / requests,
              " ticks a request");
    }

private:
    /// A moment that a counting emulator notes (tests/bench/peer/count.c).
    static void mark() { asm volatile("xchg %bx, %bx"); }
    void wait()
    {
        disk_.wake_driver();
        if (disk_.sleep()) self_.wake().wait();
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Bench bench{self};
    self.ready();
    for (int round = 0; round < 2; ++round) {
        bench.read(4096, 1, 4 << 20);
        bench.read(128 << 10, 1, 8 << 20);
        bench.read(1 << 20, 1, 16 << 20);
        bench.read(4096, 16, 4 << 20);
    }
    sys::debug::halt();
    return 0;
}
