// The supervisor's clock: a thread that signals clock_event every 50 ms and does nothing else. Its
// budget comes back once in a period; it signals and yields, which gives the rest of the budget up.
// So the kernel's own timer drives it and no driver is needed to notice a hang. It has an address
// space of its own, which holds one page of code, and one capability.
#pragma once

#include "slots.hpp"
#include "spawn/image.hpp"
#include "sys/tcb.hpp"
#include "sys/untyped.hpp"

namespace supervisor {

inline constexpr u64 clock_period_us = 50'000;

/// Makes and starts it. Answers its number in the kernel's event ring.
/// @param image    of the supervisor itself: where its code lies in the archive
/// @param priority of the supervisor
/// @param self     the supervisor's index: root hears of a fault under its name
/// @error no_memory and what the memory-manager says; bad_argument: the kernel refused
Result<u64> start_clock(handover::Supervision const& given, Slots& slots, spawn::Image const& image,
                        u8 priority, u32 self);

} // namespace supervisor
