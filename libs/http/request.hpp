// Reads the heads of HTTP/1.1 requests as their bytes come, however they are cut, in a memory of
// fixed size: only what a read-only server needs to know is kept. Strict where a lenient reader
// could be told something else than another: bare CR or LF, blanks before a colon, folded lines and
// lengths said twice are refused. [RFC 9110; RFC 9112, sections 2, 3, 5, 6 and 11.2]
#pragma once

#include "http/status.hpp"
#include <string_view>

namespace http {

enum class Method : u8 {
    get,
    head,
    other,   ///< defined by RFC 9110 or RFC 5789, none of which this server has
    unknown, ///< any other token
};

class Request {
public:
    static constexpr usize max_target = 8000; ///< RFC 9110, section 4.1 asks for as much
    static constexpr usize max_head = 16384;  ///< request line and fields, with their line ends
    static constexpr usize max_kept = 128;    ///< of the path

    /// Takes bytes up to the end of the head, or to the first that is wrong. Returns how many; the
    /// rest, once ended(), belongs to the next request.
    usize feed(std::string_view bytes);
    void reset() { *this = Request{}; }

    /// The head is complete, or no head can come of it any more.
    bool ended() const { return state_ == State::done || state_ == State::wrong; }
    /// Whether anything but empty lines has come.
    bool begun() const { return head_bytes_ > 0; }

    // When it ended:

    /// ok, or why it must be refused; the connection cannot go on then.
    Status error() const { return error_; }
    Method method() const { return method_; }
    /// Path without query, percent-encoding undone.
    std::string_view path() const { return {kept_, kept_bytes_}; }
    bool path_was_cut() const { return path_cut_; }
    /// Whether content follows the head.
    bool has_content() const { return content_length_ > 0 || chunked_; }
    /// Whether the client will send another request. HTTP/1.0: never.
    bool keeps_alive() const { return !close_ && minor_ > 0 && error_ == Status::ok; }

private:
    enum class State : u8 {
        start,       // empty lines may come
        start_lf,    // the LF of one
        method,      // until SP
        target,      // until SP
        version,     // "HTTP/d.d"
        request_lf,  // of the request line
        line_start,  // of a field, or of the empty line
        name,        // until ':'
        value_start, // blanks before the value
        value,       // until CR
        value_lf,    // of a field
        end_lf,      // of the empty line
        done,
        wrong,
    };
    enum class Target : u8 { first, scheme, authority, path, query, asterisk };
    enum class Field : u8 { other, host, connection, content_length, transfer_encoding };

    void step(char c);
    void on_method(char c);
    void on_target(char c);
    void on_target_start(char c);
    void on_scheme(char c);
    void on_path(char c);
    void on_version(char c);
    void on_name(char c);
    void on_value(char c);
    void end_method();
    void end_target();
    void end_version();
    void end_name();
    void end_value();
    void end_token();
    void end_head();
    void length_digit(char c);
    void keep(char c);
    void refuse(Status why)
    {
        state_ = State::wrong;
        error_ = why;
    }
    void expect(char c, char wanted, State next)
    {
        if (c == wanted)
            state_ = next;
        else
            refuse(Status::bad_request);
    }
    std::string_view word() const { return {word_, word_bytes_}; }
    void add_to_word(char c)
    {
        if (word_bytes_ < sizeof word_) word_[word_bytes_] = c;
        if (word_bytes_ <= sizeof word_) ++word_bytes_;
    }
    /// The word is longer than any that means something here.
    bool word_is_long() const { return word_bytes_ > sizeof word_; }

    State state_ = State::start;
    Status error_ = Status::ok;
    Method method_ = Method::unknown;
    Target target_ = Target::first;
    Field field_ = Field::other;
    u8 minor_ = 0, escape_digits_ = 0, escape_ = 0;
    bool path_cut_ = false, close_ = false;
    bool has_host_ = false, has_length_ = false, has_coding_ = false, chunked_ = false,
         unknown_coding_ = false;
    bool value_has_bytes_ = false, value_blank_ = false;
    u8 word_bytes_ = 0, kept_bytes_ = 0;
    u16 target_bytes_ = 0, head_bytes_ = 0;
    u64 content_length_ = 0;
    char word_[20] = {};
    char kept_[max_kept] = {};
};

} // namespace http
