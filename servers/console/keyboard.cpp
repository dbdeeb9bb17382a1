// See keyboard.hpp. [USB HID Usage Tables 1.12, section 10 "Keyboard/Keypad Page"; xterm, "XTerm
// Control Sequences", "PC-Style Function Keys"]
#include "servers/console/keyboard.hpp"

namespace console_server {

namespace {

constexpr u32 control = 0x11, shift = 0x22, alt = 0x44; // left and right, as bits of held_
constexpr u16 first_modifier = 0xe0, last_modifier = 0xe7;
constexpr u16 caps_lock = 0x39, scroll_lock = 0x47, num_lock = 0x53;
constexpr u16 page_up = 0x4b, page_down = 0x4e;
constexpr u16 first_pad = 0x54, last_pad = 0x63;

// From usage 4 on: a to z, 1 to 0, enter, escape, backspace, tab, space and punctuation.
constexpr std::string_view plain =
    "abcdefghijklmnopqrstuvwxyz1234567890\r\x1b\x7f\t -=[]\\\\;'`,./";
constexpr std::string_view shifted =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ!@#$%^&*()\r\x1b\x7f\t _+{}||:\"~<>?";
static_assert(plain.size() == shifted.size() && plain.size() == 0x38 - 4 + 1);
constexpr u16 first_plain = 4, last_plain = 0x38, iso_backslash = 0x64;

// The keypad from usage 0x54 on, with num lock; without it these keys are the ones below.
constexpr std::string_view pad = "/*-+\r1234567890.";
constexpr u16 pad_without_lock[] = {0x4d, 0x51, 0x4e, 0x50, 0, 0x4f, 0x4a, 0x52, 0x4b, 0x49, 0x4c};

/// Keys that send a sequence: CSI letter, or CSI number ~.
struct Function {
    u16 code;
    u8 number;
    char final;
};
constexpr Function functions[] = {
    {0x3a, 1, 'P'},  {0x3b, 1, 'Q'},  {0x3c, 1, 'R'},  {0x3d, 1, 'S'},  {0x3e, 15, '~'},
    {0x3f, 17, '~'}, {0x40, 18, '~'}, {0x41, 19, '~'}, {0x42, 20, '~'}, {0x43, 21, '~'},
    {0x44, 23, '~'}, {0x45, 24, '~'}, {0x49, 2, '~'},  {0x4a, 1, 'H'},  {0x4b, 5, '~'},
    {0x4c, 3, '~'},  {0x4d, 1, 'F'},  {0x4e, 6, '~'},  {0x4f, 1, 'C'},  {0x50, 1, 'D'},
    {0x51, 1, 'B'},  {0x52, 1, 'A'},
};

void append(Keyboard::Output& out, char c)
{
    if (out.length < sizeof out.byte) out.byte[out.length++] = c;
}

void append_number(Keyboard::Output& out, unsigned number)
{
    if (number >= 10) append(out, static_cast<char>('0' + number / 10));
    append(out, static_cast<char>('0' + number % 10));
}

/// ESC [ number ; modifier final, without what is 1; F1 to F4 plain are ESC O final.
void append_function(Keyboard::Output& out, Function const& function, unsigned modifier)
{
    bool const f1_to_f4 = function.final >= 'P' && function.final <= 'S';
    append(out, '\x1b');
    append(out, f1_to_f4 && modifier == 1 ? 'O' : '[');
    if (function.final == '~' || modifier > 1) append_number(out, function.number);
    if (modifier > 1) {
        append(out, ';');
        append_number(out, modifier);
    }
    append(out, function.final);
}

} // namespace

Keyboard::Output Keyboard::event(input::Event const& event)
{
    if (event.kind != static_cast<u16>(input::Kind::key)) return {};
    u16 const code = event.code;
    bool const down = event.value != 0, repeated = event.value == 2;
    if (code >= first_modifier && code <= last_modifier) {
        u32 const bit = u32{1} << (code - first_modifier);
        held_ = down ? held_ | bit : held_ & ~bit;
        return {};
    }
    if (!down) return {};
    if (!repeated && code == num_lock) leds_ ^= 1;
    if (!repeated && code == caps_lock) leds_ ^= 2;
    if (!repeated && code == scroll_lock) leds_ ^= 4;
    return key(code);
}

Keyboard::Output Keyboard::key(u16 code) const
{
    Output out;
    if (held(shift) && (code == page_up || code == page_down)) {
        out.pages_back = code == page_up ? 1 : -1;
        return out;
    }
    if (code == iso_backslash) code = 0x31;
    char c = 0;
    if (code >= first_plain && code <= last_plain) {
        usize const index = code - usize{first_plain};
        bool const letter = index < 26;
        bool const upper = held(shift) != (letter && (leds_ & 2));
        c = upper ? shifted[index] : plain[index];
    } else if (code >= first_pad && code <= last_pad) {
        usize const index = code - usize{first_pad};
        if (index < 5 || (leds_ & 1))
            c = pad[index];
        else
            code = pad_without_lock[index - 5];
    }
    if (c == 0) {
        unsigned const modifier =
            1u + (held(shift) ? 1 : 0) + (held(alt) ? 2 : 0) + (held(control) ? 4 : 0);
        for (Function const& function : functions)
            if (function.code == code) append_function(out, function, modifier);
        return out;
    }
    if (c == '\t' && held(shift)) {
        for (char const each : std::string_view{"\x1b[Z"}) append(out, each);
        return out;
    }
    if (held(control)) {
        if (c == ' ' || c == '2') c = 0x40;
        if (c == '/') c = 0x5f;
        if (c >= 0x40 && c < 0x7f) c = static_cast<char>(c & 0x1f);
    }
    if (held(alt)) append(out, '\x1b');
    append(out, c);
    return out;
}

} // namespace console_server
