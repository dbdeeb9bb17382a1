// What complete control sequences do to the screen. [ECMA-48, 8.3 "Definition of control
// functions"; xterm, "XTerm Control Sequences"]
#include "servers/console/terminal.hpp"

namespace console_server {

u32 Terminal::number(usize index, u32 otherwise) const
{
    return index < parameter_count_ && parameter_[index] > 0 ? parameter_[index] : otherwise;
}

void Terminal::sequence(u8 final)
{
    if (private_) {
        if (final == 'h' || final == 'l') mode(final == 'h');
        return;
    }
    switch (final) {
    case 'm':
        return colours();
    case 'J':
        return erase_display(number(0, 0));
    case 'K':
        return erase_line(number(0, 0));
    case 'r': {
        u32 const first = number(0) - 1, last = number(1, screen_.rows());
        if (last > screen_.rows() || first + 1 >= last) return;
        first_ = first, last_ = last;
        return set_cursor(0, 0);
    }
    case 's':
        return escape('7');
    case 'u':
        return escape('8');
    case '@':
    case 'L':
    case 'M':
    case 'P':
    case 'S':
    case 'T':
    case 'X':
        return edit_sequence(final);
    default:
        return move_sequence(final);
    }
}

void Terminal::move_sequence(u8 final)
{
    u32 const count = number(0);
    // The scroll region holds back a cursor that is inside it.
    u32 const top = row_ >= first_ ? first_ : 0;
    u32 const bottom = row_ < last_ ? last_ - 1 : screen_.rows() - 1;
    u32 const up = row_ - top > count ? row_ - count : top;
    u32 const down = bottom - row_ > count ? row_ + count : bottom;
    switch (final) {
    case 'A':
        return set_cursor(up, column_);
    case 'B':
    case 'e':
        return set_cursor(down, column_);
    case 'C':
    case 'a':
        return set_cursor(row_, column_ + count);
    case 'D':
        return set_cursor(row_, column_ > count ? column_ - count : 0);
    case 'E':
        return set_cursor(down, 0);
    case 'F':
        return set_cursor(up, 0);
    case 'G':
    case '`':
        return set_cursor(row_, count - 1);
    case 'H':
    case 'f':
        return set_cursor(count - 1, number(1) - 1);
    case 'd':
        return set_cursor(count - 1, column_);
    default:
        return;
    }
}

void Terminal::edit_sequence(u8 final)
{
    u32 const count = number(0);
    u32 const rest = screen_.columns() - column_;
    u32 const shift = count < rest ? count : rest;
    wrap_ = false;
    switch (final) {
    case '@':
        return screen_.move(row_, column_, column_ + shift, filler());
    case 'P':
        return screen_.move(row_, column_ + shift, column_, filler());
    case 'X':
        return screen_.fill(row_, column_, column_ + shift, filler());
    case 'S':
        return screen_.scroll_up(first_, last_, count, filler());
    case 'T':
        return screen_.scroll_down(first_, last_, count, filler());
    default: // L, M: lines at the cursor, inside the scroll region only
        if (row_ < first_ || row_ >= last_) return;
        column_ = 0;
        if (final == 'L') return screen_.scroll_down(row_, last_, count, filler());
        return screen_.scroll_up(row_, last_, count, filler());
    }
}

void Terminal::mode(bool on)
{
    for (usize i = 0; i < parameter_count_; ++i)
        if (parameter_[i] == 25) cursor_visible_ = on;
}

void Terminal::erase_display(u32 how)
{
    u32 const first = how == 0 ? row_ + 1 : 0;
    u32 const last = how == 1 ? row_ : screen_.rows();
    for (u32 row = first; row < last; ++row) screen_.fill(row, 0, screen_.columns(), filler());
    if (how < 2) erase_line(how);
}

void Terminal::erase_line(u32 how)
{
    u32 const first = how == 0 ? column_ : 0;
    u32 const last = how == 1 ? column_ + 1 : screen_.columns();
    screen_.fill(row_, first, last, filler());
}

namespace {

/// The nearest of the 16 colours: bright when any part is, then bit by bit.
u8 nearest(u32 red, u32 green, u32 blue)
{
    u32 most = red > green ? red : green;
    if (blue > most) most = blue;
    if (most < 64) return 0;
    auto const on = [most](u32 part, u32 bit) { return part * 2 > most ? bit : 0u; };
    u32 const hue = on(red, 1) | on(green, 2) | on(blue, 4);
    if (hue == 7 && most < 144) return 8; // grey
    return static_cast<u8>(hue | (most > 208 ? 8 : 0));
}

/// Of xterm's 256: 16 of ours, a cube of 6 x 6 x 6, 24 greys.
u8 indexed(u32 index)
{
    if (index < 16) return static_cast<u8>(index);
    if (index >= 232) {
        u32 const grey = index < 256 ? 8 + 10 * (index - 232) : 255;
        return nearest(grey, grey, grey);
    }
    auto const level = [](u32 step) { return step == 0 ? 0 : 55 + 40 * step; };
    u32 const cube = index - 16;
    return nearest(level(cube / 36), level(cube / 6 % 6), level(cube % 6));
}

} // namespace

/// 38 or 48 at `at`: takes the parameters that belong to it, answers how many these are.
usize Terminal::extended_colour(usize at, u8& colour)
{
    if (number(at + 1, 0) == 5) {
        colour = indexed(number(at + 2, 0));
        return 2;
    }
    if (number(at + 1, 0) != 2) return 0;
    colour = nearest(number(at + 2, 0), number(at + 3, 0), number(at + 4, 0));
    return 4;
}

void Terminal::colours()
{
    for (usize i = 0; i < parameter_count_; ++i) {
        u32 const code = parameter_[i];
        auto const digit = static_cast<u8>(code % 10);
        switch (code) {
        case 0:
            pen_ = {};
            break;
        case 1:
        case 22:
            pen_.bold = code == 1;
            break;
        case 4:
            pen_.attributes |= underline;
            break;
        case 7:
            pen_.attributes |= inverse;
            break;
        case 24:
            pen_.attributes &= static_cast<u8>(~underline);
            break;
        case 27:
            pen_.attributes &= static_cast<u8>(~inverse);
            break;
        case 38:
            i += extended_colour(i, pen_.foreground);
            break;
        case 39:
            pen_.foreground = 7;
            break;
        case 48:
            i += extended_colour(i, pen_.background);
            break;
        case 49:
            pen_.background = 0;
            break;
        default:
            if (code >= 30 && code <= 37) pen_.foreground = digit;
            if (code >= 40 && code <= 47) pen_.background = digit;
            if (code >= 90 && code <= 97) pen_.foreground = static_cast<u8>(digit + 8);
            if (code >= 100 && code <= 107) pen_.background = static_cast<u8>(digit + 8);
        }
    }
}

} // namespace console_server
