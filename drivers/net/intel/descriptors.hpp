// Descriptors: 16 bytes of DMA memory each, what is where in their second word.
// [8254x SDM, "Receive Descriptor Format", "TCP/IP Context Descriptor", "TCP/IP Data Descriptor
// Format"; 82574 Datasheet, "Legacy Receive Descriptor", "Transmit Descriptors"]
#pragma once

#include "kit/types.hpp"

namespace intel {

/// The device writes only `word` back. Both are read and written as a whole, `word` last.
struct Descriptor {
    u64 address;
    u64 word;
};
static_assert(sizeof(Descriptor) == 16);

inline constexpr u32 ring_entries = 512;

/// What driver and device share.
struct RingMemory {
    alignas(128) Descriptor transmit[ring_entries];
    alignas(128) Descriptor receive[ring_entries];
};

/// Receive: length, checksum, status, errors, VLAN tag.
namespace received_word {
inline constexpr u64 length = 0xffff;
inline constexpr unsigned status_at = 32, errors_at = 40;
inline constexpr u8 done = 1, end = 2, ignore_checksum = 4, udp_checked = 0x10, l4_checked = 0x20,
                    ip_checked = 0x40;
inline constexpr u8 l4_error = 0x20, ip_error = 0x40;
inline constexpr u8 damaged = 0x97; ///< CRC, symbol, sequence, carrier extension, receive data
} // namespace received_word

/// Transmit, data: length, type, command; status, options.
namespace data_word {
inline constexpr u64 data = u64{1} << 20, extended = u64{1} << 29;
inline constexpr u64 end = u64{1} << 24, insert_crc = u64{1} << 25, segment = u64{1} << 26,
                     report = u64{1} << 27;
inline constexpr u64 done = u64{1} << 32;
inline constexpr u64 ip_checksum = u64{1} << 40, l4_checksum = u64{1} << 41;
} // namespace data_word

/// Transmit, context: where checksums are (in `address`); payload, command, header, MSS.
namespace context_word {
inline constexpr u64 tcp = u64{1} << 24, ipv4 = u64{1} << 25, segment = u64{1} << 26,
                     extended = u64{1} << 29;
inline constexpr unsigned header_at = 40, mss_at = 48;
inline constexpr unsigned ip_store_at = 8, ip_end_at = 16, l4_start_at = 32, l4_store_at = 40;
inline constexpr u64 ip_start = 14, ipv4_sum = 24; ///< bytes from the frame's start
} // namespace context_word

/// The device and we look at a word at the same time.
inline u64 load(u64 const& word)
{
    return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}
inline void store(u64& word, u64 value)
{
    __atomic_store_n(&word, value, __ATOMIC_RELEASE);
}

} // namespace intel
