// JSON put together in a buffer of fixed size: objects, arrays, members, with commas where they
// belong. Strings may hold anything: what is no UTF-8 becomes U+FFFD. A text that was cut is no
// JSON; whoever writes looks at Writer::was_cut. [RFC 8259]
#pragma once

#include "text/format.hpp"

namespace json {

/// A string with its quotes and escapes. Out: whatever has write(std::string_view).
/// [RFC 8259, section 7 "Strings"]
template <class Out> void write_string(Out& out, std::string_view string)
{
    auto const put = [&out](u32 point) {
        if (point == '"' || point == '\\') out.write(std::string_view{"\\"});
        if (point >= ' ') return out.write(text::Utf8{point}.view());
        constexpr std::string_view digits = "0123456789abcdef";
        char const escaped[] = {'\\', 'u', '0', '0', digits[point / 16], digits[point % 16]};
        out.write(std::string_view{escaped, sizeof escaped});
    };
    out.write(std::string_view{"\""});
    text::Utf8Decoder decoder;
    for (char const c : string) { // what is no UTF-8 must not get into JSON
        auto const step = decoder.decode(static_cast<u8>(c));
        for (usize i = 0; i < step.count; ++i) put(step.point[i]);
    }
    if (decoder.pending()) put(text::replacement);
    out.write(std::string_view{"\""});
}

class Writer {
    text::Writer& out_;
    bool first_ = true; ///< no comma before the next value

public:
    /// Begins a value of any kind behind what is in `out`.
    explicit Writer(text::Writer& out) : out_{out} {}

    // A value: in an array, or behind name().
    void begin_object() { begin('{'); }
    void end_object() { end('}'); }
    void begin_array() { begin('['); }
    void end_array() { end(']'); }
    void string(std::string_view value)
    {
        separate();
        write_string(out_, value);
    }
    void number(u64 value)
    {
        separate();
        text::write_value(out_, text::value(value));
    }
    void boolean(bool value)
    {
        separate();
        out_.write(value ? std::string_view{"true"} : std::string_view{"false"});
    }
    void null()
    {
        separate();
        out_.write("null");
    }

    /// The name of the member whose value comes next.
    void name(std::string_view name)
    {
        separate();
        write_string(out_, name);
        out_.write(':');
        first_ = true;
    }

    // A member of an object.
    void member(std::string_view key, std::string_view value)
    {
        name(key);
        string(value);
    }
    template <std::unsigned_integral T> void member(std::string_view key, T value)
    {
        name(key);
        if constexpr (std::is_same_v<T, bool>)
            boolean(value);
        else
            number(value);
    }

    bool was_cut() const { return out_.was_cut(); }

private:
    void begin(char bracket)
    {
        separate();
        out_.write(bracket);
        first_ = true;
    }
    void end(char bracket)
    {
        out_.write(bracket);
        first_ = false;
    }
    void separate()
    {
        if (!first_) out_.write(',');
        first_ = false;
    }
};

} // namespace json
