// The command iperf's words, in the manner of iperf 2's: what is to be measured. An address is
// looked up by whoever uses this.
#pragma once

#include "net/address.hpp"
#include "protocol/iperf.hpp"
#include "servers/shell/words.hpp"

namespace shell {

/// "10M" and the like: K, M, G are powers of 1024, k, m, g of 1000, as iperf 2 has it.
/// @error bad_argument
inline Result<u64> parse_amount(std::string_view text)
{
    constexpr std::string_view units = "KMGkmg";
    u64 factor = 1, number = 0;
    auto const unit = text.empty() ? units.npos : units.find(text.back());
    if (unit < units.size()) {
        u64 const step = unit < 3 ? 1024 : 1000;
        for (usize i = 0; i <= unit % 3; ++i) factor *= step;
        text.remove_suffix(1);
    }
    for (char const c : text)
        if (c < '0' || c > '9') return Error::bad_argument;
    if (!text::parse(text, number) || number > ~u64{0} / factor) return Error::bad_argument;
    return number * factor;
}

struct IperfOptions {
    iperf::Begin::Args args{};
    std::string_view host; ///< empty: be a server

    /// Whom `host` is, and what follows from that.
    void set_address(net::Address const& address)
    {
        args.address = address;
        if (args.size == 0)
            args.size = net::is_ipv4(address) ? iperf::usual_datagram : iperf::usual_datagram6;
    }
};

namespace detail {

struct IperfReader {
    IperfOptions out{};
    u64 seconds = 10, size = 0;
    bool server = false, amount = false, time = false;

    /// An option with a value.
    Result<void> set(char option, std::string_view value)
    {
        auto& args = out.args;
        if (option == 'c') {
            out.host = value;
            return value.empty() ? Result<void>{Error::bad_argument} : Result<void>{};
        }
        if (option == 'p') {
            args.port = TRY(net::parse_port(value));
            return {};
        }
        u64 const number = TRY(parse_amount(value));
        if (number == 0) return Error::bad_argument;
        if (option == 'b') args.rate = number;
        if (option == 'n') args.bytes = number;
        if (option == 't') seconds = number;
        if (option == 'l') size = number;
        amount |= option == 'n';
        time |= option == 't';
        return {};
    }
    Result<void> set(char option)
    {
        if (option == 's') server = true;
        if (option == 'u') out.args.options |= iperf::is_datagram;
        if (option == 'V') out.args.options |= iperf::is_ipv6;
        if (option == '1') out.args.options |= iperf::is_single;
        return {};
    }
    /// That what was said fits together; the rest is iperf 2's default.
    Result<IperfOptions> finish()
    {
        auto& args = out.args;
        bool const datagram = args.options & iperf::is_datagram;
        bool const sending = args.rate > 0 || amount || time || size > 0;
        if (server != out.host.empty() || args.port == 0 || (amount && time))
            return Error::bad_argument;
        if (server ? sending : (args.options & iperf::is_single) != 0) return Error::bad_argument;
        if (!datagram && (args.rate > 0 || size > 0)) return Error::bad_argument;
        if (seconds > 86400) return Error::bad_argument;
        args.microseconds = seconds * 1'000'000;
        if (server) args.options |= iperf::is_server;
        args.size = size;
        bool const fits = size >= iperf::least_datagram && size <= iperf::most_datagram;
        if (size > 0 && !fits) return Error::bad_argument;
        if (datagram && args.rate == 0) args.rate = 1 << 20;
        return out;
    }
};

} // namespace detail

/// @error bad_argument  they make no sense
inline Result<IperfOptions> parse_iperf(Words const& words)
{
    detail::IperfReader reader;
    reader.out.args.port = iperf::default_port;
    for (usize i = 1; i < words.count; ++i) {
        std::string_view const word = words[i];
        if (word.size() != 2 || word[0] != '-') return Error::bad_argument;
        bool const valued = std::string_view{"cpbntl"}.find(word[1]) != std::string_view::npos;
        bool const plain = std::string_view{"suV1"}.find(word[1]) != std::string_view::npos;
        if (!valued && !plain) return Error::bad_argument;
        if (valued)
            TRY(reader.set(word[1], words[++i]));
        else
            TRY(reader.set(word[1]));
    }
    return reader.finish();
}

} // namespace shell
