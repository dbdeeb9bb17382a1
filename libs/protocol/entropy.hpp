// Random bytes: the only source in the system. `random` is offered by hardware drivers (virtio-rng)
// to the entropy server by a ring; `entropy` is what everybody else Calls.
#pragma once

#include "queue/ring.hpp"
#include "rpc/rpc.hpp"

namespace entropy {

inline constexpr usize max_bytes = 256;

/// `bytes` (1 to max_bytes) of cryptographic quality. Error: interrupted until it was seeded.
struct Get {
    static constexpr bool idempotent = true;
    struct Args {
        u64 bytes;
    };
    struct Reply {
        u8 data[max_bytes];
    };
};
/// Where its seeds came from: counts of bytes credited by source.
struct Sources {
    static constexpr bool idempotent = true;
    struct Args {};
    struct Reply {
        u64 rdrand, rdseed, device, jitter, reseeds, seeded;
    };
};
using Entropy = rpc::Protocol<1, Get, Sources>;

/// Protocol `random`: raw bytes of a device.
struct RawBytes {
    u8 data[32];
};
struct RandomShared {
    queue::Ring<RawBytes, 16> bytes;
};

} // namespace entropy
