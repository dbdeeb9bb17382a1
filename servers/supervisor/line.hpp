// A line of text being put together, for people. What does not fit is left out.
#pragma once

#include "kit/types.hpp"
#include <string_view>

namespace supervisor {

class Line {
    static constexpr usize capacity = 232;
    char text_[capacity] = {};
    usize length_ = 0;

public:
    template <class... Parts> explicit Line(Parts const&... parts) { (add(parts), ...); }

    void add(std::string_view part)
    {
        for (char const c : part)
            if (length_ < capacity) text_[length_++] = c;
    }
    void add(u64 number)
    {
        char digits[20];
        usize first = sizeof digits;
        do digits[--first] = static_cast<char>('0' + number % 10);
        while ((number /= 10) > 0);
        add(std::string_view{digits + first, sizeof digits - first});
    }
    std::string_view text() const { return {text_, length_}; }
};

} // namespace supervisor
