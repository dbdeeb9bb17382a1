// See levels.hpp.
#include "servers/shell/levels.hpp"

namespace shell {

void Levels::look()
{
    constexpr usize most = 128;
    u32 thread[most];
    u8 level[most];
    usize count = 0;
    sys::EventReader reader{shell_.events()};
    if (!attached_ || shell_.events() == nullptr || !reader.is_ring()) return;
    // No further than what is there now: our own reading makes no events, but others run.
    u64 const end = reader.written();
    abi::EventRecord event;
    for (u64 read = 0; read + reader.lost() < end && reader.next(event); ++read) {
        if (event.kind != abi::Event::dispatch && event.kind != abi::Event::demote &&
            event.kind != abi::Event::promote)
            continue;
        usize i = 0;
        while (i < count && thread[i] != event.thread) ++i;
        if (i == most) continue;
        if (i == count) thread[count++] = event.thread;
        level[i] = event.level;
    }
    for (usize i = 0; i < count; ++i) {
        auto owner = shell_.monitor<monitor::ThreadName>({thread[i]});
        if (owner && owner->program < composition::max_programs) level_[owner->program] = level[i];
    }
}

} // namespace shell
