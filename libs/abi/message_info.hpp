// The word that describes a message: rsi on entry and exit, and `tag` in the IPC buffer.
// Bits 0-6 length, 7-8 extra capabilities, 9-11 capabilities unwrapped, 12-63 label.
#pragma once

#include "abi/constants.hpp"
#include "kit/types.hpp"

namespace abi {

class MessageInfo {
    u64 word_ = 0;

public:
    constexpr MessageInfo() = default;
    /// Any word is a message info: the bits have no illegal combination but a length above
    /// msg_max_length, see `length()`.
    constexpr explicit MessageInfo(u64 word) : word_{word} {}
    /// label < 2^52, caps_unwrapped < 8, extra_caps < 4, length < 128: higher bits are cut off.
    constexpr MessageInfo(u64 label, u64 caps_unwrapped, u64 extra_caps, u64 length)
        : word_{label << 12 | (caps_unwrapped & 7) << 9 | (extra_caps & 3) << 7 | (length & 127)}
    {
    }

    constexpr u64 word() const { return word_; }
    constexpr u64 label() const { return word_ >> 12; }
    constexpr u64 caps_unwrapped() const { return word_ >> 9 & 7; }
    constexpr u64 extra_caps() const { return word_ >> 7 & 3; }
    /// As the sender wrote it: 0 to 127.
    constexpr u64 raw_length() const { return word_ & 127; }
    /// Words that the message can really have: a longer length counts as the maximum.
    constexpr u64 length() const
    {
        return raw_length() > msg_max_length ? msg_max_length : raw_length();
    }
    /// Without capabilities, and at most `words` long.
    constexpr bool is_plain(unsigned words) const { return (word_ & 0x1ff) <= words; }
    friend constexpr bool operator==(MessageInfo, MessageInfo) = default;
};
static_assert(sizeof(MessageInfo) == 8);

} // namespace abi
