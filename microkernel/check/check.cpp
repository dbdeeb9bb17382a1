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
        switch (cap.type()) {
        case CapType::tcb:
            check_thread(cpu, *cap.object<Tcb>(), totals);
            break;
        case CapType::sched_context:
            check_sched_context(cpu, *cap.object<SchedContext>(), cap.sched_context_bits());
            break;
        case CapType::reply:
            check_reply(*cap.object<Reply>(), totals);
            break;
        case CapType::endpoint:
            check_endpoint(*cap.object<Endpoint>(), totals);
            break;
        case CapType::notification:
            check_notification(*cap.object<Notification>(), totals);
            break;
        default:
            break;
        }
    }
}

void check_totals(Totals const& t)
{
    require(t.waiting == t.waiting_in_queue, "tcb", nullptr, "waits and is in no queue");
    require(t.ready == t.ready_in_queue, "tcb", nullptr,
            "says that it is ready and is in no queue");
    require(t.released == t.released_in_queue, "tcb", nullptr,
            "says that it awaits a refill and is in no queue");
    require(t.replies == t.replies_in_stack, "reply", nullptr, "is in a circle of calls");
}

constinit unsigned frequency = 0; ///< look after so many kernel entries; 0: never
constinit unsigned entries = 0, looks = 0;

} // namespace

void look(Cpu const& cpu, Depth depth)
{
    Totals totals;
    check_tree(totals, depth);
    check_interrupts(totals);
    check_objects(cpu, totals);
    check_scheduler_queues(cpu, totals);
    check_totals(totals);
    check_cpu(cpu);
    if (depth != Depth::full) return;
    check_slots(totals);
    check_spaces();
}

void set_frequency(char const* value)
{
    constexpr char every[] = "every";
    unsigned number = 0, i = 0;
    while (value[i] == every[i] && every[i] != '\0') ++i;
    if (every[i] == '\0' && (value[i] == '\0' || value[i] == ' ')) {
        number = 1;
    } else {
        for (i = 0; value[i] >= '0' && value[i] <= '9' && number < 100'000'000; ++i)
            number = number * 10 + unsigned(value[i] - '0');
        if (value[i] != '\0' && value[i] != ' ') number = 0;
    }
    if (number == 0) {
        log("check", "the option is check=every or check=NUMBER");
        return;
    }
    frequency = number;
    log("check", "everything after each ", number, ". kernel entry");
}

void after_entry_checked(Cpu const& cpu)
{
    if (frequency == 0 || ++entries < frequency) return;
    entries = 0;
    arch::hold_clock();
    look(cpu, ++looks % full_every == 0 ? Depth::full : Depth::quick);
    arch::release_clock();
}

} // namespace mk::check
