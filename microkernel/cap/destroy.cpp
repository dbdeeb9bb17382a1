// Deleting and revoking without recursion, O(1) at a time.
//
// A dead CNode or TCB is a zombie: a capability (array of slots, how many may still be full). It
// lies in the slot S that is being deleted, and its array is emptied from the end. When the slot T
// at that end turns out to hold another zombie, the two change places: the inner one goes on in S
// and the outer one waits in the inner one's array, whose former content takes T. So S always has
// the work at hand and what waits is a chain through the dead arrays themselves: no stack is
// needed, and a preempted deletion is nothing but capabilities in slots that anybody may delete.
//
// Invariant: in the array of a zombie with n remaining, slots n and up are empty, but for the slot
// that holds this very zombie. Hence a zombie that goes away leaves an empty array. Until then it
// keeps its place in the derivation tree below its Untyped, so the memory cannot be used again.
//
// It ends as long as S stays the same: every step empties a slot, turns a capability into a zombie,
// removes a zombie, or makes one wait that did not wait before. A waiting one is met again only as
// the last content of the array it waits in, and then one of the two goes away. The exception is
// the array that S itself lies in: its zombie must outlive S's content, so it may wait twice.
// S stays the same over restarts because a Delete names it, and a Revoke works in a slot of the
// thread's own (following a zombie through the tree instead can go round in circles: a test has
// the case). Two deletions that are both still reachable never meet in one dead array.
#include "cap/destroy.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"

namespace mk {

namespace {

/// Empty slots that count as one unit of work between two looks at pending interrupts.
constexpr unsigned empties_per_step = 64;
/// Capabilities that Revoke takes away between two looks.
constexpr unsigned capabilities_per_look = 8;

bool owns(Cap const& zombie, Slot const& slot)
{
    u64 const offset = u64(reinterpret_cast<uptr>(&slot)) - zombie.address();
    return offset < zombie.zombie_slot_count() * sizeof(Slot);
}

/// The zombie, with `slot` among those that remain to be emptied if it is one of its own.
Cap covering(Cap const& zombie, Slot const& slot)
{
    if (!owns(zombie, slot)) return zombie;
    u64 const needed = u64(&slot - zombie.zombie_slots()) + 1;
    return needed > zombie.zombie_remaining() ? zombie.with_data(needed) : zombie;
}

/// Finalises the capability; the slot is empty afterwards or holds a zombie.
void finalise_slot(Cpu& cpu, Slot& slot)
{
    bool const last = DerivationTree::is_final(slot);
    // A copy of something that has no memory of where it is: nothing ends with it.
    if (!last && named_by_address(slot.cap().type())) return DerivationTree::remove(slot);
    Cap const left = finalise(cpu, slot, last);
    if (left.is_null())
        DerivationTree::remove(slot);
    else
        slot.update(left);
}

/// `s` and `t`, the last slot of s's zombie, both hold zombies.
void resolve_nested(Slot& s, Slot& t)
{
    Cap const outer = s.cap(), inner = t.cap();
    if (inner.zombie_remaining() == 0) return DerivationTree::remove(t);
    if (outer.zombie_remaining() == 1 && !owns(outer, s)) {
        // The inner one is all that is left of the outer one's array. (Were s in that array, the
        // outer one would have to stay until s is empty.)
        DerivationTree::remove(s);
        return DerivationTree::move(t, s, inner);
    }
    Slot& waiting = inner.zombie_slots()[inner.zombie_slots() == &s ? 1 : 0];
    s.update(covering(outer, s)); // s gets other content, so it counts again
    t.update(covering(inner, waiting));
    DerivationTree::swap(s, t);
    DerivationTree::swap(t, waiting);
}

/// One step of emptying the array of the zombie in `s`. Answers whether the zombie is gone and `s`
/// was part of it: then `s` is no slot any more.
bool reduce(Cpu& cpu, Slot& s)
{
    Cap const zombie = s.cap();
    Slot* const slots = zombie.zombie_slots();
    u64 n = zombie.zombie_remaining();
    auto const done_with = [&](Slot const& t) { return t.empty() || &t == &s; };
    for (unsigned i = 0; i < empties_per_step && n > 0 && done_with(slots[n - 1]); ++i) --n;
    s.update(zombie.with_data(n));
    if (n == 0) {
        DerivationTree::remove(s);
        return owns(zombie, s);
    }
    Slot& t = slots[n - 1];
    if (done_with(t)) return false;
    if (t.cap().is(CapType::zombie))
        resolve_nested(s, t);
    else
        finalise_slot(cpu, t);
    return false;
}

enum class Outcome : u8 { emptied, preempted, slot_gone };

Outcome empty_slot(Cpu& cpu, Slot& slot)
{
    while (!slot.empty()) {
        if (!slot.cap().is(CapType::zombie))
            finalise_slot(cpu, slot);
        else if (reduce(cpu, slot))
            return Outcome::slot_gone;
        if (!slot.empty() && arch::interrupt_pending()) return Outcome::preempted;
    }
    return Outcome::emptied;
}

/// Whether emptying the slot means emptying a CNode or TCB.
bool is_long_work(Slot const& slot)
{
    Cap const& cap = slot.cap();
    bool const container = cap.is(CapType::cnode) || cap.is(CapType::tcb);
    return cap.is(CapType::zombie) || (container && DerivationTree::is_final(slot));
}

} // namespace

Progress delete_cap(Cpu& cpu, Slot& slot)
{
    return empty_slot(cpu, slot) == Outcome::preempted ? Progress::preempted : Progress::done;
}

Progress revoke(Cpu& cpu, Slot& slot, Slot& workplace)
{
    for (unsigned done = 0;;) {
        if (!workplace.empty()) {
            Outcome const outcome = empty_slot(cpu, workplace);
            if (outcome == Outcome::preempted) return Progress::preempted;
            // The revoking thread was among the children.
            if (outcome == Outcome::slot_gone) return Progress::done;
        }
        if (!DerivationTree::has_children(slot)) return Progress::done;
        // Looking for interrupts costs as much as some capabilities.
        if (++done % capabilities_per_look == 0 && arch::interrupt_pending())
            return Progress::preempted;
        // A zombie changes its slot while it is worked on. In the workplace a restarted revoke
        // finds it again; in the tree it would find another one, and undo its own work for ever.
        Slot& child = *slot.next();
        if (is_long_work(child))
            DerivationTree::swap(child, workplace);
        else
            finalise_slot(cpu, child);
    }
}

void delete_simple(Cpu& cpu, Slot& slot)
{
    if (slot.empty()) return;
    finalise_slot(cpu, slot);
    if (!slot.empty()) __builtin_trap(); // a zombie: the caller broke its promise
}

} // namespace mk
