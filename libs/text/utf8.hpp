// UTF-8 in both directions, one code point at a time. Whatever arrives is decoded to something: a
// sequence that is not UTF-8 becomes one replacement character for each maximal part of it, as the
// Unicode standard recommends. [Unicode 15, 3.9, "U+FFFD Substitution of Maximal Subparts"]
#pragma once

#include "kit/types.hpp"
#include <string_view>

namespace text {

inline constexpr u32 replacement = 0xfffd;
inline constexpr usize max_utf8_bytes = 4;

/// Bytes in, code points out. Holds an unfinished sequence between calls.
class Utf8Decoder {
    u32 point_ = 0;
    u8 missing_ = 0;                // continuation bytes still to come
    u8 least_ = 0x80, most_ = 0xbf; // what the next one may be

public:
    /// Up to two code points: a byte can end a bad sequence and mean something by itself.
    struct Output {
        u32 point[2];
        usize count = 0;
    };

    Output decode(u8 byte);
    /// Whether a sequence has begun and is not complete.
    bool pending() const { return missing_ > 0; }
    void reset() { missing_ = 0; }

private:
    Output first(u8 byte, Output out);
};

/// A code point as UTF-8. What is no character (surrogates, above 0x10ffff) becomes U+FFFD.
struct Utf8 {
    char byte[max_utf8_bytes];
    usize length;
    explicit Utf8(u32 point);
    std::string_view view() const { return {byte, length}; }
};

/// Columns that a character takes on a terminal: 0 for combining marks, 2 for East Asian wide ones,
/// else 1. Coarse: whole blocks, not single characters. [Unicode Standard Annex 11]
unsigned columns(u32 point);

/// Columns of a text.
usize columns(std::string_view utf8);

/// Whether `byte` begins a character (is no continuation byte).
constexpr bool begins_character(char byte)
{
    return (static_cast<u8>(byte) & 0xc0) != 0x80;
}

} // namespace text
