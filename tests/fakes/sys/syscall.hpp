// Stands in for libs/sys/syscall.hpp in host tests: records every system call and answers with what
// the test prepared. Found first because tests/fakes comes first in the include path.
#pragma once

#include "abi/syscalls.hpp"
#include "kit/types.hpp"
#include <functional>
#include <vector>

namespace sys {

struct Registers {
    u64 cap_or_badge = 0;
    u64 info = 0;
    u64 mr[4] = {};
};

struct FakeCall {
    abi::Syscall number;
    Registers in;
    u64 reply, destination;
};

/// What the fake kernel saw, and what it does with a call (by default: success, no words).
struct FakeKernel {
    std::vector<FakeCall> calls;
    std::function<void(FakeCall const&, Registers&)> answer;
};
inline FakeKernel fake_kernel;

inline void syscall(abi::Syscall number, Registers& io, u64 reply = 0, u64 destination = 0)
{
    FakeCall const call{number, io, reply, destination};
    fake_kernel.calls.push_back(call);
    io = {};
    if (fake_kernel.answer) fake_kernel.answer(call, io);
}

} // namespace sys
