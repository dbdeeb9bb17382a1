// Stands in for libs/runtime/runtime.hpp in host tests, like sys/syscall.hpp beside it: a program
// that ends throws, and the test goes on. (The real header's main is not that of a hosted program.)
#pragma once

#include "kit/types.hpp"

namespace runtime {

struct Ended {
    int status;
};

[[noreturn]] inline void exit(int status)
{
    throw Ended{status};
}

inline constexpr u64 exit_call = 0x7469'7865; // the real one's

} // namespace runtime
