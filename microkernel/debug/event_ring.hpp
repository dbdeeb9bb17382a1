// Trace points and the ring of events behind them, one for each CPU. A trace point costs nothing
// when the kernel is built without them (meson option event_ring) and one branch while nobody
// listens. The ring lies in memory that user space may change, so it is only written: where to go
// on and how much was written is known here alone. Format and kinds: abi/event_ring.hpp.
// Attached and detached by api/decode_event_ring.cpp; debug builds keep the last events in memory
// of the kernel's own at other times, for panic reports.
#pragma once

#include "abi/event_ring.hpp"

#ifndef HYPERCORE_EVENT_RING
#define HYPERCORE_EVENT_RING 1
#endif

namespace mk {

using abi::Event;

/// What a record says besides its kind. Objects by kernel address; null: none.
struct EventDetails {
    void const* thread = nullptr;
    void const* other = nullptr;
    void const* object = nullptr;
    u32 value = 0;
    u16 detail = 0;
    u8 level = 0;
};

class EventRing {
public:
    /// Whether anybody listens. A constant in kernels without trace points.
    bool on() const { return HYPERCORE_EVENT_RING && records_ != nullptr; }
    /// Boot time: panics show this ring, and in debug builds it begins to be written.
    void begin();
    /// Starts anew in `memory`: aligned to 64, at least a header and a record; `bytes` of it.
    [[gnu::cold]] void attach(void* memory, u64 bytes, u32 cpu, u32 ticks_per_us);
    /// Leaves that memory alone from now on.
    [[gnu::cold]] void detach();
    /// Only while on.
    void write(Event kind, EventDetails const& d)
    {
        put(u64(kind) | u64{d.level} << 8 | u64{d.detail} << 16 | u64{d.value} << 32, d.thread,
            d.other, d.object);
    }
    /// Prints the newest records to the serial line, oldest first. For panics: reads the ring, and
    /// believes nothing of what it finds there.
    [[gnu::cold, gnu::noinline]] void print_last() const;

private:
    /// All in registers, so that a trace point does nothing before its branch.
    [[gnu::cold, gnu::noinline]] void put(u64 kind_level_detail_value, void const* thread,
                                          void const* other, void const* object);

    static constexpr unsigned printed = 32; ///< records that print_last shows at most

    abi::EventRecord* records_ = nullptr;
    abi::EventRingHeader* header_ = nullptr;
    u64 capacity_ = 0, next_ = 0, written_ = 0;
#if HYPERCORE_EVENT_RING && !HYPERCORE_RELEASE
    alignas(64) u8 own_[sizeof(abi::EventRingHeader) + printed * sizeof(abi::EventRecord)] = {};
#endif
};

/// The ring that a panic shows; null before EventRing::begin.
EventRing const* panic_events();

/// A trace point. The details must be free of side effects: they are worked out only when needed.
[[gnu::always_inline]] inline void trace(EventRing& ring, Event kind, EventDetails details)
{
    if (ring.on()) [[unlikely]]
        ring.write(kind, details);
}

} // namespace mk
