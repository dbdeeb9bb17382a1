// Descriptor tables. The stubs that the IDT points to are in entry.S.
#include "descriptors.hpp"

#include "arch_context.hpp"
#include "instructions.hpp"
#include "isolation.hpp"
#include "kit/bits.hpp"
#include "stacks.hpp"
#include "trampoline.hpp"
#include <iterator>

namespace mk {

constinit Stacks kernel_stacks{};
constinit Trampoline trampoline{};

namespace {

struct [[gnu::packed]] TableRegister {
    u16 limit;
    void const* base;
};

// Bytes 5 and 6 of a descriptor: access rights and flags.
constexpr u64 kernel_code = 0x00af'9b00'0000'ffff, kernel_data = 0x00cf'9300'0000'ffff,
              user_data = 0x00cf'f300'0000'ffff, user_code = 0x00af'fb00'0000'ffff;

constexpr u64 segments[] = {0, kernel_code, kernel_data, user_data, user_code};
static_assert(kernel_cs == 1 * 8 && kernel_ds == 2 * 8 && user_ds == (3 * 8 | 3) &&
              user_cs == (4 * 8 | 3) && tss_selector == 5 * 8);

/// Without isolation the CPU uses this one; with it nobody reads what set_entry_stack() writes.
constinit Tss tss{};

constexpr u64 vectors = 256;

/// entry.S: one stub for each vector. Those of interrupts jump to the end of their block first.
struct TrapStubs {
    u8 exceptions[32][8];
    struct {
        u8 stubs[32][4];
        u64 jump;
    } interrupts[vectors / 32 - 1];

    u8 const* of(unsigned vector) const
    {
        return vector < 32 ? exceptions[vector] : interrupts[vector / 32 - 1].stubs[vector % 32];
    }
};
static_assert(sizeof(TrapStubs) == 1208, "kernel.ld");
extern "C" TrapStubs const trap_stubs, isolated_trap_stubs;
extern "C" void syscall_stub();
extern "C" void isolated_syscall_stub();

// Interrupt stack table slots.
constexpr u64 ist_double_fault = 1, ist_nmi = 2, ist_machine_check = 3, ist_debug = 4;

void set_gate(unsigned vector, u64 ist, u64 privilege)
{
    constexpr u64 interrupt_gate = 0xe, gate_present = 0x80;
    TrapStubs const& stubs = isolated ? isolated_trap_stubs : trap_stubs;
    u64 const target = reinterpret_cast<u64>(stubs.of(vector));
    u64 const type = gate_present | privilege << 5 | interrupt_gate;
    trampoline.idt[vector] = {(target & 0xffff) | u64{kernel_cs} << 16 | ist << 32 | type << 40 |
                                  field(target, 31, 16) << 48,
                              target >> 32};
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

/// Traps from user mode push to task.rsp[0].
void use_task(Tss& task)
{
    task.rsp[0] = trampoline.trap.top();
    task.ist[ist_double_fault - 1] = trampoline.double_fault.top();
    task.ist[ist_nmi - 1] = trampoline.nmi.top();
    task.ist[ist_machine_check - 1] = trampoline.machine_check.top();
    task.ist[ist_debug - 1] = trampoline.debug.top();
    task.io_map_base = sizeof(Tss);
    u64 const base = reinterpret_cast<u64>(&task);
    constexpr u64 available_tss = 0x89;
    u64* const gdt = trampoline.gdt;
    gdt[5] = (sizeof(Tss) - 1) | field(base, 23, 0) << 16 | available_tss << 40 |
             field(base, 31, 24) << 56;
    gdt[6] = base >> 32;
    asm volatile("ltr %w[task]" : : [task] "r"(u32{tss_selector}) : "memory");
}

} // namespace

void init_descriptors()
{
    trampoline.kernel_root = x86::read_cr<3>();
    for (unsigned i = 0; i < std::size(segments); ++i) trampoline.gdt[i] = segments[i];
    fill_idt();
    TableRegister const gdtr{sizeof trampoline.gdt - 1, trampoline.gdt},
        idtr{sizeof trampoline.idt - 1, trampoline.idt};
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
                 "lidt %[idtr]"
                 :
                 : [gdtr] "m"(gdtr), [idtr] "m"(idtr), [code] "i"(kernel_cs),
                   [data] "r"(u32{kernel_ds}), [none] "r"(0)
                 : "rax", "memory");
    use_task(tss);
}

void isolate_descriptors()
{
    use_task(trampoline.tss);
    fill_idt();
}

void init_syscall_entry()
{
    // syscall: CS = STAR[47:32], SS = that + 8. sysret: SS = STAR[63:48] + 8, CS = that + 16.
    constexpr u64 star = u64{kernel_cs} << 32 | u64{user_ds - 8} << 48;
    static_assert(((star >> 48) + 8) == user_ds && ((star >> 48) + 16) == user_cs);
    x86::write_msr(x86::Msr::star, star);
    x86::write_msr(x86::Msr::lstar,
                   reinterpret_cast<u64>(isolated ? &isolated_syscall_stub : &syscall_stub));
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
