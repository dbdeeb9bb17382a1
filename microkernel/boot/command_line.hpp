// Options on the kernel's command line: words of the form name=value, separated by blanks. Words
// that nobody asks for are ignored. Called from boot/main.cpp.
#pragma once

#include "kit/types.hpp"
#include <string_view>

namespace mk {

/// The value of the first word of the (zero terminated) line that gives `name` one; else empty.
constexpr std::string_view option_value(char const* line, std::string_view name)
{
    for (char const* at = line; *at != '\0';) {
        char const* const word = at;
        while (*at != '\0' && *at != ' ') ++at;
        std::string_view const text{word, usize(at - word)};
        usize const length = name.size();
        if (text.size() > length && text[length] == '=' && text.starts_with(name))
            return {word + length + 1, text.size() - length - 1};
        while (*at == ' ') ++at;
    }
    return {};
}
static_assert(option_value("a=1 check=every  b", "check") == "every");
static_assert(option_value("checks check xcheck=1", "check").empty());

} // namespace mk
