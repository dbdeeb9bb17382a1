// The clock: one program with the HPET and the RTC. Writes the time page that everybody reads
// (libs/protocol/time.hpp) and signals clients of `clock` at their deadlines.
#include "alarms.hpp"
#include "driver/device.hpp"
#include "hpet.hpp"
#include "rtc.hpp"
#include "timekeeper.hpp"

namespace {

constexpr int no_hpet = 3;
constexpr u64 clock_protocol = 1; // its place in the manifest's `provides`
constexpr usize max_clients = composition::max_programs;
constexpr usize own_alarm = max_clients; // ours, behind the clients'
constexpr u64 refine_after = timekeeper::ns_per_second;
constexpr u64 compare_every = 600 * timekeeper::ns_per_second; // with the RTC

struct Counters {
    hpet::Hpet<hw::Mmio> hpet;

    static u64 tsc() { return __builtin_ia32_rdtsc(); }
    u32 ticks() const { return hpet.ticks(); }
    u64 ns_of(u32 ticks) const { return hpet.ns_of(ticks); }
};

hw::Mmio registers(program::Program const& self)
{
    constexpr u64 used = 0x110;
    auto mapped = driver::Device{self}.region("hpet").at(0, used);
    if (!mapped) driver::give_up(self, driver::not_given);
    return *mapped;
}

class Driver {
    program::Program const& self_;
    driver::IrqLine irq_;
    Counters counters_;
    rtc::Rtc<driver::PortRange> rtc_;
    timekeeper::Timekeeper<Counters> time_;
    alarms::Alarms<max_clients + 1> alarms_;
    sys::Notification client_[max_clients];
    u64 client_count_;
    bool refined_ = false;

public:
    explicit Driver(program::Program const& self)
        : self_{self}, irq_{driver::Device{self}.irq("timer")},
          counters_{hpet::Hpet{registers(self)}}, rtc_{driver::Device{self}.ports("rtc"),
                                                       static_cast<u8>(self.value("rtc.century"))},
          time_{counters_, page(self)}, client_count_{self.clients("clock")}
    {
        if (!counters_.hpet.start()) driver::give_up(self, no_hpet);
        time_.begin();
        if (client_count_ > max_clients) client_count_ = max_clients;
        for (u64 i = 0; i < client_count_; ++i) client_[i] = self.client("clock", i).signal;
        auto const wall = rtc_.read();
        time_.start(self.value("tsc.hz"), self.value("tsc.zero"));
        if (wall) time_.set_wall(*wall);
        alarms_.set(own_alarm, time_.now() + refine_after);
        ring_and_arm();
    }

    void on_signal(u64 bits)
    {
        if (irq_.among(bits) && !irq_.acknowledge()) driver::give_up(self_, driver::not_given);
        ring_and_arm();
    }
    void on_call(u64 protocol, u64 client, rpc::Message& message)
    {
        if (protocol != clock_protocol || client >= client_count_) {
            message = {static_cast<u64>(Error::not_supported), 0, {}};
            return;
        }
        rpc::dispatch(time_protocol::Clock{}, *this, rpc::Client{client}, message);
        ring_and_arm();
    }
    Result<time_protocol::SetAlarm::Reply>
    on(time_protocol::SetAlarm, time_protocol::SetAlarm::Args const& args, rpc::Client who)
    {
        alarms_.set(who.badge, args.deadline_ns);
        return time_protocol::SetAlarm::Reply{};
    }

private:
    static time_protocol::Page& page(program::Program const& self)
    {
        auto* const page = reinterpret_cast<time_protocol::Page*>(self.value("time.shared"));
        if (!page) driver::give_up(self, driver::not_given);
        return *page;
    }

    /// Wakes who is due; then the timer is set for the next one, unless that is due by now.
    void ring_and_arm()
    {
        for (;;) {
            u64 const now = time_.now();
            alarms_.ring_due(now, [this](usize client) {
                client == own_alarm ? keep_time() : client_[client].signal();
            });
            u64 const next = alarms_.next();
            if (next > now && counters_.hpet.alarm_in(next - now)) return;
        }
    }
    void keep_time()
    {
        if (!refined_ && !(refined_ = time_.refine())) {
            time_.begin();
            return alarms_.set(own_alarm, time_.now() + refine_after);
        }
        auto const wall = rtc_.read();
        if (wall) time_.set_wall(*wall);
        alarms_.set(own_alarm, time_.now() + compare_every);
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    Driver driver{self};
    program::serve(self, driver);
}
