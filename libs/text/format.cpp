// See format.hpp.
#include "text/format.hpp"

namespace text {

void Writer::write(std::string_view text)
{
    for (usize i = 0; i < text.size(); ++i) {
        if (cut_) return;
        if (length_ < memory_.size()) {
            memory_[length_++] = text[i];
            continue;
        }
        cut_ = true;
        // A character that fits in part only is taken back.
        if (!begins_character(text[i]))
            while (length_ > 0 && !begins_character(memory_[--length_])) {
            }
    }
}

namespace {

void write_number(Writer& out, u64 number, u64 base, usize least_digits)
{
    char digits[20];
    usize count = 0;
    do digits[count++] = "0123456789abcdef"[number % base];
    while ((number /= base) > 0);
    if (least_digits > count) out.fill('0', least_digits - count);
    while (count > 0) out.write(digits[--count]);
}

/// number / unit with `places` decimals, cut.
void write_fraction(Writer& out, u64 number, u64 unit, unsigned places)
{
    write_number(out, number / unit, 10, 1);
    if (places == 0) return;
    out.write('.');
    u64 rest = number % unit;
    for (; places > 0; --places) {
        rest *= 10;
        out.write(static_cast<char>('0' + rest / unit));
        rest %= unit;
    }
}

void write_size(Writer& out, u64 bytes)
{
    constexpr std::string_view units = "KMGT";
    if (bytes < 1024) return write_number(out, bytes, 10, 1);
    usize unit = 0;
    while (unit + 1 < units.size() && bytes >> (10 * (unit + 2)) > 0) ++unit;
    u64 const scale = u64{1} << (10 * (unit + 1));
    write_fraction(out, bytes, scale, bytes % scale == 0 || bytes / scale >= 100 ? 0 : 1);
    out.write(units[unit]);
}

void write_time(Writer& out, u64 microseconds)
{
    if (microseconds < 1000) {
        write_number(out, microseconds, 10, 1);
        return out.write("us");
    }
    u64 const unit = microseconds < 1'000'000 ? 1000 : 1'000'000;
    u64 const whole = microseconds / unit;
    write_fraction(out, microseconds, unit, whole < 10 ? 2 : whole < 100 ? 1 : 0);
    out.write(unit == 1000 ? "ms" : "s");
}

/// What stands between the braces of one field.
struct Field {
    char fill = ' ';
    bool left = false;
    usize width = 0;
};

Field parse_field(std::string_view words)
{
    Field field;
    if (words.starts_with("0>")) {
        field.fill = '0';
        words.remove_prefix(1);
    }
    if (words.empty()) return field;
    field.left = words.front() == '<';
    words.remove_prefix(1);
    for (char const digit : words) field.width = field.width * 10 + static_cast<usize>(digit - '0');
    return field;
}

void write_field(Writer& out, Field const& field, Value const& value)
{
    if (field.width == 0) return write_value(out, value);
    Line<64> number;
    std::string_view shown = value.string;
    if (value.style != Style::string) {
        write_value(number, value);
        shown = number.view();
    }
    usize const taken = columns(shown);
    usize const pad = field.width > taken ? field.width - taken : 0;
    if (!field.left) out.fill(field.fill, pad);
    out.write(shown);
    if (field.left) out.fill(' ', pad);
}

} // namespace

void write_value(Writer& out, Value const& value)
{
    switch (value.style) {
    case Style::negative:
        out.write('-');
        [[fallthrough]];
    case Style::decimal:
        return write_number(out, value.number, 10, 1);
    case Style::hex:
        out.write("0x");
        return write_number(out, value.number, 16, value.digits);
    case Style::size:
        return write_size(out, value.number);
    case Style::time:
        return write_time(out, value.number);
    case Style::string:
        return out.write(value.string);
    }
}

void format_values(Writer& out, std::string_view format, std::span<Value const> values)
{
    usize next = 0;
    for (usize i = 0; i < format.size(); ++i) {
        char const c = format[i];
        bool const twice = i + 1 < format.size() && format[i + 1] == c;
        if ((c == '{' || c == '}') && twice) {
            out.write(c);
            ++i;
        } else if (c == '{') {
            usize const end = format.find('}', i);
            write_field(out, parse_field({format.data() + i + 1, end - i - 1}), values[next++]);
            i = end;
        } else {
            out.write(c);
        }
    }
}

bool parse(std::string_view text, u64& number)
{
    u64 base = 10;
    if (text.starts_with("0x")) {
        base = 16;
        text.remove_prefix(2);
    }
    if (text.empty()) return false;
    u64 sum = 0;
    for (char const c : text) {
        u64 const digit = c >= '0' && c <= '9'   ? static_cast<u64>(c - '0')
                          : c >= 'a' && c <= 'f' ? static_cast<u64>(c - 'a') + 10
                                                 : ~u64{0};
        if (digit >= base || __builtin_mul_overflow(sum, base, &sum) ||
            __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    number = sum;
    return true;
}

} // namespace text
