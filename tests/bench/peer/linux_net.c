// /init of the Linux peer for the network: runs jobs of net_jobs.h against the host one after the
// other. Marks (see spans.c) stand around each; streams are measured by the host, transactions
// here:
//   peer: udp COUNT transactions LOST lost SECONDS s
//   kernel command line: ... -- OWN-ADDRESS HOST-ADDRESS JOB:AMOUNT...
//   JOB: send, receive (bytes), udp, echo (transactions)
#define _GNU_SOURCE
#include "linux_guest.h"
#include "net_jobs.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

// As much as net-bench of ours hands over at a time.
enum { chunk = 64 << 10, datagram = 64 };
static char buffer[chunk];

static struct sockaddr_in address(char const* text, unsigned port)
{
    struct sockaddr_in it = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (text && inet_pton(AF_INET, text, &it.sin_addr) != 1) fail(text);
    return it;
}

/// Gives the card its address and waits for its link.
static void bring_up(char const* own)
{
    int const it = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "eth0"};
    struct sockaddr_in value = address(own, 0);
    memcpy(&request.ifr_addr, &value, sizeof value);
    if (ioctl(it, SIOCSIFADDR, &request) != 0) fail("SIOCSIFADDR");
    value = address("255.255.255.0", 0);
    memcpy(&request.ifr_netmask, &value, sizeof value);
    if (ioctl(it, SIOCSIFNETMASK, &request) != 0) fail("SIOCSIFNETMASK");
    request.ifr_flags = IFF_UP;
    if (ioctl(it, SIOCSIFFLAGS, &request) != 0) fail("SIOCSIFFLAGS");
    do {
        if (ioctl(it, SIOCGIFFLAGS, &request) != 0) fail("SIOCGIFFLAGS");
        usleep(1000);
    } while (!(request.ifr_flags & IFF_RUNNING));
    close(it);
}

static int connected(char const* host, int type)
{
    struct sockaddr_in const to = address(host, jobs_port);
    struct timeval const patience = {.tv_sec = 1};
    int const yes = 1, it = socket(AF_INET, type, 0);
    if (connect(it, (struct sockaddr const*)&to, sizeof to) != 0) fail("connect");
    if (type == SOCK_STREAM)
        setsockopt(it, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    else
        setsockopt(it, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return it;
}

static void transmit(int stream, uint64_t bytes)
{
    while (bytes > 0) {
        ssize_t const put = write(stream, buffer, bytes < chunk ? bytes : chunk);
        if (put <= 0) fail("write");
        bytes -= (uint64_t)put;
    }
}

static void receive(int stream, uint64_t bytes)
{
    while (bytes > 0) {
        ssize_t const got = read(stream, buffer, bytes < chunk ? bytes : chunk);
        if (got <= 0) fail("read");
        bytes -= (uint64_t)got;
    }
}

static void stream_job(char const* host, uint32_t kind, uint64_t amount)
{
    int const stream = connected(host, SOCK_STREAM);
    struct job const job = {kind, 0, amount};
    mark();
    double const begin = seconds();
    if (write(stream, &job, sizeof job) != sizeof job) fail("write");
    if (kind == job_sink) transmit(stream, amount), receive(stream, 1);
    if (kind == job_source) receive(stream, amount), transmit(stream, 1);
    if (kind == job_echo)
        for (uint64_t i = 0; i < amount; ++i) transmit(stream, datagram), receive(stream, datagram);
    mark();
    if (kind == job_echo)
        printf("peer: echo %llu transactions 0 lost %.6f s\n", (unsigned long long)amount,
               seconds() - begin);
    close(stream);
}

static void udp_job(char const* host, uint64_t count)
{
    int const it = connected(host, SOCK_DGRAM);
    uint64_t lost = 0;
    // Once before it counts: the first one waits for ARP.
    if (send(it, buffer, datagram, 0) < 0 || recv(it, buffer, datagram, 0) < 0) fail("datagram");
    mark();
    double const begin = seconds();
    for (uint64_t i = 0; i < count; ++i) {
        if (send(it, buffer, datagram, 0) != datagram) fail("send");
        if (recv(it, buffer, datagram, 0) != datagram) ++lost;
    }
    mark();
    printf("peer: udp %llu transactions %llu lost %.6f s\n", (unsigned long long)count,
           (unsigned long long)lost, seconds() - begin);
    close(it);
}

int main(int argc, char** argv)
{
    start_peer();
    if (argc < 3) fail("no addresses");
    char const* const host = argv[2];
    bring_up(argv[1]);
    for (int i = 3; i < argc; ++i) {
        char const* const colon = strchr(argv[i], ':');
        uint64_t const amount = colon ? strtoull(colon + 1, NULL, 10) : 0;
        if (strncmp(argv[i], "send:", 5) == 0)
            stream_job(host, job_sink, amount);
        else if (strncmp(argv[i], "receive:", 8) == 0)
            stream_job(host, job_source, amount);
        else if (strncmp(argv[i], "echo:", 5) == 0)
            stream_job(host, job_echo, amount);
        else if (strncmp(argv[i], "udp:", 4) == 0)
            udp_job(host, amount);
        else
            fail(argv[i]);
    }
    end_peer();
}
