// What the victims do for others, tried as a client of theirs. Nothing here waits without an end,
// and nothing that a victim writes is believed: a mad one can only make a trial fail.
#pragma once

#include "block/client.hpp"
#include "faults.hpp"
#include "kit/text.hpp"
#include "monitor.hpp"
#include "prober/probe.hpp"
#include "program/time.hpp"
#include "protocol/entropy.hpp"
#include "protocol/input.hpp"
#include "protocol/netconf.hpp"
#include "protocol/serial.hpp"

namespace injector {

/// What a trial found: mute: no answer in time; wrong: another than the right one.
enum class Verdict : u8 { good, mute, wrong };

class Services {
public:
    Services(program::Program const& self, Monitor const& monitor);

    /// Once round the service of the victim, until `until()` says that it is enough.
    template <class Until> Verdict tried(Victim victim, Until&& until)
    {
        switch (victim) {
        case Victim::uart0:
            return serial(until);
        case Victim::ps2:
            return keyboard(until);
        case Victim::clock:
            return time_is_right() ? probed(probe::Which::clock, until) : Verdict::wrong;
        case Victim::log:
            return probed(probe::Which::log, until);
        case Victim::entropy:
            return probed(probe::Which::entropy, until);
        case Victim::disk0:
            return disk(until);
        case Victim::rng:
            return random(until);
        case Victim::virtio0:
        case Victim::e1000e0:
        case Victim::e1000_0:
            return network(until);
        }
        return Verdict::wrong;
    }
    /// Whether net leaves checksums to the one card, from now on. False: it does not answer.
    bool set_offload(bool on);
    /// The time page agrees with the TSC, as it was when all was well.
    bool time_is_right();

private:
    /// The host answers a line "~eNUMBER" with "eNUMBER".
    template <class Until> Verdict serial(Until&& until) { return answered("~e", until); }
    /// The host answers a line "~nNUMBER" with "eNUMBER" when enough has come on each of its
    /// connections since it read that. What comes is the host's to judge.
    template <class Until> Verdict network(Until&& until) { return answered("~n", until); }
    template <class Until> Verdict answered(char const* question_begins, Until&& until)
    {
        kit::Text<24> word, question;
        word.add("e", ++count_, "\n");
        question.add(question_begins, count_, "\n");
        bool any = false;
        usize matched = 0;
        for (auto again = monitor_.in(0); !until();) {
            if (again.passed()) {
                say_on_line(question.view());
                again = monitor_.in(resend_us);
            }
            for (u8 byte; to_us_.pop(byte); any = true) {
                if (byte != static_cast<u8>(word.view()[matched])) matched = 0;
                if (byte == static_cast<u8>(word.view()[matched])) ++matched;
                if (matched == word.view().size()) return Verdict::good;
            }
        }
        return any ? Verdict::wrong : Verdict::mute;
    }
    /// The host presses the key A when the line "~k" appears. The lights change too.
    template <class Until> Verdict keyboard(Until&& until)
    {
        constexpr u16 key_a = 4;
        input::Event event{};
        while (events_.pop(event)) {
        }
        input_.memory<input::Shared>()->leds.fetch_xor(2);
        input_.signal.signal();
        for (auto again = monitor_.in(0); !until();) {
            if (again.passed()) {
                print("~k");
                again = monitor_.in(resend_us);
            }
            while (events_.pop(event)) {
                if (event.kind != static_cast<u16>(input::Kind::key) || event.code != key_a)
                    return Verdict::wrong;
                if (event.value == 0) return Verdict::good;
            }
        }
        return Verdict::mute;
    }
    template <class Until> Verdict probed(probe::Which which, Until&& until)
    {
        if (!monitor_.start(prober_, static_cast<u64>(which))) return Verdict::mute;
        while (monitor_.program().state_of(prober_) != program::State::absent) {
            if (!until()) continue;
            monitor_.kill(prober_);
            return Verdict::mute;
        }
        switch (static_cast<probe::Status>(monitor_.exit_status(prober_))) {
        case probe::Status::good:
            return Verdict::good;
        case probe::Status::gone:
            return Verdict::mute;
        default:
            return Verdict::wrong;
        }
    }
    /// Writes, flushes and reads.
    template <class Until> Verdict disk(Until&& until)
    {
        constexpr u32 bytes = 2048, back = 4096;
        u64 const sector = 16 * (++count_ % 64);
        for (u32 i = 0; i < bytes; ++i) block_.pool[i] = pattern(i);
        std::memset(block_.pool + back, 0, bytes);
        using block::Operation;
        for (auto const& [operation, offset, length] :
             {Step{Operation::write, 0, bytes}, Step{Operation::flush, 0, 0},
              Step{Operation::read, back, bytes}}) {
            auto status = block::Status::io_error;
            if (!done(operation, length ? sector : 0, offset, length, status, until))
                return Verdict::mute;
            if (status != block::Status::ok) return Verdict::wrong;
        }
        for (u32 i = 0; i < bytes; ++i)
            if (block_.pool[back + i] != pattern(i)) return Verdict::wrong;
        return Verdict::good;
    }
    template <class Until>
    bool done(block::Operation operation, u64 sector, u64 offset, u32 bytes, block::Status& status,
              Until&& until)
    {
        bool submitted = false;
        for (block::Outcome outcome{}; !until();) {
            disk_.wake_driver();
            while (disk_.next(outcome))
                if (submitted && outcome.cookie == count_) {
                    status = outcome.status;
                    return true;
                }
            // What an earlier trial left under way uses the pool until it is over.
            if (!submitted && disk_.online() && disk_.in_flight() == 0)
                submitted =
                    static_cast<bool>(disk_.submit(operation, sector, offset, bytes, count_));
        }
        return false;
    }
    template <class Until> Verdict random(Until&& until)
    {
        entropy::RawBytes bytes{};
        while (!until()) {
            if (raw_.must_signal()) random_.signal.signal();
            if (!raw_.pop(bytes)) {
                (void)raw_.sleep_if_empty();
                continue;
            }
            bool const fresh = std::memcmp(&bytes, &last_, sizeof bytes) != 0;
            last_ = bytes;
            return fresh ? Verdict::good : Verdict::wrong;
        }
        return Verdict::mute;
    }

    struct Step {
        block::Operation operation;
        u64 offset;
        u32 bytes;
    };
    static constexpr u64 resend_us = 200'000;

    u8 pattern(u32 i) const { return static_cast<u8>(count_ * 31 + i * 7 + (i >> 8)); }
    void say_on_line(std::string_view word);

    Monitor const& monitor_;
    u32 prober_;
    u64 count_ = 0;
    program::Use serial_, input_, block_, random_, netconf_;
    queue::Consumer to_us_;
    queue::Producer from_us_;
    queue::Receiver<decltype(input::Shared::events)> events_;
    block::Client disk_;
    queue::Receiver<decltype(entropy::RandomShared::bytes)> raw_;
    entropy::RawBytes last_{};
    program::Clock time_;
    u64 then_tsc_ = 0, then_ns_ = 0;
};

} // namespace injector
