// Tests the supervisor from a program's place: ends victims in every way, and looks at what becomes
// of them, of those who wait for them, and of what is written about it. Speaks TAP on the serial
// line by the kernel's debug calls. It has the lowest priority of all: whatever it causes has
// happened when it goes on, but for what takes time.
#include "composition/reader.hpp"
#include "kit/text.hpp"
#include "program/program.hpp"
#include "protocol/memory.hpp"
#include "protocol/monitor.hpp"
#include "protocol/trial.hpp"
#include "sys/debug.hpp"
#include "sys/event_ring.hpp"
#include <algorithm>
#include <cstring>

namespace {

using composition::no_index;
using program::State;

template <class... Parts> void print(Parts const&... parts)
{
    kit::Text<200> line;
    line.add(parts..., "\n");
    for (char const c : line.view()) sys::debug::put(c);
}

class Overseer {
    program::Program const self_;
    program::Use const monitor_ = self_.use("monitor"), trial_ = self_.use("trial"),
                       gone_ = self_.use("gone");
    u64 const victim_ = trial_.peer;
    u64 caller_ = 0;
    u64 count_ = 0;

public:
    explicit Overseer(void* argument) : self_{argument} { self_.ready(); }

    void run()
    {
        program_is_found_and_described();
        killed_program_is_replaced();
        fault_is_recorded();
        exit_and_giving_up_are_recorded();
        hang_is_noticed();
        blocked_caller_is_answered();
        absent_program_answers();
        stopped_program_starts_again();
        trusted_base_refuses();
        events_can_be_read();
        recovery_is_fast();
        restarts_cost_no_memory();
        spawning_is_cheap();
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
    monitor::ProgramInfo::Reply info(u64 program)
    {
        auto const it = ask<monitor::ProgramInfo>({program});
        return it ? *it : monitor::ProgramInfo::Reply{};
    }
    monitor::CrashRecord::Reply crash(u64 program, u64 index = 0)
    {
        auto const it = ask<monitor::CrashRecord>({program, index});
        return it ? *it : monitor::CrashRecord::Reply{};
    }
    static std::string_view text(monitor::Symbol::Reply const& it)
    {
        return {it.name, sizeof it.name}; // zeros behind it
    }
    bool victim_answers()
    {
        auto const answer = program::call<trial::Trial, trial::Echo>(self_, trial_, {count_});
        return answer && (*answer).value == count_;
    }
    Error misbehave(u64 how, u64* died_epoch = nullptr)
    {
        return program::call<trial::Trial, trial::Misbehave>(self_, trial_, {how}, died_epoch)
            .error();
    }
    u64 find(char const* name)
    {
        monitor::Find::Args args{};
        std::memcpy(args.name, name, std::strlen(name));
        auto const it = ask<monitor::Find>(args);
        return it ? (*it).program : no_index;
    }

    void program_is_found_and_described()
    {
        check(find("victim") == victim_, "a program is found by its name");
        check(find("nobody") == no_index, "one that is not there is not");
        caller_ = find("caller");
        auto const it = info(victim_);
        check(it.state == static_cast<u64>(State::running) && it.epoch == 1 && it.restarts == 0 &&
                  it.priority == 150 && it.space != 0,
              "a running program is described");
        u64 holdings = 0;
        bool serves = false;
        for (;; ++holdings) {
            auto const held = ask<monitor::Holding>({victim_, holdings});
            if (!held) break;
            serves |= composition::text((*held).name) == "endpoint" &&
                      (*held).kind == static_cast<u64>(composition::GrantKind::serve);
        }
        check(holdings > 5 && serves, "what it holds is listed");
        auto const words = ask<monitor::Manifest>({victim_, 0});
        check(words && (*words).length > 0, "its manifest's words can be read");
        check(victim_answers(), "it answers");
    }

    void killed_program_is_replaced()
    {
        auto const killed = ask<monitor::Kill>({victim_});
        check(killed && victim_answers(), "a killed program is replaced and answers");
        auto const it = info(victim_);
        auto const record = crash(victim_);
        check(it.epoch == 2 && it.restarts == 1 && it.recovery_us > 0, "the restart is counted");
        check(record.reason == 4 && record.epoch == 1 && record.recovery_us == it.recovery_us,
              "and recorded");
        check(self_.epoch_of(trial_.peer) == 2, "everybody sees the new epoch");
    }

    void fault_is_recorded()
    {
        u64 const epoch = self_.epoch_of(trial_.peer);
        u64 died = 0;
        check(misbehave(trial::fault, &died) == Error::interrupted,
              "who waits for a program that faults learns that it was interrupted");
        check(died == epoch, "and by the end of which instance");
        auto const record = crash(victim_);
        check(record.reason == 1 && record.word[1] == trial::bad_address &&
                  record.registers[0] != 0,
              "address and registers are in the crash record");
        check(record.backtrace[0] != 0 && record.backtrace[1] != 0, "and a backtrace");
        auto const place = ask<monitor::Symbol>({victim_, record.registers[0]});
        check(place && text(*place).find("Victim::on") != text(*place).npos,
              "a function's name is known for an address");
        auto const caller = ask<monitor::Symbol>({victim_, record.backtrace[0] - 1});
        check(caller && text(*caller).starts_with("main"), "and its caller's");
        check(ask<monitor::Symbol>({victim_, 0}).error() == Error::not_found,
              "and none for one that is in no function");
        check(composition::text(record.log) == "about to misbehave in way 1\n",
              "and what it logged last");
        check(victim_answers(), "a program that faulted is replaced");
    }

    void exit_and_giving_up_are_recorded()
    {
        check(misbehave(trial::exit) == Error::interrupted && victim_answers(),
              "a program that ended by itself is replaced");
        auto const ended = crash(victim_);
        check(ended.reason == 3 && ended.word[5] == trial::exit_status,
              "its status is in the crash record");
        check(misbehave(trial::give_up) == Error::interrupted && victim_answers(),
              "a program that gave up is replaced");
        auto const gave_up = crash(victim_);
        check(gave_up.reason == 1 && gave_up.label == 0 && gave_up.word[0] == trial::gave_up_code,
              "why it gave up is in the crash record");
    }

    void hang_is_noticed()
    {
        check(misbehave(trial::loop) == Error::interrupted,
              "who waits for a program that hangs is answered");
        check(crash(victim_).reason == 2, "the hang is recorded");
        check(victim_answers(), "a program that hung is replaced");
    }

    void blocked_caller_is_answered()
    {
        (void)ask<monitor::Start>({caller_, trial::hold});
        check(info(caller_).state == static_cast<u64>(State::running),
              "a program is started on request, and waits");
        (void)ask<monitor::Kill>({victim_});
        auto const record = crash(caller_);
        check(record.reason == 3 && record.word[5] == static_cast<u64>(Error::interrupted),
              "the supervisor answers for the dead program");
        check(info(caller_).state == static_cast<u64>(State::absent),
              "a program that may not come back is absent");
        check(victim_answers(), "the next caller finds the successor");
    }

    void absent_program_answers()
    {
        auto const answer = rpc::call<trial::Trial, trial::Echo>(rpc::Channel{gone_.call}, {1});
        check(answer.error() == Error::absent, "callers of an absent program are answered");
    }

    void stopped_program_starts_again()
    {
        auto const before = info(victim_);
        check(static_cast<bool>(ask<monitor::Restart>({victim_})), "a restart on request");
        check(info(victim_).epoch == before.epoch + 1 && victim_answers(), "gives a new instance");
        check(ask<monitor::Start>({victim_, 0}).error() == Error::busy,
              "what runs cannot be started");
        check(ask<monitor::Kill>({gone_.peer}).error() == Error::not_found,
              "what does not run cannot be killed");
    }

    void trusted_base_refuses()
    {
        bool refused = true;
        for (char const* name : {"root", "memory-manager", "device-manager", "supervisor"}) {
            u64 const it = find(name);
            refused = refused && ask<monitor::Kill>({it}).error() == Error::missing_rights &&
                      ask<monitor::Restart>({it}).error() == Error::missing_rights;
        }
        check(refused, "the trusted base cannot be ended");
    }

    void events_can_be_read()
    {
        auto const ring = ask<monitor::Events>({1});
        if (!ring) return check(ring.error() == Error::not_supported, "no event ring here");
        (void)victim_answers();
        sys::EventReader reader{reinterpret_cast<void const*>(self_.value("events"))};
        bool named = false;
        abi::EventRecord record;
        while (!named && reader.is_ring() && reader.next(record)) {
            auto const name = ask<monitor::ThreadName>({record.thread});
            named = name && (*name).program == victim_;
        }
        check(named, "the event ring tells of a program by its name");
        check(static_cast<bool>(ask<monitor::Events>({0})), "and is detached");
    }

    u64 free_pages()
    {
        auto const it =
            rpc::call<memory::Memory, memory::MachineStatistics>(rpc::Channel{self_.memory()}, {});
        return it ? (*it).free : 0;
    }

    void recovery_is_fast()
    {
        constexpr usize rounds = 20;
        u64 us[rounds] = {}; // ticks, at first
        u64 begun = 0, begun_us = 0, ended = 0;
        bool answered = true;
        for (u64& it : us) {
            auto const killed = ask<monitor::Kill>({victim_});
            answered = answered && killed && victim_answers();
            if (!killed) continue;
            ended = (*killed).fault_tsc;
            if (begun == 0) begun = ended, begun_us = crash(victim_).time_us;
            it = __builtin_ia32_rdtsc() - ended;
        }
        // Crash records have microseconds.
        u64 const mhz = (ended - begun) / (crash(victim_).time_us - begun_us + 1) + 1;
        for (u64& it : us) it /= mhz;
        check(answered, "a program that is killed 20 times answers after each");
        std::sort(us, us + rounds);
        print("# from the end to the successor's first answer: median ", us[rounds / 2],
              " us, worst ", us[rounds - 1],
              " us; told by the supervisor: ", info(victim_).recovery_us, " us");
    }

    void restarts_cost_no_memory()
    {
        // The memory-manager keeps a page for each number of a space, once that was used.
        constexpr int numbers = 256, more = 20;
        u64 free = 0;
        bool answered = true;
        for (int i = 0; i < numbers + more; ++i) {
            if (i == numbers) free = free_pages();
            answered = answered && ask<monitor::Kill>({victim_}) && victim_answers();
        }
        check(answered && free > 0 && free_pages() == free, "hundreds of restarts cost no memory");
    }

    void spawning_is_cheap()
    {
        u64 least = ~u64{0};
        for (int i = 0; i < 5; ++i) {
            u64 const before = __builtin_ia32_rdtsc();
            (void)ask<monitor::Start>({caller_, trial::stamp});
            least = std::min(least, (crash(caller_).word[5] - before) & 0x7fff'ffff);
        }
        check(least < 0x4000'0000, "a program can be started again and again");
        print("# from the request to the program's first line: ", least,
              " ticks of the TSC (instructions, with --icount)");
    }
};

} // namespace

int main(void* argument)
{
    Overseer overseer{argument};
    overseer.run();
    sys::debug::halt();
    return 0;
}
