/* Between newlib and the system: start, exit, output, heap. Everything else that newlib asks of a
 * Unix is refused with ENOSYS or what the C library takes for "no such thing". One thread may use
 * the library: newlib's locks are not provided. */
#include "glue.h"

#include <errno.h>
#include <sel4/sel4.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <unistd.h>

#include "runtime/tls.h"

#undef errno
extern int errno;

static char default_heap[1 << 20] __attribute__((aligned(16)));
static char *heap_next = default_heap, *heap_end = default_heap + sizeof default_heap;

void newlib_set_heap(void* start, size_t size)
{
    heap_next = start;
    heap_end = heap_next + size;
}

/* The default: the kernel's debug output, while there is no console server. */
__attribute__((weak)) void newlib_output(char const* text, size_t length)
{
#ifdef CONFIG_PRINTING
    while (length-- > 0) seL4_DebugPutChar(*text++);
#else
    (void)text;
    (void)length;
#endif
}

/* The runtime calls this instead of main: hosted programs want argc and argv, and stdio flushed at
 * the end. A root server finds its boot information by seL4_GetBootInfo. */
int main(int argc, char** argv);
int runtime_main(void* argument);
int runtime_main(void* argument)
{
    static char name[] = "program";
    static char* arguments[] = {name, NULL};
    (void)argument;
    exit(main(1, arguments));
}

void _exit(int status)
{
    runtime_exit(status);
}

_READ_WRITE_RETURN_TYPE write(int file, void const* data, size_t length)
{
    if (file != STDOUT_FILENO && file != STDERR_FILENO) {
        errno = EBADF;
        return -1;
    }
    newlib_output(data, length);
    return (_READ_WRITE_RETURN_TYPE)length;
}

/* Memory for malloc. Shrinking and asking where the end is work as well. */
void* sbrk(ptrdiff_t change)
{
    char* old = heap_next;
    if (change > heap_end - old) {
        errno = ENOMEM;
        return (void*)-1;
    }
    heap_next += change;
    return old;
}

/* Standard input is at its end. */
_READ_WRITE_RETURN_TYPE read(int file, void* data, size_t length)
{
    (void)data;
    (void)length;
    if (file == STDIN_FILENO) return 0;
    errno = EBADF;
    return -1;
}

int isatty(int file)
{
    return file >= 0 && file <= STDERR_FILENO;
}

int fstat(int file, struct stat* status)
{
    if (!isatty(file)) {
        errno = EBADF;
        return -1;
    }
    memset(status, 0, sizeof *status);
    status->st_mode = S_IFCHR; /* stdio buffers by line then */
    return 0;
}

off_t lseek(int file, off_t offset, int whence)
{
    (void)file;
    (void)offset;
    (void)whence;
    errno = ESPIPE;
    return -1;
}

int close(int file)
{
    (void)file;
    errno = EBADF;
    return -1;
}

pid_t getpid(void)
{
    return 1;
}

/* abort() and raise() come here: nobody is there to catch anything. */
int kill(pid_t process, int signal)
{
    (void)process;
    runtime_exit(128 + signal);
}

int open(char const* path, int flags, ...)
{
    (void)path;
    (void)flags;
    errno = ENOSYS;
    return -1;
}

clock_t times(struct tms* buffer)
{
    (void)buffer;
    errno = ENOSYS;
    return (clock_t)-1;
}
