// Each check of a debug kernel's look at itself: a small kernel in which everything is right, then
// one thing made wrong, and the look says which. This file: replies, queues, the CPU, interrupts
// and address spaces.
#include "check/registry.hpp" // under test
#include "checked_kernel.hpp"
#include "sched/feedback.hpp"

using namespace checked;

TEST_CASE("replies and call stacks", "[check]")
{
    each({
        {"reply: and its thread disagree",
         [](Kernel& w) {
             w.reply(reply_offered).tcb = w.stray_memory.at<Tcb>(0);
             w.tcb(receiver).reply = nullptr;
         }},
        {"reply: and its thread disagree",
         [](Kernel& w) {
             w.reply(reply_offered).tcb = &w.tcb(caller);
             w.tcb(receiver).reply = nullptr;
         }},
        {"reply: is in a call stack and nobody waits",
         [](Kernel& w) { w.reply(reply_offered).prev = &w.reply(reply_below); }},
        {"reply: and the context of its call stack",
         [](Kernel& w) {
             SchedContext& sc = *w.reply(reply_used).sched_context();
             sc.reply = nullptr;
             w.reply(reply_used).set_top_of(*w.stray_memory.at<SchedContext>(0));
         }},
        {"reply: and the context of its call stack",
         [](Kernel& w) { w.reply(reply_used).sched_context()->reply = nullptr; }},
        {"reply: and the newer call disagree",
         [](Kernel& w) { w.reply(reply_below).set_next(w.stray_memory.at<Reply>(0)); }},
        {"reply: and the newer call disagree",
         [](Kernel& w) { w.reply(reply_used).prev = nullptr; }},
        {"reply: and an older call",
         [](Kernel& w) { w.reply(reply_below).prev = w.stray_memory.at<Reply>(0); }},
        {"reply: and an older call", [](Kernel& w) { w.reply(reply_below).set_next(nullptr); }},
        {"the replies: one is in a circle",
         [](Kernel& w) {
             SchedContext& sc = *w.reply(reply_used).sched_context();
             sc.reply = nullptr;
             w.reply(reply_used).set_next(&w.reply(reply_below));
             w.reply(reply_below).prev = &w.reply(reply_used);
         }},
    });
}

TEST_CASE("endpoints and notifications", "[check]")
{
    each({
        {"endpoint: has a state and a queue",
         [](Kernel& w) { *reinterpret_cast<u64*>(&w.endpoint(ep)) &= ~3ull; }},
        {"tcb: is in a queue and has no capability",
         [](Kernel& w) { w.tcb(sender_too).wait_link.next = w.stray_memory.at<Tcb>(0); }},
        {"tcb: is in a queue that is not linked back",
         [](Kernel& w) {
             w.tcb(sender).wait_link.prev = w.tcb(sender).wait_link.next = &w.tcb(sender_too);
         }},
        {"tcb: is in a wait queue that it does not wait in",
         [](Kernel& w) { w.tcb(sender).blocked_on = &w.endpoint(ep_two); }},
        {"tcb: waits behind one of lower priority", [](Kernel& w) { w.tcb(sender).priority = 1; }},
        {"those that wait: one is in no queue",
         [](Kernel& w) { w.object<Notification>(ntfn).remove(w.tcb(waiter)); }},
        {"notification: has a state and a queue",
         [](Kernel& w) { w.object<Notification>(ntfn).state = Notification::State::idle; }},
        {"notification: has pending signals",
         [](Kernel& w) { w.object<Notification>(ntfn_idle).pending = 1; }},
        {"notification: and its thread disagree",
         [](Kernel& w) { w.object<Notification>(ntfn).bound_tcb = w.stray_memory.at<Tcb>(0); }},
        {"notification: and its thread disagree",
         [](Kernel& w) { w.object<Notification>(ntfn).bound_tcb = &w.tcb(current); }},
        {"notification: and its scheduling context",
         [](Kernel& w) {
             w.object<Notification>(ntfn).sched_context = w.stray_memory.at<SchedContext>(0);
         }},
        {"notification: and its scheduling context",
         [](Kernel& w) { w.object<Notification>(ntfn).sched_context = w.tcb(ready).sc; }},
    });
}

