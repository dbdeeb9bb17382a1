// Bytes of a terminal to keys: UTF-8 characters, control keys as Emacs and readline name them, and
// the escape sequences of cursor keys. What is not known is no key.
#pragma once

#include "text/utf8.hpp"

namespace shell {

enum class Key : u8 {
    none,
    character,
    enter,
    interrupt,
    backspace,
    erase, ///< the character under the cursor
    left,
    right,
    word_left,
    word_right,
    home,
    end,
    up,
    down,
    kill_to_end,
    kill_to_start,
    kill_word_left,
    kill_word_right,
    yank,
    search,
    abort,
    clear,
    complete,
};

class KeyDecoder {
public:
    struct Output {
        Key key = Key::none;
        u32 point = 0; ///< of a character
    };
    Output decode(u8 byte);

private:
    enum class State : u8 { ground, escape, sequence, single };

    Output sequence(u8 byte);
    static Key control(u8 byte);
    static Key alt(u8 byte);

    text::Utf8Decoder utf8_;
    State state_ = State::ground;
    u32 first_ = 0, last_ = 0; // parameters of a sequence: the first, and the one being read
    bool after_return_ = false;
};

} // namespace shell
