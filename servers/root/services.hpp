// What root does for the rest of its life.
#pragma once

#include "protocol/root.hpp"
#include "thread.hpp"
#include "trusted_base.hpp"

namespace root {

/// @param maker  the thread that makes the trusted base, and then exits
/// Answers `Print` and `Quiet`; tells of a death in the trusted base, and then ends itself, so that
/// the kernel stops the machine with its report on every screen.
[[noreturn]] void serve(TrustedBase const& base, composition::Reader const& system, Serial serial,
                        sys::Reply reply, Thread& maker);

} // namespace root
