// The kernel event ring (extension): what the kernel writes into the frame that
// SchedControl.set_event_ring gave it. A header, then `capacity` records of 32 bytes; record number
// n (from 0) lies in place n % capacity, so the newest overwrite the oldest. The kernel only writes
// here and never reads; a reader needs nothing but read access. How to read:
// libs/sys/event_ring.hpp.
#pragma once

#include "kit/types.hpp"
#include <cstddef>

namespace abi {

/// What happened. `thread`, `other`, `object`, `detail`, `level` are fields of EventRecord; those
/// not named are 0. "SC" is a scheduling context.
enum class Event : u8 {
    dispatch = 1, ///< thread runs from now on instead of other; object: SC, detail: priority, level
    wake = 2,     ///< thread became ready to run, by the doing of other; object: SC, with level
    block = 3,    ///< thread, which ran, cannot go on; object: it waits for, detail: BlockedOn
    call = 4,     ///< a Call's message went from thread to other; object: endpoint
    send = 5,     ///< any other message went from thread to other; object: endpoint
    reply = 6,    ///< thread answered other; object: reply object
    signal = 7,   ///< object (a notification) was signalled while thread was current
    fault = 8,    ///< thread faulted; detail: abi::FaultLabel
    interrupt = 9,   ///< detail: interrupt number, while thread was current
    syscall = 10,    ///< thread made a system call; value: its number, as 32 bits
    invocation = 11, ///< thread invoked a method; value: label, detail: kind of capability
    budget_end = 12, ///< the slice of thread is over; object: SC, value: ticks charged
    demote = 13,     ///< object (an SC that thread runs on) moved down to level
    promote = 14,    ///< object (an SC that thread runs on) moved up to level
    yield = 15,      ///< thread gave up the rest of its slice; object: SC
    donate = 16,     ///< object (an SC) went from other (may be 0) to thread
    postpone = 17,   ///< thread waits for the next refill of object (its SC)
    suspend = 18,    ///< thread was stopped from outside or destroyed, by the doing of other
};
inline constexpr unsigned event_count = 19; ///< one past the last

/// Detail of Event::block. Other numbers do not occur there.
enum class BlockedOn : u16 { nothing = 0, receive = 3, send = 4, reply = 5, notification = 6 };

/// 32 bytes. Objects are named by the lower 32 bits of their physical address / 16: unique in the
/// first 64 GiB, stable for the object's life, and known to whoever made the object from memory
/// whose address it knows. 0 is no object, or one of the kernel's own (the idle thread).
struct EventRecord {
    u64 time;     ///< TSC
    u32 sequence; ///< lower 32 bits of record number + 1; 0 while the record is being written
    Event kind;
    u8 level;   ///< feedback level of the SC; 0 for plain ones
    u16 detail; ///< by kind
    u32 thread, other, object;
    u32 value; ///< by kind; never contents of messages, badges or addresses
};
static_assert(sizeof(EventRecord) == 32);
static_assert(offsetof(EventRecord, sequence) == 8 && offsetof(EventRecord, thread) == 16);

struct alignas(64) EventRingHeader {
    u64 magic;        ///< event_ring_magic
    u32 version;      ///< 1
    u32 record_bytes; ///< 32
    u64 capacity;     ///< records that fit
    u64 written;      ///< records written since the ring was attached; the one thing that changes
    u32 cpu;          ///< whose events
    u32 ticks_per_us; ///< TSC ticks in a microsecond
    u64 reserved[2];
};
static_assert(sizeof(EventRingHeader) == 64);
inline constexpr u64 event_ring_magic = 0x5354'4e45'5645'4348; // "HCEVENTS", read as bytes

/// The name of an object in records, from its physical address.
constexpr u32 event_object_id(u64 physical)
{
    return static_cast<u32>(physical >> 4);
}

} // namespace abi
