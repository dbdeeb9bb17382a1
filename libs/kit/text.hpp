// Text put together in a buffer of fixed size, without a heap: what does not fit is cut off.
#pragma once

#include "kit/types.hpp"
#include <concepts>
#include <string_view>

namespace kit {

/// Printed in hexadecimal, with 0x.
struct Hex {
    u64 value;
};

template <usize Size> class Text {
    char text_[Size];
    usize length_ = 0;

public:
    /// The parts one after another: text, numbers (decimal), Hex.
    template <class... Parts> Text& add(Parts const&... parts)
    {
        (put(parts), ...);
        return *this;
    }
    std::string_view view() const { return {text_, length_}; }
    void clear() { length_ = 0; }

private:
    void put(std::string_view text)
    {
        for (char const c : text) put_char(c);
    }
    void put(char const* text) { put(std::string_view{text}); }
    void put(Hex hex)
    {
        int shift = 60;
        while (shift > 0 && hex.value >> shift == 0) shift -= 4;
        put("0x");
        for (; shift >= 0; shift -= 4) put_char("0123456789abcdef"[hex.value >> shift & 15]);
    }
    void put(std::unsigned_integral auto number)
    {
        char digits[20];
        usize count = 0;
        u64 rest = number;
        do digits[count++] = static_cast<char>('0' + rest % 10);
        while ((rest /= 10) > 0);
        while (count > 0) put_char(digits[--count]);
    }
    void put_char(char c)
    {
        if (length_ < Size) text_[length_++] = c;
    }
};

} // namespace kit
