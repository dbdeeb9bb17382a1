// What the supervisor and the workers of the fuzz root server share: the only memory that workers
// can write. Everything in it may be garbage at any time, since workers are made to run wild; so
// numbers from here are cut to their range where they are used.
#pragma once

#include "abi/ipc_buffer.hpp"
#include "kit/types.hpp"

namespace fuzz {

inline constexpr unsigned worker_count = 14;
/// The last workers do little but answer the others, mostly on the others' time.
inline constexpr unsigned server_count = 4;
constexpr bool is_server(u64 worker)
{
    return worker >= worker_count - server_count;
}
inline constexpr unsigned pool_bits = 10, pool_slots = 1u << pool_bits;

/// Slots of the pool CNode that the supervisor restores; a worker's CSpace is the pool.
enum Fixed : u64 {
    pool_cnode = 1,
    worker_vspace,
    sched_control,
    asid_control,
    asid_pool,
    domain,
    first_free
};

/// Kinds of capability, as DebugCapIdentify answers them.
enum class Kind : u8 {
    null = 0,
    frame = 1,
    untyped = 2,
    page_table = 3,
    endpoint = 4,
    page_directory = 5,
    notification = 6,
    pdpt = 7,
    reply = 8,
    pml4 = 9,
    cnode = 10,
    asid_control = 11,
    tcb = 12,
    asid_pool = 13,
    irq_handler = 16,
    io_port = 19,
    domain = 20,
    sched_context = 22,
    sched_control = 24,
};

/// One system call of a worker, for the reader of the ring (run.py knows this layout).
struct Record {
    u64 number; ///< counts all calls from 1
    u64 worker, syscall, cap, info, reply, destination;
    u64 words[8];
    u64 caps[3];
    u64 answer; ///< message info afterwards; ~0 while the call lasts
};
static_assert(sizeof(Record) == 19 * 8);

inline constexpr u64 ring_size = 512;
inline constexpr u64 ring_magic[2] = {0x6675'7a7a'2d72'696e, 0x672d'6865'7265'2d21};

struct alignas(4096) Page {
    u8 bytes[4096];
};

struct alignas(4096) Shared {
    u64 magic[2]; ///< ring_magic: run.py finds the ring in the machine's memory by it
    u64 calls;    ///< made or begun by workers
    Record ring[ring_size];
    u64 random, digest;
    u64 progress[worker_count]; ///< calls each has finished
    Kind guess[pool_slots];     ///< what a slot probably holds
    u64 meeting[4];             ///< slots of endpoints that are used more often than others
    u64 reply[worker_count];
    bool waits[worker_count]; ///< as a server, for the next call
    Page buffer[worker_count];
    Page stack[worker_count];

    abi::IpcBuffer& ipc_buffer(unsigned worker)
    {
        return *reinterpret_cast<abi::IpcBuffer*>(buffer[worker].bytes);
    }
};
extern Shared shared;

/// xorshift64*: the one source of chance; seeded by the supervisor.
inline u64 random_word()
{
    u64 x = shared.random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    shared.random = x != 0 ? x : 1;
    return x * 0x2545'f491'4f6c'dd1d;
}
inline u64 below(u64 n)
{
    return (random_word() >> 33) % n;
}
inline bool one_in(u64 n)
{
    return below(n) == 0;
}
/// A slot that probably holds this; any slot when a few tries find none.
inline u64 slot_of(Kind kind)
{
    constexpr unsigned tries = 40;
    u64 slot = below(pool_slots);
    u64 const step = random_word() | 1; // odd: comes past every slot
    for (unsigned i = 0; i < tries && shared.guess[slot] != kind; ++i)
        slot = (slot + step) % pool_slots;
    return slot;
}

/// The program of a worker: random calls for ever.
[[noreturn]] void work(u64 worker);

} // namespace fuzz
