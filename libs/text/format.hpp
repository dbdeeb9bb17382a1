// Formatted text without a heap: `format(out, "{} pages at {}", count, hex(address))`. Braces and
// values are counted by the compiler. A field is {} or has an alignment and a width in columns:
// {<12} left, {>8} right, {0>4} right with zeros in front. Two braces stand for one.
#pragma once

#include "text/utf8.hpp"
#include <concepts>
#include <span>
#include <type_traits>

namespace text {

/// Appends to memory of a fixed size; what does not fit is cut at the end of a character.
class Writer {
    std::span<char> memory_;
    usize length_ = 0;
    bool cut_ = false;

public:
    explicit Writer(std::span<char> memory) : memory_{memory} {}
    void write(std::string_view text);
    void write(char c) { write(std::string_view{&c, 1}); }
    void fill(char c, usize count)
    {
        while (count-- > 0) write(c);
    }
    std::string_view view() const { return {memory_.data(), length_}; }
    bool was_cut() const { return cut_; }
    void clear() { length_ = 0, cut_ = false; }
};

/// A writer with its memory: `Line<80> line;`
template <usize Bytes> class Line : public Writer {
    char memory_[Bytes];

public:
    Line() : Writer{std::span{memory_}} {}
    Line(Line const&) = delete;
    Line& operator=(Line const&) = delete;
};

/// Ways to show a number.
enum class Style : u8 { decimal, negative, hex, size, time, string };

/// One value of any type that can be shown.
struct Value {
    Style style = Style::string;
    u64 number = 0; ///< negative: its absolute value
    std::string_view string{};
    u8 digits = 0; ///< hex: at least so many
};

/// 0x2a; at least `digits` digits.
constexpr Value hex(u64 number, u8 digits = 1)
{
    return {Style::hex, number, {}, digits};
}
/// Bytes as people read them: 512, 64K, 1.5M, 2.0G.
constexpr Value size(u64 bytes)
{
    return {Style::size, bytes};
}
/// Microseconds as people read them: 250us, 12.3ms, 4.56s.
constexpr Value time(u64 microseconds)
{
    return {Style::time, microseconds};
}

constexpr Value value(Value const& v)
{
    return v;
}
template <std::integral T> constexpr Value value(T number)
{
    if constexpr (std::is_signed_v<T>)
        if (number < 0) return {Style::negative, u64{0} - static_cast<u64>(number)};
    return {Style::decimal, static_cast<u64>(number)};
}
constexpr Value value(std::string_view string)
{
    return {Style::string, 0, string};
}
constexpr Value value(char const* string)
{
    return value(std::string_view{string});
}

/// Not defined: a constant expression that comes here is refused by the compiler.
void bad_format();

/// Number of fields in a format; every one is closed and well formed.
consteval usize count_fields(std::string_view text)
{
    usize count = 0;
    for (usize i = 0; i < text.size(); ++i) {
        if (text[i] != '{' && text[i] != '}') continue;
        if (i + 1 < text.size() && text[i + 1] == text[i]) {
            ++i;
            continue;
        }
        if (text[i] == '}') bad_format();
        if (text[++i] == '0') ++i;
        if (text[i] == '<' || text[i] == '>')
            while (text[i + 1] >= '0' && text[i + 1] <= '9') ++i;
        else
            --i;
        if (text[++i] != '}') bad_format();
        ++count;
    }
    return count;
}

/// A format whose fields the compiler has counted against the values.
template <class... Values> class Format {
    std::string_view text_;

public:
    template <std::convertible_to<std::string_view> Text>
    consteval Format(Text const& text) : text_{text}
    {
        if (count_fields(text_) != sizeof...(Values)) bad_format();
    }
    std::string_view text() const { return text_; }
};

/// The work behind format().
void format_values(Writer& out, std::string_view format, std::span<Value const> values);

template <class... Values>
void format(Writer& out, Format<std::type_identity_t<Values>...> form, Values const&... values)
{
    Value const list[sizeof...(Values) + 1] = {value(values)...};
    format_values(out, form.text(), {list, sizeof...(Values)});
}

/// Writes one value, without a field.
void write_value(Writer& out, Value const& value);

/// A decimal number, or one in hex behind 0x; false for anything else, or above 64 bits.
bool parse(std::string_view text, u64& number);

} // namespace text
