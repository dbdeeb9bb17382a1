// See manifest.hpp.
#include "servers/upload/manifest.hpp"

namespace upload_server {

namespace {

using Text = std::string_view;

constexpr Text protocols[] = {"log", "time", "clock", "entropy", "net"};
static_assert(std::size(protocols) == Manifest::max_uses);

constexpr bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}
constexpr bool is_key_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/// Why a key that is none of ours is refused, by the table it belongs to.
Text reason_for(Text key)
{
    Text const table{key.data(), key.find('.') == Text::npos ? key.size() : key.find('.')};
    if (table == "match" || table == "needs" || table == "pools")
        return "an uploaded program has no devices, ports, interrupts, DMA or memory of its own";
    if (table == "rights") return "an uploaded program has no rights";
    if (table == "budget") return "its slot has the budget and the priority";
    if (table == "network") return "its slot says what of the network it may use";
    if (key == "program.provides") return "an uploaded program provides nothing";
    return "unknown key";
}

class Reader {
    Text text_;
    usize at_ = 0;
    u32 line_ = 1, key_line_ = 1;
    Text table_;
    char key_[64] = {};
    usize key_bytes_ = 0;
    bool key_cut_ = false;
    bool has_name_ = false, has_about_ = false, has_kind_ = false, has_uses_ = false,
         has_policy_ = false;
    Manifest& out_;
    text::Writer& why_;

public:
    Reader(Text text, Manifest& out, text::Writer& why) : text_{text}, out_{out}, why_{why} {}

    bool read()
    {
        while (skip_to_something()) {
            bool const good = peek() == '[' ? read_table() : read_pair();
            if (!good) return false;
        }
        key_bytes_ = 0;
        add_to_key("program.name");
        return has_name_ || refuse("it is missing");
    }

private:
    bool at_end() const { return at_ == text_.size(); }
    char peek() const { return at_end() ? '\0' : text_[at_]; }
    void take()
    {
        if (text_[at_++] == '\n') ++line_;
    }
    Text key() const { return {key_, key_bytes_}; }
    void add_to_key(Text part)
    {
        for (char const c : part) {
            if (key_bytes_ == sizeof key_) key_cut_ = true;
            if (!key_cut_) key_[key_bytes_++] = c;
        }
    }
    bool refuse(Text reason)
    {
        text::format(why_, "manifest, line {}: {}{}{}", key_line_, key(),
                     key_bytes_ > 0 ? ": " : "", reason);
        return false;
    }
    bool refuse_here(Text reason)
    {
        key_line_ = line_;
        return refuse(reason);
    }

    void skip_blanks()
    {
        while (is_blank(peek())) take();
    }
    void skip_comment()
    {
        if (peek() == '#')
            while (!at_end() && peek() != '\n') take();
    }
    /// To the next thing that is no blank, line end or comment. False: there is none.
    bool skip_to_something()
    {
        for (;;) {
            skip_blanks();
            skip_comment();
            if (peek() == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') take();
            if (peek() != '\n') return !at_end();
            take();
        }
    }
    /// Nothing but blanks and a comment may follow on the line.
    bool end_line()
    {
        skip_blanks();
        skip_comment();
        if (peek() == '\r') take();
        return at_end() || peek() == '\n' || refuse_here("something behind the value");
    }
    Text word()
    {
        usize const from = at_;
        while (is_key_character(peek())) take();
        return {text_.data() + from, at_ - from};
    }

    /// "[program]", "[[needs.ports]]".
    bool read_table()
    {
        key_line_ = line_;
        key_bytes_ = 0;
        usize brackets = 0;
        for (; peek() == '[' && brackets < 2; ++brackets) take();
        skip_blanks();
        table_ = word();
        skip_blanks();
        add_to_key(table_);
        for (; brackets > 0; --brackets) {
            if (peek() != ']' || table_.empty()) return refuse("this is no table");
            take();
        }
        return end_line();
    }

    bool read_pair()
    {
        key_line_ = line_;
        key_bytes_ = 0;
        key_cut_ = false;
        Text const name = word();
        if (name.empty()) return refuse("a key must be here");
        if (!table_.empty()) {
            add_to_key(table_);
            add_to_key(".");
        }
        add_to_key(name);
        if (key_cut_) return refuse("unknown key");
        skip_blanks();
        if (peek() != '=') return refuse("\"=\" is missing");
        take();
        skip_blanks();
        return read_value() && end_line();
    }

    bool read_value()
    {
        Text about, kind, policy;
        if (key() == "program.name") return once(has_name_) && read_string(out_.name);
        if (key() == "program.about") return once(has_about_) && read_string(about);
        if (key() == "program.uses") return once(has_uses_) && read_uses();
        if (key() == "program.kind") {
            if (!once(has_kind_) || !read_string(kind)) return false;
            return kind == "server" || refuse("an uploaded program is a server");
        }
        if (key() == "restart.policy")
            return once(has_policy_) && read_string(policy) && set_policy(policy);
        return refuse(reason_for(key()));
    }
    bool once(bool& has)
    {
        if (has) return refuse("it is there twice");
        has = true;
        return true;
    }
    bool read_string(Text& out)
    {
        if (peek() != '"') return refuse("a text in quotes must be here");
        take();
        usize const from = at_;
        for (; peek() != '"'; take())
            if (at_end() || peek() == '\\' || static_cast<unsigned char>(peek()) < ' ')
                return refuse("a text without escapes, on one line, must be here");
        out = {text_.data() + from, at_ - from};
        take();
        return true;
    }
    bool read_uses()
    {
        if (peek() != '[') return refuse("an array must be here");
        take();
        for (;;) {
            if (!skip_to_something()) return refuse("the array has no end");
            if (peek() == ']') break;
            key_line_ = line_;
            Text use;
            if (!read_string(use) || !add_use(use)) return false;
            if (!skip_to_something()) return refuse("the array has no end");
            if (peek() == ']') break;
            if (peek() != ',') return refuse("a comma must be here");
            take();
        }
        take();
        return true;
    }
    bool add_use(Text use)
    {
        if (use.ends_with('?')) use.remove_suffix(1); // an absent server is nothing new to it
        bool known = false;
        for (Text const each : protocols) known |= each == use;
        if (!known) return refuse("of log, time, clock, entropy and net, which a slot has");
        for (usize i = 0; i < out_.use_count; ++i)
            if (out_.uses[i] == use) return refuse("a protocol is there twice");
        out_.uses[out_.use_count++] = use;
        return true;
    }
    bool set_policy(Text policy)
    {
        constexpr Text words[] = {"always", "on_fault", "never"}; // composition::Restart
        for (u8 i = 0; i < std::size(words); ++i) {
            if (policy != words[i]) continue;
            out_.policy = static_cast<composition::Restart>(i);
            return true;
        }
        return refuse("\"always\", \"on_fault\" or \"never\"");
    }
};

} // namespace

bool read_manifest(std::string_view text, Manifest& out, text::Writer& why)
{
    out = {};
    return Reader{text, out, why}.read();
}

} // namespace upload_server
