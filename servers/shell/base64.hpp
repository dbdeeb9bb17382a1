// 64-bit words, little endian, as lines of base64. [RFC 4648, section 4 "Base 64 Encoding"]
#pragma once

#include "servers/shell/line_editor.hpp"

namespace shell {

class Base64Lines {
    static constexpr usize bytes_per_line = 57; // 76 characters
    Sink& out_;
    u8 byte_[bytes_per_line] = {};
    usize count_ = 0;

public:
    explicit Base64Lines(Sink& out) : out_{out} {}
    void word(u64 word)
    {
        for (unsigned i = 0; i < 8; ++i) {
            byte_[count_++] = static_cast<u8>(word >> 8 * i);
            if (count_ == bytes_per_line) end();
        }
    }
    /// Writes what is left. Once, behind the last word.
    void end()
    {
        constexpr std::string_view digits =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        text::Line<bytes_per_line / 3 * 4 + 2> line;
        for (usize at = 0; at < count_; at += 3) {
            u32 group = 0;
            for (usize i = 0; i < 3; ++i)
                group = group << 8 | (at + i < count_ ? byte_[at + i] : 0u);
            for (usize i = 0; i < 4; ++i)
                line.write(at + i > count_ ? '=' : digits[group >> (18 - 6 * i) & 63]);
        }
        if (count_ == 0) return;
        line.write("\r\n");
        out_.write(line.view());
        count_ = 0;
    }
};

} // namespace shell
