// The host's end of the network benchmark, the same for every guest: net_jobs.h says what it does.
// Prints a line for each job of a stream that came to its end, measured from the job's arrival:
//   host: KIND BYTES SECONDS
// Runs until its standard input ends.
#define _GNU_SOURCE
#include "net_jobs.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { chunk = 256 << 10 };
static char buffer[chunk];

static void fail(char const* what)
{
    perror(what);
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool receive(int stream, uint64_t bytes)
{
    while (bytes > 0) {
        ssize_t const got = read(stream, buffer, bytes < chunk ? bytes : chunk);
        if (got <= 0) return false;
        bytes -= (uint64_t)got;
    }
    return true;
}

static bool transmit(int stream, uint64_t bytes)
{
    while (bytes > 0) {
        ssize_t const put = write(stream, buffer, bytes < chunk ? bytes : chunk);
        if (put <= 0) return false;
        bytes -= (uint64_t)put;
    }
    return true;
}

static bool echo(int stream)
{
    ssize_t got;
    while ((got = read(stream, buffer, chunk)) > 0)
        if (!transmit(stream, (uint64_t)got)) return false;
    return got == 0;
}

static void serve(int stream)
{
    struct job job;
    int const yes = 1;
    setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (recv(stream, &job, sizeof job, MSG_WAITALL) != sizeof job) return;
    double const begin = seconds();
    bool good = false;
    if (job.kind == job_sink)
        good = receive(stream, job.bytes) && transmit(stream, 1);
    else if (job.kind == job_source)
        good = transmit(stream, job.bytes) && receive(stream, 1);
    else if (job.kind == job_echo)
        good = echo(stream);
    double const took = seconds() - begin;
    // One write, so that the lines of two jobs do not mix.
    if (good) dprintf(1, "host: %u %llu %.6f\n", job.kind, (unsigned long long)job.bytes, took);
}

static int listening(int type)
{
    int const yes = 1;
    struct sockaddr_in const any = {.sin_family = AF_INET, .sin_port = htons(jobs_port)};
    int const it = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (it < 0) fail("socket");
    setsockopt(it, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(it, (struct sockaddr const*)&any, sizeof any) != 0) fail("bind");
    if (type == SOCK_STREAM && listen(it, 16) != 0) fail("listen");
    return it;
}

static void return_datagram(int socket)
{
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    ssize_t const got = recvfrom(socket, buffer, chunk, 0, (struct sockaddr*)&from, &size);
    if (got >= 0) sendto(socket, buffer, (size_t)got, 0, (struct sockaddr const*)&from, size);
}

int main(void)
{
    signal(SIGCHLD, SIG_IGN);
    struct pollfd ends[] = {{.fd = listening(SOCK_STREAM), .events = POLLIN},
                            {.fd = listening(SOCK_DGRAM), .events = POLLIN},
                            {.fd = 0, .events = POLLIN}};
    dprintf(1, "host: ready\n");
    while (poll(ends, 3, -1) > 0 || true) {
        if (ends[2].revents) return 0;
        if (ends[1].revents & POLLIN) return_datagram(ends[1].fd);
        if (!(ends[0].revents & POLLIN)) continue;
        int const stream = accept4(ends[0].fd, NULL, NULL, SOCK_CLOEXEC);
        if (stream < 0) continue;
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(stream);
            _exit(0);
        }
        close(stream);
    }
}
