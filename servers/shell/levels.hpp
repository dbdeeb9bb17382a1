// Levels of the feedback class, which only the kernel knows and tells in its event ring: while one
// of these exists the ring is attached; look() takes what was written. Nothing in release kernels.
#pragma once

#include "servers/shell/shell.hpp"
#include "sys/event_ring.hpp"

namespace shell {

class Levels {
    Shell& shell_;
    bool attached_;
    static constexpr u8 unknown = 0xff;
    u8 level_[composition::max_programs];

public:
    explicit Levels(Shell& shell)
        : shell_{shell}, attached_{static_cast<bool>(shell.monitor<monitor::Events>({1}))}
    {
        for (u8& each : level_) each = unknown;
    }
    ~Levels()
    {
        if (attached_) (void)shell_.monitor<monitor::Events>({0});
    }
    Levels(Levels const&) = delete;
    Levels& operator=(Levels const&) = delete;

    void look();
    /// The level at which a program of the class ran last; a dash when that is not known.
    text::Value of(u64 program, u64 flags) const
    {
        if (!(flags & composition::flag_feedback) || program >= composition::max_programs ||
            level_[program] == unknown)
            return text::value("-");
        return text::value(level_[program]);
    }
};

} // namespace shell
