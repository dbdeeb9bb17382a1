// Options on the kernel's command line: words of the form name=value, separated by blanks. Words
// that nobody asks for are ignored. Called from boot/main.cpp.
#pragma once

namespace mk {

/// The text behind `name=` in the first word that begins so, up to a blank or the end of the line;
/// null when there is none. `line` and `name` are zero terminated.
constexpr char const* option_value(char const* line, char const* name)
{
    for (char const* word = line; *word != '\0';) {
        char const *at = word, *wanted = name;
        while (*wanted != '\0' && *at == *wanted) ++at, ++wanted;
        if (*wanted == '\0' && *at == '=') return at + 1;
        while (*at != '\0' && *at != ' ') ++at;
        while (*at == ' ') ++at;
        word = at;
    }
    return nullptr;
}

} // namespace mk
