// The lines that were entered, newest last, in a fixed piece of memory: the oldest make room.
#pragma once

#include "kit/types.hpp"
#include <string_view>

namespace shell {

class History {
    static constexpr usize capacity = 8192;
    char text_[capacity] = {}; // lines, each ended by a zero
    usize used_ = 0;

public:
    /// Keeps a line, unless it is empty or the newest already.
    void add(std::string_view line)
    {
        if (line.empty() || line.size() >= capacity || line == entry(0)) return;
        while (used_ + line.size() + 1 > capacity) drop_oldest();
        for (char const c : line) text_[used_++] = c;
        text_[used_++] = 0;
    }
    /// The line entered `age` lines ago, 0 being the newest; without data() behind the oldest.
    std::string_view entry(usize age) const
    {
        usize end = used_;
        for (;; --age) {
            if (end == 0) return {};
            usize start = end - 1;
            while (start > 0 && text_[start - 1]) --start;
            if (age == 0) return {text_ + start, end - 1 - start};
            end = start;
        }
    }

private:
    void drop_oldest()
    {
        usize first = 0;
        while (text_[first++]) {
        }
        for (usize i = first; i < used_; ++i) text_[i - first] = text_[i];
        used_ -= first;
    }
};

} // namespace shell
