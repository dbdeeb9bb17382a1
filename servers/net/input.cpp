// Received frames into lwIP.
#include "lwip/ip4.h"
#include "lwip/ip6.h"
#include "netif/ethernet.h"
#include "servers/net/frame_header.hpp"
#include "servers/net/interface.hpp"

namespace net_server {

namespace {
constexpr u16 checks_of_sums = NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
constexpr u16 type_ip4 = 0x0800, type_ip6 = 0x86dd;
} // namespace

bool Interface::take_frames()
{
    u32 records = 0;
    for (ReceivedFrame frame; receive_.next(frame, records);) merge(frame);
    input_merged();
    receive_.end_turn();
    return records < Receive::records_in_turn;
}

void Interface::merge(ReceivedFrame const& frame)
{
    if (features_ & nic::feature::merges) return input(frame);
    ReceivedFrame before;
    bool const taken = merger_.take(frame, before);
    if (before.packet != nullptr) input(before);
    if (!taken) input(frame);
}

void Interface::input_merged()
{
    if (ReceivedFrame const frame = merger_.give(); frame.packet != nullptr) input(frame);
}

/// IP goes straight to lwIP's IP layer: with its 14 bytes, a frame of 65,535 bytes of IP is longer
/// than a pbuf can say.
void Interface::input(ReceivedFrame const& frame)
{
    pbuf* const packet = frame.packet;
    u8 const* const header = static_cast<u8 const*>(packet->payload) - Receive::ethernet_bytes;
    u16 const type = read_word(header + 12);
    packet->if_idx = netif_get_index(&netif_);
    if (header[0] & 1) {
        constexpr u8 everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
        bool const broadcast = __builtin_memcmp(header, everybody, 6) == 0;
        packet->flags |= broadcast ? PBUF_FLAG_LLBCAST : PBUF_FLAG_LLMCAST;
    }
    u16 const plain = netif_.chksum_flags;
    if (!frame.sums_good) netif_.chksum_flags = static_cast<u16>(plain | checks_of_sums);
    if (frame.ip_sum_good)
        netif_.chksum_flags = static_cast<u16>(netif_.chksum_flags & ~NETIF_CHECKSUM_CHECK_IP);
    if (type == type_ip4) {
        ip4_input(packet, &netif_);
    } else if (type == type_ip6) {
        ip6_input(packet, &netif_);
    } else if (packet->tot_len <= 1500) {
        packet->payload = static_cast<u8*>(packet->payload) - Receive::ethernet_bytes;
        packet->len = static_cast<u16>(packet->len + Receive::ethernet_bytes);
        packet->tot_len = static_cast<u16>(packet->tot_len + Receive::ethernet_bytes);
        if (ethernet_input(packet, &netif_) != ERR_OK) pbuf_free(packet);
    } else {
        pbuf_free(packet);
    }
    netif_.chksum_flags = plain;
}

} // namespace net_server
