// Debug and benchmark system calls, as seL4 has them in its debug and benchmark builds. A release
// kernel has none of them but SetTLSBase.
#pragma once

#include "abi/syscalls.hpp"
#include "sched/cpu.hpp"

namespace mk {

/// Carries the call out; answers whether there is one of this number in this build.
bool debug_syscall(Cpu& cpu, abi::Syscall number);

} // namespace mk
