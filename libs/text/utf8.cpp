// See utf8.hpp.
#include "text/utf8.hpp"

namespace text {

Utf8Decoder::Output Utf8Decoder::decode(u8 byte)
{
    Output out;
    if (missing_ == 0) return first(byte, out);
    if (byte < least_ || byte > most_) { // the sequence ends here, and this byte begins anew
        missing_ = 0;
        out.point[out.count++] = replacement;
        return first(byte, out);
    }
    least_ = 0x80, most_ = 0xbf;
    point_ = point_ << 6 | (byte & 0x3fu);
    if (--missing_ == 0) out.point[out.count++] = point_;
    return out;
}

// Bounds of the second byte exclude overlong forms, surrogates and what is above 0x10ffff.
// [Unicode 15, table 3-7, "Well-Formed UTF-8 Byte Sequences"]
Utf8Decoder::Output Utf8Decoder::first(u8 byte, Output out)
{
    least_ = 0x80, most_ = 0xbf;
    if (byte < 0x80) {
        out.point[out.count++] = byte;
    } else if (byte >= 0xc2 && byte <= 0xdf) {
        point_ = byte & 0x1fu, missing_ = 1;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        point_ = byte & 0x0fu, missing_ = 2;
        if (byte == 0xe0) least_ = 0xa0;
        if (byte == 0xed) most_ = 0x9f;
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        point_ = byte & 0x07u, missing_ = 3;
        if (byte == 0xf0) least_ = 0x90;
        if (byte == 0xf4) most_ = 0x8f;
    } else {
        out.point[out.count++] = replacement;
    }
    return out;
}

Utf8::Utf8(u32 point) : byte{}, length{0}
{
    if (point > 0x10'ffff || (point >= 0xd800 && point <= 0xdfff)) point = replacement;
    auto const add = [this](u32 bits) { byte[length++] = static_cast<char>(bits); };
    auto const continuation = [&](unsigned shift) { add(0x80 | (point >> shift & 0x3f)); };
    if (point < 0x80) {
        add(point);
    } else if (point < 0x800) {
        add(0xc0 | point >> 6);
        continuation(0);
    } else if (point < 0x1'0000) {
        add(0xe0 | point >> 12);
        continuation(6);
        continuation(0);
    } else {
        add(0xf0 | point >> 18);
        continuation(12);
        continuation(6);
        continuation(0);
    }
}

namespace {

struct Range {
    u32 first, last;
};
constexpr Range marks[] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},
                           {0x64b, 0x65f},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
                           {0x202a, 0x202e}, {0x2060, 0x2064}, {0x20d0, 0x20f0}, {0x302a, 0x302d},
                           {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}};
constexpr Range wide[] = {
    {0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},    {0x4e00, 0x9fff},
    {0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},    {0xff01, 0xff60},
    {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x2'0000, 0x3'fffd}};

template <usize N> bool contains(Range const (&ranges)[N], u32 point)
{
    for (Range const& range : ranges)
        if (point >= range.first && point <= range.last) return true;
    return false;
}

} // namespace

unsigned columns(u32 point)
{
    if (point < 0x300) return 1;
    if (contains(marks, point)) return 0;
    return contains(wide, point) ? 2 : 1;
}

usize columns(std::string_view utf8)
{
    Utf8Decoder decoder;
    usize sum = 0;
    for (char const c : utf8) {
        auto const out = decoder.decode(static_cast<u8>(c));
        for (usize i = 0; i < out.count; ++i) sum += columns(out.point[i]);
    }
    return sum + (decoder.pending() ? 1 : 0);
}

} // namespace text
