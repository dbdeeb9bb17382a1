// See line_editor.hpp. Completion and search: line_help.cpp.
#include "servers/shell/line_editor.hpp"

namespace shell {

namespace {

bool in_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<u8>(c) >= 0x80;
}

} // namespace

usize LineEditor::previous(usize at) const
{
    if (at > 0) --at;
    while (at > 0 && !text::begins_character(line_[at])) --at;
    return at;
}

usize LineEditor::next(usize at) const
{
    if (at < length_) ++at;
    while (at < length_ && !text::begins_character(line_[at])) ++at;
    return at;
}

usize LineEditor::word_before(usize at) const
{
    while (at > 0 && !in_word(line_[at - 1])) --at;
    while (at > 0 && in_word(line_[at - 1])) --at;
    return at;
}

usize LineEditor::word_behind(usize at) const
{
    while (at < length_ && !in_word(line_[at])) ++at;
    while (at < length_ && in_word(line_[at])) ++at;
    return at;
}

void LineEditor::begin(std::string_view prompt)
{
    prompt_.clear();
    prompt_.write(prompt);
    length_ = cursor_ = left_ = age_ = 0;
    searching_ = false;
    draw();
}

LineEditor::Event LineEditor::type(u8 byte)
{
    auto const key = keys_.decode(byte);
    if (key.key == Key::none) return Event::editing;
    if (searching_ && search_key(key)) return Event::editing;
    return this->key(key);
}

LineEditor::Event LineEditor::key(KeyDecoder::Output const& key)
{
    switch (key.key) {
    case Key::character: {
        bool const at_end = cursor_ == length_;
        usize const left = left_;
        text::Utf8 const bytes{key.point};
        insert(bytes.view());
        usize const shown = text::columns(prompt_.view()) + text::columns(part(left_, length_));
        if (at_end && left == left_ && shown < window)
            out_.write(bytes.view()); // the usual case: nothing else on the row changes
        else
            draw();
        return Event::editing;
    }
    case Key::enter:
        if (cursor_ < length_) { // the line stays as it is: it ends below its end
            cursor_ = length_;
            draw();
        }
        out_.write("\r\n");
        history_.add(line());
        return Event::line;
    case Key::interrupt:
        out_.write("^C\r\n");
        return Event::interrupted;
    case Key::complete:
        complete();
        return Event::editing;
    case Key::search:
        searching_ = true;
        pattern_.clear();
        match_age_ = 0;
        draw();
        return Event::editing;
    case Key::clear:
        out_.write("\x1b[H\x1b[2J");
        draw();
        return Event::editing;
    default:
        move(key.key);
        edit(key.key);
        draw();
        return Event::editing;
    }
}

void LineEditor::move(Key key)
{
    switch (key) {
    case Key::left:
        cursor_ = previous(cursor_);
        return;
    case Key::right:
        cursor_ = next(cursor_);
        return;
    case Key::word_left:
        cursor_ = word_before(cursor_);
        return;
    case Key::word_right:
        cursor_ = word_behind(cursor_);
        return;
    case Key::home:
        cursor_ = 0;
        return;
    case Key::end:
        cursor_ = length_;
        return;
    case Key::up:
    case Key::down:
        return recall(key == Key::up);
    default:
        return;
    }
}

void LineEditor::edit(Key key)
{
    switch (key) {
    case Key::backspace:
        return remove(previous(cursor_), cursor_);
    case Key::erase:
        return remove(cursor_, next(cursor_));
    case Key::kill_to_end:
        return kill(cursor_, length_);
    case Key::kill_to_start:
        return kill(0, cursor_);
    case Key::kill_word_left:
        return kill(word_before(cursor_), cursor_);
    case Key::kill_word_right:
        return kill(cursor_, word_behind(cursor_));
    case Key::yank:
        return insert({killed_, killed_length_});
    default:
        return;
    }
}

/// All of it or, when the line would become too long, nothing.
void LineEditor::insert(std::string_view text)
{
    if (length_ + text.size() > capacity) return;
    for (usize i = length_; i > cursor_; --i) line_[i - 1 + text.size()] = line_[i - 1];
    for (char const c : text) line_[cursor_++] = c;
    length_ += text.size();
}

void LineEditor::remove(usize from, usize to)
{
    for (usize i = to; i < length_; ++i) line_[from + i - to] = line_[i];
    length_ -= to - from;
    cursor_ = from;
}

void LineEditor::kill(usize from, usize to)
{
    if (from == to) return;
    killed_length_ = to - from;
    for (usize i = from; i < to; ++i) killed_[i - from] = line_[i];
    remove(from, to);
}

void LineEditor::replace(std::string_view text)
{
    length_ = cursor_ = left_ = 0;
    insert(text);
}

/// Up and down in the history. The line that was being written waits at its end.
void LineEditor::recall(bool older)
{
    if (!older && age_ == 0) return;
    if (older && history_.entry(age_).data() == nullptr) return;
    if (age_ == 0) {
        draft_length_ = length_;
        for (usize i = 0; i < length_; ++i) draft_[i] = line_[i];
    }
    age_ = older ? age_ + 1 : age_ - 1;
    replace(age_ == 0 ? std::string_view{draft_, draft_length_} : history_.entry(age_ - 1));
}

/// Draws the row and puts the cursor where it belongs.
void LineEditor::draw()
{
    text::Line<80> head;
    if (searching_)
        text::format(head, "(search '{}') ", pattern_.view());
    else
        head.write(prompt_.view());
    usize const room = window - text::columns(head.view());
    // The window moves by half its width, so that it does not at every key.
    if (cursor_ < left_) left_ = cursor_;
    if (text::columns(part(left_, cursor_)) >= room) {
        left_ = cursor_;
        for (usize taken = 0; left_ > 0; left_ = previous(left_)) {
            taken += text::columns(part(previous(left_), left_));
            if (taken >= room / 2) break;
        }
    }
    if (left_ > 0 && text::columns(part(0, cursor_)) < room / 2) left_ = 0;
    usize right = left_;
    for (usize taken = 0; right < length_; right = next(right)) {
        taken += text::columns(part(right, next(right)));
        if (taken > room) break;
    }
    out_.write("\r");
    out_.write(head.view());
    out_.write(part(left_, right));
    out_.write("\x1b[K");
    if (cursor_ == right) return;
    text::Line<16> place;
    text::format(place, "\r\x1b[{}C",
                 text::columns(head.view()) + text::columns(part(left_, cursor_)));
    out_.write(place.view());
}

} // namespace shell
