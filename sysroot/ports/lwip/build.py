#!/usr/bin/env python3
"""Builds lwIP from Debian's source package into the build folder.

Called by meson (meson.build beside this file) when a target needs the library; takes some seconds,
and once for each flavour: ninja runs it again only when this folder's files or the package change.
Nothing of lwIP is in the repository. Output: lwip-FLAVOUR.a, FLAVOUR/include/,
lwip-FLAVOUR.stamp.h (makes sources that include nothing else wait for the headers).
"""
import argparse
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import shutil
import subprocess
import sys

HERE = Path(__file__).resolve().parent
# Without PPP, 6LoWPAN, sockets: servers/net uses the raw API from one thread.
PARTS = ['core/*.c', 'core/ipv4/*.c', 'core/ipv6/*.c', 'netif/ethernet.c', 'apps/mdns/*.c',
         'apps/sntp/*.c']
FLAGS = ['-std=gnu11', '-w', '-fno-strict-aliasing', '-ffunction-sections', '-fdata-sections']

# Changes to the package's text: file, what stands there once, what replaces it.
# IP must let a TCP segment pass that the interface cuts into frames, and TCP splits one that the
# window does not admit any more (port.h).
EDITS = [
    ('core/ipv4/ip4.c',
     'if (netif->mtu && (p->tot_len > netif->mtu)) {\n    return ip4_frag(',
     'if (netif->mtu && (p->tot_len > netif->mtu) &&\n'
     '      !lwip_port_is_cut(p, IP_HLEN, netif->mtu)) {\n    return ip4_frag('),
    ('core/ipv6/ip6.c',
     'if (netif_mtu6(netif) && (p->tot_len > nd6_get_destination_mtu(dest, netif))) {',
     'if (netif_mtu6(netif) && (p->tot_len > nd6_get_destination_mtu(dest, netif)) &&\n'
     '      !lwip_port_is_cut(p, IP6_HLEN, nd6_get_destination_mtu(dest, netif))) {'),
    ('core/tcp_out.c',
     '  wnd = LWIP_MIN(pcb->snd_wnd, pcb->cwnd);\n\n  seg = pcb->unsent;\n',
     '  wnd = LWIP_MIN(pcb->snd_wnd, pcb->cwnd);\n\n  lwip_port_fit_segment(pcb, wnd);\n'
     '  seg = pcb->unsent;\n'),
    ('core/tcp_out.c',
     '    seg = pcb->unsent;\n  }\n',
     '    lwip_port_fit_segment(pcb, wnd);\n    seg = pcb->unsent;\n  }\n'),
    # A segment that is split leaves its FIN to the second half.
    ('core/tcp_out.c',
     'TCPH_SET_FLAG(useg->tcphdr, split_flags);',
     'TCPH_FLAGS_SET(useg->tcphdr, split_flags);'),
    # Name servers of DHCP and of routers stand side by side, and those of routers have their time (port.h).
    ('core/ipv4/dhcp.c',
     'dns_setserver(n, &dns_addr);',
     'lwip_port_leased_name_server(netif, n, &dns_addr);'),
    ('core/ipv6/nd6.c',
     'dns_setserver(rdnss_server_idx++, &rdnss_address);',
     'rdnss_server_idx++;\n'
     '              lwip_port_router_name_server(inp, &rdnss_address, lwip_ntohl(rdnss_opt->lifetime));'),
    ('core/ipv6/nd6.c',
     'dns_setserver(s, NULL);',
     'lwip_port_router_name_server(inp, addr, 0);'),
    # Plain resolvers are answered for ten seconds, and those of other links not at all [RFC 6762, sections 5.5
    # and 6.7].
    ('apps/mdns/mdns.c',
     'field32 = lwip_htonl(ttl);',
     'field32 = lwip_htonl(reply->legacy_query && ttl > 10 ? 10 : ttl);'),
    ('apps/mdns/mdns.c',
     '#include "lwip/apps/mdns_priv.h"\n',
     '#include "lwip/apps/mdns_priv.h"\n#include "port.h"\n'),
    ('apps/mdns/mdns.c',
     '  if (hdr.flags1 & DNS_FLAG1_RESPONSE) {\n    mdns_handle_response(&packet);',
     '  if (packet.recv_unicast && !lwip_port_is_on_link(recv_netif, addr)) {\n    goto dealloc;\n  }\n'
     '  if (hdr.flags1 & DNS_FLAG1_RESPONSE) {\n    mdns_handle_response(&packet);'),
    # What begins inside the window and ends beyond it must not wait among what is out of order: when the
    # gap before it is filled, the window would go below zero.
    ('core/tcp_in.c',
     '        if (pcb->ooseq == NULL) {\n          pcb->ooseq = tcp_seg_copy(&inseg);\n',
     '        if (TCP_SEQ_GT((u32_t)tcplen + seqno, pcb->rcv_nxt + (u32_t)pcb->rcv_wnd)) {\n'
     '        } else if (pcb->ooseq == NULL) {\n          pcb->ooseq = tcp_seg_copy(&inseg);\n'),

    # What follows closes holes that a peer can reach: README.md, "Known vulnerabilities".
    # Options of TCP that end in the middle: nothing is read behind them.
    ('core/tcp_in.c',
     '  u16_t optidx = tcp_optidx++;\n',
     '  u16_t optidx = tcp_optidx++;\n  if (optidx >= tcphdr_optlen) {\n    return LWIP_TCP_OPT_EOL;\n  }\n'),
    # An MSS counts in a SYN alone [RFC 9293, section 3.7.1], and is not smaller than any path needs.
    ('core/tcp_in.c',
     '          pcb->mss = ((mss > TCP_MSS) || (mss == 0)) ? TCP_MSS : mss;\n',
     '          if (flags & TCP_SYN) {\n'
     '            pcb->mss = ((mss > TCP_MSS) || (mss == 0)) ? TCP_MSS : LWIP_MAX(mss, LWIP_PORT_LEAST_MSS);\n'
     '          }\n'),
    # Link-layer addresses in options that are too short for them.
    ('core/ipv6/nd6.c',
     '\n      if (p->len < (sizeof(struct na_header) + (lladdr_opt->length << 3))) {',
     '\n      if (lladdr_opt->length == 0 || p->len < (sizeof(struct na_header) + (lladdr_opt->length << 3))) {'),
    ('core/ipv6/nd6.c',
     '\n        if (p->len < (sizeof(struct na_header) + (lladdr_opt->length << 3))) {',
     '\n        if (lladdr_opt->length == 0 || p->len < (sizeof(struct na_header) + (lladdr_opt->length << 3))) {'),
    ('core/ipv6/nd6.c',
     'if (p->len < (sizeof(struct ns_header) + (lladdr_opt->length << 3))) {',
     'if (lladdr_opt->length == 0 || p->len < (sizeof(struct ns_header) + (lladdr_opt->length << 3))) {'),
    ('core/ipv6/nd6.c',
     'if (p->len < (sizeof(struct redirect_header) + (lladdr_opt->length << 3))) {',
     'if (lladdr_opt->length == 0 || p->len < (sizeof(struct redirect_header) + (lladdr_opt->length << 3))) {'),
    # A path's MTU below the smallest there is [RFC 8201, section 4]: fragments of nothing, without end.
    ('core/ipv6/nd6.c',
     'destination_cache[dest_idx].pmtu = (u16_t)LWIP_MIN(pmtu, 0xFFFF);',
     'destination_cache[dest_idx].pmtu = (u16_t)LWIP_MAX(LWIP_MIN(pmtu, 0xFFFF), IP6_MIN_MTU_LENGTH);'),
    # IPv6 fragments: what is told of those that never came together is what was received, not our pointers;
    ('core/ipv6/ip6_frag.c',
     'MEMCPY(p->payload, ipr->orig_hdr, sizeof(iprh));',
     'MEMCPY(p->payload, ipr->orig_hdr, sizeof(*iprh));'),
    # no datagram without any; none put together around a hole;
    ('core/ipv6/ip6_frag.c',
     '  iprh = (struct ip6_reass_helper *)ipr->p->payload;\n  if (iprh->start == 0) {\n    /* The first fragment was',
     '  iprh = ipr->p != NULL ? (struct ip6_reass_helper *)ipr->p->payload : NULL;\n'
     '  if (iprh != NULL && iprh->start == 0) {\n    /* The first fragment was'),
    ('core/ipv6/ip6_frag.c',
     '      /* the new pbuf should be inserted before this */\n      next_pbuf = q;\n',
     '      if (iprh_prev != NULL && iprh_prev->end != start) {\n        valid = 0;\n      }\n'
     '      next_pbuf = q;\n'),
    # and whoever asks for the header of one gets its own.
    ('core/ipv6/ip6.c',
     '        ip6hdr = (struct ip6_hdr *)p->payload;\n        nexth = &IP6H_NEXTH(ip6hdr);\n        hlen = hlen_tot = IP6_HLEN;\n',
     '        ip6hdr = (struct ip6_hdr *)p->payload;\n        ip_data.current_ip6_header = ip6hdr;\n'
     '        nexth = &IP6H_NEXTH(ip6hdr);\n        hlen = hlen_tot = IP6_HLEN;\n'),
    # ARP frames that are too short; ICMP messages about packets in pieces.
    ('core/ipv4/etharp.c',
     '  hdr = (struct etharp_hdr *)p->payload;\n\n  /* RFC 826 "Packet Reception": */\n',
     '  if (p->len < SIZEOF_ETHARP_HDR) {\n    ETHARP_STATS_INC(etharp.lenerr);\n'
     '    ETHARP_STATS_INC(etharp.drop);\n    pbuf_free(p);\n    return;\n  }\n'
     '  hdr = (struct etharp_hdr *)p->payload;\n\n'),
    ('core/ipv4/icmp.c',
     '  SMEMCPY((u8_t *)q->payload + sizeof(struct icmp_echo_hdr), (u8_t *)p->payload,\n          response_pkt_len);\n',
     '  pbuf_copy_partial(p, (u8_t *)q->payload + sizeof(struct icmp_echo_hdr), response_pkt_len, 0);\n'),
    # Multicast DNS talks to the link alone [RFC 6762, sections 6, 11].
    ('apps/mdns/mdns.c',
     '    if (!ip_addr_cmp_zoneless(ip_current_dest_addr(), &v6group)) {\n',
     '    if (!ip_addr_cmp_zoneless(ip_current_dest_addr(), &v6group)) {\n'
     '      if (ip6_addr_isglobal(ip_2_ip6(addr))) {\n        goto dealloc;\n      }\n'),
    ('apps/mdns/mdns.c',
     '    if (!ip_addr_cmp(ip_current_dest_addr(), &v4group)) {\n',
     '    if (!ip_addr_cmp(ip_current_dest_addr(), &v4group)) {\n'
     '      if (!ip4_addr_netcmp(ip_2_ip4(addr), netif_ip4_addr(recv_netif), netif_ip4_netmask(recv_netif))) {\n'
     '        goto dealloc;\n      }\n'),
    ('apps/mdns/mdns.c',
     '  if (hdr.flags1 & DNS_FLAG1_RESPONSE) {\n    mdns_handle_response',
     '  if ((hdr.flags1 & DNS_FLAG1_RESPONSE) && port != LWIP_IANA_PORT_MDNS) {\n    goto dealloc;\n  }\n'
     '  if (hdr.flags1 & DNS_FLAG1_RESPONSE) {\n    mdns_handle_response'),
    # Local ports that nobody can foresee from the last one [RFC 6056, section 3.3.1].
    ('core/tcp.c',
     '  tcp_port++;\n  if (tcp_port == TCP_LOCAL_PORT_RANGE_END) {\n    tcp_port = TCP_LOCAL_PORT_RANGE_START;\n  }\n',
     '  tcp_port = TCP_ENSURE_LOCAL_PORT_RANGE(LWIP_RAND());\n'),
    ('core/udp.c',
     '  if (udp_port++ == UDP_LOCAL_PORT_RANGE_END) {\n    udp_port = UDP_LOCAL_PORT_RANGE_START;\n  }\n',
     '  udp_port = UDP_ENSURE_LOCAL_PORT_RANGE(LWIP_RAND());\n'),
]


