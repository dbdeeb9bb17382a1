// What iperf 2 puts on the wire: heads of datagrams, what a client asks for, the report of a
// server of datagrams. All numbers are in network order. There is no specification: the layout is
// that of `include/payloads.h` in iperf 2.1 (UDP_datagram, client_hdr_v1, client_hdrext,
// server_hdr), compared with what Debian's iperf 2.1.8 sends.
//
// Every byte that is read here comes from a stranger.
#pragma once

#include "kit/result.hpp"
#include "protocol/iperf.hpp"
#include <span>

namespace iperf_server {

/// The first 16 bytes of a datagram; shorter ones have a number and no time.
struct DatagramHead {
    u64 number;    ///< from 1 on
    u64 sent_us;   ///< by the sender's clock; 0: it does not say
    bool is_final; ///< the sender has nothing more, and waits for a report
};
/// @error truncated  not even a number
Result<DatagramHead> read_datagram(std::span<u8 const> bytes);
/// Writes iperf::least_datagram bytes. @param port  of the server
void write_datagram(std::span<u8> out, DatagramHead const& head, u16 port);

/// What a client's first bytes (of a stream; of a datagram, behind its head) ask for.
enum class Asks : u8 {
    undecided, ///< it takes more bytes to say
    counting,  ///< to be received and counted
    more,      ///< that we send too, or answer: dual, reverse, full-duplex, bounce-back tests,
               ///< the server's version
};
Asks what_asks(std::span<u8 const> bytes);
/// Bytes after which it is decided.
inline constexpr u32 deciding_bytes = 36;

/// What the client of a stream begins with, for an iperf server: one that finds less takes its
/// first four bytes for flags and does not count them.
inline constexpr u32 stream_head_bytes = 60;
/// @param bytes  of the stream; 0: not known
void write_stream_head(std::span<u8> out, u16 port, u64 bytes);

/// A server's report: it follows a head of 16 zero bytes.
inline constexpr u32 report_bytes = 128;
/// @error truncated  too short
/// @error corrupt    no report
Result<iperf::Counts> read_report(std::span<u8 const> bytes);
/// Writes report_bytes.
void write_report(std::span<u8> out, iperf::Counts const& counts);

} // namespace iperf_server
