// See address.hpp.
#include "net/address.hpp"

namespace net {

namespace {

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/// Value of a hexadecimal digit; 16: it is none.
constexpr u32 hex_digit(char c)
{
    if (is_digit(c)) return static_cast<u32>(c - '0');
    char const low = static_cast<char>(c | 0x20);
    return low >= 'a' && low <= 'f' ? static_cast<u32>(low - 'a' + 10) : 16;
}

/// Takes a decimal number up to `most` off the front. No zeros in front: some read them as octal.
Result<u32> take_decimal(std::string_view& text, u32 most)
{
    u32 value = 0;
    usize length = 0;
    for (; length < text.size() && is_digit(text[length]); ++length) {
        if (length == 1 && value == 0) return Error::bad_argument;
        value = value * 10 + static_cast<u32>(text[length] - '0');
        if (value > most) return Error::bad_argument;
    }
    if (length == 0) return Error::bad_argument;
    text.remove_prefix(length);
    return value;
}

/// Four numbers with dots between them, and nothing behind.
Result<void> parse_dotted(std::string_view text, u8* out)
{
    for (u32 i = 0; i < 4; ++i) {
        if (i > 0) {
            if (!text.starts_with('.')) return Error::bad_argument;
            text.remove_prefix(1);
        }
        out[i] = static_cast<u8>(TRY(take_decimal(text, 255)));
    }
    return text.empty() ? Result<void>{} : Error::bad_argument;
}

/// Groups of an IPv6 address as far as they were read, and where "::" stood among them.
struct Groups {
    static constexpr u32 nowhere = 9;
    u16 group[8];
    u32 count = 0;
    u32 gap = nowhere;

    bool push(u32 value)
    {
        if (count == 8) return false;
        group[count++] = static_cast<u16>(value);
        return true;
    }
    /// A group, or the four numbers at the end that stand for two.
    Result<void> take(std::string_view& text)
    {
        u32 value = 0;
        usize length = 0;
        for (; length < text.size() && hex_digit(text[length]) < 16; ++length)
            value = length < 4 ? value << 4 | hex_digit(text[length]) : value;
        if (length < text.size() && text[length] == '.') return take_dotted(text);
        if (length == 0 || length > 4 || !push(value)) return Error::bad_argument;
        text.remove_prefix(length);
        return {};
    }
    Result<void> take_dotted(std::string_view& text)
    {
        u8 number[4] = {};
        TRY(parse_dotted(text, number));
        if (!push(u32{number[0]} << 8 | number[1]) || !push(u32{number[2]} << 8 | number[3]))
            return Error::bad_argument;
        text = {};
        return {};
    }
    Result<Address> address() const
    {
        // "::" stands for one group at least.
        if (gap == nowhere ? count != 8 : count > 7) return Error::bad_argument;
        Address out{};
        for (u32 i = 0; i < count; ++i) {
            u32 const at = i < gap ? i : i + 8 - count;
            out.byte[2 * at] = static_cast<u8>(group[i] >> 8);
            out.byte[2 * at + 1] = static_cast<u8>(group[i]);
        }
        return out;
    }
};

Result<Address> parse_ipv6(std::string_view text)
{
    Groups groups;
    if (text.starts_with("::")) {
        groups.gap = 0;
        text.remove_prefix(2);
    }
    while (!text.empty()) {
        TRY(groups.take(text));
        if (text.empty()) break;
        if (text.starts_with("::")) {
            if (groups.gap != Groups::nowhere) return Error::bad_argument;
            groups.gap = groups.count;
            text.remove_prefix(2);
        } else if (text.front() == ':' && text.size() > 1) {
            text.remove_prefix(1);
        } else {
            return Error::bad_argument;
        }
    }
    return groups.address();
}

/// The longest run of zero groups, two at least, the first of several. [RFC 5952, section 4.2]
struct Run {
    u32 first = 8, length = 1;
};
Run longest_zeros(u16 const (&group)[8])
{
    Run best;
    for (u32 at = 0; at < 8; ++at) {
        u32 length = 0;
        while (at + length < 8 && group[at + length] == 0) ++length;
        if (length > best.length) best = {at, length};
        at += length;
    }
    return best;
}

void write_group(text::Writer& out, u32 group)
{
    int shift = 12;
    while (shift > 0 && group >> shift == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) out.write("0123456789abcdef"[group >> shift & 15]);
}

} // namespace

Result<Address> parse_address(std::string_view text)
{
    if (text.find(':') < text.size()) return parse_ipv6(text);
    Address out = ipv4(0, 0, 0, 0);
    TRY(parse_dotted(text, out.byte + 12));
    return out;
}

Result<u16> parse_port(std::string_view text)
{
    u32 const port = TRY(take_decimal(text, 65535));
    if (!text.empty()) return Error::bad_argument;
    return static_cast<u16>(port);
}

Result<Endpoint> parse_endpoint(std::string_view text)
{
    auto const colon = text.rfind(':');
    if (colon >= text.size()) return Error::bad_argument;
    std::string_view host{text.data(), colon};
    text.remove_prefix(colon + 1);
    u16 const port = TRY(parse_port(text));
    bool const brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (brackets) {
        host.remove_prefix(1);
        host.remove_suffix(1);
    }
    // Without brackets nobody knows where an IPv6 address ends.
    if (brackets != (host.find(':') < host.size())) return Error::bad_argument;
    return Endpoint{TRY(parse_address(host)), port};
}

void write_address(text::Writer& out, Address const& address)
{
    u8 const* const byte = address.byte;
    if (is_ipv4(address)) {
        text::format(out, "{}.{}.{}.{}", byte[12], byte[13], byte[14], byte[15]);
        return;
    }
    u16 group[8];
    for (u32 i = 0; i < 8; ++i) group[i] = static_cast<u16>(byte[2 * i] << 8 | byte[2 * i + 1]);
    Run const zeros = longest_zeros(group);
    for (u32 i = 0; i < 8; ++i) {
        if (i == zeros.first) {
            out.write("::");
            i += zeros.length - 1;
            continue;
        }
        if (i > 0 && i != zeros.first + zeros.length) out.write(':');
        write_group(out, group[i]);
    }
}

void write_endpoint(text::Writer& out, Endpoint const& endpoint)
{
    bool const brackets = !is_ipv4(endpoint.address);
    if (brackets) out.write('[');
    write_address(out, endpoint.address);
    text::format(out, "{}:{}", brackets ? "]" : "", endpoint.port);
}

} // namespace net
