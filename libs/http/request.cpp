// See request.hpp.
#include "http/request.hpp"

#include "http/characters.hpp"

namespace http {

namespace {

constexpr bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}
/// VCHAR, obs-text and blanks. [RFC 9110, section 5.5 "Field Values"]
constexpr bool is_value_character(char c)
{
    return is_blank(c) || (static_cast<unsigned char>(c) > ' ' && c != '\x7f');
}
/// Methods of RFC 9110, section 9, and RFC 5789 that this server knows and does not have.
constexpr bool is_defined_method(std::string_view name)
{
    constexpr std::string_view names[] = {"POST",    "PUT",   "DELETE", "CONNECT",
                                          "OPTIONS", "TRACE", "PATCH"};
    for (std::string_view const each : names)
        if (each == name) return true;
    return false;
}

} // namespace

usize Request::feed(std::string_view bytes)
{
    usize taken = 0;
    while (taken < bytes.size() && !ended()) {
        char const c = bytes[taken++];
        if (state_ == State::start && c == '\r') {
            state_ = State::start_lf; // RFC 9112, section 2.2: empty lines in front are ignored
            continue;
        }
        if (state_ == State::start_lf) {
            expect(c, '\n', State::start);
            continue;
        }
        if (++head_bytes_ > max_head)
            refuse(Status::header_fields_too_large);
        else
            step(c);
    }
    return taken;
}

void Request::step(char c)
{
    switch (state_) {
    case State::start:
        state_ = State::method;
        [[fallthrough]];
    case State::method:
        return on_method(c);
    case State::target:
        return on_target(c);
    case State::version:
        return on_version(c);
    case State::request_lf:
    case State::value_lf:
        return expect(c, '\n', State::line_start);
    case State::line_start:
        if (c == '\r') {
            state_ = State::end_lf;
            return;
        }
        word_bytes_ = 0;
        state_ = State::name;
        [[fallthrough]];
    case State::name:
        return on_name(c);
    case State::value_start:
        if (is_blank(c)) return;
        state_ = State::value;
        [[fallthrough]];
    case State::value:
        return on_value(c);
    case State::end_lf:
        expect(c, '\n', State::done);
        if (state_ == State::done) end_head();
        return;
    case State::start_lf:
    case State::done:
    case State::wrong:
        return;
    }
}

void Request::on_method(char c)
{
    if (c == ' ') return end_method();
    if (!is_token_character(c)) return refuse(Status::bad_request);
    add_to_word(c);
}

void Request::end_method()
{
    if (word_bytes_ == 0) return refuse(Status::bad_request);
    if (!word_is_long()) {
        if (word() == "GET") method_ = Method::get;
        if (word() == "HEAD") method_ = Method::head;
        if (is_defined_method(word())) method_ = Method::other;
    }
    word_bytes_ = 0;
    state_ = State::target;
}

void Request::on_target(char c)
{
    if (c == ' ') return end_target();
    if (++target_bytes_ > max_target) return refuse(Status::uri_too_long);
    switch (target_) {
    case Target::first:
        return on_target_start(c);
    case Target::scheme:
        return on_scheme(c);
    case Target::authority:
        if (c == '/' || c == '?') {
            if (word_bytes_ == 0) return refuse(Status::bad_request);
            if (c == '?') keep('/');
            target_ = Target::path;
            return on_path(c);
        }
        if (!is_host_character(c)) refuse(Status::bad_request);
        add_to_word(c);
        return;
    case Target::path:
    case Target::query:
        return on_path(c);
    case Target::asterisk:
        return refuse(Status::bad_request);
    }
}

void Request::on_target_start(char c)
{
    if (c == '/') {
        target_ = Target::path;
        return keep(c);
    }
    if (c == '*') {
        target_ = Target::asterisk;
        return keep(c);
    }
    target_ = Target::scheme;
    on_scheme(c);
}

/// Collects "http://": every server takes the absolute form. [RFC 9112, section 3.2.2] What has no
/// scheme may be the authority of CONNECT; it is refused as that method is.
void Request::on_scheme(char c)
{
    constexpr std::string_view scheme = "http://";
    if (method_ == Method::other) {
        if (!is_host_character(c) && c != '/') refuse(Status::bad_request);
        return;
    }
    if (to_lower(c) != scheme[word_bytes_]) return refuse(Status::bad_request);
    add_to_word(c);
    if (word_bytes_ < scheme.size()) return;
    word_bytes_ = 0;
    target_ = Target::authority;
}

