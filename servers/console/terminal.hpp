// The terminal: bytes of a program in, cells of a screen out. Knows UTF-8 and the part of
// ECMA-48 / xterm that README.md lists; everything else is swallowed without effect. Every number
// in a sequence is cut before it is used.
#pragma once

#include "servers/console/screen.hpp"
#include "text/utf8.hpp"
#include <string_view>

namespace console_server {

class Terminal {
public:
    explicit Terminal(Screen& screen) : screen_{screen} { reset(); }

    void write(std::string_view bytes)
    {
        for (char const byte : bytes) put(static_cast<u8>(byte));
    }
    void put(u8 byte);
    /// After the screen got another geometry: cursor into it, scroll region all of it.
    void fit();
    /// Puts the cursor somewhere (a successor takes over a screen).
    void set_cursor(u32 row, u32 column);

    u32 row() const { return row_; }
    u32 column() const { return column_; }
    bool cursor_visible() const { return cursor_visible_; }

private:
    enum class State : u8 { ground, escape, skip_one, parameters, string, string_escape };
    static constexpr usize max_parameters = 16;

    struct Pen {
        u8 foreground = 7, background = 0, attributes = 0;
        bool bold = false;
    };

    void reset();
    void print(u32 point);
    void control(u8 byte);
    void escape(u8 byte);
    void parameter(u8 byte);
    void sequence(u8 final);
    void move_sequence(u8 final);
    void edit_sequence(u8 final);
    void mode(bool on);
    void colours();
    usize extended_colour(usize at, u8& colour);
    void erase_display(u32 how);
    void erase_line(u32 how);
    void line_feed();
    void reverse_line_feed();

    /// Parameter `index`, or `otherwise` when it is missing or 0.
    u32 number(usize index, u32 otherwise = 1) const;
    Cell cell(u32 point) const;
    Cell filler() const { return Screen::blank(pen_.foreground, pen_.background); }

    Screen& screen_;
    text::Utf8Decoder decoder_;
    State state_ = State::ground;
    u32 parameter_[max_parameters] = {};
    usize parameter_count_ = 0;
    bool private_ = false, ignored_ = false; // "?" in front; something unknown inside
    Pen pen_, saved_pen_;
    u32 row_ = 0, column_ = 0, saved_row_ = 0, saved_column_ = 0;
    u32 first_ = 0, last_ = 0; // scroll region: rows first_ to last_ - 1
    bool wrap_ = false;        // the last column was written: the next character begins a line
    bool cursor_visible_ = true;
};

} // namespace console_server
