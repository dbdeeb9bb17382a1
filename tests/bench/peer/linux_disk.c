// /init of the Linux peer: loads the modules it finds in /modules by their number, then reads
// /dev/vda sequentially with O_DIRECT as its command line says, one request at a time, and prints
// what it measured. Marks (see count.c) stand around each run of requests.
//   kernel command line: ... -- SIZE:COUNT...   (bytes of a request, how many)
#define _GNU_SOURCE
#include "linux_guest.h"

#include <stdint.h>
#include <stdlib.h>

static void run(int disk, char* buffer, size_t size, long count)
{
    // Once before it counts, so that everything is mapped and the request path is warm.
    if (pread(disk, buffer, size, 0) != (ssize_t)size) fail("warm-up read");
    uint64_t sum = 0;
    double const begin = seconds();
    mark();
    for (long i = 0; i < count; ++i) {
        if (pread(disk, buffer, size, (off_t)size * i) != (ssize_t)size) fail("read");
        sum += *(uint64_t const*)buffer;
    }
    mark();
    printf("peer: %zu bytes %ld requests %.6f s sum %llx\n", size, count, seconds() - begin,
           (unsigned long long)sum);
}

int main(int argc, char** argv)
{
    start_peer();
    int const disk = open("/dev/vda", O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (disk < 0) fail("/dev/vda");
    char* const buffer = aligned_alloc(4096, 1 << 20);
    if (!buffer) fail("memory");
    for (int i = 1; i < argc; ++i) {
        char* end = NULL;
        size_t const size = strtoul(argv[i], &end, 10);
        if (*end == ':' && size > 0 && size <= 1 << 20) run(disk, buffer, size, atol(end + 1));
    }
    end_peer();
}
