// The page part through which a thread passes what does not fit into registers: message words 4
// and up, capabilities, and where to receive one. 1 KiB, aligned to its size, in a frame that the
// thread's TCB names. The kernel trusts nothing in it.
#pragma once

#include "abi/constants.hpp"
#include "kit/types.hpp"
#include <cstddef>

namespace abi {

struct alignas(1024) IpcBuffer {
    u64 tag;                                ///< MessageInfo, kept by user code only
    u64 msg[msg_max_length];                ///< words 0 to 3 travel in registers
    u64 user_data;                          ///< the kernel leaves it alone
    u64 caps_or_badges[msg_max_extra_caps]; ///< addresses sent; badges of unwrapped ones received
    u64 receive_cnode;
    u64 receive_index;
    u64 receive_depth;
};
static_assert(sizeof(IpcBuffer) == 1024);
static_assert(offsetof(IpcBuffer, msg) == 8);
static_assert(offsetof(IpcBuffer, user_data) == 968);
static_assert(offsetof(IpcBuffer, caps_or_badges) == 976);
static_assert(offsetof(IpcBuffer, receive_cnode) == 1000);
static_assert(offsetof(IpcBuffer, receive_index) == 1008);
static_assert(offsetof(IpcBuffer, receive_depth) == 1016);

inline constexpr u64 ipc_buffer_bits = 10;

} // namespace abi
