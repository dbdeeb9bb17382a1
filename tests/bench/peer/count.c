// A plugin for QEMU's TCG that counts what the guest executes, for peers on one machine: Linux and
// ours. A guest marks a moment by `xchg %bx, %bx`, which does nothing to a PC; the plugin then
// writes the count so far as a line of its output file. Unlike the TSC under -icount it does not
// count time in which the CPU sleeps. `rep` instructions count once per iteration.
//   qemu ... -plugin ./count.so,out=FILE      [QEMU 7.2, "QEMU TCG Plugins"]
#include "plugin.h"

static uint64_t executed;
static FILE* out;

static void mark(unsigned cpu, void* data)
{
    (void)cpu;
    (void)data;
    fprintf(out, "%" PRIu64 "\n", executed);
    fflush(out);
}

static void translated(plugin_id id, struct qemu_plugin_tb* tb)
{
    static unsigned char const marker[] = {0x66, 0x87, 0xdb};
    (void)id;
    size_t const count = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < count; ++i) {
        struct qemu_plugin_insn* const insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, op_add_u64, &executed, 1);
        if (qemu_plugin_insn_size(insn) == sizeof marker &&
            memcmp(qemu_plugin_insn_data(insn), marker, sizeof marker) == 0)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, flags_none, NULL);
    }
}

int qemu_plugin_install(plugin_id id, void const* info, int argc, char** argv)
{
    (void)info;
    for (int i = 0; i < argc; ++i)
        if (strncmp(argv[i], "out=", 4) == 0) out = fopen(argv[i] + 4, "w");
    if (!out) {
        fprintf(stderr, "count plugin: out=FILE is missing or cannot be written\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
