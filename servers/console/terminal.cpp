// The state machine of terminal.hpp, and what single characters do. Sequences: sequences.cpp.
#include "servers/console/terminal.hpp"

namespace console_server {

void Terminal::reset()
{
    pen_ = saved_pen_ = {};
    saved_row_ = saved_column_ = 0;
    cursor_visible_ = true;
    fit();
}

void Terminal::fit()
{
    first_ = 0;
    last_ = screen_.rows();
    set_cursor(row_, column_);
}

void Terminal::set_cursor(u32 row, u32 column)
{
    row_ = row < screen_.rows() ? row : screen_.rows() - 1;
    column_ = column < screen_.columns() ? column : screen_.columns() - 1;
    if (screen_.rows() == 0) row_ = column_ = 0;
    wrap_ = false;
}

void Terminal::put(u8 byte)
{
    if (screen_.rows() == 0) return;
    // Controls act inside sequences too, but for strings, which only ESC \ and BEL end.
    if (state_ == State::string || state_ == State::string_escape) {
        if (byte == 0x07 || (state_ == State::string_escape && byte == '\\'))
            state_ = State::ground;
        else
            state_ = byte == 0x1b ? State::string_escape : State::string;
        return;
    }
    if (byte < ' ' && !decoder_.pending()) return control(byte);
    switch (state_) {
    case State::escape:
        return escape(byte);
    case State::skip_one:
        state_ = State::ground;
        return;
    case State::parameters:
        return parameter(byte);
    default:
        break;
    }
    auto const out = decoder_.decode(byte);
    for (usize i = 0; i < out.count; ++i) {
        if (out.point[i] < ' ')
            control(static_cast<u8>(out.point[i]));
        else
            print(out.point[i]);
    }
}

Cell Terminal::cell(u32 point) const
{
    u8 const foreground =
        static_cast<u8>(pen_.bold && pen_.foreground < 8 ? pen_.foreground + 8 : pen_.foreground);
    return {point, foreground, pen_.background, pen_.attributes, 0};
}

void Terminal::print(u32 point)
{
    if (point == 0x7f || (point >= 0x80 && point < 0xa0)) return; // DEL, C1: nothing to see
    u32 const width = text::columns(point);
    if (width == 0 || width > screen_.columns()) return; // marks are not composed
    if (wrap_ || column_ + width > screen_.columns()) {
        column_ = 0;
        line_feed();
    }
    Cell shown = cell(point);
    screen_.fill(row_, column_, column_ + width, shown);
    if (width == 2) {
        shown.attributes |= wide_left;
        screen_.put(row_, column_, shown);
        shown.attributes = static_cast<u8>(pen_.attributes | wide_right);
        screen_.put(row_, column_ + 1, shown);
    }
    column_ += width;
    wrap_ = column_ == screen_.columns();
    if (wrap_) --column_;
}

void Terminal::control(u8 byte)
{
    switch (byte) {
    case '\b':
        if (column_ > 0) --column_;
        wrap_ = false;
        return;
    case '\t': {
        u32 const next = (column_ / 8 + 1) * 8;
        return set_cursor(row_, next);
    }
    case '\n':
    case '\v':
    case '\f':
        return line_feed();
    case '\r':
        return set_cursor(row_, 0);
    case 0x18: // CAN, SUB: the sequence is given up
    case 0x1a:
        state_ = State::ground;
        return;
    case 0x1b:
        state_ = State::escape;
        return;
    default:
        return;
    }
}

void Terminal::line_feed()
{
    wrap_ = false;
    if (row_ + 1 == last_)
        screen_.scroll_up(first_, last_, 1, filler());
    else if (row_ + 1 < screen_.rows())
        ++row_;
}

void Terminal::reverse_line_feed()
{
    wrap_ = false;
    if (row_ == first_)
        screen_.scroll_down(first_, last_, 1, filler());
    else if (row_ > 0)
        --row_;
}

void Terminal::escape(u8 byte)
{
    state_ = State::ground;
    switch (byte) {
    case '[':
        for (u32& each : parameter_) each = 0;
        parameter_count_ = 1;
        private_ = ignored_ = false;
        state_ = State::parameters;
        return;
    case ']': // OSC, DCS, SOS, PM, APC: strings that say nothing to us
    case 'P':
    case 'X':
    case '^':
    case '_':
        state_ = State::string;
        return;
    case '(': // character sets: we have Unicode
    case ')':
    case '#':
    case '%':
        state_ = State::skip_one;
        return;
    case '7':
        saved_row_ = row_, saved_column_ = column_, saved_pen_ = pen_;
        return;
    case '8':
        pen_ = saved_pen_;
        return set_cursor(saved_row_, saved_column_);
    case 'D':
        return line_feed();
    case 'E':
        column_ = 0;
        return line_feed();
    case 'M':
        return reverse_line_feed();
    case 'c':
        reset();
        set_cursor(0, 0);
        return erase_display(2);
    default:
        return;
    }
}

void Terminal::parameter(u8 byte)
{
    if (byte >= '0' && byte <= '9') {
        u32& last = parameter_[parameter_count_ - 1];
        last = last * 10 + (byte - u32{'0'});
        if (last > 9999) last = 9999;
    } else if (byte == ';' || byte == ':') {
        if (parameter_count_ < max_parameters)
            ++parameter_count_;
        else
            ignored_ = true;
    } else if (byte == '?') {
        private_ = true;
    } else if (byte >= 0x40 && byte <= 0x7e) {
        state_ = State::ground;
        if (!ignored_) sequence(byte);
    } else {
        ignored_ = true; // intermediate bytes: sequences of theirs are not known here
    }
}

} // namespace console_server
