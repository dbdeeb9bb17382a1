// What can be asked for as a name: lwIP's DNS client puts labels into its question as they are.
#pragma once

#include "kit/types.hpp"
#include <string_view>

namespace net_server {

/// Whether a name, without a dot at its end, is of printable labels that a question can hold: 1 to
/// 63 bytes each, 253 together. [RFC 1035, sections 2.3.4 and 3.1]
constexpr bool is_host_name(std::string_view name)
{
    constexpr usize longest_label = 63, longest = 253;
    usize label = 0;
    for (char const c : name) {
        if (c <= ' ' || c > '~') return false;
        if (c == '.' && label == 0) return false;
        label = c == '.' ? 0 : label + 1;
        if (label > longest_label) return false;
    }
    return label > 0 && name.size() <= longest;
}

} // namespace net_server
