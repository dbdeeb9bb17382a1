// Changes one instruction of a running driver or server, uses the victim until it fails or has
// served well for a while, and looks what came of it: is the victim back, is its successor's code
// clean, is everybody else as before? A line for each fault: tests/system/injection.py reads them.
//
//     ~b                                 the injector begins
//     ~i NUMBER                          about to be injected
//     ~o NUMBER OUTCOME RECOVERY BAD     OUTCOME: none, mute, wrong, fault, hang, exit; RECOVERY:
//     us
//                                        from a crash to the successor's readiness; BAD: ok, or
//                                        what must not be
//     ~h NUMBER                          the victim comes to this block of the survey
#include "program/layout.hpp"
#include "protocol/memory.hpp"
#include "protocol/trial.hpp"
#include "services.hpp"

namespace {

using namespace injector;
using program::State;

constexpr u64 trial_us = 400'000;        ///< how long a victim may take to serve once
constexpr u64 card_trial_us = 2'000'000; ///< the same of a network card, between retransmissions
constexpr u64 recovery_us = 12'000'000;  ///< longer than the supervisor's longest back-off
/// Of a connection that was mute: its ends wait longer each time until they send again.
constexpr u64 network_us = 60'000'000;
constexpr int trials = 3;
constexpr u8 halt = 0xf4; ///< an instruction of one byte that no program may execute
constexpr u64 window = program::layout::device;

class Experiments {
    program::Program const& self_;
    program::Use canary_ = self_.use("trial");
    Monitor monitor_{self_};
    Services services_{self_, monitor_};
    u32 victim_[victim_count] = {};
    u32 prober_ = monitor_.find("prober");
    u32 epoch_[composition::max_programs] = {};
    bool come_to_[FaultTable::capacity] = {};
    bool offload_ = true;
    char const* bad_ = nullptr; ///< of the experiment at hand: the first thing that must not be

public:
    explicit Experiments(program::Program const& self) : self_{self}
    {
        for (u8 v = 0; v < victim_count; ++v) victim_[v] = monitor_.find(victim_names[v]);
        monitor_.calibrate(canary_.peer);
    }

    void run()
    {
        for (u8 v = 0; v < victim_count; ++v)
            if (is_used(v) && !serves(static_cast<Victim>(v)))
                print("~x ", victim_names[v], " does not serve");
        for (u32 n = 0; n < count();) {
            Fault const fault = fault_at(n);
            if (!choose_offload(fault)) print("~x offload cannot be set");
            if (fault.survey) {
                n = surveyed(n);
                continue;
            }
            experiment(fault);
            if (bad_) break; // whoever comes next needs a machine that is well
            ++n;
        }
        print("~d");
    }

private:
    static u32 count()
    {
        return fault_table.count < FaultTable::capacity ? fault_table.count : FaultTable::capacity;
    }
    static Fault fault_at(u32 n)
    {
        Fault fault;
        for (usize i = 0; i < sizeof fault; ++i)
            reinterpret_cast<u8*>(&fault)[i] =
                reinterpret_cast<u8 const volatile*>(&fault_table.fault[n])[i];
        return fault;
    }
    /// Whether this boot needs it: the disk is looked at after each fault.
    static bool is_used(u8 victim)
    {
        bool used = victim == static_cast<u8>(Victim::disk0);
        for (u32 n = 0; n < count(); ++n) used |= fault_at(n).victim == victim;
        return used;
    }
    bool choose_offload(Fault const& fault)
    {
        auto const victim = static_cast<Victim>(fault.victim);
        bool const wanted = fault.plain == 0;
        if (!is_network_card(victim) || wanted == offload_) return true;
        offload_ = wanted;
        return services_.set_offload(wanted) && serves(victim);
    }
    u32 program(Fault const& fault) const { return victim_[fault.victim]; }
    void require(bool good, char const* what)
    {
        if (!good && !bad_) bad_ = what;
    }

    void experiment(Fault const& fault)
    {
        bad_ = nullptr;
        print("~i ", fault.number);
        for (u32 i = 0; i < composition::max_programs; ++i) epoch_[i] = self_.epoch_of(i);
        u8* const code = code_of(fault);
        require(code && std::memcmp(code, fault.before, fault.length) == 0, "not-injected");
        if (code) std::memcpy(code, fault.after, fault.length);

        u64 recovery = 0;
        char const* const outcome = watched(fault, recovery);
        look_around(fault);
        print("~o ", fault.number, " ", outcome, " ", recovery, " ", bad_ ? bad_ : "ok");
    }

    /// Where the fault's instruction is mapped for us; null: it is not.
    u8* code_of(Fault const& fault) { return code_of(fault, monitor_.space(program(fault))); }
    u8* code_of(Fault const& fault, u64 space)
    {
        constexpr u64 page = 4096;
        auto const mapped = rpc::call<memory::Memory, memory::MapVictim>(
            rpc::Channel{self_.memory()}, {space, fault.address / page * page, window});
        if (!mapped) return nullptr;
        return reinterpret_cast<u8*>(window) + fault.address % page;
    }

