// Descriptor tables. The stubs that the IDT points to are in entry.S.
#include "descriptors.hpp"

#include "arch_context.hpp"
#include "instructions.hpp"
#include "kit/bits.hpp"
#include "stacks.hpp"

namespace mk {

constinit Stacks kernel_stacks{};

namespace {

/// Task-state segment, as the CPU reads it.
struct [[gnu::packed]] Tss {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7];
    u64 reserved2;
    u16 reserved3;
    u16 io_map_base; ///< at or past the limit: there is no bitmap
};
static_assert(sizeof(Tss) == 104);

struct Gate {
    u64 low, high;
};

struct [[gnu::packed]] TableRegister {
    u16 limit;
    void const* base;
};

// Bytes 5 and 6 of a descriptor: access rights and flags.
constexpr u64 kernel_code = 0x00af'9b00'0000'ffff, kernel_data = 0x00cf'9300'0000'ffff,
              user_data = 0x00cf'f300'0000'ffff, user_code = 0x00af'fb00'0000'ffff;

constinit u64 gdt[7] = {0, kernel_code, kernel_data, user_data, user_code, 0, 0};
static_assert(kernel_cs == 1 * 8 && kernel_ds == 2 * 8 && user_ds == (3 * 8 | 3) &&
              user_cs == (4 * 8 | 3) && tss_selector == 5 * 8);

constinit Tss tss{};
constinit Gate idt[256]{};

constexpr u64 vectors = 256, stub_bytes = 16; // entry.S
extern "C" u8 const trap_stubs[vectors * stub_bytes];
extern "C" void syscall_stub();

// Interrupt stack table slots.
constexpr u64 ist_double_fault = 1, ist_nmi = 2, ist_machine_check = 3, ist_debug = 4;

void set_gate(unsigned vector, u64 ist, u64 privilege)
{
    constexpr u64 interrupt_gate = 0xe, gate_present = 0x80;
    u64 const target = reinterpret_cast<u64>(&trap_stubs[vector * stub_bytes]);
    u64 const type = gate_present | privilege << 5 | interrupt_gate;
    idt[vector].low = (target & 0xffff) | u64{kernel_cs} << 16 | ist << 32 | type << 40 |
                      field(target, 31, 16) << 48;
    idt[vector].high = target >> 32;
}

void fill_idt()
{
    for (unsigned i = 0; i < vectors; ++i) set_gate(i, 0, 0);
    // `int3` is for users; `int n` with any other number is a #GP.
    set_gate(3, 0, 3);
    set_gate(4, 0, 3);
    // These may hit between two instructions of the entry code, when the stack is not ours yet.
    set_gate(1, ist_debug, 0);
    set_gate(2, ist_nmi, 0);
    set_gate(8, ist_double_fault, 0);
    set_gate(18, ist_machine_check, 0);
}

void fill_tss()
{
    tss.ist[ist_double_fault - 1] = kernel_stacks.double_fault.top();
    tss.ist[ist_nmi - 1] = kernel_stacks.nmi.top();
    tss.ist[ist_machine_check - 1] = kernel_stacks.machine_check.top();
    tss.ist[ist_debug - 1] = kernel_stacks.debug.top();
    tss.io_map_base = sizeof(Tss);
    u64 const base = reinterpret_cast<u64>(&tss);
    constexpr u64 available_tss = 0x89;
    gdt[5] = (sizeof(Tss) - 1) | field(base, 23, 0) << 16 | available_tss << 40 |
             field(base, 31, 24) << 56;
    gdt[6] = base >> 32;
}

} // namespace

void init_descriptors()
{
    fill_tss();
    fill_idt();
    TableRegister const gdtr{sizeof gdt - 1, gdt}, idtr{sizeof idt - 1, idt};
    asm volatile("lgdt %[gdtr]\n\t"
                 "pushq %[code]\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "lretq\n"
                 "1:\n\t"
                 "movl %[data], %%ss\n\t"
                 "movl %[data], %%ds\n\t"
                 "movl %[data], %%es\n\t"
                 "movl %[none], %%fs\n\t"
                 "movl %[none], %%gs\n\t"
                 "lldt %w[none]\n\t"
                 "ltr %w[task]\n\t"
                 "lidt %[idtr]"
                 :
                 : [gdtr] "m"(gdtr), [idtr] "m"(idtr), [code] "i"(kernel_cs),
                   [data] "r"(u32{kernel_ds}), [none] "r"(0), [task] "r"(u32{tss_selector})
                 : "rax", "memory");
}

void init_syscall_entry()
{
    // syscall: CS = STAR[47:32], SS = that + 8. sysret: SS = STAR[63:48] + 8, CS = that + 16.
    constexpr u64 star = u64{kernel_cs} << 32 | u64{user_ds - 8} << 48;
    static_assert(((star >> 48) + 8) == user_ds && ((star >> 48) + 16) == user_cs);
    x86::write_msr(x86::Msr::star, star);
    x86::write_msr(x86::Msr::lstar, reinterpret_cast<u64>(&syscall_stub));
    x86::write_msr(x86::Msr::cstar, 0); // compatibility mode: no user code segment allows it
    // Flags cleared on entry: TF, IF, DF, IOPL, NT, RF, AC.
    x86::write_msr(x86::Msr::sfmask,
                   bit(8) | bit(9) | bit(10) | bit(12) | bit(13) | bit(14) | bit(16) | bit(18));
}

void set_entry_stack(u64 top)
{
    tss.rsp[0] = top;
}

} // namespace mk
