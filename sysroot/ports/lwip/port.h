/* Hooks of lwIP, included where it offers them, and what users of the library need for large
 * segments.
 *
 * A TCP connection may make segments larger than its peer's MSS, for a device to cut: whoever wants
 * that says the peer's MSS by lwip_port_set_wire_mss() and raises pcb->mss while it queues data. A
 * packet of such a connection that is larger than one frame carries the MSS to the interface
 * (lwip_port_segment). */
#pragma once

#include "lwip/ip_addr.h"
#include "lwip/netif.h"
#include "lwip/tcp.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Initial sequence number of a connection [RFC 6528]; the program that links lwIP defines it. */
u32_t lwip_port_isn(ip_addr_t const* local, u16_t local_port, ip_addr_t const* remote,
                    u16_t remote_port);

/** Receive buffers that all connections together may hold with what came out of order, of at most
 * 4 KiB each: however short a segment is, it holds its own. */
#define LWIP_PORT_MOST_OUT_OF_ORDER 512U

/** How many one connection may hold: as many as are left by then. So one alone has half of them, N
 * have 1/(N+1) each, and the next one always some. lwIP drops what is above, the end first. Called
 * for each segment out of order; looks at every connection and at all that is held. */
u16_t lwip_port_out_of_order_limit(void);

/** In pbuf::flags, beside lwIP's own: segment_bytes says something. */
#define LWIP_PORT_PBUF_SEGMENT 0x40U

/** TCP payload of each frame that this packet is to be cut into; 0: it is one frame. */
static inline u16_t lwip_port_segment(struct pbuf const* packet)
{
    return (packet->flags & LWIP_PORT_PBUF_SEGMENT) ? packet->segment_bytes : (u16_t)0;
}

/** Whether the packet, with its IP header of `header` bytes, fits into frames of `mtu` bytes once
 * it is cut, so that IP is not to make fragments of it. The recipe puts this where IP decides. */
static inline int lwip_port_is_cut(struct pbuf const* packet, u16_t header, u16_t mtu)
{
    u16_t const segment = lwip_port_segment(packet);
    return segment != 0 && segment + header + 20U <= mtu;
}

/** The peer's MSS of a connection that may send larger segments; 0 ends that. */
static inline void lwip_port_set_wire_mss(struct tcp_pcb* pcb, u16_t mss)
{
    pcb->ext_args[0].data = (void*)(uintptr_t)mss;
}
static inline u16_t lwip_port_wire_mss(struct tcp_pcb const* pcb)
{
    return (u16_t)(uintptr_t)pcb->ext_args[0].data;
}

/** Marks a segment that is about to go to the IP layer: all of TCP's segments come by here. */
static inline void lwip_port_mark(struct pbuf* packet, struct tcp_pcb const* pcb)
{
    u16_t const mss = pcb != NULL ? lwip_port_wire_mss(pcb) : (u16_t)0;
    packet->flags = (u8_t)(packet->flags & ~LWIP_PORT_PBUF_SEGMENT);
    if (mss == 0) return;
    /* With its TCP header, of 20 to 60 bytes: what interfaces do with one that would still fit is
     * theirs. */
    if (packet->tot_len <= mss + 20U) return;
    packet->segment_bytes = mss;
    packet->flags = (u8_t)(packet->flags | LWIP_PORT_PBUF_SEGMENT);
}

/** Splits the first unsent segment where a window ends that does not admit all of it, if nothing
 * will ever admit it otherwise. tcp_output calls it, by the recipe, before it looks at a segment;
 * the program that links lwIP defines it. */
void lwip_port_fit_segment(struct tcp_pcb* pcb, u32_t window);

/** Whether an address is of the interface's own link. */
static inline int lwip_port_is_on_link(struct netif const* it, ip_addr_t const* address)
{
    int i;
    if (IP_IS_V4(address))
        return ip4_addr_netcmp(ip_2_ip4(address), netif_ip4_addr(it), netif_ip4_netmask(it));
    if (ip6_addr_islinklocal(ip_2_ip6(address))) return 1;
    for (i = 0; i < LWIP_IPV6_NUM_ADDRESSES; ++i)
        if (ip6_addr_isvalid(netif_ip6_addr_state(it, i)) &&
            ip6_addr_netcmp(ip_2_ip6(address), netif_ip6_addr(it, i)))
            return 1;
    return 0;
}

/** A DHCP server has given this name server, its number 0 first; and a router has advertised one
 * for so many seconds, 0xffffffff: without end, 0: no more [RFC 8106, section 5.1]. lwIP would let
 * the one take the other's place; by the recipe it calls these instead of dns_setserver(). The
 * program that links lwIP defines them. */
void lwip_port_leased_name_server(struct netif* it, u8_t number, ip_addr_t const* server);
void lwip_port_router_name_server(struct netif* it, ip_addr_t const* server, u32_t seconds);

#ifdef __cplusplus
}
#endif
