// See keys.hpp.
#include "servers/shell/keys.hpp"

namespace shell {

KeyDecoder::Output KeyDecoder::decode(u8 byte)
{
    bool const after_return = after_return_;
    after_return_ = false;
    switch (state_) {
    case State::escape:
        state_ = State::ground;
        if (byte == '[') {
            state_ = State::sequence;
            first_ = last_ = 0;
            return {};
        }
        if (byte == 'O') {
            state_ = State::single;
            return {};
        }
        return {alt(byte)};
    case State::sequence:
    case State::single:
        return sequence(byte);
    case State::ground:
        break;
    }
    if (byte == 0x1b) {
        state_ = State::escape;
        return {};
    }
    after_return_ = byte == '\r';
    if (byte == '\n' && after_return) return {}; // CR LF is one key
    if (byte < ' ' || byte == 0x7f) {
        utf8_.reset();
        return {control(byte)};
    }
    auto const out = utf8_.decode(byte);
    if (out.count == 0) return {};
    u32 const point = out.point[out.count - 1];
    if (point < ' ' || (point >= 0x7f && point < 0xa0)) return {};
    return {Key::character, point};
}

Key KeyDecoder::control(u8 byte)
{
    switch (byte) {
    case 'A' & 0x1f:
        return Key::home;
    case 'B' & 0x1f:
        return Key::left;
    case 'C' & 0x1f:
        return Key::interrupt;
    case 'D' & 0x1f:
        return Key::erase;
    case 'E' & 0x1f:
        return Key::end;
    case 'F' & 0x1f:
        return Key::right;
    case 'G' & 0x1f:
        return Key::abort;
    case '\b':
    case 0x7f:
        return Key::backspace;
    case '\t':
        return Key::complete;
    case '\r':
    case '\n':
        return Key::enter;
    case 'K' & 0x1f:
        return Key::kill_to_end;
    case 'L' & 0x1f:
        return Key::clear;
    case 'N' & 0x1f:
        return Key::down;
    case 'P' & 0x1f:
        return Key::up;
    case 'R' & 0x1f:
        return Key::search;
    case 'U' & 0x1f:
        return Key::kill_to_start;
    case 'W' & 0x1f:
        return Key::kill_word_left;
    case 'Y' & 0x1f:
        return Key::yank;
    default:
        return Key::none;
    }
}

Key KeyDecoder::alt(u8 byte)
{
    switch (byte) {
    case 'b':
        return Key::word_left;
    case 'f':
        return Key::word_right;
    case 'd':
        return Key::kill_word_right;
    case 0x7f:
    case '\b':
        return Key::kill_word_left;
    default:
        return Key::none;
    }
}

KeyDecoder::Output KeyDecoder::sequence(u8 byte)
{
    if (byte >= '0' && byte <= '9') {
        last_ = last_ * 10 + (byte - u32{'0'});
        if (last_ > 99) last_ = 99;
        return {};
    }
    if (byte == ';') {
        first_ = last_;
        last_ = 0;
        return {};
    }
    if (byte < 0x40) return {}; // other parameters: not known, but not the end
    state_ = State::ground;
    bool const word = last_ == 5 || last_ == 3; // with control or alt
    switch (byte) {
    case 'A':
        return {Key::up};
    case 'B':
        return {Key::down};
    case 'C':
        return {word ? Key::word_right : Key::right};
    case 'D':
        return {word ? Key::word_left : Key::left};
    case 'H':
        return {Key::home};
    case 'F':
        return {Key::end};
    case '~':
        break;
    default:
        return {};
    }
    switch (first_ ? first_ : last_) {
    case 1:
    case 7:
        return {Key::home};
    case 4:
    case 8:
        return {Key::end};
    case 3:
        return {Key::erase};
    default:
        return {};
    }
}

} // namespace shell
