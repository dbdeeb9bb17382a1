// See wire.hpp. Places are counted in words of 32 bits.
#include "servers/iperf/wire.hpp"

namespace iperf_server {

namespace {

constexpr u32 head_words = 4;
// Flags in the first word of a client's and a server's header.
constexpr u32 has_version1 = 0x8000'0000, has_extension = 0x4000'0000, has_wide = 0x0800'0000,
              wants_version = 0x0200'0000, wants_bounce = 0x0080'0000;
// Flags of a client's extension.
constexpr u32 wants_reverse = 0x0400, wants_full_duplex = 0x0800;
// Places in the client's header.
constexpr u32 threads_at = 1, port_at = 2, amount_at = 5, extension_flags_at = 8;
// A header says how long it is: in bytes, from bit 1 on.
constexpr u32 has_length = 0x0001'0000, length_shift = 1;

// Places in the report, behind the head.
enum Field : u32 {
    flags,
    bytes_high,
    bytes_low,
    seconds,
    microseconds,
    lost,
    out_of_order,
    datagrams,
    jitter_seconds,
    jitter_microseconds,
    least_fields,
    lost_high = 25,
    out_of_order_high,
    datagrams_high,
    all_fields,
};
static_assert((head_words + all_fields) * 4 == report_bytes);
static_assert((head_words + 6) * 4 == iperf::least_datagram);
static_assert((extension_flags_at + 1) * 4 == deciding_bytes);

u32 word(std::span<u8 const> bytes, u32 at)
{
    u32 value = 0;
    __builtin_memcpy(&value, bytes.data() + usize{at} * 4, sizeof value);
    return __builtin_bswap32(value);
}
void put(std::span<u8> bytes, u32 at, u64 value)
{
    u32 const swapped = __builtin_bswap32(static_cast<u32>(value));
    __builtin_memcpy(bytes.data() + usize{at} * 4, &swapped, sizeof swapped);
}
bool has(std::span<u8 const> bytes, u32 words)
{
    return bytes.size() >= usize{words} * 4;
}
constexpr u64 million = 1'000'000;

} // namespace

Result<DatagramHead> read_datagram(std::span<u8 const> bytes)
{
    if (!has(bytes, 1)) return Error::truncated;
    u32 const low = word(bytes, 0);
    bool const wide = has(bytes, head_words + 1) && (word(bytes, head_words) & has_wide);
    u64 number =
        wide ? u64{word(bytes, 3)} << 32 | low : static_cast<u64>(i64{static_cast<i32>(low)});
    bool const is_final = number >> 63;
    if (is_final) number = 0 - number;
    u64 const sent = has(bytes, 3) ? word(bytes, 1) * million + word(bytes, 2) : 0;
    return DatagramHead{number, sent, is_final};
}

void write_datagram(std::span<u8> out, DatagramHead const& head, u16 port)
{
    u64 const number = head.is_final ? 0 - head.number : head.number;
    put(out, 0, number);
    put(out, 1, head.sent_us / million);
    put(out, 2, head.sent_us % million);
    put(out, 3, number >> 32);
    std::span<u8> const client = out.subspan(head_words * 4);
    for (u32 i = 0; i < 6; ++i) put(client, i, 0);
    put(client, 0, has_wide);
    put(client, threads_at, 1);
    put(client, port_at, port);
}

Asks what_asks(std::span<u8 const> bytes)
{
    if (!has(bytes, 1)) return Asks::undecided;
    u32 const first = word(bytes, 0);
    if ((first & 0xffff'0000) == wants_bounce || (first & has_version1)) return Asks::more;
    if (!(first & has_extension)) return Asks::counting;
    if (first & wants_version) return Asks::more;
    if (!has(bytes, extension_flags_at + 1)) return Asks::undecided;
    u32 const upper = word(bytes, extension_flags_at) >> 16;
    return upper & (wants_reverse | wants_full_duplex) ? Asks::more : Asks::counting;
}

void write_stream_head(std::span<u8> out, u16 port, u64 bytes)
{
    constexpr u64 most = 0x7fff'ffff; // the amount is signed: below 0 it is a time
    for (u32 i = 0; i < stream_head_bytes / 4; ++i) put(out, i, 0);
    put(out, 0, has_extension | has_length | stream_head_bytes << length_shift);
    put(out, threads_at, 1);
    put(out, port_at, port);
    put(out, amount_at, bytes < most ? bytes : most);
}

Result<iperf::Counts> read_report(std::span<u8 const> bytes)
{
    if (!has(bytes, head_words + least_fields)) return Error::truncated;
    std::span<u8 const> const it = bytes.subspan(head_words * 4);
    u32 const form = word(it, flags);
    if (!(form & has_version1)) return Error::corrupt;
    bool const wide = (form & has_wide) && has(it, all_fields);
    auto const count = [&](u32 low, u32 high) {
        return (wide ? u64{word(it, high)} << 32 : 0) | word(it, low);
    };
    iperf::Counts counts{};
    counts.bytes = u64{word(it, bytes_high)} << 32 | word(it, bytes_low);
    counts.microseconds = word(it, seconds) * million + word(it, microseconds);
    counts.datagrams = count(datagrams, datagrams_high);
    counts.lost = count(lost, lost_high);
    counts.out_of_order = count(out_of_order, out_of_order_high);
    counts.jitter_us = word(it, jitter_seconds) * million + word(it, jitter_microseconds);
    return counts;
}

void write_report(std::span<u8> out, iperf::Counts const& counts)
{
    for (u32 i = 0; i < report_bytes / 4; ++i) put(out, i, 0);
    std::span<u8> const it = out.subspan(head_words * 4);
    put(it, flags, has_version1 | has_wide);
    put(it, bytes_high, counts.bytes >> 32);
    put(it, bytes_low, counts.bytes);
    put(it, seconds, counts.microseconds / million);
    put(it, microseconds, counts.microseconds % million);
    put(it, lost, counts.lost);
    put(it, lost_high, counts.lost >> 32);
    put(it, out_of_order, counts.out_of_order);
    put(it, out_of_order_high, counts.out_of_order >> 32);
    put(it, datagrams, counts.datagrams);
    put(it, datagrams_high, counts.datagrams >> 32);
    put(it, jitter_seconds, counts.jitter_us / million);
    put(it, jitter_microseconds, counts.jitter_us % million);
}

} // namespace iperf_server
