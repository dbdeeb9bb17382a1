// From a driver's end to the first request that its successor serves: the serial line's takes a
// byte, the clock answers a Call, the disk's reads a sector.
#include "bench.hpp"
#include "block/client.hpp"
#include "protocol/monitor.hpp"
#include "protocol/time.hpp"

namespace bench {

namespace {

constexpr usize kills = 100;

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
