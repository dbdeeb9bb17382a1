// Measuring against the HPET, or the PIT's channel 2 where there is no HPET.
// Source: "IA-PC HPET Specification" 1.0a, "Register Overview"; Intel 8254 data sheet, "Counter
// Latch Command"; Intel SDM vol. 2, "CPUID", leaves 15h and 16h.
#include "calibration.hpp"

#include "debug/panic.hpp"
#include "instructions.hpp"
#include "kernel_space.hpp"
#include "kit/bits.hpp"
#include "local_apic.hpp"
#include "platform.hpp"

namespace mk::calibration {
namespace {

constexpr u64 window_ms = 20; // less than a turn of the PIT's 16 bits (54 ms)

/// The HPET's main counter. Started for the measurement and left as it was found.
class Hpet {
    u8 volatile* base_;
    u64 period_; ///< femtoseconds
    u32 config_ = 0;
    static constexpr usize period_at = 4, config_at = 0x10, counter_at = 0xf0;
    static constexpr u32 running = 1;

    u32 volatile& at(usize offset) const
    {
        return *reinterpret_cast<u32 volatile*>(base_ + offset);
    }

public:
    static constexpr u64 mask = ~u32{0}; // the low half is enough
    explicit Hpet(void* base) : base_{static_cast<u8 volatile*>(base)}, period_{at(period_at)} {}
    u64 hz() const
    {
        constexpr u64 femto = 1'000'000'000'000'000, longest_period = 100'000'000;
        return period_ == 0 || period_ > longest_period ? 0 : femto / period_;
    }
    void start()
    {
        config_ = at(config_at);
        at(config_at) = config_ | running;
    }
    void stop() { at(config_at) = config_; }
    u64 count() const { return at(counter_at); }
};

/// The PIT's channel 2, which drives the speaker: gated on, speaker off.
class Pit {
    u8 gate_ = 0;
    static constexpr u16 channel_2 = 0x42, command = 0x43, gate_port = 0x61;
    static constexpr u8 rate_generator = 0xb4, latch = 0x80, gate_on = 1, speaker = 2;

public:
    static constexpr u64 mask = 0xffff;
    static constexpr u64 hz() { return 1'193'182; }
    void start()
    {
        gate_ = x86::in<u8>(gate_port);
        x86::out<u8>(gate_port, u8((gate_ & ~speaker) | gate_on));
        x86::out<u8>(command, rate_generator);
        x86::out<u8>(channel_2, 0); // 0 counts as 65536
        x86::out<u8>(channel_2, 0);
    }
    void stop() { x86::out<u8>(gate_port, gate_); }
    u64 count() const
    {
        x86::out<u8>(command, latch);
        u64 const low = x86::in<u8>(channel_2);
        u64 const high = x86::in<u8>(channel_2);
        return 0xffff - (high << 8 | low); // it counts down
    }
};

/// The three counters at one moment.
struct Sample {
    u64 tsc, reference;
    u32 timer;
};

/// Takes the reading that was disturbed least (a virtual CPU may be stopped at any time).
template <class Reference> Sample sample(Reference const& reference)
{
    Sample best{};
    u64 shortest = ~u64{0};
    for (unsigned i = 0; i < 8; ++i) {
        u64 const before = x86::read_tsc();
        u64 const count = reference.count();
        u32 const timer = local_apic::timer_count();
        u64 const after = x86::read_tsc();
        if (after - before >= shortest) continue;
        shortest = after - before;
        best = {before + shortest / 2, count, timer};
    }
    return best;
}

/// False when the reference does not count.
template <class Reference> bool measure_against(Reference& reference, Rates& rates)
{
    u64 const hz = reference.hz();
    if (hz == 0) return false;
    u64 const wanted = hz * window_ms / 1000;
    constexpr unsigned most_reads = 20'000'000; // a dead timer, not a slow one
    reference.start();
    local_apic::start_timer(~u32{0}); // does not get there: interrupts are off
    Sample const first = sample(reference);
    unsigned reads = 0;
    while (((reference.count() - first.reference) & Reference::mask) < wanted &&
           ++reads < most_reads)
        asm volatile("pause");
    Sample const last = sample(reference);
    reference.stop();
    local_apic::start_timer(0);
    u64 const passed = (last.reference - first.reference) & Reference::mask;
    if (reads == most_reads || passed == 0) return false;
    rates.tsc_hz = x86::multiply_divide(last.tsc - first.tsc, hz, passed);
    rates.timer_hz = u64{first.timer - last.timer} * hz / passed;
    return true;
}

/// The TSC's rate as leaf 15h gives it (leaf 16h for the crystal where 15h leaves it out); 0: not.
u64 cpuid_hz()
{
    constexpr u32 ratio_leaf = 0x15, frequency_leaf = 0x16;
    u32 const last = x86::cpuid(0).eax;
    if (last < ratio_leaf) return 0;
    x86::CpuidResult const r = x86::cpuid(ratio_leaf);
    if (r.eax == 0 || r.ebx == 0) return 0;
    if (r.ecx != 0) return u64{r.ecx} * r.ebx / r.eax;
    if (last < frequency_leaf) return 0;
    return u64{x86::cpuid(frequency_leaf).eax & 0xffff} * 1'000'000;
}

bool within_one_percent(u64 a, u64 b)
{
    u64 const difference = a > b ? a - b : b - a;
    return difference <= b / 100;
}

} // namespace

Rates measure(u64 given_hz)
{
    Rates rates{};
    constexpr u64 hpet_size = 0x400, uncacheable = 3;
    if (platform.hpet != 0) {
        Hpet hpet{map_device(platform.hpet, hpet_size, uncacheable)};
        if (measure_against(hpet, rates)) rates.source = "the HPET";
    }
    if (rates.tsc_hz == 0) {
        Pit pit;
        if (!measure_against(pit, rates))
            panic("no working timer (HPET, PIT) to measure the TSC against");
        rates.source = "the PIT";
    }
    if (rates.tsc_hz < 1'000'000) panic("the TSC does not count");
    u64 const measured = rates.tsc_hz;
    u64 const stated = cpuid_hz();
    if (given_hz != 0) {
        rates.tsc_hz = given_hz;
        rates.source = "the loader";
    } else if (stated != 0 && within_one_percent(stated, measured)) {
        rates.tsc_hz = stated;
        rates.source = "CPUID";
    }
    return rates;
}

} // namespace mk::calibration
