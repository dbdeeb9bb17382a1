// Sequential reads of a disk, one at a time, as tests/bench/peer/linux_init.c reads it under Linux:
// once before it counts, then marks (count.c) around a run of requests. Prints TSC ticks and a sum
// of what it read on the serial line, for tests/bench/system.py.
#include "block/client.hpp"
#include "tests/system/programs/serial_line.hpp"

namespace {

class Bench {
    program::Program const& self_;
    test::SerialLine line_{self_};
    program::Use use_ = self_.use("block");
    block::Client disk_{use_};

public:
    explicit Bench(program::Program const& self) : self_{self}
    {
        for (block::Outcome none{}; !disk_.online();)
            if (!disk_.next(none)) wait();
    }

    void run(u32 bytes, u64 count)
    {
        bool good = read(0, bytes);
        u64 sum = 0;
        u64 const before = __builtin_ia32_rdtsc();
        mark();
        for (u64 i = 0; i < count; ++i) {
            good = read(i * (bytes / 512), bytes) && good;
            sum += *reinterpret_cast<u64 const*>(use_.pool);
        }
        mark();
        u64 const ticks = __builtin_ia32_rdtsc() - before;
        line_.print(good ? "bench: " : "failed: ", bytes, " bytes ", count, " requests ", ticks,
                    " ticks sum ", sum);
    }
    void done() { line_.print("bench: done"); }

private:
    /// A moment that a counting emulator notes.
    static void mark() { asm volatile("xchg %%bx, %%bx" : : : "memory"); }

    bool read(u64 sector, u32 bytes)
    {
        block::Outcome outcome{};
        if (!disk_.submit(block::Operation::read, sector, 0, bytes, 0)) return false;
        disk_.wake_driver();
        while (!disk_.next(outcome)) wait();
        return outcome.status == block::Status::ok;
    }
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
    bench.run(4096, 2048);
    bench.run(128 << 10, 256);
    bench.run(1 << 20, 64);
    bench.done();
    for (;;) self.wake().wait();
}
