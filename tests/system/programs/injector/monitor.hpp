// What the injector asks of the supervisor, its sense of time, and its voice: the kernel's debug
// calls, because every driver is a victim. It waits by looking, since all others are above it.
#pragma once

#include "kit/text.hpp"
#include "program/program.hpp"
#include "protocol/monitor.hpp"
#include "sys/debug.hpp"

#include <cstring>

namespace injector {

template <class... Parts> void print(Parts const&... parts)
{
    kit::Text<200> line;
    line.add("\n", parts..., "\n"); // a victim may have left the line anywhere
    for (char const c : line.view()) sys::debug::put(c);
}

class Monitor {
    program::Program const& self_;
    program::Use use_ = self_.use("monitor");
    u64 mhz_ = 1;

    template <class C> Result<typename C::Reply> ask(typename C::Args const& args) const
    {
        return program::call<monitor::Monitor, C>(self_, use_, args);
    }

public:
    explicit Monitor(program::Program const& self) : self_{self} {}

    program::Program const& program() const { return self_; }
    u32 find(char const* name) const
    {
        monitor::Find::Args args{};
        std::memcpy(args.name, name, std::strlen(name));
        auto it = ask<monitor::Find>(args);
        return it ? static_cast<u32>(it->program) : composition::no_index;
    }
    /// The number of its space now.
    u64 space(u32 program) const
    {
        auto it = ask<monitor::ProgramInfo>({program});
        return it ? it->space : 0;
    }
    u64 kill(u32 program) const
    {
        auto it = ask<monitor::Kill>({program});
        return it ? it->fault_tsc : 0;
    }
    bool restart(u32 program) const { return bool{ask<monitor::Restart>({program})}; }
    bool start(u32 program, u64 parameter) const
    {
        return bool{ask<monitor::Start>({program, parameter})};
    }
    Result<monitor::CrashRecord::Reply> crash(u32 program) const
    {
        return ask<monitor::CrashRecord>({program, 0});
    }
    u64 exit_status(u32 program) const
    {
        constexpr u64 exit = 3;
        auto record = crash(program);
        return record && record->reason == exit ? record->word[5] : ~u64{0};
    }

    /// Measures the TSC by two kills, of which the supervisor notes the times. It counts them from
    /// some moment of the boot, so only what is between them is known.
    void calibrate(u32 program)
    {
        constexpr u64 apart = 50'000'000; // ticks: at least 10 ms
        auto const first = killed_at(program);
        while (__builtin_ia32_rdtsc() - first.tsc < apart ||
               self_.state_of(program) != program::State::running) {
        }
        auto const second = killed_at(program);
        if (second.us > first.us) mhz_ = (second.tsc - first.tsc) / (second.us - first.us);
    }
    u64 mhz() const { return mhz_; }

private:
    struct Moment {
        u64 tsc, us;
    };
    Moment killed_at(u32 program) const
    {
        u64 const tsc = kill(program);
        auto record = crash(program);
        return {tsc, record ? record->time_us : 0};
    }

public:
    class Deadline {
        u64 tsc_;

    public:
        explicit Deadline(u64 tsc) : tsc_{tsc} {}
        bool passed() const { return __builtin_ia32_rdtsc() >= tsc_; }
    };
    Deadline in(u64 us) const { return Deadline{__builtin_ia32_rdtsc() + us * mhz_}; }
};

} // namespace injector
