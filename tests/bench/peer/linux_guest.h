// What every /init of the Linux peer needs: a console, the modules, marks and the clock.
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/// A moment that a counting emulator notes (count.c, spans.c).
static inline void mark(void)
{
    __asm__ volatile("xchg %%bx, %%bx" : : : "memory");
}

static inline double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline void fail(char const* what)
{
    printf("peer: failed: %s: %m\n", what);
    reboot(RB_AUTOBOOT);
}

/// By their numbers, as peer/linux.py put them into /modules.
static inline void load_modules(void)
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

static inline void start_peer(void)
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
}

static inline void end_peer(void)
{
    printf("peer: done\n");
    reboot(RB_AUTOBOOT);
}
