// What runs, for everybody to read: the supervisor's writing end of program::SystemPage.
#pragma once

#include "program/system_page.hpp"

namespace supervisor {

class States {
    program::SystemPage& page_;

public:
    explicit States(program::SystemPage& page) : page_{page} {}

    void set(u32 program, program::State state)
    {
        page_.program[program].state.store(static_cast<u32>(state), std::memory_order_release);
    }
    /// A new instance, of which nothing ran yet: it finds its own epoch when it starts.
    void count_instance(u32 program)
    {
        page_.program[program].epoch.fetch_add(1, std::memory_order_release);
    }
    program::State state(u32 program) const
    {
        return static_cast<program::State>(
            page_.program[program].state.load(std::memory_order_relaxed));
    }
    u32 epoch(u32 program) const
    {
        return page_.program[program].epoch.load(std::memory_order_relaxed);
    }
};

} // namespace supervisor
