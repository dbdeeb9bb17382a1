// Edits one line on a terminal: what readline's users have in their fingers. Bytes in, escape
// sequences out; knows no console and no command, so host tests type at it. A line longer than the
// window scrolls sideways: it takes one row whatever the terminal's width is.
#pragma once

#include "servers/shell/history.hpp"
#include "servers/shell/keys.hpp"
#include "text/format.hpp"

namespace shell {

/// Where text goes.
class Sink {
public:
    virtual void write(std::string_view text) = 0;

protected:
    ~Sink() = default;
};

/// What Tab offers.
class Completer {
public:
    /// Candidate number `index` for the word that begins with `word` and stands behind `before`;
    /// without data() when there are no more.
    virtual std::string_view candidate(std::string_view before, std::string_view word,
                                       usize index) = 0;

protected:
    ~Completer() = default;
};

class LineEditor {
public:
    static constexpr usize capacity = 1024; ///< bytes of a line
    static constexpr usize window = 79;     ///< columns of prompt and line

    enum class Event { editing, line, interrupted };

    LineEditor(Sink& out, Completer& completer) : out_{out}, completer_{completer} {}

    /// Shows the prompt and begins a line.
    void begin(std::string_view prompt);
    /// Takes one byte. `line` says that line() is complete, `interrupted` that it was given up.
    Event type(u8 byte);
    std::string_view line() const { return {line_, length_}; }

private:
    Event key(KeyDecoder::Output const& key);
    void edit(Key key);
    void move(Key key);
    void insert(std::string_view text);
    void remove(usize from, usize to);
    void kill(usize from, usize to);
    void replace(std::string_view text);
    void recall(bool older);
    void complete();
    void list_candidates(std::string_view before, std::string_view word);
    bool search_key(KeyDecoder::Output const& key);
    void search(usize from_age);
    void draw();

    usize previous(usize at) const;
    usize next(usize at) const;
    usize word_before(usize at) const;
    usize word_behind(usize at) const;
    std::string_view part(usize from, usize to) const { return {line_ + from, to - from}; }

    Sink& out_;
    Completer& completer_;
    History history_;
    KeyDecoder keys_;
    text::Line<64> prompt_;
    char line_[capacity] = {}, killed_[capacity] = {}, draft_[capacity] = {};
    usize length_ = 0, cursor_ = 0, killed_length_ = 0, draft_length_ = 0;
    usize left_ = 0; // first byte of the line that is shown
    usize age_ = 0;  // of the history line shown, from 1; 0: the line being written
    bool searching_ = false;
    text::Line<64> pattern_;
    usize match_age_ = 0;
};

} // namespace shell
