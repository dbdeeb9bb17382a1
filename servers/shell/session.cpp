// See session.hpp.
#include "servers/shell/session.hpp"

namespace shell {

namespace {

constexpr u8 control_c = 3;

} // namespace

Session::Session(program::Program const& self)
    : self_{self}, console_{self.use("console")}, alarm_{self.use("clock")}, clock_{self}
{
    auto* const shared = console_.memory<console::Shared>();
    if (shared == nullptr) runtime::exit(2); // the manifest has it: we were started wrongly
    input_ = queue::Consumer{&shared->input};
    output_ = queue::Producer{&shared->output};
}

void Session::wait_for_start()
{
    using program::State;
    // The supervisor signals system.bit at each change.
    while (self_.state_of(console_.peer) != State::running ||
           (alarm_ && self_.state_of(alarm_.peer) == State::starting))
        wait();
}

void Session::flush()
{
    if (unsignalled_) console_.signal.signal();
    unsignalled_ = false;
}

void Session::write(std::string_view text)
{
    for (char const c : text) {
        // The console signals when it has taken everything; a successor of it also signals.
        while (!output_.push(static_cast<u8>(c))) {
            unsignalled_ = true;
            wait();
        }
        unsignalled_ = true;
    }
}

u64 Session::wait()
{
    flush();
    u64 const bits = self_.wake().wait();
    self_.beat(bits);
    return bits;
}

void Session::drain()
{
    auto& shared = *console_.memory<console::Shared>();
    flush();
    while (self_.state_of(console_.peer) != program::State::absent &&
           shared.shown.load(std::memory_order_acquire) !=
               shared.output.pushed.load(std::memory_order_relaxed))
        wait();
}

u8 Session::read()
{
    if (ahead_first_ < ahead_last_) return ahead_[ahead_first_++];
    ahead_first_ = ahead_last_ = 0;
    u8 byte = 0;
    while (!input_.pop(byte)) wait();
    return byte;
}

bool Session::try_read(u8& byte)
{
    if (!typed()) return false;
    byte = read();
    return true;
}

bool Session::interrupted()
{
    flush();
    self_.beat(self_.wake().poll()); // a command that runs for long still answers heartbeats
    return take_interrupt();
}

bool Session::wait_until(u64 deadline)
{
    // Looked at before waiting, too: the signal for it may have come long ago.
    if (take_interrupt()) return false;
    if (deadline != ~u64{0} && alarm_)
        static_cast<void>(program::call<time_protocol::Clock, time_protocol::SetAlarm>(
            self_, alarm_, {deadline}));
    wait();
    return !take_interrupt();
}

bool Session::take_interrupt()
{
    u8 byte = 0;
    while (ahead_last_ < sizeof ahead_ && input_.pop(byte)) {
        if (byte == control_c) {
            ahead_first_ = ahead_last_ = 0;
            return true;
        }
        ahead_[ahead_last_++] = byte;
    }
    return false;
}

bool Session::sleep(u64 milliseconds)
{
    if (!alarm_ || !clock_.is_set()) return false;
    u64 const end = clock_.now() + milliseconds * 1'000'000;
    while (clock_.now() < end) {
        if (interrupted()) return false;
        // Asked for again at each turn: a clock driver that was replaced knows no alarms.
        if (!program::call<time_protocol::Clock, time_protocol::SetAlarm>(self_, alarm_, {end}))
            return false;
        wait();
    }
    return true;
}

} // namespace shell
