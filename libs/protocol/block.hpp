// Blocks of a disk, by rings alone: no Call, so that the memory-manager can swap and nobody waits
// for a driver. One Shared region per client and driver; the data lies in the client's pool, which
// the driver cannot see: it knows the pool's DMA address and hands parts of it to the device.
//
//   client  pushes Requests, signals the driver ("block.signal") when the driver asked to be woken
//   driver  pushes Completions, signals the client likewise
//
// Who pops from a ring signals its producer when that waits for room. A driver that works never
// fills the completions of a client that fetches them, but one that went mad may have.
//
// After the driver died, its successor takes the rings as they are: it raises `epoch`, drops what
// was queued and completes nothing of the old life; a client that sees a new epoch submits again
// what was not completed (writes are idempotent: the client still has the bytes). A request says
// which epoch its client knew, so that one pushed around the change is not carried out beside its
// repetition, when the client may have reused the bytes. A flush is acknowledged only when every
// write whose completion the client had seen before is on the medium.
#pragma once

#include "queue/ring.hpp"

namespace block {

enum class Operation : u32 {
    read = 0,
    write = 1,
    flush = 2,
    settle = 3, ///< completed when no request of the client is under way any more: what one that
                ///< was started anew does first, because its predecessor's may still use the pool
};
enum class Status : u32 { ok = 0, io_error = 1, bad_request = 2, read_only = 3 };

struct Request {
    u64 id;     ///< the client's own; comes back
    u64 sector; ///< of 512 bytes
    u64 offset; ///< of the data in the client's pool, multiple of 512
    u32 bytes;  ///< multiple of 512, at most max_bytes; 0 for flush and settle
    u32 operation;
    u64 epoch; ///< Shared::epoch as the client saw it; of another the driver drops the request
};
struct Completion {
    u64 id;
    u32 status;
    u32 epoch; ///< of the driver that did it
};
inline constexpr u32 ring_entries = 64;
inline constexpr u32 max_bytes = 1 << 20;

/// All zero at first. The driver writes sectors and flags before it sets epoch.
struct Shared {
    queue::Ring<Request, ring_entries> requests;       // client to driver
    queue::Ring<Completion, ring_entries> completions; // driver to client
    alignas(64) std::atomic<u64> sectors;              ///< capacity in 512-byte sectors
    std::atomic<u32> read_only;
    std::atomic<u32> has_flush;   ///< 0: every completed write is on the medium
    std::atomic<u32> block_bytes; ///< of the device: what alignment is quick
    std::atomic<u32> epoch;       ///< 0: no driver yet
    char serial[24];              ///< of the device, zero terminated
};
static_assert(sizeof(Shared) <= 8192); // protocols.toml

} // namespace block