    /// To which of the blocks from `first` on does the victim come while it serves? A fault in all
    /// of them tells the first, without that one the next, until it serves well. Returns the number
    /// behind the survey.
    u32 surveyed(u32 first)
    {
        Fault const fault = fault_at(first);
        u32 const program = this->program(fault);
        u32 end = first;
        while (end < count() && fault_at(end).survey && fault_at(end).victim == fault.victim &&
               fault_at(end).plain == fault.plain) {
            come_to_[end] = false;
            ++end;
        }
        for (;;) {
            epoch_[program] = self_.epoch_of(program);
            u64 const space = monitor_.space(program);
            // It may come to one of them meanwhile: its memory goes with it.
            for (u32 n = first; n < end && !ended(program); ++n) {
                if (come_to_[n]) continue;
                u8* const code = code_of(fault_at(n), space);
                if (code && !ended(program)) *code = halt;
            }
            (void)used(static_cast<Victim>(fault.victim), program);
            bool const stopped = ended(program) && runs_again(program);
            auto record = monitor_.crash(program);
            monitor_.restart(program);
            if (!runs_again(program) || !serves(static_cast<Victim>(fault.victim)) || !stopped ||
                !record || !found(record->registers[0], first, end))
                return end;
        }
    }
    bool found(u64 address, u32 first, u32 end)
    {
        for (u32 n = first; n < end; ++n) {
            if (fault_at(n).address != address || come_to_[n]) continue;
            come_to_[n] = true;
            print("~h ", fault_at(n).number);
            return true;
        }
        return false;
    }

    Verdict used(Victim victim, u32 program)
    {
        auto verdict = Verdict::good;
        for (int i = 0; i < trials && verdict == Verdict::good; ++i) {
            auto const end = monitor_.in(is_network_card(victim) ? card_trial_us : trial_us);
            verdict = services_.tried(victim, [&] { return ended(program) || end.passed(); });
        }
        return verdict;
    }

    /// Uses the victim, then has it replaced.
    char const* watched(Fault const& fault, u64& recovery)
    {
        u32 const program = this->program(fault);
        auto const victim = static_cast<Victim>(fault.victim);
        auto const verdict = used(victim, program);
        if (verdict == Verdict::mute && is_network_card(victim)) wait_for_notice(program);
        char const* outcome = verdict == Verdict::good   ? "none"
                              : verdict == Verdict::mute ? "mute"
                                                         : "wrong";
        if (ended(program)) {
            require(runs_again(program), "stays-stopped");
            auto record = monitor_.crash(program);
            if (record) recovery = record->recovery_us;
            constexpr char const* reasons[] = {"?", "fault", "hang", "exit", "killed"};
            outcome = record && record->reason < 5 ? reasons[record->reason] : "?";
            require(serves(victim), "serves-no-more");
        }
        // Whatever it has become: another in its place is as good as new.
        require(monitor_.restart(program) && runs_again(program), "cannot-restart");
        require(serves(victim), "successor-fails");
        u8 const* const code = code_of(fault);
        require(code && std::memcmp(code, fault.before, fault.length) == 0, "image-changed");
        return outcome;
    }
    /// Its heartbeat, its own look at the device, or net: somebody may see that it does nothing.
    void wait_for_notice(u32 program) const
    {
        for (auto const end = monitor_.in(fault_table.patience_us); !end.passed();)
            if (ended(program)) return;
    }
    bool ended(u32 program) const
    {
        return self_.epoch_of(program) != epoch_[program] ||
               self_.state_of(program) != State::running;
    }
    bool runs_again(u32 program) const
    {
        for (auto const end = monitor_.in(recovery_us); !end.passed();)
            if (self_.state_of(program) == State::running) return true;
        return false;
    }
    bool serves(Victim victim)
    {
        auto const end = monitor_.in(is_network_card(victim) ? network_us : recovery_us);
        while (!end.passed()) {
            // Each try asks anew: what it waits for may have been lost with a predecessor.
            auto const one = monitor_.in(trial_us);
            if (services_.tried(victim, [&] { return one.passed(); }) == Verdict::good) return true;
        }
        return false;
    }

    /// Nobody but the victim has noticed anything.
    void look_around(Fault const& fault)
    {
        u64 const value = fault.number;
        auto echo = program::call<trial::Trial, trial::Echo>(self_, canary_, {value});
        require(echo && echo->value == value, "canary");
        require(services_.time_is_right(), "time");
        auto const end = monitor_.in(recovery_us);
        require(services_.tried(Victim::disk0, [&] { return end.passed(); }) == Verdict::good,
                "disk");
        for (u32 i = 0; i < composition::max_programs; ++i)
            require(i == program(fault) || i == prober_ || self_.epoch_of(i) == epoch_[i],
                    "another-program-ended");
    }
};

} // namespace

int main(void* argument)
{
    program::Program const self{argument};
    static Experiments experiments{self};
    self.ready();
    injector::print("~b");
    experiments.run();
    sys::debug::halt();
    return 0;
}
