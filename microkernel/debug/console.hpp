// The kernel's text on the framebuffer, when the loader found one.
#pragma once

#include "boot/handoff.hpp"

namespace mk {

/// Clears the screen and writes there from now on. `pixels`: where the framebuffer is mapped.
void attach_framebuffer(boot::Framebuffer const& framebuffer, void* pixels);
/// The framebuffer is mapped elsewhere now; the text stays.
void move_framebuffer(void* pixels);
/// No effect without a framebuffer.
void framebuffer_put(char c);

} // namespace mk
