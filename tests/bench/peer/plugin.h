// The part of QEMU's plugin interface, version 1, that the plugins here use; Debian ships no header
// for it. [QEMU 7.2, "QEMU TCG Plugins"]
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t plugin_id;
enum { op_add_u64 = 0, flags_none = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*f)(plugin_id, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* tb, int op, void* counter,
                                              uint64_t amount);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb* tb, void (*f)(unsigned, void*),
                                          int flags, void* data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*f)(plugin_id, void*), void* data);
size_t qemu_plugin_tb_n_insns(struct qemu_plugin_tb const* tb);
uint64_t qemu_plugin_tb_vaddr(struct qemu_plugin_tb const* tb);
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
