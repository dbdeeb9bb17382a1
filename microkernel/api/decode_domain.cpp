// Domains: which thread belongs to which, and the schedule they take turns by.
// Source: seL4 manual, "Domains"; libsel4 interface description.
#include "api/decode.hpp"
#include "sched/scheduler.hpp"

namespace mk {
namespace {

struct SetPlan {
    Tcb* tcb;
    u8 domain;
};

void perform_set(Cpu& cpu, Tcb&, SetPlan const& plan)
{
    set_domain(cpu, *plan.tcb, plan.domain);
}

struct EntryPlan {
    u16 index;
    u8 domain;
    Ticks duration;
};

void perform_configure(Cpu& cpu, Tcb&, EntryPlan const& plan)
{
    cpu.domain_schedule[plan.index] = {plan.domain, plan.duration};
}

void perform_set_start(Cpu& cpu, Tcb&, EntryPlan const& plan)
{
    cpu.domain_start = plan.index;
    start_domain_schedule(cpu);
    reschedule_required(cpu);
}

} // namespace

/// Moves a thread to a domain.
/// Words: domain (low 8 bits). Capabilities: TCB. Errors, in this order: invalid_argument 0 (no
/// such domain), invalid_argument 1 (no TCB).
Checked<Plan> decode_domain_set(Invocation const& in)
{
    u64 const domain = field(in.word(0), 7, 0);
    if (domain >= domain_count) return SyscallError::invalid_argument(0);
    Cap const& cap = in.caps[0]->cap();
    if (!cap.is(CapType::tcb)) return SyscallError::invalid_argument(1);
    return Plan::of<perform_set>(SetPlan{cap.object<Tcb>(), u8(domain)});
}

/// Writes one entry of the domain schedule. Duration 0 ends the schedule there.
/// Words: index, domain (low 8 bits), duration (clock ticks, below 2^56). Errors, in this order:
/// range (0, last domain) (index or domain), invalid_argument 2 (duration too long; or an end
/// marker with a domain or at the start entry).
Checked<Plan> decode_domain_schedule_configure(Invocation const& in)
{
    u64 const index = in.word(0), domain = field(in.word(1), 7, 0), duration = in.word(2);
    if (index >= domain_schedule_length || domain >= domain_count)
        return SyscallError::range(0, domain_count - 1); // for both, as seL4 does
    bool const is_end = duration == 0;
    if ((is_end && (domain != 0 || index == in.cpu->domain_start)) ||
        duration > max_domain_duration)
        return SyscallError::invalid_argument(2);
    return Plan::of<perform_configure>(EntryPlan{u16(index), u8(domain), duration});
}

/// Names the entry the schedule begins with, and begins it.
/// Words: index. Errors, in this order: range (0, last domain) (index), invalid_argument 0 (an end
/// marker).
Checked<Plan> decode_domain_schedule_set_start(Invocation const& in)
{
    u64 const index = in.word(0);
    if (index >= domain_schedule_length)
        return SyscallError::range(0, domain_count - 1); // as seL4 does
    if (in.cpu->domain_schedule[index].duration == 0) return SyscallError::invalid_argument(0);
    return Plan::of<perform_set_start>(EntryPlan{u16(index), 0, 0});
}

} // namespace mk
