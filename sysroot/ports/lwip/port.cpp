// What lwIP copies and sums with, and how much it keeps.
#include "arch/cc.h"
#include "kit/checksum.hpp"
#include "kit/copy.hpp"

#include "lwip/priv/tcp_priv.h"
#include <port.h>

void* lwip_port_copy(void* to, void const* from, size_t bytes)
{
    kit::copy(to, from, bytes);
    return to;
}

uint16_t lwip_port_checksum(void const* data, int bytes)
{
    return kit::internet_sum(data, static_cast<usize>(bytes));
}

u16_t lwip_port_out_of_order_limit(void)
{
    u32_t held = 0;
    for (tcp_pcb const* pcb = tcp_active_pcbs; pcb != nullptr; pcb = pcb->next)
        for (tcp_seg const* it = pcb->ooseq; it != nullptr; it = it->next)
            for (pbuf const* p = it->p; p != nullptr; p = p->next) held += 1U + p->len / 4096U;
    return static_cast<u16_t>(
        held < LWIP_PORT_MOST_OUT_OF_ORDER ? LWIP_PORT_MOST_OUT_OF_ORDER - held : 0);
}
