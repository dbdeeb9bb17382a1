// One look, in the order in which each part relies on the ones before; and when to look.
#include "check/check.hpp"
#include "arch/arch.hpp"
#include "check/registry.hpp"
#include "debug/log.hpp"
#include "sched/cpu.hpp"

namespace mk::check {
namespace {

void check_objects(Cpu const& cpu, Totals& totals)
{
    for (Slot const* slot : registry.objects()) {
        Cap const& cap = slot->cap();
        if (cap.is(T::tcb)) check_thread(cpu, *cap.object<Tcb>(), totals);
        if (cap.is(T::sched_context))
            check_sched_context(cpu, *cap.object<SchedContext>(), cap.sched_context_bits());
        if (cap.is(T::reply)) check_reply(*cap.object<Reply>(), totals);
        if (cap.is(T::endpoint)) check_endpoint(*cap.object<Endpoint>(), totals);
        if (cap.is(T::notification)) check_notification(*cap.object<Notification>(), totals);
    }
}

void check_totals(Cpu const& cpu, Totals const& t)
{
    Subject const must{"all of", &cpu};
    must(t.waiting == t.waiting_in_queue, "those that wait: one is in no queue");
    must(t.ready == t.ready_in_queue, "those that are ready: one is in no queue");
    must(t.released == t.released_in_queue, "those that await a refill: one is in no queue");
    must(t.replies == t.replies_in_stack, "the replies: one is in a circle of calls");
}

constinit bool asked_for = false;
constinit unsigned looks = 0;
constinit u64 entries_to_skip = 0;

} // namespace

u64 look(Cpu const& cpu, Depth depth)
{
    Totals totals;
    check_tree(totals, depth);
    check_interrupts(totals);
    check_objects(cpu, totals);
    check_scheduler_queues(cpu, totals);
    check_totals(cpu, totals);
    check_cpu(cpu);
    if (depth == Depth::full) {
        check_slots(cpu, totals);
        check_spaces();
    }
    return totals.slots;
}

void ask(std::string_view when)
{
    if (when.empty()) return;
    asked_for = when == "every";
    log("check", asked_for ? "everything after every kernel entry" : "unknown: say check=every");
}

void after_entry_checked(Cpu const& cpu)
{
    if (!asked_for || entries_to_skip-- > 0) return; // it is set anew below
    arch::hold_clock();
    u64 const slots = look(cpu, ++looks % full_every == 0 ? Depth::full : Depth::quick);
    entries_to_skip = slots / slots_at_once;
    arch::release_clock();
}

} // namespace mk::check
