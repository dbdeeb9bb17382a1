// Keys to bytes: US layout, as an xterm would send them. Keeps which modifiers are held and which
// locks are on. Events come from a driver that may lose some or lie: an unknown code is nothing, a
// missed key-up ends with the next key-down of the same modifier's up.
#pragma once

#include "protocol/input.hpp"
#include <string_view>

namespace console_server {

class Keyboard {
public:
    /// What a key did: bytes for the program, or lines to look back (negative: forward).
    struct Output {
        char byte[8] = {};
        usize length = 0;
        int pages_back = 0;
        std::string_view bytes() const { return {byte, length}; }
    };

    Output event(input::Event const& event);
    /// Bits of input::Shared::leds.
    u32 leds() const { return leds_; }

private:
    Output key(u16 code) const;
    bool held(u32 modifiers) const { return held_ & modifiers; }

    u32 held_ = 0; // bit n: usage 0xe0 + n is down
    u32 leds_ = 1; // num lock on, as firmware leaves it
};

} // namespace console_server
