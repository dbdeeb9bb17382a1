// The one-time token of an upload: 128 bits of the entropy server, valid for one upload, ten
// minutes and four wrong tries. Pure: the caller brings time and random bytes.
#pragma once

#include "protocol/uploads.hpp"
#include <string_view>

namespace upload_server {

class Token {
    static constexpr usize length = uploads::token_text;
    char text_[length] = {};
    u64 ends_ = 0; ///< 0: there is none
    u32 wrong_ = 0;

public:
    static constexpr u64 seconds = 600, random_bytes = length / 2;
    static constexpr u32 max_wrong = 5;

    /// A new one, from `now` on (nanoseconds since boot, not 0).
    void begin(u8 const* random, u64 now)
    {
        for (usize i = 0; i < length; ++i)
            text_[i] = "0123456789abcdef"[random[i / 2] >> (i % 2 ? 0 : 4) & 15];
        ends_ = now + seconds * 1'000'000'000;
        wrong_ = 0;
    }
    /// It was used, or is not wanted any more.
    void end() { *this = {}; }
    bool is_valid(u64 now) const { return ends_ != 0 && now < ends_; }
    u64 ends() const { return ends_; }
    std::string_view text() const { return {text_, length}; }

    /// Whether this is the token; false when there is none. The time that takes says nothing of it.
    bool is(std::string_view tried, u64 now) const
    {
        if (!is_valid(now)) return false;
        unsigned differ = tried.size() != length;
        for (usize i = 0; i < length; ++i) {
            char const c = i < tried.size() ? tried[i] : '\0';
            differ |= static_cast<unsigned char>(c ^ text_[i]);
        }
        return differ == 0;
    }
    /// The same for what somebody tries: after max_wrong others there is none any more.
    bool check(std::string_view tried, u64 now)
    {
        if (!is_valid(now)) return false;
        if (is(tried, now)) return true;
        if (++wrong_ == max_wrong) end();
        return false;
    }
};

} // namespace upload_server
