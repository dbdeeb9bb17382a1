// Measures throughput with other machines' iperf 2. README.md says what is measured.
#include "program/time.hpp"
#include "servers/iperf/engine.hpp"

namespace {

using namespace iperf_server;

constexpr u32 sockets = 8, requests = 96, arena_bytes = 320 << 10;
constexpr u64 alarm_step = 1'000'000; // the next moment is at least so far off

class Life {
    program::Program const& self_;
    net::Client& client_;
    Engine& engine_;
    program::Clock clock_{self_};
    program::Use alarm_ = self_.use("clock");
    u64 armed_ = 0; ///< when the clock signals
    u32 alarm_epoch_ = 0;

public:
    Life(program::Program const& self, net::Client& client, Engine& engine)
        : self_{self}, client_{client}, engine_{engine}
    {
    }
    /// A turn. False: there is more to do.
    bool turn()
    {
        arm(engine_.poll(clock_.now()));
        if (engine_.has_news())
            for (u64 i = 0; i < self_.clients("iperf"); ++i)
                self_.client("iperf", i).signal.signal();
        return client_.sleep();
    }

    template <class C> using Answer = Result<typename C::Reply>;
    Answer<iperf::Begin> on(iperf::Begin, iperf::Begin::Args const& args, rpc::Client)
    {
        if (!clock_.is_set()) return Error::absent;
        return engine_.begin(args);
    }
    Answer<iperf::Stop> on(iperf::Stop, iperf::Stop::Args const&, rpc::Client)
    {
        engine_.stop();
        return iperf::Stop::Reply{};
    }
    Answer<iperf::Next> on(iperf::Next, iperf::Next::Args const& args, rpc::Client)
    {
        return engine_.next(args.after);
    }

private:
    /// Has the clock signal at `next`, unless it will before.
    void arm(u64 next)
    {
        if (next == never) return;
        u32 const epoch = self_.epoch_of(alarm_.peer); // a successor knows no alarms
        u64 const now = clock_.now(), soonest = now + alarm_step;
        u64 const wanted = next > soonest ? next : soonest;
        if (epoch == alarm_epoch_ && armed_ > now && armed_ <= wanted) return;
        if (!program::call<time_protocol::Clock, time_protocol::SetAlarm>(self_, alarm_, {wanted}))
            return;
        armed_ = wanted;
        alarm_epoch_ = epoch;
    }
};

/// As program::serve, but calls and heartbeats are answered between turns, however much there is to
/// do.
[[noreturn]] void serve(program::Program const& self, Life& life)
{
    static constinit rpc::Message message{};
    auto const endpoint = self.endpoint();
    auto const reply = self.reply();
    self.ready();
    for (;;) {
        auto const received = life.turn() ? endpoint.receive(reply) : endpoint.try_receive(reply);
        if (received.badge & rpc::signal_bit) {
            self.beat(received.badge);
            continue;
        }
        if (received.badge == 0 && received.info.word() == 0) continue; // nobody
        rpc::from_kernel(received, message);
        rpc::dispatch(iperf::Iperf{}, life, rpc::Client{received.badge}, message);
        reply.send(rpc::to_kernel(message));
    }
}

} // namespace

int main(void* argument)
{
    static program::Program const self{argument};
    static net::Client::Tables<sockets, requests, arena_bytes> tables;
    static net::Client client{self.use("net"), tables};
    static Engine engine{client};
    static Life life{self, client, engine};
    serve(self, life);
}
