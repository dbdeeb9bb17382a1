// Bring-up, in the order in which each step needs the ones before. Called from entry.S with the
// state that boot/handoff.hpp promises; returning enters the root server.
#include "acpi_tables.hpp"
#include "arch/arch.hpp"
#include "boot/boot_memory.hpp"
#include "boot/command_line.hpp"
#include "boot/handoff_check.hpp"
#include "boot/root_server.hpp"
#include "check/check.hpp"
#include "clock.hpp"
#include "debug/log.hpp"
#include "debug/panic.hpp"
#include "descriptors.hpp"
#include "features.hpp"
#include "io_apic.hpp"
#include "isolation.hpp"
#include "kernel_space.hpp"
#include "local_apic.hpp"
#include "platform.hpp"
#include "sched/cpu.hpp"
#include "sched/scheduler.hpp"
#include "serial.hpp"
#include "traps.hpp"

namespace mk {

constinit Cpu boot_cpu{};

namespace {

/// The loader's memory is given away before the root server starts; this copy stays.
constinit boot::Handoff handoff{};

void take_handoff(u64 physical)
{
    // The loader maps at least 4 GiB and puts the handoff there; beyond, nothing can be said.
    constexpr u64 four_gib = u64{1} << 32;
    if (physical == 0 || physical > four_gib - sizeof handoff) panic("no handoff from the loader");
    handoff = *arch::from_physical<boot::Handoff const>(physical);
    if (char const* fault = handoff_fault(handoff)) panic("the loader's handoff has ", fault);
}

/// The loader maps the framebuffer only when it lies below the end of all regions or 4 GiB.
void start_early_console()
{
    boot::Framebuffer const& f = handoff.framebuffer;
    if (f.address == 0) return;
    if (f.address + f.bytes() <= handoff.mapped_end())
        attach_framebuffer(f, arch::from_physical(f.address));
}

void remap_console()
{
    boot::Framebuffer const& f = handoff.framebuffer;
    if (f.address == 0) return;
    constexpr u64 write_combining = 4;
    move_framebuffer(map_device(f.address, f.bytes(), write_combining));
}

/// Free RAM, and how much the machine has.
u64 collect_memory()
{
    u64 total = 0;
    using K = boot::RegionKind;
    for (boot::Region const& r : handoff.memory()) {
        if (r.is_ram() || r.kind == K::kernel) total += r.size;
        if (r.kind == K::ram && !boot_memory.add(r.base, r.end()))
            panic("too many pieces of memory");
    }
    if (boot_memory.free().empty()) panic("no memory");
    return total;
}

/// The tables of ready threads, one for each domain.
void make_ready_queues(Cpu& cpu)
{
    constexpr u64 size = sizeof(PriorityQueues) * ReadyQueues::priorities;
    for (ReadyQueues& ready : cpu.ready)
        ready.use(
            arch::from_physical<PriorityQueues>(boot_memory.take_cleared(size, "ready queues")));
}

/// The CPU belongs to the idle thread until the root server is there.
void init_cpu(Cpu& cpu)
{
    constexpr u64 microseconds = 1'000'000;
    make_ready_queues(cpu);
    cpu.ticks_per_us = platform.tsc_hz / microseconds;
    Tcb& idle = cpu.idle;
    init_idle_context(idle);
    idle.state = ThreadState::idle;
    idle.sc = &cpu.idle_sc.sc;
    cpu.idle_sc.sc.tcb = &idle;
    cpu.current = &idle;
    cpu.current_sc = idle.sc;
    cpu.now = arch::read_clock();
    cpu.events.begin();
    cpu.domain_schedule[0] = {0, max_domain_duration};
    start_domain_schedule(cpu);
}

} // namespace

extern "C" void kernel_main(u64 handoff_physical)
{
    platform.tsc_at_entry = arch::read_clock();
    init_serial();
    init_descriptors(); // from here on a fault is a panic
    take_handoff(handoff_physical);
    start_early_console();
    u64 const memory = collect_memory();
    log("kernel", HYPERCORE_VERSION " for x86_64, from loader ", &handoff.loader[0], ", ",
        memory >> 20, " MiB of memory");
    init_features();
    log_features();
    init_isolation(option_value(&handoff.command_line[0], "page-table-isolation"));
    init_syscall_entry();
    read_acpi_tables(handoff);
    init_kernel_space(handoff);
    remap_console();
    local_apic::init();
    init_io_apics();
    clock::init(handoff.tsc_hz);
    log("interrupts", io_apic_count(), " I/O APIC, ", io_apic_pins(0), " pins on the first");
    init_cpu(boot_cpu);
    start_root_server(boot_cpu, handoff);
    if (!HYPERCORE_RELEASE) check::ask(option_value(&handoff.command_line[0], "check"));
    boot_cpu.reprogram_timer = true;
    reschedule_required(boot_cpu);
    schedule(boot_cpu);
}

} // namespace mk
