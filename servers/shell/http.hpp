// As much of HTTP as httpget needs: a URL taken apart, and an answer of HTTP/1.0, whose body ends
// with the connection. [RFC 9112, sections 3 and 4; RFC 3986, section 3]
#pragma once

#include "net/address.hpp"

namespace shell {

/// Views of the text that was parsed.
struct Url {
    std::string_view host;      ///< a name or an address, without brackets
    std::string_view authority; ///< as it stands: what goes into the header Host
    std::string_view path;      ///< "/" when there is none
    u16 port;
};

/// http://host[:port][/path]; an IPv6 address stands in brackets. @error bad_argument
inline Result<Url> parse_url(std::string_view text)
{
    constexpr std::string_view scheme = "http://";
    if (!text.starts_with(scheme)) return Error::bad_argument;
    text.remove_prefix(scheme.size());
    for (char const c : text)
        if (c <= ' ' || c > '~') return Error::bad_argument;
    auto const slash = text.find('/');
    Url url{{}, text, "/", 80};
    if (slash < text.size()) {
        url.authority = {text.data(), slash};
        url.path = {text.data() + slash, text.size() - slash};
    }
    std::string_view rest = url.authority;
    usize length = 0; // of the host
    if (rest.starts_with('[')) {
        length = rest.find(']');
        if (length >= rest.size()) return Error::bad_argument;
        url.host = {rest.data() + 1, length - 1};
        rest.remove_prefix(length + 1);
    } else {
        while (length < rest.size() && rest[length] != ':') ++length;
        url.host = {rest.data(), length};
        rest.remove_prefix(length);
    }
    if (!rest.empty()) {
        if (rest.front() != ':') return Error::bad_argument;
        rest.remove_prefix(1);
        url.port = TRY(net::parse_port(rest));
    }
    if (url.host.empty() || url.port == 0) return Error::bad_argument;
    return url;
}

/// The head of an answer is looked at byte by byte; what follows is its body.
class HttpAnswer {
    static constexpr u64 unknown = ~u64{0};

    u32 status_ = 0, line_bytes_ = 0, first_line_bytes_ = 0;
    bool first_line_ = true, in_body_ = false, bad_length_ = false;
    u64 body_bytes_ = 0, announced_ = unknown;
    char line_[64] = {}; // as much of a line as we want to know, in small letters

public:
    /// Takes what has come. The part of it that belongs to the body.
    std::string_view take(std::string_view bytes)
    {
        while (!in_body_ && !bytes.empty()) {
            head(bytes.front());
            bytes.remove_prefix(1);
        }
        body_bytes_ += bytes.size();
        return bytes;
    }
    /// 0 while it is not known, or the answer is no HTTP.
    u32 status() const { return status_ >= 100 && status_ <= 999 ? status_ : 0; }
    u64 body_bytes() const { return body_bytes_; }
    /// Whether all of it has come, as far as the head says how much it is.
    /// [RFC 9112, section 6.3, items 5 and 8]
    bool is_whole() const
    {
        return in_body_ && !bad_length_ && (announced_ == unknown || announced_ == body_bytes_);
    }

private:
    void head(char c)
    {
        if (first_line_) status_line(c);
        if (c == '\n') {
            if (line_bytes_ <= sizeof line_) look_at_line({line_, line_bytes_});
            in_body_ = line_bytes_ == 0;
            line_bytes_ = 0;
            first_line_ = false;
        } else if (c != '\r') {
            if (line_bytes_ < sizeof line_)
                line_[line_bytes_] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
            ++line_bytes_;
        }
    }
    void look_at_line(std::string_view line)
    {
        constexpr std::string_view name = "content-length:";
        if (!line.starts_with(name)) return;
        line.remove_prefix(name.size());
        while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
        while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
        u64 value = 0;
        bool good = !line.empty() && line.size() <= 18;
        for (char const c : line) {
            good &= c >= '0' && c <= '9';
            value = value * 10 + static_cast<u64>(c - '0');
        }
        bad_length_ |= !good || (announced_ != unknown && announced_ != value);
        announced_ = value;
    }
    /// "HTTP/1.1 200 OK": the number stands at a fixed place.
    void status_line(char c)
    {
        u32 const at = first_line_bytes_++;
        if (at < 9 || at > 11) return;
        status_ = c >= '0' && c <= '9' && (at == 9 || status_ > 0)
                      ? status_ * 10 + static_cast<u32>(c - '0')
                      : 0;
    }
};

} // namespace shell
