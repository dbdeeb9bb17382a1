// Clock and deadlines. Measuring rates: calibration.cpp.
#include "clock.hpp"

#include "arch/arch.hpp"
#include "calibration.hpp"
#include "debug/log.hpp"
#include "features.hpp"
#include "instructions.hpp"
#include "local_apic.hpp"
#include "platform.hpp"

namespace mk::clock {
namespace {

constinit u64 deadline = ~u64{0};
#if HYPERCORE_RELEASE
constexpr u64 hidden = 0;
#else
/// Ticks that passed while the clock was held.
constinit u64 hidden = 0;
constinit u64 held_at = 0;
#endif
/// APIC timer ticks per TSC tick, times 2^32.
constinit u64 timer_scale = 0;

__extension__ using u128 = unsigned __int128;

void arm()
{
    if (features.tsc_deadline) {
        // 0 would disarm; the MSR fires at once when the deadline is past.
        u64 const at = deadline < ~u64{0} - hidden ? deadline + hidden : deadline;
        x86::write_msr(x86::Msr::tsc_deadline, at != 0 ? at : 1);
        return;
    }
    u64 const now = arch::read_clock();
    u64 const left = deadline > now ? deadline - now : 0;
    u128 const count = (u128{left} * timer_scale >> 32) + 1; // late by a tick, not early
    local_apic::start_timer(count > ~u32{0} ? ~u32{0} : u32(count));
}

} // namespace

void init(u64 given_hz)
{
    calibration::Rates const rates = calibration::measure(given_hz);
    platform.tsc_hz = rates.tsc_hz;
    timer_scale = x86::multiply_divide(rates.timer_hz, u64{1} << 32, rates.tsc_hz);
    if (features.tsc_deadline) local_apic::use_tsc_deadline();
    log("clock", "TSC ", rates.tsc_hz / 1000, " kHz by ", rates.source,
        features.tsc_deadline ? ", deadlines by TSC" : ", deadlines by the APIC timer");
}

bool deadline_reached()
{
    if (arch::read_clock() >= deadline) return true;
    arm();
    return false;
}

} // namespace mk::clock

namespace mk::arch {

u64 read_clock()
{
    return x86::read_tsc() - clock::hidden;
}

#if !HYPERCORE_RELEASE
void hold_clock()
{
    // A deadline inside would be an interrupt before the first user instruction, for ever.
    if (features.tsc_deadline)
        x86::write_msr(x86::Msr::tsc_deadline, 0);
    else
        local_apic::start_timer(0);
    clock::held_at = x86::read_tsc();
}

void release_clock()
{
    clock::hidden += x86::read_tsc() - clock::held_at;
    clock::arm();
}
#endif

void set_deadline(u64 at)
{
    clock::deadline = at;
    clock::arm();
}

} // namespace mk::arch
