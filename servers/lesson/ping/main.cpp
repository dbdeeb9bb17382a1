// ping calls pong (../pong) once for every tick of the clock, and many times in a row when the root
// server orders it, measuring each round trip. It sleeps on one notification, whose bits say which
// of the two it is: one wait, several sources.
#include "protocol/lesson.hpp"
#include "rpc/channel.hpp"
#include "runtime/arguments.hpp"
#include "runtime/runtime.hpp"
#include "sys/endpoint.hpp"
#include <x86intrin.h>

namespace {

class Ping {
    sys::Endpoint pong_;
    rpc::Channel root_;
    u64 badge_; // that our capability to pong carries
    u64 number_ = 0;
    u64 beats_ = 0;

public:
    explicit Ping(runtime::Arguments const& arguments)
        : pong_{arguments.value("pong")}, root_{sys::Endpoint{arguments.value("root")}},
          badge_{arguments.value("pong.badge")}
    {
    }

    void on_clock()
    {
        round();
        ++beats_;
    }

    /// Makes the rounds that the root orders and reports how long they took.
    void on_order()
    {
        auto const order = rpc::call<lesson::Supervisor, lesson::NextOrder>(root_, {});
        if (!order) return;
        auto const rounds = (*order).rounds;
        lesson::OrderDone::Args report{rounds, ~u64{0}, 0, 0, beats_};
        for (u64 i = 0; i < rounds; ++i) {
            u64 const ticks = round();
            report.least = ticks < report.least ? ticks : report.least;
            report.most = ticks > report.most ? ticks : report.most;
            report.total += ticks;
        }
        // Nothing is to be done about an error: the root knows better than we do what it wanted.
        (void)rpc::call<lesson::Supervisor, lesson::OrderDone>(root_, report);
    }

private:
    /// One Call and its answer; returns the TSC ticks it took. Ends the program when the answer is
    /// wrong: the root then says so.
    u64 round()
    {
        u64 const begin = __rdtsc();
        auto const answer = pong_.call({0, 1, 0, {number_}});
        u64 const ticks = __rdtsc() - begin;
        if (answer.mr[0] != number_ + 1 || answer.mr[1] != badge_) runtime::exit(1);
        ++number_;
        return ticks;
    }
};

} // namespace

int main(void* argument)
{
    auto const& arguments = *static_cast<runtime::Arguments const*>(argument);
    sys::Notification const wake{arguments.value("wake")};
    Ping ping{arguments};
    for (;;) {
        u64 const events = wake.wait();
        if (events & lesson::clock_event) ping.on_clock();
        if (events & lesson::order_event) ping.on_order();
    }
}
