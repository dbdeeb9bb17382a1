// /init of the Linux peer: loads the modules it finds in /modules by their number, then reads
// /dev/vda sequentially with O_DIRECT as its command line says, one request at a time, and prints
// what it measured. Marks (see count.c) stand around each run of requests.
//   kernel command line: ... -- SIZE:COUNT...   (bytes of a request, how many)
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void mark(void)
{
    __asm__ volatile("xchg %%bx, %%bx" : : : "memory");
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void fail(char const* what)
{
    printf("peer: failed: %s: %m\n", what);
    reboot(RB_AUTOBOOT);
}

static void load_modules(void)
{
    for (int i = 0;; ++i) {
        char path[32];
        snprintf(path, sizeof path, "/modules/%02d.ko", i);
        int const file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) return;
        if (syscall(SYS_finit_module, file, "", 0) != 0) fail(path);
        close(file);
    }
}

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
    mkdir("/dev", 0755);
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    int const console = open("/dev/ttyS0", O_RDWR);
    if (console >= 0) {
        dup2(console, 0);
        dup2(console, 1);
        dup2(console, 2);
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    load_modules();
    int const disk = open("/dev/vda", O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (disk < 0) fail("/dev/vda");
    char* const buffer = aligned_alloc(4096, 1 << 20);
    if (!buffer) fail("memory");
    for (int i = 1; i < argc; ++i) {
        char* end = NULL;
        size_t const size = strtoul(argv[i], &end, 10);
        if (*end == ':' && size > 0 && size <= 1 << 20) run(disk, buffer, size, atol(end + 1));
    }
    printf("peer: done\n");
    reboot(RB_AUTOBOOT);
}
