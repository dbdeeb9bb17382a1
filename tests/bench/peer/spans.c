// A plugin for QEMU's TCG that counts what the guest executes between two marks (`xchg %bx, %bx`):
// each pair is a span. It counts by blocks of code, so it slows the guest down little, and what a
// sleeping CPU does not execute is not counted. A line for each span: `span INSTRUCTIONS
// ITERATIONS`, where ITERATIONS are those of `rep` instructions but the first, each of which is
// among the INSTRUCTIONS. With blocks=1 a line follows for each block that ran, as in blocks.c.
//   qemu ... -plugin ./spans.so,out=FILE[,blocks=1]      [QEMU 7.2, "QEMU TCG Plugins"]
#include "plugin.h"

#include <stdlib.h>

enum { longest = 4096 };

struct block {
    struct block* next;
    uint64_t address, executions, instructions, size;
    bool repeats; ///< nothing but a `rep` instruction: an iteration after the first
    unsigned char bytes[];
};

static struct block* blocks;
static bool open, with_blocks;
static FILE* out;

static void print_block(struct block const* it)
{
    fprintf(out, "%" PRIx64 " %" PRIu64 " %" PRIu64 " ", it->address, it->executions,
            it->instructions);
    for (size_t i = 0; i < it->size; ++i) fprintf(out, "%02x", it->bytes[i]);
    fputc('\n', out);
}

static void close_span(void)
{
    uint64_t executed = 0, iterations = 0;
    for (struct block const* it = blocks; it; it = it->next) {
        executed += it->executions * it->instructions;
        if (it->repeats) iterations += it->executions;
    }
    fprintf(out, "span %" PRIu64 " %" PRIu64 "\n", executed, iterations);
    for (struct block const* it = blocks; with_blocks && it; it = it->next)
        if (it->executions != 0) print_block(it);
    fflush(out);
}

static void mark(unsigned cpu, void* data)
{
    (void)cpu;
    (void)data;
    open = !open;
    if (!open)
        close_span();
    else
        for (struct block* it = blocks; it; it = it->next) it->executions = 0;
}

/// Whether an instruction is a string instruction with a `rep` prefix. [Intel SDM volume 2,
/// "Instruction Prefixes", "REP/REPE/REPZ/REPNE/REPNZ"]
static bool is_repeated(unsigned char const* bytes, size_t size)
{
    bool repeated = false;
    for (size_t i = 0; i < size; ++i) {
        unsigned char const it = bytes[i];
        if (it == 0xf2 || it == 0xf3)
            repeated = true;
        else if (it != 0x66 && it != 0x67 && (it & 0xf0) != 0x40)
            return repeated && ((it >= 0x6c && it <= 0x6f) || (it >= 0xa4 && it <= 0xa7) ||
                                (it >= 0xaa && it <= 0xaf));
    }
    return false;
}

static void translated(plugin_id id, struct qemu_plugin_tb* tb)
{
    static unsigned char const marker[] = {0x66, 0x87, 0xdb};
    (void)id;
    unsigned char bytes[longest];
    size_t size = 0;
    size_t const count = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < count; ++i) {
        struct qemu_plugin_insn* const insn = qemu_plugin_tb_get_insn(tb, i);
        size_t const length = qemu_plugin_insn_size(insn);
        if (length == sizeof marker &&
            memcmp(qemu_plugin_insn_data(insn), marker, sizeof marker) == 0)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, flags_none, NULL);
        if (size + length > sizeof bytes) break;
        memcpy(bytes + size, qemu_plugin_insn_data(insn), length);
        size += length;
    }
    struct block* const it = malloc(sizeof *it + size);
    if (!it) abort();
    *it = (struct block){
        blocks, qemu_plugin_tb_vaddr(tb), 0, count, size, count == 1 && is_repeated(bytes, size)};
    memcpy(it->bytes, bytes, size);
    blocks = it;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, op_add_u64, &it->executions, 1);
}

int qemu_plugin_install(plugin_id id, void const* info, int argc, char** argv)
{
    (void)info;
    for (int i = 0; i < argc; ++i) {
        if (strncmp(argv[i], "out=", 4) == 0) out = fopen(argv[i] + 4, "w");
        if (strcmp(argv[i], "blocks=1") == 0) with_blocks = true;
    }
    if (!out) {
        fprintf(stderr, "spans plugin: out=FILE is missing or cannot be written\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
