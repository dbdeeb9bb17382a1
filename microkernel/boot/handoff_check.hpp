// Is the loader's handoff what it should be? Everything after this trusts its numbers.
#pragma once

#include "boot/handoff.hpp"

namespace mk {

/// What is wrong with the handoff, as the end of a sentence; null when nothing is. Checks the head,
/// regions (sorted, disjoint, whole pages, within what the kernel can map), that the kernel and all
/// modules lie in regions of their kind, and that texts end.
char const* handoff_fault(boot::Handoff const& handoff);

} // namespace mk
