// Whether a text is one JSON value and nothing else, by the grammar of RFC 8259 as json::Writer
// uses it: no blanks, whole numbers that are not negative.
#pragma once

#include "text/utf8.hpp"
#include <string_view>

namespace test {

class JsonText {
    std::string_view rest_;

public:
    explicit JsonText(std::string_view text) : rest_{text} {}
    bool is_one() { return value(0) && rest_.empty(); }

private:
    bool took(std::string_view what)
    {
        if (!rest_.starts_with(what)) return false;
        rest_.remove_prefix(what.size());
        return true;
    }
    bool is_digit() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
    bool value(int depth)
    {
        if (depth > 64) return false;
        if (took("{")) return items("}", [&] { return string() && took(":") && value(depth + 1); });
        if (took("[")) return items("]", [&] { return value(depth + 1); });
        if (took("true") || took("false") || took("null")) return true;
        return is_digit() ? number() : string();
    }
    template <class Item> bool items(std::string_view end, Item&& item)
    {
        if (took(end)) return true;
        do {
            if (!item()) return false;
        } while (took(","));
        return took(end);
    }
    bool number()
    {
        if (took("0")) return !is_digit();
        while (is_digit()) rest_.remove_prefix(1);
        return true;
    }
    bool string()
    {
        if (!took("\"")) return false;
        text::Utf8Decoder decoder;
        char const* const begin = rest_.data();
        while (!rest_.empty() && rest_[0] != '"') {
            auto const byte = static_cast<u8>(rest_[0]);
            if (byte < ' ') return false;
            if (byte == '\\') {
                if (decoder.pending() || !escape()) return false;
                continue;
            }
            auto const step = decoder.decode(byte);
            rest_.remove_prefix(1);
            bool const replaced = step.count > 0 && step.point[0] == text::replacement;
            std::string_view const so_far{begin, static_cast<usize>(rest_.data() - begin)};
            if (step.count > 1 || (replaced && !so_far.ends_with("\xef\xbf\xbd"))) return false;
        }
        return !decoder.pending() && took("\"");
    }
    bool escape()
    {
        rest_.remove_prefix(1);
        if (took("\"") || took("\\")) return true;
        if (!took("u") || rest_.size() < 4) return false;
        for (char const c : rest_.substr(0, 4))
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
        rest_.remove_prefix(4);
        return true;
    }
};

inline bool is_json(std::string_view text)
{
    return JsonText{text}.is_one();
}

} // namespace test
