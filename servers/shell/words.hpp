// A command line in words: blanks separate words, ';' separates commands, quotes of either kind
// hold both off. Words are views of the line.
#pragma once

#include "kit/types.hpp"
#include <string_view>

namespace shell {

struct Words {
    static constexpr usize max_words = 16;
    std::string_view word[max_words];
    usize count = 0;
    bool bad = false; ///< a quote that is not closed, or too many words

    std::string_view operator[](usize i) const { return i < count ? word[i] : std::string_view{}; }
    /// Takes out `--json` and the like; whether it was there.
    bool take(std::string_view flag)
    {
        for (usize i = 1; i < count; ++i) {
            if (word[i] != flag) continue;
            for (usize j = i + 1; j < count; ++j) word[j - 1] = word[j];
            --count;
            return true;
        }
        return false;
    }
};

/// Cuts the first command off `line`. No words: an empty command.
inline Words next_command(std::string_view& line)
{
    Words words;
    while (!line.empty()) {
        char const c = line.front();
        if (c == ';' || c == ' ' || c == '\t') {
            line.remove_prefix(1);
            if (c == ';') return words;
            continue;
        }
        bool const quoted = c == '"' || c == '\'';
        if (quoted) line.remove_prefix(1);
        usize length = 0;
        while (length < line.size() &&
               (quoted ? line[length] != c
                       : line[length] != ' ' && line[length] != '\t' && line[length] != ';'))
            ++length;
        if (words.count == Words::max_words || (quoted && length == line.size()))
            words.bad = true;
        else
            words.word[words.count++] = {line.data(), length};
        line.remove_prefix(length + (quoted && length < line.size() ? 1 : 0));
    }
    return words;
}

} // namespace shell