TEST_CASE("ready queues, release queue and the CPU", "[check]")
{
    auto const second = [](Kernel& w) { return w.cpu.ready[0].of(4).head[0]->sched_link.next; };
    each({
        {"ready queues: have a bitmap that is wrong",
         [](Kernel& w) { w.cpu.ready[0].of(4).filled |= 2; }},
        {"ready queues: have a bitmap that is wrong",
         [](Kernel& w) { w.cpu.ready[0].of(77).filled |= 1; }},
        {"tcb: is in a queue and has no capability",
         [=](Kernel& w) { second(w)->sched_link.next = w.stray_memory.at<Tcb>(0); }},
        {"tcb: is in a queue that is not linked back",
         [=](Kernel& w) { second(w)->sched_link.next = nullptr; }},
        {"tcb: is in a queue and has no capability",
         [](Kernel& w) { w.cpu.ready[0].of(4).head[0] = w.stray_memory.at<Tcb>(0); }},
        {"tcb: is in a queue that is not linked back",
         [=](Kernel& w) { second(w)->sched_link.prev = nullptr; }},
        {"tcb: is in a ready queue that is not its own",
         [](Kernel& w) { w.tcb(ready).priority = 5; }},
        {"tcb: is in a ready queue before one that waits longer",
         [=](Kernel& w) {
             for (unsigned const n : {unsigned(ready), unsigned(ready_too)}) {
                 Tcb& t = w.tcb(n);
                 dequeue(w.cpu, t);
                 feedback::configure(*t.sc, true);
                 t.sc->feedback.level = t.sc->feedback.queue = 1;
                 w.cpu.ready[0].push_back(t);
             }
             w.look();
             w.tcb(ready).sc->feedback.since = 2;
             w.tcb(ready_too).sc->feedback.since = 1;
         }},
        {"is at a level without being round robin",
         [](Kernel& w) { w.tcb(server).sc->feedback.level = 1; }},
        {"goes to a queue that is not its level's",
         [](Kernel& w) {
             SchedContext& sc = *w.tcb(waiter).sc;
             feedback::configure(sc, true);
             sc.feedback.queue = 1;
         }},
        {"tcb: is in a queue and has no capability",
         [](Kernel& w) { w.tcb(unfunded).sched_link.next = w.stray_memory.at<Tcb>(0); }},
        {"tcb: is in a queue that is not linked back",
         [](Kernel& w) { w.tcb(unfunded).sched_link.prev = &w.tcb(ready); }},
        {"tcb: waits for a refill that is there",
         [](Kernel& w) { w.tcb(unfunded).sc->head().time = w.cpu.now; }},
        {"those that await a refill: one is in no queue",
         [](Kernel& w) { w.cpu.release_head = nullptr; }},
        {"tcb: waits behind one with a later refill",
         [](Kernel& w) {
             suspend(w.cpu, w.tcb(ready_too));
             SchedContext& later = *w.tcb(ready_too).sc;
             refill::configure(w.cpu, later, 4, 100, 1000);
             later.head().time = w.cpu.now + 6000;
             restart(w.cpu, w.tcb(ready_too));
             REQUIRE(w.tcb(ready_too).in_release_queue);
             later.head().time = w.cpu.now + 4000;
         }},
        {"tcb: is in the release queue and does not know",
         [](Kernel& w) {
             w.tcb(unfunded).in_release_queue = false;
             w.tcb(unfunded).state = ThreadState::inactive;
         }},
        {"those that are ready: one is in no queue",
         [=](Kernel& w) {
             Tcb& t = *second(w);
             dequeue(w.cpu, t);
             t.in_ready_queue = true;
         }},
        {"current tcb: has no capability",
         [](Kernel& w) {
             Tcb& stranger = *new (w.stray_memory.at<Tcb>(0)) Tcb;
             suspend(w.cpu, w.tcb(current));
             w.cpu.action = Cpu::Action::resume_current;
             w.cpu.current = &stranger;
         }},
        {"cpu: has a choice", [](Kernel& w) { w.cpu.candidate = &w.tcb(ready); }},
        {"cpu: is idle and charges somebody",
         [](Kernel& w) {
             suspend(w.cpu, w.tcb(current));
             w.cpu.current = &w.cpu.idle;
             w.cpu.action = Cpu::Action::resume_current;
         }},
        {"current tcb: should not run",
         [](Kernel& w) { w.tcb(current).state = ThreadState::restart; }},
        {"current tcb: runs on one context", [](Kernel& w) { w.cpu.current_sc = w.tcb(ready).sc; }},
        {"current tcb: has no budget",
         [](Kernel& w) { w.tcb(current).sc->head().time = w.cpu.now + 100; }},
        {"current tcb: runs before one of higher priority",
         [](Kernel& w) { w.tcb(current).priority = 3; }},
    });
}

TEST_CASE("interrupts, ports and address spaces", "[check]")
{
    each({
        {"interrupt: has a route and capabilities",
         [](Kernel&) { irq_table.route[3].kind = IrqRoute::Kind::free; }},
        {"interrupt: has a route and capabilities",
         [](Kernel&) { irq_table.route[4].kind = IrqRoute::Kind::msi; }},
        {"interrupt: signals what is no notification",
         [](Kernel& w) {
             DerivationTree::remove(irq_table.notification[3]);
             DerivationTree::insert_derived(w.slot(ep), irq_table.notification[3],
                                            w.slot(ep).cap());
         }},
        {"names no interrupt",
         [](Kernel& w) { w.slot(handler).update(Cap::irq_handler(irq_count)); }},
        {"is to ports that are not issued", [](Kernel&) { release_io_ports(0x80, 0x83); }},
        {"page table: maps what no capability says",
         [](Kernel& w) { w.slot(frame).update(w.slot(frame).cap().unmapped()); }},
        {"page table: maps what no capability says",
         [](Kernel& w) { entry_of(w)[1] = entry_of(w)[0]; }},
        {"page table: maps what no capability says",
         [](Kernel& w) { w.slot(table).update(w.slot(table).cap().unmapped()); }},
        {"page table: has an entry that is neither present nor 0",
         [](Kernel& w) { entry_of(w)[1] = 2; }},
        {"page table: lets users write without the right",
         [](Kernel& w) { *entry_of(w) |= paging::writable; }},
        {"page table: lets users read without the right",
         [](Kernel& w) { w.slot(frame).update(w.slot(frame).cap().with_rights(Rights::none)); }},
        {"asid pool: is registered and has no capability",
         [](Kernel& w) {
             std::memset(w.stray_memory.at<char>(0), 0, sizeof(AsidPool));
             register_asid_pool(*w.stray_memory.at<AsidPool>(0), asids_per_pool);
         }},
        {"pml4: has an ASID and no capability",
         [](Kernel& w) { w.slot(pml4).update(w.slot(pml4).cap().mapped_at(2, 0)); }},
        {"pml4: has a kernel half", [](Kernel& w) { w.object<PageTable>(pml4).entry[300] ^= 1; }},
    });
}
