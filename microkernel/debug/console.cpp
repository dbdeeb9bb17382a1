// Framebuffer console: the loaders' FramebufferText (libs/console) on the kernel's mapping.
#include "debug/console.hpp"

#include "console/framebuffer_text.hpp"

namespace mk {
namespace {
constinit FramebufferText text;
}

void attach_framebuffer(boot::Framebuffer const& f, void* pixels)
{
    if (f.bits != 32) return;
    text.attach({static_cast<u8 volatile*>(pixels), f.width, f.height, f.pitch, f.red_shift,
                 f.green_shift, f.blue_shift});
}

void move_framebuffer(void* pixels)
{
    if (text.attached()) text.move_to(static_cast<u8 volatile*>(pixels));
}

void framebuffer_put(char c)
{
    if (text.attached()) text.put(c);
}

} // namespace mk
