// A plugin for QEMU's TCG that counts how often each block of code is executed, from the moment on
// when a given one runs first (the loader's entry: what firmware does before is not ours). At the
// end a line for each block that ran: address, executions, instructions, its bytes in hex. Who
// reads it knows by the bytes whose code that is, since all programs have the same addresses.
//   qemu ... -plugin ./blocks.so,out=FILE,entry=HEX,at=N      [QEMU 7.2, "QEMU TCG Plugins"]
// entry: the bytes the first block begins with; at: the low 12 bits of its address.
#include "plugin.h"

#include <stdlib.h>
#include <time.h>

enum { longest = 4096, page_mask = 0xfff };

struct block {
    struct block* next;
    uint64_t address, executions, instructions, size;
    unsigned char bytes[];
};

static struct block* blocks;
static unsigned char entry[longest];
static size_t entry_size;
static uint64_t entry_at;
static bool begun;
static struct timespec begun_at;
static FILE* out;

static void begin(unsigned cpu, void* data)
{
    (void)cpu;
    (void)data;
    if (begun) return;
    begun = true;
    clock_gettime(CLOCK_MONOTONIC, &begun_at);
    for (struct block* it = blocks; it; it = it->next) it->executions = 0;
}

/// Whether this is the block to begin with; a block may end before all of `entry`.
static bool is_entry(struct block const* it)
{
    size_t const size = it->size < entry_size ? it->size : entry_size;
    return (it->address & page_mask) == entry_at && memcmp(it->bytes, entry, size) == 0;
}

static void translated(plugin_id id, struct qemu_plugin_tb* tb)
{
    (void)id;
    unsigned char bytes[longest];
    size_t size = 0;
    size_t const count = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < count; ++i) {
        struct qemu_plugin_insn const* const insn = qemu_plugin_tb_get_insn(tb, i);
        size_t const length = qemu_plugin_insn_size(insn);
        if (size + length > sizeof bytes) break;
        memcpy(bytes + size, qemu_plugin_insn_data(insn), length);
        size += length;
    }
    struct block* const it = malloc(sizeof *it + size);
    if (!it) abort();
    *it = (struct block){blocks, qemu_plugin_tb_vaddr(tb), 0, count, size};
    memcpy(it->bytes, bytes, size);
    blocks = it;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, op_add_u64, &it->executions, 1);
    if (!begun && is_entry(it)) qemu_plugin_register_vcpu_tb_exec_cb(tb, begin, flags_none, NULL);
}

static void ended(plugin_id id, void* data)
{
    (void)id;
    (void)data;
    if (begun) fprintf(out, "%lld.%09ld\n", (long long)begun_at.tv_sec, begun_at.tv_nsec);
    for (struct block const* it = blocks; begun && it; it = it->next) {
        if (it->executions == 0) continue;
        fprintf(out, "%" PRIx64 " %" PRIu64 " %" PRIu64 " ", it->address, it->executions,
                it->instructions);
        for (size_t i = 0; i < it->size; ++i) fprintf(out, "%02x", it->bytes[i]);
        fputc('\n', out);
    }
    fclose(out);
}

int qemu_plugin_install(plugin_id id, void const* info, int argc, char** argv)
{
    (void)info;
    for (int i = 0; i < argc; ++i) {
        if (strncmp(argv[i], "out=", 4) == 0) out = fopen(argv[i] + 4, "w");
        if (strncmp(argv[i], "at=", 3) == 0) entry_at = strtoull(argv[i] + 3, NULL, 10);
        if (strncmp(argv[i], "entry=", 6) != 0) continue;
        char const* hex = argv[i] + 6;
        for (unsigned byte; entry_size < longest && sscanf(hex, "%2x", &byte) == 1; hex += 2)
            entry[entry_size++] = (unsigned char)byte;
    }
    if (!out || entry_size == 0) {
        fprintf(stderr, "blocks plugin: out=FILE or entry=HEX is missing\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
