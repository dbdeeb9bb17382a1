// Each check of a debug kernel's look at itself: a small kernel in which everything is right, then
// one thing made wrong, and the look says which. This file: the derivation tree, threads and
// scheduling contexts.
#include "check/registry.hpp" // under test
#include "checked_kernel.hpp"

using namespace checked;

TEST_CASE("a sound kernel passes, again and again", "[check]")
{
    Kernel w;
    for (unsigned i = 0; i < 40; ++i) REQUIRE_NOTHROW(w.look());
    REQUIRE_NOTHROW(check::look(w.cpu, check::Depth::quick));
    REQUIRE(w.cpu.current == &w.tcb(current));
    REQUIRE(w.tcb(unfunded).in_release_queue);
    REQUIRE(w.reply(reply_used).prev == &w.reply(reply_below));
}

TEST_CASE("the derivation tree", "[check]")
{
    each({
        {"does not point back", [](Kernel& w) { w.words(ep_copy)[2] ^= 0x40; }},
        {"is null and in the tree", [](Kernel& w) { w.slot(frame).update(Cap{}); }},
        {"is an original and begins no run", [](Kernel& w) { w.words(frame)[2] &= ~2ull; }},
        {"is a copy and stands behind no other", [](Kernel& w) { w.words(frame)[2] &= ~3ull; }},
        {"continues a run of another badge", [](Kernel& w) { w.words(ep_badged_copy)[1] = 8; }},
        {"stands apart from the others",
         [](Kernel& w) {
             Cap const cap = w.slot(ep_copy).cap();
             DerivationTree::remove(w.slot(ep_copy));
             w.root(ep_copy, cap);
         }},
        {"lies above the watermark",
         [](Kernel& w) { w.slot(untyped).update(w.slot(untyped).cap().with_watermark(64)); }},
        {"lies above the watermark",
         [](Kernel& w) {
             w.slot(small_untyped).update(w.slot(small_untyped).cap().with_watermark(8));
         }},
        {"has its watermark behind its end",
         [](Kernel& w) {
             w.slot(small_untyped).update(w.slot(small_untyped).cap().with_watermark(8192));
         }},
        {"shares memory with a sibling",
         [](Kernel& w) {
             w.slot(frame).update(
                 Cap::frame(w.slot(table).cap().address(), FrameSize::small, Rights::read, false));
         }},
        {"shares memory with what it does not derive from",
         [](Kernel& w) {
             w.root(slot_count - 1, Cap::frame(w.slot(in_small).cap().address() & ~4095ull,
                                               FrameSize::small, Rights::read, false));
         }},
        {"is not zero where it is said to be",
         [](Kernel& w) {
             Cap const cap = w.slot(untyped).cap();
             u64 const used = align_up(cap.untyped_watermark(), 8);
             w.slot(untyped).update(cap.with_watermark(used, bit(18)));
             std::memset(w.memory.at<char>(used), 0, bit(18) - used);
             REQUIRE_NOTHROW(w.look());
             *w.memory.at<u64>(used + 256) = 1;
         }},
        {"slot: is full and not in the tree",
         [](Kernel& w) { w.slot(slot_count - 1).update(Cap::singleton(CapType::domain)); }},
        {"is said to be clear behind its end",
         [](Kernel& w) {
             Cap const cap = w.slot(untyped).cap();
             w.slot(untyped).update(cap.with_watermark(cap.untyped_watermark(), bit(19)));
         }},
        {"slot: is full and not in the tree",
         [](Kernel& w) { w.words(slot_count - 1)[3] = u64(&w.node[1]); }},
        {"tree: has a slot that is in no CNode",
         [](Kernel& w) {
             static Slot stray;
             stray = {};
             w.root(slot_count - 1, Cap::singleton(CapType::domain));
             DerivationTree::swap(w.slot(slot_count - 1), stray);
         }},
    });
}

