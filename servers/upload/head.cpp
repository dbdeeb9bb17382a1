// See head.hpp.
#include "servers/upload/head.hpp"

#include "net/address.hpp"
#include "protocol/upload.hpp"

namespace upload_server {

namespace {

using Text = std::string_view;

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
constexpr char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}
constexpr bool is_token_character(char c)
{
    return is_lower(to_lower(c)) || is_digit(c) || Text{"!#$%&'*+-.^_`|~"}.find(c) != Text::npos;
}
constexpr bool is_value_character(char c)
{
    return c == '\t' || (c >= ' ' && c <= '~');
}
bool same_name(Text a, Text lower)
{
    if (a.size() != lower.size()) return false;
    for (usize i = 0; i < a.size(); ++i)
        if (to_lower(a[i]) != lower[i]) return false;
    return true;
}

/// A decimal number below 10^9; nothing else.
bool read_number(Text text, u32& number)
{
    if (text.empty() || text.size() > 9) return false;
    number = 0;
    for (char const c : text) {
        if (!is_digit(c)) return false;
        number = number * 10 + static_cast<u32>(c - '0');
    }
    return true;
}

/// Names are what DNS rebinding needs: an address, or localhost, with a port.
bool is_own_host(Text host)
{
    constexpr Text local = "localhost:";
    if (host.size() > local.size() && same_name({host.data(), local.size()}, local)) {
        host.remove_prefix(local.size());
        return static_cast<bool>(net::parse_port(host));
    }
    return static_cast<bool>(net::parse_endpoint(host));
}

enum class Field : u8 {
    host,
    token,
    manifest_length,
    content_length,
    coding,
    expect,
    origin,
    fetch
};
constexpr usize fields = 8;

struct Named {
    Text name;
    Field field;
};
constexpr Named known[] = {{"host", Field::host},
                           {"x-hypercore-token", Field::token},
                           {"x-manifest-length", Field::manifest_length},
                           {"content-length", Field::content_length},
                           {"transfer-encoding", Field::coding},
                           {"expect", Field::expect},
                           {"origin", Field::origin}};

class Reader {
    Text rest_;
    Text method_, path_;
    Text value_[fields];
    bool has_[fields] = {};

public:
    explicit Reader(Text head) : rest_{head} {}

    Result<Head, Refusal> read()
    {
        TRY(request_line());
        for (Text line; next_line(line) && !line.empty();) TRY(field(line));
        TRY(sender());
        Head head;
        TRY(target(head));
        if (!has(Field::token)) return Refusal{401, "X-Hypercore-Token is missing"};
        head.token = value(Field::token);
        TRY(lengths(head));
        return head;
    }

private:
    using Done = Result<void, Refusal>;

    bool has(Field field) const { return has_[static_cast<usize>(field)]; }
    Text value(Field field) const { return value_[static_cast<usize>(field)]; }

    bool next_line(Text& line)
    {
        usize const end = rest_.find("\r\n");
        if (end == Text::npos) return false;
        line = {rest_.data(), end};
        rest_.remove_prefix(end + 2);
        return true;
    }
    Done request_line()
    {
        Text line;
        if (!next_line(line)) return Refusal{400, "no request line"};
        usize const first = line.find(' ');
        usize const second = first == Text::npos ? first : line.find(' ', first + 1);
        if (second == Text::npos) return Refusal{400, "no request line"};
        method_ = {line.data(), first};
        path_ = {line.data() + first + 1, second - first - 1};
        if (Text{line.data() + second + 1, line.size() - second - 1} != "HTTP/1.1")
            return Refusal{505, "HTTP/1.1 only"};
        return {};
    }
    Done field(Text line)
    {
        usize const colon = line.find(':');
        if (colon == Text::npos || colon == 0) return Refusal{400, "a line is no field"};
        Text const name{line.data(), colon};
        for (char const c : name)
            if (!is_token_character(c)) return Refusal{400, "a field's name"};
        Text text{line.data() + colon + 1, line.size() - colon - 1};
        for (char const c : text)
            if (!is_value_character(c)) return Refusal{400, "a field's value"};
        while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
            text.remove_prefix(1);
        while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
        if (name.size() > 10 && same_name({name.data(), 10}, "sec-fetch-"))
            has_[static_cast<usize>(Field::fetch)] = true;
        for (Named const& each : known) {
            if (!same_name(name, each.name)) continue;
            auto const n = static_cast<usize>(each.field);
            if (has_[n]) return Refusal{400, "a field is there twice"};
            has_[n] = true;
            value_[n] = text;
        }
        return {};
    }
    /// No page of a browser may do this, whatever it is told our name is.
    Done sender() const
    {
        if (!has(Field::host)) return Refusal{400, "Host is missing"};
        if (!is_own_host(value(Field::host)))
            return Refusal{403, "Host must be an address or localhost, with a port"};
        if (has(Field::origin) || has(Field::fetch)) return Refusal{403, "not from a web page"};
        return {};
    }
    Done target(Head& head) const
    {
        constexpr Text place = "/programs/";
        if (!path_.starts_with(place)) return Refusal{404, "there is only /programs/NAME"};
        if (method_ != "POST") return Refusal{405, "only POST"};
        head.name = {path_.data() + place.size(), path_.size() - place.size()};
        if (!is_program_name(head.name))
            return Refusal{400, "NAME must be 1 to 14 of a-z, 0-9 and -, first a letter"};
        return {};
    }
    Done lengths(Head& head) const
    {
        u32 total = 0;
        if (has(Field::expect)) return Refusal{417, "no Expect"};
        if (has(Field::coding) || !has(Field::content_length))
            return Refusal{411, "Content-Length must say how much comes"};
        if (!read_number(value(Field::content_length), total))
            return Refusal{400, "Content-Length"};
        if (!read_number(value(Field::manifest_length), head.manifest_bytes))
            return Refusal{400, "X-Manifest-Length must say where the program begins"};
        if (head.manifest_bytes > max_manifest) return Refusal{413, "manifest above 4096 bytes"};
        if (head.manifest_bytes == 0 || head.manifest_bytes >= total)
            return Refusal{400, "a manifest and a program must come"};
        head.file_bytes = total - head.manifest_bytes;
        if (head.file_bytes > upload::max_file) return Refusal{413, "program above 1 MiB"};
        return {};
    }
};

} // namespace

bool is_program_name(std::string_view name)
{
    if (name.empty() || name.size() > max_name || !is_lower(name.front())) return false;
    for (char const c : name)
        if (!is_lower(c) && !is_digit(c) && c != '-') return false;
    return true;
}

usize head_bytes(std::string_view received)
{
    usize const end = received.find("\r\n\r\n");
    return end == Text::npos ? 0 : end + 4;
}

Result<Head, Refusal> read_head(std::string_view head)
{
    return Reader{head}.read();
}

} // namespace upload_server
