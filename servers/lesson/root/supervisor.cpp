// See supervisor.hpp. Ending a program is one revoke: every object it consists of was made from its
// own untyped, so all of them, and every capability to them, go at once.
#include "supervisor.hpp"

#include "abi/faults.hpp"
#include "fault/fault_text.hpp"

namespace root {

namespace {

/// Budgets used up in a row before a program counts as looping. At 5 ms each: 100 ms of CPU time.
constexpr u64 max_timeouts = 20;
/// Messages that are no call before a program counts as flooding us.
constexpr u64 max_strays = 1000;
/// Restarts of one program before we leave it stopped: it would fault for ever.
constexpr u64 max_restarts = 20;

} // namespace

sys::Result<void> Supervisor::reserve(Objects& objects)
{
    for (Definition const& definition : definitions()) {
        auto const memory =
            TRY(objects.make<sys::Untyped>(abi::ObjectType::untyped, program_memory_bits));
        u64 const slots = TRY(objects.take_slots(program_slots));
        Program& it = program(definition.id);
        it.definition = &definition;
        it.objects = Objects{memory, slots, slots + program_slots};
    }
    return {};
}

void Supervisor::start_all()
{
    for (Program& it : programs_) {
        if (!it.definition->runs_always || !loader_.start(it, 0)) continue;
        console_.print("root: started '", it.definition->name, "', ", it.objects.bytes() / 1024,
                       " KiB, priority ", u64{it.definition->priority}, "\n");
    }
    choose_console();
}

/// What we print goes to `echo` and from there to the UART driver as long as there are both;
/// otherwise to the device itself.
void Supervisor::choose_console()
{
    if (program(Id::echo).runs() && program(Id::uart16550).runs())
        console_.use_ring(shared_.ring(Shared::root_text_ring), shared_.echo_text());
    else
        console_.use_port(shared_.uart_ports());
}

bool Supervisor::start(Program& program, u64 parameter)
{
    if (program.runs()) return false;
    return loader_.start(program, parameter);
}

bool Supervisor::on_fault(Program& program, sys::Received const& fault)
{
    auto const label = static_cast<abi::FaultLabel>(fault.info.label());
    if (label == abi::FaultLabel::timeout) {
        if (++program.timeouts < max_timeouts) return true;
        console_.print("program '", program.definition->name, "' used up its budget of ",
                       program.definition->budget_us / 1000, " ms in each ",
                       program.definition->period_us / 1000, " ms, ", max_timeouts,
                       " times in a row");
    } else {
        console_.print(
            "program '", program.definition->name, "' ",
            fault::in_words(fault::Message::of(fault), {program.guard_pages, program.guard_count})
                .view());
    }
    end_and_restart(program);
    return false;
}

void Supervisor::on_stray_message(Program& program)
{
    if (++program.strays < max_strays) return;
    console_.print("program '", program.definition->name, "' sent ", max_strays,
                   " messages that mean nothing");
    end_and_restart(program);
}

void Supervisor::kill(Program& program)
{
    console_.print("program '", program.definition->name, "' is ended on request");
    end_and_restart(program);
}

/// The second half of the sentence that tells how a program ended, and the deed.
void Supervisor::end_and_restart(Program& program)
{
    u64 const bytes = program.objects.bytes();
    console_.print(
        ": stopped; its memory and capabilities are reclaimed; everything else goes on\n");
    end(program);
    console_.print("root: ", bytes / 1024, " KiB of untyped memory came back\n");
    if (!program.definition->runs_always) return;
    if (program.restarts() < max_restarts)
        restart_group(program.definition->group);
    else
        console_.print("root: it was restarted ", max_restarts, " times: it stays stopped\n");
    choose_console();
}

void Supervisor::end(Program& program)
{
    if (!program.runs()) return;
    program.count_cpu_time();
    program.tcb = {};
    program.context = {};
    program.timeouts = program.strays = 0;
    if (!program.objects.destroy())
        console_.print("root: the kernel refuses to revoke its memory\n");
}

void Supervisor::restart_group(Group group)
{
    for (Program& it : programs_)
        if (it.definition->group == group) end(it);
    shared_.repair_rings();
    for (Program& it : programs_)
        if (it.definition->group == group && loader_.start(it, 0))
            console_.print("root: restarted '", it.definition->name,
                           "' in a fresh address space\n");
}

} // namespace root