TEST_CASE("threads", "[check]")
{
    each({
        {"tcb: has a CSpace that is no CNode",
         [](Kernel& w) {
             Slot& slot = w.tcb(ready).slot(Tcb::cspace);
             DerivationTree::insert_derived(w.slot(ep), slot, w.slot(ep).cap());
         }},
        {"tcb: has a VSpace that is no PML4",
         [](Kernel& w) {
             Slot& slot = w.tcb(ready).slot(Tcb::vspace);
             DerivationTree::insert_derived(w.slot(ep), slot, w.slot(ep).cap());
         }},
        {"tcb: has an IPC buffer that is no frame",
         [](Kernel& w) {
             Slot& slot = w.tcb(ready).slot(Tcb::ipc_buffer);
             DerivationTree::insert_derived(w.slot(ep), slot, w.slot(ep).cap());
         }},
        {"tcb: has a fault handler that is no endpoint",
         [](Kernel& w) {
             Slot& slot = w.tcb(ready).slot(Tcb::timeout_handler);
             DerivationTree::insert_derived(w.slot(frame), slot, w.slot(frame).cap().unmapped());
         }},
        {"tcb: has a workplace with",
         [](Kernel& w) {
             Slot& slot = w.tcb(ready).slot(Tcb::workplace);
             DerivationTree::insert_derived(w.slot(ep), slot, w.slot(ep).cap());
         }},
        {"tcb: waits on an endpoint without a capability",
         [](Kernel& w) { w.tcb(sender).blocked_on = w.stray_memory.at<void>(0); }},
        {"tcb: waits on a notification without a capability",
         [](Kernel& w) { w.tcb(waiter).blocked_on = &w.endpoint(ep); }},
        {"tcb: is idle and has a capability",
         [](Kernel& w) { w.tcb(server).state = ThreadState::idle; }},
        {"tcb: goes on and has a fault",
         [](Kernel& w) { w.tcb(ready).fault.kind = abi::FaultLabel::vm_fault; }},
        {"tcb: has a state and a reply that disagree",
         [](Kernel& w) { w.tcb(caller).state = ThreadState::inactive; }},
        {"tcb: has a state and a reply that disagree",
         [](Kernel& w) { w.tcb(server).state = ThreadState::blocked_on_reply; }},
        {"tcb: and its reply disagree",
         [](Kernel& w) { w.tcb(receiver).reply = w.stray_memory.at<Reply>(0); }},
        {"tcb: and its reply disagree",
         [](Kernel& w) { w.tcb(receiver).reply = &w.reply(reply_used); }},
        {"tcb: could run and is in no ready queue",
         [](Kernel& w) { dequeue(w.cpu, w.tcb(ready)); }},
        {"tcb: is in a ready queue and could not run",
         [](Kernel& w) { w.tcb(ready).state = ThreadState::inactive; }},
        {"tcb: is in the release queue and waits for no refill",
         [](Kernel& w) { w.tcb(unfunded).state = ThreadState::inactive; }},
        {"tcb: is in no domain", [](Kernel& w) { w.tcb(server).domain = 1; }},
        {"tcb: and its scheduling context disagree",
         [](Kernel& w) { w.tcb(caller).sc = w.stray_memory.at<SchedContext>(0); }},
        {"tcb: and its scheduling context disagree",
         [](Kernel& w) { w.tcb(caller).sc = w.tcb(waiter).sc; }},
        {"tcb: and the scheduling context that it yields to",
         [](Kernel& w) { w.tcb(server).yield_to = w.stray_memory.at<SchedContext>(0); }},
        {"tcb: and the scheduling context that it yields to",
         [](Kernel& w) { w.tcb(server).yield_to = w.tcb(ready).sc; }},
        {"tcb: and its notification disagree",
         [](Kernel& w) { w.tcb(server).bound_notification = w.stray_memory.at<Notification>(0); }},
        {"tcb: and its notification disagree",
         [](Kernel& w) { w.tcb(server).bound_notification = w.tcb(current).bound_notification; }},
    });
}

TEST_CASE("scheduling contexts and their refills", "[check]")
{
    auto const context = [](Kernel& w) -> SchedContext& { return *w.tcb(unfunded).sc; };
    auto const slice = [](Kernel& w) -> SchedContext& { return *w.tcb(ready).sc; };
    each({
        {"has more refills than fit", [&](Kernel& w) { context(w).refill_max = 11; }},
        {"has refills outside of their ring", [&](Kernel& w) { context(w).refill_head = 4; }},
        {"has a first refill that is too small", [&](Kernel& w) { context(w).head().amount = 19; }},
        {"has refills that overlap",
         [&](Kernel& w) {
             context(w).refill_tail = 1;
             context(w).refills()[1] = {context(w).head().time + 99, 20};
         }},
        {"has more budget than period", [&](Kernel& w) { context(w).head().amount = 1001; }},
        {"is round robin and has lost budget", [&](Kernel& w) { slice(w).head().amount -= 1; }},
        {"scheduling context: and its thread disagree",
         [](Kernel& w) { w.sc(first_sc + caller - current).tcb = w.stray_memory.at<Tcb>(0); }},
        {"scheduling context: and its thread disagree",
         [](Kernel& w) { w.sc(first_sc + caller - current).tcb = &w.tcb(waiter); }},
        {"scheduling context: and its notification disagree",
         [&](Kernel& w) { slice(w).notification = w.stray_memory.at<Notification>(0); }},
        {"scheduling context: and its notification disagree",
         [&](Kernel& w) { slice(w).notification = &w.object<Notification>(ntfn); }},
        {"the thread that yields to it disagree",
         [&](Kernel& w) { slice(w).yield_from = w.stray_memory.at<Tcb>(0); }},
        {"the thread that yields to it disagree",
         [&](Kernel& w) { slice(w).yield_from = &w.tcb(server); }},
        {"the top of its call stack disagree",
         [&](Kernel& w) { slice(w).reply = w.stray_memory.at<Reply>(0); }},
        {"the top of its call stack disagree",
         [&](Kernel& w) { slice(w).reply = &w.reply(reply_used); }},
    });
}