def run(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        sys.exit(f'lwip: {" ".join(map(str, command))}\n{result.stdout}')


def unpack(description, folder):
    """Unpacks the source package, with Debian's patches; dpkg-source compares the sums."""
    shutil.rmtree(folder, ignore_errors=True)
    run(['dpkg-source', '-q', '--no-copy', '-x', description, folder])
    return folder / 'src'


def edit(source):
    for name, old, new in EDITS:
        file = source / name
        text = file.read_text()
        if text.count(old) != 1:
            sys.exit(f'lwip: {name} does not hold once: {old}')
        file.write_text(text.replace(old, new))


def build(source, output, library, compiler, flags):
    include = [f'-I{folder}' for folder in (HERE, source / 'include')]
    files = sorted(file for part in PARTS for file in source.glob(part))
    objects = [output / f'{file.relative_to(source)}.o'.replace('/', '_') for file in files]
    commands = [[compiler, *FLAGS, *flags, *include, '-c', file, '-o', target]
                for file, target in zip(files, objects)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(run, commands))
    library.unlink(missing_ok=True)
    run(['ar', 'rcsD', library, *objects])
    for file in objects:
        file.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('description', type=Path, help='lwip_*.dsc of source package lwip')
    parser.add_argument('output', type=Path, help='folder for the results')
    parser.add_argument('flavour', help='names the results')
    parser.add_argument('compiler')
    parser.add_argument('flags', nargs='*', help='of the compiler, after --')
    arguments = parser.parse_args()
    output = arguments.output.resolve()
    folder = output / arguments.flavour
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = unpack(arguments.description, folder / 'source')
    edit(source)
    build(source, folder, output / f'lwip-{arguments.flavour}.a', arguments.compiler,
          arguments.flags)
    shutil.copytree(source / 'include', folder / 'include')
    shutil.rmtree(source.parent)
    (output / f'lwip-{arguments.flavour}.stamp.h').write_text(
        f'/* Made by sysroot/ports/lwip/build.py from {arguments.description.name}. */\n')


if __name__ == '__main__':
    main()
