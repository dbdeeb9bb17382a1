// From a driver's end to the first request that its successor serves: the serial line's takes a
// byte, the clock answers a Call, the disk's reads a sector. The serial line's also by a fault of
// its own: an invalid instruction where it wakes up (MapVictim).
#include "abi/faults.hpp"
#include "bench.hpp"
#include "block/client.hpp"
#include "program/layout.hpp"
#include "protocol/memory.hpp"
#include "protocol/monitor.hpp"
#include "protocol/time.hpp"

namespace bench {

namespace {

constexpr usize kills = 100;
/// Of ours: where a driver's page is mapped while its code is changed.
constexpr u64 window = program::layout::device;
constexpr u64 page = 4096;

class Killer {
    program::Program const& self_;
    test::SerialLine& line_;
    program::Use monitor_ = self_.use("monitor");

public:
    Killer(program::Program const& self, test::SerialLine& line) : self_{self}, line_{line} {}

    /// Kills the program at the other end of `use` and lets `serve` wait for its successor.
    template <class Serve> void measure(char const* name, program::Use const& use, Serve&& serve)
    {
        u64 rounds[kills] = {};
        for (u64& it : rounds) {
            auto const killed =
                program::call<monitor::Monitor, monitor::Kill>(self_, monitor_, {use.peer});
            if (!killed || !serve()) return line_.print("bench: ", name, " is not served");
            it = now() - (*killed).fault_tsc;
        }
        report(line_, name, rounds);
    }

    /// The same from a real fault: the driver, which sleeps, finds no instruction when it is woken.
    template <class Serve>
    void measure_fault(char const* name, program::Use const& use, Serve&& serve)
    {
        u64 rounds[kills] = {};
        for (u64& it : rounds) {
            // Asked for, so that the fault before is forgotten and the next successor comes at
            // once.
            if (!ask<monitor::Restart>({use.peer}) || !serve()) return gave_up(name);
            auto killed = ask<monitor::CrashRecord>({use.peer, 0});
            if (!killed || !spoil(use.peer, killed->registers[0])) return gave_up(name);
            u64 const before = now();
            use.signal.signal();
            if (!serve()) return gave_up(name);
            it = now() - before;
            auto const record = ask<monitor::CrashRecord>({use.peer, 0});
            if (!record || (*record).label != invalid_instruction ||
                (*record).epoch + 1 != self_.epoch_of(use.peer))
                return gave_up(name);
        }
        report(line_, name, rounds);
    }

private:
    /// What an invalid opcode arrives as.
    static constexpr u64 invalid_instruction = static_cast<u64>(abi::FaultLabel::user_exception);

    template <class C> Result<typename C::Reply> ask(typename C::Args const& args)
    {
        return program::call<monitor::Monitor, C>(self_, monitor_, args);
    }
    void gave_up(char const* name) { line_.print("bench: ", name, " is not served"); }
    /// Puts invalid instructions where a thread of the program goes on when its system call at
    /// `where` or just before it is over.
    bool spoil(u64 program, u64 where)
    {
        constexpr u8 ud2[] = {0x0f, 0x0b, 0x0f, 0x0b}; // [Intel SDM vol. 2B, "UD"]
        auto const victim = ask<monitor::ProgramInfo>({program});
        if (!victim) return false;
        for (usize i = 0; i < sizeof ud2; ++i) {
            u64 const at = where + i;
            rpc::Channel const memory{self_.memory()};
            if (!rpc::call<memory::Memory, memory::MapVictim>(
                    memory, {(*victim).space, at & ~(page - 1), window}))
                return false;
            *reinterpret_cast<u8 volatile*>(window + at % page) = ud2[i];
        }
        return true;
    }
};

class Disk {
    program::Program const& self_;
    program::Use const& use_;
    block::Client client_{use_};

public:
    Disk(program::Program const& self, program::Use const& use) : self_{self}, use_{use} {}

    /// Reads a sector by a driver that the last read did not have.
    bool read()
    {
        block::Outcome outcome{};
        u32 const epoch = client_.epoch();
        do {
            while (!client_.online())
                if (!client_.next(outcome)) wait();
            if (!client_.submit(block::Operation::read, 0, 0, 512, 0)) return false;
            while (!client_.next(outcome)) wait();
        } while (client_.epoch() == epoch);
        return outcome.status == block::Status::ok;
    }

private:
    void wait()
    {
        client_.wake_driver();
        if (client_.sleep()) self_.wake().wait();
    }
};

} // namespace

void restarts(program::Program const& self, test::SerialLine& line)
{
    static Killer killer{self, line};
    killer.measure("restart_uart0", self.use("serial"), [&] {
        line.send('\r');
        line.finish();
        return true;
    });
    killer.measure_fault("fault_uart0", self.use("serial"), [&] {
        line.send('\r');
        line.finish();
        return true;
    });
    auto const clock = self.use("clock");
    killer.measure("restart_clock", clock, [&] {
        return bool{program::call<time_protocol::Clock, time_protocol::SetAlarm>(self, clock, {0})};
    });
    static program::Use const block = self.use("block");
    if (!block) return;
    static Disk disk{self, block};
    if (disk.read()) killer.measure("restart_disk0", block, [&] { return disk.read(); });
}

} // namespace bench
