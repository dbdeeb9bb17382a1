// What the line editor does to help: completion and search in the history.
#include "servers/shell/line_editor.hpp"

namespace shell {

namespace {

usize common(std::string_view a, std::string_view b)
{
    usize length = 0;
    while (length < a.size() && length < b.size() && a[length] == b[length]) ++length;
    return length;
}

} // namespace

/// Completes the word in front of the cursor as far as all candidates agree; when that is nothing,
/// shows them.
void LineEditor::complete()
{
    usize start = cursor_;
    while (start > 0 && line_[start - 1] != ' ' && line_[start - 1] != ';') --start;
    std::string_view const before = part(0, start), word = part(start, cursor_);
    std::string_view const first = completer_.candidate(before, word, 0);
    if (first.data() == nullptr) return;
    // A candidate is valid until the next is asked for: keep the part that all share.
    char shared[64];
    usize length = first.size() < sizeof shared ? first.size() : sizeof shared;
    for (usize i = 0; i < length; ++i) shared[i] = first[i];
    usize count = 1;
    for (;; ++count) {
        auto const other = completer_.candidate(before, word, count);
        if (other.data() == nullptr) break;
        length = common({shared, length}, other);
    }
    if (length > word.size() || count == 1) {
        insert({shared + word.size(), length - word.size()});
        if (count == 1) insert(" ");
    } else {
        list_candidates(before, word);
    }
    draw();
}

void LineEditor::list_candidates(std::string_view before, std::string_view word)
{
    constexpr usize width = 16;
    usize column = 0;
    out_.write("\r\n");
    for (usize i = 0;; ++i) {
        auto const each = completer_.candidate(before, word, i);
        if (each.data() == nullptr) break;
        text::Line<80> padded;
        text::format(padded, "{<16}", each);
        if (column + width > window) {
            out_.write("\r\n");
            column = 0;
        }
        out_.write(padded.view());
        column += width;
    }
    out_.write("\r\n");
}

/// A key while searching; false when it ended the search and means what it always means.
bool LineEditor::search_key(KeyDecoder::Output const& key)
{
    switch (key.key) {
    case Key::character:
        pattern_.write(text::Utf8{key.point}.view());
        search(match_age_);
        break;
    case Key::search:
        search(match_age_ + 1);
        break;
    case Key::backspace: {
        std::string_view pattern = pattern_.view();
        while (!pattern.empty() && !text::begins_character(pattern.back()))
            pattern.remove_suffix(1);
        if (!pattern.empty()) pattern.remove_suffix(1);
        text::Line<64> shorter;
        shorter.write(pattern);
        pattern_.clear();
        pattern_.write(shorter.view());
        search(0);
        break;
    }
    case Key::abort:
        searching_ = false;
        replace({});
        break;
    default:
        searching_ = false;
        draw();
        return false;
    }
    draw();
    return true;
}

/// Shows the newest line that contains the pattern, from `from_age` on. Nothing found: the line
/// stays.
void LineEditor::search(usize from_age)
{
    for (usize age = from_age;; ++age) {
        auto const entry = history_.entry(age);
        if (entry.data() == nullptr) return;
        if (entry.find(pattern_.view()) == std::string_view::npos) continue;
        match_age_ = age;
        replace(entry);
        return;
    }
}

} // namespace shell
