// Classes of characters in HTTP and URIs. [RFC 9110, section 5.6.2 "Tokens"; RFC 3986, appendix A]
#pragma once

#include <string_view>

namespace http {

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_any_of(char c, std::string_view list)
{
    return list.find(c) != std::string_view::npos;
}
constexpr bool is_token_character(char c)
{
    return is_letter(c) || is_digit(c) || is_any_of(c, "!#$%&'*+-.^_`|~");
}
/// Of an authority: reg-name, IP-literal, port and their marks, a percent sign among them.
constexpr bool is_host_character(char c)
{
    return is_letter(c) || is_digit(c) || is_any_of(c, "-._~!$&'()*+,;=%:[]");
}
/// Of a path, but for percent signs.
constexpr bool is_path_character(char c)
{
    return is_letter(c) || is_digit(c) || is_any_of(c, "-._~!$&'()*+,;=:@/");
}
constexpr char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
/// Value of a hexadecimal digit; 16: it is none.
constexpr unsigned hex_value(char c)
{
    if (is_digit(c)) return static_cast<unsigned>(c - '0');
    char const lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10) : 16;
}

} // namespace http
