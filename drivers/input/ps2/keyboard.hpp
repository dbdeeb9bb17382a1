// From the bytes of a keyboard to keys: scan code set 2, or set 1 as the controller translates it,
// to usages of USB HID, which name keys by their place and not by what is printed on them.
// [IBM PS/2 Technical Reference, "101/102-Key Keyboard"; Microsoft, "Keyboard Scan Code
// Specification"; USB HID Usage Tables 1.4, "Keyboard/Keypad Page (0x07)"]
#pragma once

#include "kit/types.hpp"
#include <bitset>

namespace ps2 {

inline constexpr u8 no_key = 0;

/// The usage of a code of set 1, without or with the prefix E0. 0: no key, or none on page 7.
u8 usage_of(u8 code, bool extended);
/// The code of set 1 (below 0x80) for one of set 2; 0 if there is none.
u8 set1_of(u8 code);

/// What happened to a key: values as in input::Event.
inline constexpr i16 key_up = 0, key_down = 1, key_repeated = 2;

class Keyboard {
    enum class Prefix : u8 { none, extended, pause, pause_second };

    bool translated_ = true, break_ = false;
    Prefix prefix_ = Prefix::none;
    std::bitset<256> down_; // by usage

public:
    Keyboard() = default;
    explicit Keyboard(bool translated) : translated_{translated} {}

    /// Takes the next byte and says `emit(usage, value)` for what it means, at most one key's down
    /// and up, or an up for every key that is down after the keyboard has lost count.
    template <class Emit> void feed(u8 byte, Emit&& emit)
    {
        if (byte == 0xe0) return start(Prefix::extended);
        if (byte == 0xe1) return start(Prefix::pause);
        if (byte == 0 || byte == 0xff) return release_all(emit);
        // Two Korean keys say that they went down and nothing else.
        if (byte == 0xf1 || byte == 0xf2) {
            u8 const usage = byte == 0xf1 ? 0x91 : 0x90;
            emit(usage, key_down);
            emit(usage, key_up);
            return start(Prefix::none);
        }
        if (!translated_) {
            if (byte == 0xf0) {
                break_ = true;
                return;
            }
            code(set1_of(byte), break_, emit);
            break_ = false;
        } else {
            code(byte & 0x7f, byte & 0x80, emit);
        }
    }

    template <class Emit> void release_all(Emit&& emit)
    {
        for (unsigned usage = 1; usage < down_.size(); ++usage)
            if (down_[usage]) emit(static_cast<u8>(usage), key_up);
        down_.reset();
        start(Prefix::none);
    }

private:
    void start(Prefix prefix)
    {
        prefix_ = prefix;
        break_ = false;
    }
    /// A code of set 1 behind whatever prefix there was.
    template <class Emit> void code(u8 code, bool up, Emit&& emit)
    {
        constexpr u8 control = 0x1d, num_lock = 0x45, usage_of_pause = 0x48;
        Prefix const prefix = prefix_;
        prefix_ = Prefix::none;
        if (prefix == Prefix::pause) {
            if (code == control) prefix_ = Prefix::pause_second;
        } else if (prefix == Prefix::pause_second) {
            if (code == num_lock) report(usage_of_pause, up, emit);
        } else {
            report(usage_of(code, prefix == Prefix::extended), up, emit);
        }
    }
    template <class Emit> void report(u8 usage, bool up, Emit&& emit)
    {
        if (usage == no_key) return;
        emit(usage, up ? key_up : down_[usage] ? key_repeated : key_down);
        down_[usage] = !up;
    }
};

} // namespace ps2
