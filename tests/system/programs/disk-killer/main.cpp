// Kills the driver of a disk 20 times while block-test writes to it, each time after a random
// number of reads of its own, and measures the time to the first read that the successor serves.
// Then it kills block-test in the middle of a write, tells what that had logged as flushed, and
// stops the machine: tests/system/disk.py looks at the image. Speaks TAP by the kernel's debug
// calls.
#include "block/client.hpp"
#include "composition/description.hpp"
#include "kit/text.hpp"
#include "program/program.hpp"
#include "protocol/monitor.hpp"
#include "sys/debug.hpp"
#include <algorithm>
#include <cstring>

namespace {

using block::Operation;
using program::State;

constexpr u64 sector = 8000; // behind what block-test writes
constexpr u32 kills = 20;
constexpr u64 for_ever = 1'000'000; // generations of block-test

template <class... Parts> void print(Parts const&... parts)
{
    kit::Text<500> line;
    line.add(parts..., "\n");
    for (char const c : line.view()) sys::debug::put(c);
}

class Killer {
    program::Program const& self_;
    program::Use monitor_ = self_.use("monitor"), use_ = self_.use("block");
    block::Client disk_{use_};
    u64 random_ = __builtin_ia32_rdtsc() | 1;
    u64 test_ = 0, count_ = 0;
    u64 recovery_[kills] = {}; ///< microseconds by the TSC

public:
    explicit Killer(program::Program const& self) : self_{self} {}

    void run()
    {
        test_ = find("block-test");
        std::memset(use_.pool, 0x5c, 512);
        check(once(Operation::write) && once(Operation::flush), "a disk is there");
        check(bool{ask<monitor::Start>({test_, for_ever})}, "block-test is started");
        while (!runs(test_)) (void)once(Operation::read);
        bool served = true;
        for (u64& it : recovery_) served = served && kill(it);
        check(served, "a driver that is killed 20 times serves after each");
        check(self_.epoch_of(use_.peer) == kills + 1, "it was another each time");
        report_recovery();
        check(runs(test_), "block-test has found nothing wrong");
        check(bool{ask<monitor::Kill>({test_})}, "block-test is killed while it writes");
        report_test();
        print("1..", count_);
    }

private:
    void check(bool good, char const* what)
    {
        print(good ? "ok " : "not ok ", ++count_, " - ", what);
    }
    template <class C> Result<typename C::Reply> ask(typename C::Args const& args)
    {
        return program::call<monitor::Monitor, C>(self_, monitor_, args);
    }
    u64 find(char const* name)
    {
        monitor::Find::Args args{};
        std::memcpy(args.name, name, std::strlen(name));
        auto const found = ask<monitor::Find>(args);
        return found ? (*found).program : 0;
    }
    bool runs(u64 program) { return self_.state_of(static_cast<u32>(program)) == State::running; }
    u64 random()
    {
        random_ ^= random_ << 13, random_ ^= random_ >> 7, random_ ^= random_ << 17;
        return random_;
    }

    /// One request, to its end; whether it was good.
    bool once(Operation operation)
    {
        block::Outcome outcome{};
        while (!disk_.online())
            if (!disk_.next(outcome)) wait();
        u32 const bytes = operation == Operation::flush ? 0 : 512;
        if (!disk_.submit(operation, bytes ? sector : 0, 0, bytes, 0)) return false;
        while (!disk_.next(outcome)) wait();
        return outcome.status == block::Status::ok;
    }
    void wait()
    {
        disk_.wake_driver();
        if (disk_.sleep()) self_.wake().wait();
    }
    bool kill(u64& recovery)
    {
        u64 const reads = random() % 200;
        bool good = true;
        for (u64 i = 0; i < reads; ++i) good = good && once(Operation::read);
        u32 const epoch = disk_.epoch();
        auto const killed = ask<monitor::Kill>({use_.peer});
        if (!killed) return false;
        std::memset(use_.pool, 0, 512);
        do good = good && once(Operation::read);
        while (good && disk_.epoch() == epoch);
        recovery = __builtin_ia32_rdtsc() - (*killed).fault_tsc;
        return good && use_.pool[0] == 0x5c && use_.pool[511] == 0x5c;
    }

    /// Its last log lines: "flushed N" among them.
    void report_test()
    {
        auto record = ask<monitor::CrashRecord>({test_, 0});
        if (!record) return check(false, "and leaves a record");
        print("# ", static_cast<char const*>(record->log));
    }
    void report_recovery()
    {
        auto record = ask<monitor::CrashRecord>({use_.peer, 0});
        std::sort(recovery_, recovery_ + kills);
        print("# TSC ticks from the kill to the successor's first read: median ",
              recovery_[kills / 2], ", most ", recovery_[kills - 1], "; the last driver was ready ",
              record ? record->recovery_us : 0, " us after its predecessor's end");
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Killer killer{self};
    self.ready();
    killer.run();
    sys::debug::halt();
    return 0;
}
