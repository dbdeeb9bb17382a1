// Local APIC and the 8259s it replaces.
#include "local_apic.hpp"

#include "arch/arch.hpp"
#include "features.hpp"
#include "instructions.hpp"
#include "kernel_space.hpp"
#include "kit/bits.hpp"
#include "object/irq_handler.hpp"
#include "platform.hpp"
#include "traps.hpp"
#include <initializer_list>

namespace mk::local_apic {
namespace {

using x86::Msr;

/// Offsets in the MMIO page; the x2APIC register number is offset / 16.
enum Register : u32 {
    id_register = 0x20,
    task_priority = 0x80,
    eoi = 0xb0,
    spurious = 0xf0,
    in_service_0 = 0x100,
    request_0 = 0x200,
    error_status = 0x280,
    lvt_cmci = 0x2f0,
    lvt_timer = 0x320,
    lvt_thermal = 0x330,
    lvt_performance = 0x340,
    lvt_lint0 = 0x350,
    lvt_lint1 = 0x360,
    lvt_error = 0x370,
    initial_count = 0x380,
    current_count = 0x390,
    divide = 0x3e0,
    version = 0x30,
};

// IA32_APIC_BASE
constexpr u64 global_enable = bit(11), x2apic_enable = bit(10);
constexpr u32 lvt_masked = u32(bit(16)), lvt_nmi = 4 << 8, timer_tsc_deadline = 2 << 17;
constexpr u32 software_enable = u32(bit(8)), divide_by_one = 0xb;

constinit u8 volatile* mmio = nullptr; // null in x2APIC mode

Msr x2apic_msr(u32 reg)
{
    return Msr{u32(Msr::x2apic_first) + (reg >> 4)};
}

u32 read(u32 reg)
{
    if (mmio == nullptr) return u32(x86::read_msr(x2apic_msr(reg)));
    return *reinterpret_cast<u32 volatile*>(mmio + reg);
}

void write(u32 reg, u32 value)
{
    if (mmio == nullptr)
        x86::write_msr(x2apic_msr(reg), value);
    else
        *reinterpret_cast<u32 volatile*>(mmio + reg) = value;
}

/// Both 8259s: moved away from the exception vectors, since even a masked one can say "spurious",
/// then masked.
void silence_legacy_pics()
{
    struct Pic {
        u16 command, data;
        u8 vector_base, wiring; ///< the master's line of the slave, the slave's number
    };
    constexpr u8 init_with_icw4 = 0x11, mode_8086 = 1, all_masked = 0xff;
    for (Pic const& pic : {Pic{0x20, 0x21, 0x20, 4}, Pic{0xa0, 0xa1, 0x28, 2}}) {
        x86::out<u8>(pic.command, init_with_icw4);
        x86::out<u8>(pic.data, pic.vector_base);
        x86::out<u8>(pic.data, pic.wiring);
        x86::out<u8>(pic.data, mode_8086);
        x86::out<u8>(pic.data, all_masked);
    }
}

/// Chooses the mode. Firmware may have left x2APIC on; it can be left only through "disabled", so
/// with x2APIC in CPUID we use it always.
void enable()
{
    u64 base = x86::read_msr(Msr::apic_base);
    if (features.x2apic) {
        x86::write_msr(Msr::apic_base, base | global_enable);
        x86::write_msr(Msr::apic_base, base | global_enable | x2apic_enable);
        return;
    }
    // The MSR decides where the page is, whatever the MADT says.
    platform.local_apic = base & 0x000f'ffff'ffff'f000;
    x86::write_msr(Msr::apic_base, base | global_enable);
    constexpr u64 page_size = 4096, uncacheable = 3;
    mmio = static_cast<u8 volatile*>(map_device(platform.local_apic, page_size, uncacheable));
}

} // namespace

void init()
{
    silence_legacy_pics();
    enable();
    u32 const last_lvt = u32(field(read(version), 23, 16));
    write(lvt_timer, lvt_masked | timer_vector);
    write(lvt_lint0, lvt_masked); // the 8259s' line
    write(lvt_lint1, lvt_nmi);
    write(lvt_error, lvt_masked);
    if (last_lvt >= 4) write(lvt_performance, lvt_masked);
    if (last_lvt >= 5) write(lvt_thermal, lvt_masked);
    if (last_lvt >= 6) write(lvt_cmci, lvt_masked);
    write(task_priority, 0);
    write(divide, divide_by_one);
    write(initial_count, 0);
    write(spurious, software_enable | spurious_vector);
    // What firmware left in service would hold back everything below it.
    for (unsigned vector = 16; vector < 256; ++vector)
        if (in_service(vector)) end_of_interrupt();
}

u32 id()
{
    u32 const raw = read(id_register);
    return mmio == nullptr ? raw : raw >> 24;
}

void end_of_interrupt()
{
    write(eoi, 0);
}

bool in_service(unsigned vector)
{
    return (read(in_service_0 + vector / 32 * 16) >> (vector % 32) & 1) != 0;
}

u32 timer_count()
{
    return read(current_count);
}

void start_timer(u32 count)
{
    write(lvt_timer, timer_vector);
    write(initial_count, count);
}

void use_tsc_deadline()
{
    write(lvt_timer, timer_tsc_deadline | timer_vector);
    // In xAPIC mode the write to memory and the one to the deadline MSR are not ordered otherwise.
    asm volatile("mfence" : : : "memory");
}

} // namespace mk::local_apic

bool mk::arch::interrupt_pending()
{
    using namespace local_apic;
    constexpr u32 first = irq_vector_base / 32, last = (irq_vector_base + irq_count - 1) / 32;
    u32 pending = read(request_0 + timer_vector / 32 * 16) & u32(bit(timer_vector % 32));
    for (u32 i = first; i <= last; ++i) pending |= read(request_0 + i * 16);
    return pending != 0;
}