void Request::on_path(char c)
{
    if (escape_digits_ > 0) {
        unsigned const digit = hex_value(c);
        if (digit > 15) return refuse(Status::bad_request);
        escape_ = static_cast<u8>(unsigned{escape_} << 4 | digit);
        if (--escape_digits_ == 0) keep(static_cast<char>(escape_));
        return;
    }
    if (c == '%') {
        escape_digits_ = 2;
        return;
    }
    bool const in_query = target_ == Target::query;
    if (c == '?' && !in_query) {
        target_ = Target::query;
        return;
    }
    if (!is_path_character(c) && !(c == '?' && in_query)) return refuse(Status::bad_request);
    keep(c);
}

/// Queries mean nothing here.
void Request::keep(char c)
{
    if (target_ == Target::query) return;
    if (kept_bytes_ < max_kept)
        kept_[kept_bytes_++] = c;
    else
        path_cut_ = true;
}

void Request::end_target()
{
    bool const unfinished = target_ == Target::first || escape_digits_ > 0 ||
                            (target_ == Target::scheme && method_ != Method::other) ||
                            (target_ == Target::authority && word_bytes_ == 0) ||
                            (target_ == Target::asterisk && method_ != Method::other);
    if (unfinished) return refuse(Status::bad_request);
    if (target_ == Target::authority) keep('/');
    word_bytes_ = 0;
    state_ = State::version;
}

void Request::on_version(char c)
{
    if (c == '\r') return end_version();
    if (!is_token_character(c) && c != '/') return refuse(Status::bad_request);
    add_to_word(c);
}

void Request::end_version()
{
    std::string_view const version = word_is_long() ? std::string_view{} : word();
    if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
        version[6] != '.' || !is_digit(version[7]))
        return refuse(Status::bad_request);
    if (version[5] != '1') return refuse(Status::version_not_supported);
    minor_ = static_cast<u8>(version[7] - '0');
    state_ = State::request_lf;
}

void Request::on_name(char c)
{
    if (c == ':') return end_name();
    if (!is_token_character(c)) return refuse(Status::bad_request);
    add_to_word(to_lower(c));
}

void Request::end_name()
{
    if (word_bytes_ == 0) return refuse(Status::bad_request);
    field_ = Field::other;
    if (!word_is_long()) {
        if (word() == "host") field_ = Field::host;
        if (word() == "connection") field_ = Field::connection;
        if (word() == "content-length") field_ = Field::content_length;
        if (word() == "transfer-encoding") field_ = Field::transfer_encoding;
    }
    bool const twice =
        (field_ == Field::host && has_host_) || (field_ == Field::content_length && has_length_);
    if (twice) return refuse(Status::bad_request);
    has_host_ |= field_ == Field::host;
    has_length_ |= field_ == Field::content_length;
    has_coding_ |= field_ == Field::transfer_encoding;
    word_bytes_ = 0;
    value_has_bytes_ = value_blank_ = false;
    state_ = State::value_start;
}

void Request::on_value(char c)
{
    if (c == '\r') return end_value();
    if (!is_value_character(c)) return refuse(Status::bad_request);
    if (is_blank(c)) {
        value_blank_ = true;
        return;
    }
    switch (field_) {
    case Field::other:
        return;
    case Field::host:
        if (value_blank_ || !is_host_character(c)) refuse(Status::bad_request);
        return;
    case Field::content_length:
        return length_digit(c);
    case Field::connection:
    case Field::transfer_encoding:
        if (c == ',') return end_token();
        // Two words without a comma are no token of any name.
        if (value_blank_ && word_bytes_ > 0) add_to_word(' ');
        value_blank_ = false;
        return add_to_word(to_lower(c));
    }
}

void Request::length_digit(char c)
{
    constexpr u64 most = ~u64{0} / 10 - 1;
    if (value_blank_ || !is_digit(c) || content_length_ > most) return refuse(Status::bad_request);
    value_has_bytes_ = true;
    content_length_ = content_length_ * 10 + static_cast<u64>(c - '0');
}

void Request::end_token()
{
    bool const nothing = word_bytes_ == 0;
    std::string_view const token = word_is_long() ? std::string_view{} : word();
    word_bytes_ = 0;
    value_blank_ = false;
    if (nothing) return;
    if (field_ == Field::connection) {
        close_ |= token == "close";
        return;
    }
    if (chunked_) return refuse(Status::bad_request); // it may only be the last
    if (token == "chunked")
        chunked_ = true;
    else
        unknown_coding_ = true;
}

void Request::end_value()
{
    state_ = State::value_lf;
    if (field_ == Field::content_length && !value_has_bytes_) return refuse(Status::bad_request);
    if (field_ == Field::connection || field_ == Field::transfer_encoding) end_token();
}

/// [RFC 9112, sections 3.2 "Request Target" and 6.1 "Transfer-Encoding"]
void Request::end_head()
{
    if (minor_ > 0 && !has_host_) return refuse(Status::bad_request);
    if (has_coding_ && (has_length_ || minor_ == 0)) return refuse(Status::bad_request);
    if (unknown_coding_) return refuse(Status::not_implemented);
}

} // namespace http
