// The memory of an edge of protocol `net`, which outlives both ends.
#pragma once

#include "program/program.hpp"
#include "protocol/net.hpp"

#include <memory>

namespace net_rig {

inline constexpr u64 server_signal = 7;

template <u32 ArenaBytes> class EdgeOf {
    struct Memory {
        net::Shared shared;
        u8 rest[net::arena_offset - sizeof(net::Shared) + ArenaBytes];
    };
    std::unique_ptr<Memory> memory_{new Memory{}};

public:
    net::Shared& shared() const { return memory_->shared; }
    u8* arena() const { return reinterpret_cast<u8*>(memory_.get()) + net::arena_offset; }
    program::Use use() const
    {
        program::Use use;
        use.signal = sys::Notification{server_signal};
        use.shared = memory_.get();
        use.shared_bytes = sizeof(Memory);
        use.peer = 1;
        return use;
    }
};

} // namespace net_rig
