// The network's jobs of tests/bench/peer/net_jobs.h, one after the other, as peer/linux_net.c does
// them under Linux: marks (spans.c) around each. Streams are measured by the host; transactions
// here, in TSC ticks. In the end it kills the card's driver again and again and says of each time
// how long a transaction of a stream took from then on. For tests/bench/net.py.
#include "protocol/monitor.hpp"
#include "tests/system/programs/net-bench/network.hpp"
#include "tests/system/programs/system-bench/bench.hpp"

namespace {

using bench::now;

enum Job : u32 { sink = 1, source = 2, echo = 3 }; // net_jobs.h
constexpr net::Endpoint host{net::ipv4(10, 0, 2, 2), 5300};
constexpr u64 stream_bytes = 64 << 20, transactions = 2000;
constexpr u32 message = 64; // bytes
struct Driver {
    std::string_view name;
    u32 kills;
};
/// The last one's device in QEMU receives nothing for a second after each reset.
constexpr Driver drivers[] = {{"virtio0", 20}, {"e1000e0", 20}, {"e1000-0", 3}};

/// A moment that a counting emulator notes.
void mark()
{
    asm volatile("xchg %%bx, %%bx" : : : "memory");
}

class Bench {
    program::Program const& self_;
    test::SerialLine line_{self_};
    bench::Network network_{self_};
    program::Use monitor_ = self_.use("monitor");

public:
    explicit Bench(program::Program const& self) : self_{self} {}

    void run()
    {
        bool const good = network_.configure(net::ipv4(10, 0, 2, 15)) && stream(sink) &&
                          stream(source) && datagrams() && stream(echo) && restarts();
        line_.print(good ? "bench: done" : "failed: the network");
    }

private:
    bool begin(net::Stream& stream, Job job, u64 bytes)
    {
        u32 const words[] = {job, 0, static_cast<u32>(bytes), static_cast<u32>(bytes >> 32)};
        return network_.send_words(stream, words);
    }

    /// What peer/net_jobs.h says of the job, in a connection of its own.
    bool stream(Job job)
    {
        net::Stream stream;
        if (!network_.connect(stream, host)) return false;
        mark();
        u64 const before = now();
        bool good = begin(stream, job, job == echo ? transactions : stream_bytes);
        if (job == sink) good = good && network_.send(stream, stream_bytes) && answer(stream);
        if (job == source) good = good && network_.receive(stream, stream_bytes) && ask(stream);
        if (job == echo)
            for (u64 i = 0; i < transactions && good; ++i) good = transact(stream);
        u64 const ticks = now() - before;
        mark();
        if (job == echo) report("echo", ticks);
        return good && close(stream);
    }
    bool answer(net::Stream& stream) { return network_.receive(stream, 1); }
    bool ask(net::Stream& stream) { return network_.send(stream, 1); }
    bool transact(net::Stream& stream)
    {
        return network_.send(stream, message) && network_.receive(stream, message);
    }
    bool close(net::Stream& stream)
    {
        bool const good = bool{stream.close(0)};
        network_.drain();
        return good;
    }

    bool datagrams()
    {
        net::Datagram socket;
        // Once before it counts: the first one waits for ARP.
        if (!network_.connect(socket, host) || !network_.exchange(socket, message)) return false;
        mark();
        u64 const before = now();
        for (u64 i = 0; i < transactions; ++i)
            if (!network_.exchange(socket, message)) return false;
        u64 const ticks = now() - before;
        mark();
        report("udp", ticks);
        return true;
    }
    void report(char const* name, u64 ticks)
    {
        line_.print("bench: ", name, " ", transactions, " transactions in ", ticks, " ticks");
    }

    /// From a fault of the driver to the host's answer over the connection that was there.
    bool restarts()
    {
        net::Stream stream;
        u64 driver = none;
        u32 kills = 0;
        for (Driver const& it : drivers)
            if (driver == none && (driver = find(it.name)) != none) kills = it.kills;
        if (driver == none || !network_.connect(stream, host)) return false;
        if (!begin(stream, echo, kills) || !transact(stream)) return false;
        for (u32 i = 0; i < kills; ++i) {
            auto const killed =
                program::call<monitor::Monitor, monitor::Kill>(self_, monitor_, {driver});
            if (!killed || !transact(stream)) return false;
            line_.print("bench: restart ", now() - (*killed).fault_tsc, " ticks");
        }
        return close(stream);
    }
    static constexpr u64 none = ~u64{0};
    /// A driver that has a card.
    u64 find(std::string_view name)
    {
        monitor::Find::Args args{};
        name.copy(args.name, sizeof args.name - 1);
        auto const it = program::call<monitor::Monitor, monitor::Find>(self_, monitor_, args);
        bool const runs =
            it && self_.state_of(static_cast<u32>((*it).program)) == program::State::running;
        return runs ? (*it).program : none;
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Bench bench{self};
    self.ready();
    bench.run();
    for (;;) self.wake().wait();
}
