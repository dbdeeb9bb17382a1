// Writing records, and showing the last ones in a panic. See event_ring.hpp.
#include "debug/event_ring.hpp"

#include "arch/arch.hpp"
#include "boot/handoff.hpp"
#include "debug/log.hpp"
#include <atomic>

namespace mk {
namespace {

constinit EventRing const* shown_in_panics = nullptr;

/// Objects in the kernel image (the idle thread and its context) have no name.
u32 object_id(void const* object)
{
    u64 const address = reinterpret_cast<u64>(object);
    if (object == nullptr || address >= boot::kernel_base) return 0;
    return abi::event_object_id(arch::to_physical(object));
}

/// Stores before it are visible to other CPUs before those behind it. No instruction on x86.
void order_stores()
{
    std::atomic_thread_fence(std::memory_order_release);
}

char const* name(Event kind)
{
    static constexpr char const* names[abi::event_count] = {
        "?",       "dispatch", "wake",   "block",    "call",       "send",   "reply",
        "signal",  "fault",    "irq",    "syscall",  "invocation", "budget", "demote",
        "promote", "yield",    "donate", "postpone", "suspend"};
    return u8(kind) < abi::event_count ? names[u8(kind)] : names[0];
}

[[gnu::cold]] void print(abi::EventRecord const& r)
{
    using namespace log_detail;
    serial_only(true);
    begin_line();
    put(r.time);
    put(' ');
    put(name(r.kind));
    for (u32 const word : {r.thread, r.other, r.object, u32{r.detail}, u32{r.level}, r.value}) {
        put(' ');
        put(Hex{word});
    }
    end_line();
    serial_only(false);
}

} // namespace

void EventRing::begin()
{
    shown_in_panics = this;
    detach();
}

void EventRing::attach(void* memory, u64 bytes, u32 cpu, u32 ticks_per_us)
{
    header_ = static_cast<abi::EventRingHeader*>(memory);
    records_ = reinterpret_cast<abi::EventRecord*>(header_ + 1);
    capacity_ = (bytes - sizeof *header_) / sizeof *records_;
    next_ = written_ = 0;
    // The records are not cleared: a reader looks at none before `written` counts it.
    *header_ = {.magic = abi::event_ring_magic,
                .version = 1,
                .record_bytes = sizeof *records_,
                .capacity = capacity_,
                .written = 0,
                .cpu = cpu,
                .ticks_per_us = ticks_per_us,
                .reserved = {}};
}

void EventRing::detach()
{
#if HYPERCORE_EVENT_RING && !HYPERCORE_RELEASE
    attach(own_, sizeof own_, 0, 0);
#else
    records_ = nullptr;
    header_ = nullptr;
#endif
}

void EventRing::put(u64 packed, void const* thread, void const* other, void const* object)
{
    abi::EventRecord& record = records_[next_];
    next_ = next_ + 1 == capacity_ ? 0 : next_ + 1;
    ++written_;
    record.sequence = 0;
    order_stores();
    record.time = arch::read_clock();
    record.kind = Event(packed & 0xff);
    record.level = u8(packed >> 8);
    record.detail = u16(packed >> 16);
    record.thread = object_id(thread);
    record.other = object_id(other);
    record.object = object_id(object);
    record.value = u32(packed >> 32);
    order_stores();
    record.sequence = u32(written_);
    order_stores();
    header_->written = written_;
}

void EventRing::print_last() const
{
    if (!on() || written_ == 0) return;
    u64 count = written_ < capacity_ ? written_ : capacity_;
    if (count > printed) count = printed;
    serial_line("last events of ", written_,
                ": time, kind, thread, other, object, detail, level, value");
    u64 place = next_ >= count ? next_ - count : next_ + capacity_ - count;
    for (; count > 0; --count) {
        abi::EventRecord const r = records_[place];
        place = place + 1 == capacity_ ? 0 : place + 1;
        print(r);
    }
}

EventRing const* panic_events()
{
    return shown_in_panics;
}

} // namespace mk
