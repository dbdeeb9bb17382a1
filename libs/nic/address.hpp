// A hardware address as people write it. [IEEE 802-2014, "8.1 Terms and notational conventions"]
#pragma once

#include "kit/types.hpp"

namespace nic {

/// "52:54:00:12:34:56"
struct AddressText {
    char text[18];

    explicit constexpr AddressText(u8 const (&address)[6]) : text{}
    {
        for (u32 i = 0; i < 6; ++i) {
            text[3 * i] = digit(address[i] >> 4);
            text[3 * i + 1] = digit(address[i] & 15);
            text[3 * i + 2] = i < 5 ? ':' : '\0';
        }
    }

private:
    static constexpr char digit(u32 value) { return "0123456789abcdef"[value]; }
};

} // namespace nic
