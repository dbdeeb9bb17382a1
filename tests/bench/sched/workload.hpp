// A workload for kernel_run.cpp, as workload_header.py writes it from JSON lines. Times are us.
#pragma once

#include "kit/types.hpp"
#include <span>

namespace sched_run {

enum class Kind : u8 {
    run,     ///< compute for `time`; 0: as long as the call asked for
    sleep,   ///< for `time`, whole ms
    call,    ///< task number `target`, a server, asking for `time`
    give_up, ///< Yield
};

struct Step {
    Kind kind;
    u32 time, target;
};

struct TaskData {
    char const* name;
    u8 priority;
    u32 budget; ///< 0: no scheduling context of its own
    bool plain, server, repeat;
    std::span<Step const> steps;
};

extern std::span<TaskData const> const tasks;

} // namespace sched_run
