/* lwIP's options: what servers/net needs of it. What an option means: lwip/opt.h of the package.
 * Whoever includes a header of lwIP gets these. Functions named here: port.h. */
#pragma once

/* One thread, raw API, time from sys_now(). */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_TIMERS 1

/* Memory: control blocks in static pools, packets from the program's own allocator, which takes
 * them from memory that devices can read. */
#define MEM_ALIGNMENT 16
#define MEM_LIBC_MALLOC 1
#define mem_clib_malloc lwip_port_allocate
#define mem_clib_calloc lwip_port_allocate_cleared
#define mem_clib_free lwip_port_free
#define MEM_STATS 0      /* they would put a word in front of every block */
#define PBUF_POOL_SIZE 2 /* nothing takes from it: receive buffers are custom pbufs */
#define PBUF_POOL_BUFSIZE 256
#define MEMP_NUM_PBUF 2048
#define MEMP_NUM_RAW_PCB 16
#define MEMP_NUM_UDP_PCB 256
#define MEMP_NUM_TCP_PCB 2048
#define MEMP_NUM_TCP_PCB_LISTEN 64
#define MEMP_NUM_TCP_SEG 8192
#define MEMP_NUM_REASSDATA 16
#define MEMP_NUM_FRAG_PBUF 256
#define MEMP_NUM_ARP_QUEUE 64
#define MEMP_NUM_IGMP_GROUP 64
#define MEMP_NUM_MLD6_GROUP 64
#define MEMP_NUM_ND6_QUEUE 64
#define MEMP_NUM_SYS_TIMEOUT                                                                       \
    40 /* the stack's own, mDNS and SNTP; an empty pool is an assertion                            \
        */
#define MEMCPY(to, from, bytes) lwip_port_copy(to, from, bytes)

/* Interfaces. */
#define LWIP_SINGLE_NETIF 0
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK 1
#define LWIP_NETIF_EXT_STATUS_CALLBACK 1
#define LWIP_NETIF_HWADDRHINT 1 /* a connection remembers its place in the ARP table */
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_HAVE_LOOPIF 1
#define LWIP_LOOPBACK_MAX_PBUFS 256
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1 /* devices sum, and check, what they can */
#define LWIP_CHKSUM lwip_port_checksum
#define LWIP_CHECKSUM_ON_COPY 0

/* Pieces of a frame: how the device is to cut it (port.h). */
#define LWIP_PBUF_CUSTOM_DATA u16_t segment_bytes;

/* Ethernet, IPv4. */
#define ARP_TABLE_SIZE 64
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 8
#define LWIP_IPV4 1
#define IP_REASSEMBLY 1
#define IP_REASS_MAX_PBUFS 128
#define IP_SOF_BROADCAST 1
#define IP_DEFAULT_TTL 64
#define LWIP_ICMP 1
#define LWIP_IGMP 1
#define LWIP_RAW 1
#define LWIP_DHCP 1
#define LWIP_DHCP_GET_NTP_SRV 1
#define LWIP_DHCP_MAX_NTP_SERVERS 1
#define LWIP_AUTOIP 0

/* IPv6: addresses by router advertisement, multicast listener discovery. */
#define LWIP_IPV6 1
#define LWIP_IPV6_NUM_ADDRESSES 4
#define LWIP_IPV6_FORWARD 0
#define LWIP_IPV6_AUTOCONFIG 1
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 1
#define LWIP_IPV6_MLD 1
#define LWIP_IPV6_FRAG 1
#define LWIP_IPV6_REASS 1
#define IPV6_FRAG_COPYHEADER 1 /* two pointers do not fit into a fragment header */
#define LWIP_IPV6_DHCP6 0
#define LWIP_ND6_NUM_NEIGHBORS 64
#define LWIP_ND6_NUM_DESTINATIONS 64
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 3

/* Names and time. */
#define LWIP_DNS 1
#define DNS_TABLE_SIZE 16
#define DNS_MAX_REQUESTS 16
#define DNS_MAX_SERVERS 6 /* netconf::max_name_servers */
#define LWIP_DNS_SUPPORT_MDNS_QUERIES 1
#define LWIP_MDNS_RESPONDER 1
#define MDNS_MAX_SERVICES 2
#define LWIP_NUM_NETIF_CLIENT_DATA 1 /* mDNS */
#define SNTP_SERVER_DNS 0
#define SNTP_MAX_SERVERS 1
#define SNTP_CHECK_RESPONSE 2
#define SNTP_GET_SYSTEM_TIME(seconds, microseconds) lwip_port_wall_time(&(seconds), &(microseconds))
#define SNTP_SET_SYSTEM_TIME_US(seconds, microseconds)                                             \
    lwip_port_set_wall_time(seconds, microseconds)

/* UDP and TCP. */
#define LWIP_UDP 1
#define LWIP_TCP 1
#define SO_REUSE 1
#define TCP_MSS                                                                                    \
    8960 /* of the largest frames we know; the interface's MTU and the peer limit it               \
          */
/* That a peer can have us use, bytes: of a path with an MTU of 256. Hosts take datagrams of 576
 * [RFC 1122, section 3.3.2]; only those that do not announce less than 536. */
#define LWIP_PORT_LEAST_MSS 216
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 5
#define TCP_WND (1024 * 1024)
#define TCP_SND_BUF (1024 * 1024)
#define TCP_SND_QUEUELEN 4096
#define TCP_WND_UPDATE_THRESHOLD (16 * 1024)
#define TCP_LISTEN_BACKLOG 1
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_BYTES (512 * 1024)
#define TCP_OOSEQ_PBUFS_LIMIT(pcb) lwip_port_out_of_order_limit()
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_MAX_SACK_NUM 4
/* 12 bytes and some work in every segment, and lwIP takes neither round-trip times nor protection
 * against wrapped numbers from them. */
#define LWIP_TCP_TIMESTAMPS 0
#define LWIP_TCP_KEEPALIVE 1
#define LWIP_TCP_PCB_NUM_EXT_ARGS 2 /* 0: port.h, 1: sockets */
/* The sanity check wants the window in PBUF_POOL. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1

/* Counters for `net` and the status page. */
#define LWIP_STATS 1
#define LWIP_STATS_LARGE 1
#define MIB2_STATS 1
#define MEMP_STATS 1
#define SYS_STATS 0

/* RFC 6528, and lwIP's other choices that a stranger must not foresee. */
#define LWIP_HOOK_FILENAME "port.h"
#define LWIP_HOOK_TCP_ISN lwip_port_isn
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(p, header, pcb, options)                                     \
    (lwip_port_mark((p), (pcb)), (options))
