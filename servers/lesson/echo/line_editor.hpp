// Turns characters into lines: backspace, end of line, and a limit that is told, not hidden. Knows
// nothing of rings or capabilities, so that a host test can type at it.
#pragma once

#include "kit/types.hpp"
#include "protocol/lesson.hpp"
#include <string_view>

namespace echo {

class LineEditor {
public:
    /// What typing one character did: what to show for it, and whether the line is complete.
    struct Step {
        std::string_view show;
        bool complete = false;
    };

    /// Takes one character as the serial line delivers it.
    Step type(char c)
    {
        bool const after_return = after_return_;
        after_return_ = c == '\r';
        if (c == '\n' && after_return) return {}; // CR LF is one end of line
        if (c == '\r' || c == '\n') return {"\r\n", true};
        if (c == '\b' || c == '\x7f') return backspace();
        if (c < ' ') return {}; // control characters, also bytes above 127: no meaning here
        if (length_ == lesson::max_line) {
            cut_ = true;
            return {};
        }
        line_[length_++] = c;
        return {{&line_[length_ - 1], 1}};
    }

    std::string_view line() const { return {line_, length_}; }
    /// Whether characters did not fit into this line.
    bool was_cut() const { return cut_; }
    /// Begins the next line.
    void clear()
    {
        length_ = 0;
        cut_ = false;
    }

private:
    Step backspace()
    {
        if (length_ == 0) return {};
        --length_;
        return {"\b \b"};
    }

    char line_[lesson::max_line] = {};
    usize length_ = 0;
    bool cut_ = false, after_return_ = false;
};

} // namespace echo
