// What lwIP wants of the program that links it (arch/cc.h, port.h), for host tests: memory from
// malloc, time that the test sets, numbers from a fixed sequence.
#pragma once

#include "kit/types.hpp"

namespace fakes {

struct LwipPort {
    u32 now = 1000;                   ///< milliseconds: sys_now()
    u32 random = 12345;               ///< state of the sequence
    u64 allocated = 0;                ///< blocks that are not freed
    u64 most = ~u64{0};               ///< blocks there may be: beyond it, no memory
    u32 clock = 0;                    ///< seconds, as SNTP set it
    u32 first_sequence = 0xffff'0000; ///< of connections: wraps soon
};
extern LwipPort lwip_port;

} // namespace fakes
