// A plugin for QEMU's TCG that counts what the guest executes, for peers on one machine: Linux and
// ours. A guest marks a moment by `xchg %bx, %bx`, which does nothing to a PC; the plugin then
// writes the count so far as a line of its output file. Unlike the TSC under -icount it does not
// count time in which the CPU sleeps. `rep` instructions count once per iteration.
//   qemu ... -plugin ./count.so,out=FILE      [QEMU 7.2, "QEMU TCG Plugins"]
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// The part of QEMU's plugin interface, version 1, that is used here; Debian ships no header for it.
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t plugin_id;
enum { op_add_u64 = 0, flags_none = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*f)(plugin_id, struct qemu_plugin_tb*));
size_t qemu_plugin_tb_n_insns(struct qemu_plugin_tb const* tb);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(struct qemu_plugin_tb const* tb, size_t index);
void const* qemu_plugin_insn_data(struct qemu_plugin_insn const* insn);
size_t qemu_plugin_insn_size(struct qemu_plugin_insn const* insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn* insn, int op,
                                                void* counter, uint64_t amount);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn* insn,
                                            void (*f)(unsigned, void*), int flags, void* data);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;
__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, void const* info,
                                                               int argc, char** argv);

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
