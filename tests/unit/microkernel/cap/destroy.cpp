// Delete and revoke: dead CNodes nested, chained, cyclic and tangled at random, stopped after every
// step and continued by the same or another deletion, with the invariants of cap/destroy.cpp
// checked at each stop.
#include "cap/destroy.hpp"
#include "container_world.hpp"
#include <random>

TEST_CASE("deleting an empty slot succeeds, and a last capability finalises once", "[destroy]")
{
    World w;
    Slot ep, copy;
    CHECK(delete_cap(fake::cpu(), ep) == Progress::done);
    w.endpoint(ep);
    World::copy(ep, copy);
    CHECK(delete_cap(fake::cpu(), ep) == Progress::done);
    CHECK(fake::kernel.finalised.empty());
    delete_simple(fake::cpu(), copy);
    CHECK(copy.empty());
    CHECK(fake::kernel.finalised.size() == 1);
    CHECK(fake::machine.interrupt_checks == 0); // nothing was left to be interrupted
}

TEST_CASE("a dead CNode takes its content with it, and only its own", "[destroy]")
{
    World w;
    Slot node, shared;
    Slot* const slots = w.cnode(node, 3);
    w.endpoint(slots[0]);
    w.endpoint(shared);
    World::copy(shared, slots[7]);
    CHECK(delete_cap(fake::cpu(), node) == Progress::done);
    CHECK(node.empty());
    CHECK(w.full_slots() == 0);
    CHECK(!shared.empty());
    CHECK(Tree::is_final(shared));
    w.check();
}

TEST_CASE("a TCB's slots are emptied with it", "[destroy]")
{
    World w;
    Slot node, thread;
    w.cnode(node, 2);
    Slot* const slots = w.tcb(thread);
    World::copy(node, slots[Tcb::cspace]);
    for (unsigned i = 1; i < tcb_slot_count; ++i) w.endpoint(slots[i]);
    w.delete_stepwise(node, 1); // the TCB keeps the CNode alive
    CHECK(fake::kernel.finalised.empty());
    w.delete_stepwise(thread, 40);
    CHECK(w.full_slots() == 0);
    CHECK(!Tree::has_children(w.untyped));
}

TEST_CASE("a chain of a thousand CNodes goes in linear time and constant depth", "[destroy]")
{
    constexpr unsigned length = 1000;
    for (u64 index : {u64{0}, u64{1}, u64{3}}) { // first, middle and last slot hold the next one
        CAPTURE(index);
        World w;
        Slot first;
        Slot* dest = &first;
        for (unsigned i = 0; i < length; ++i) {
            Slot* const slots = w.cnode(*dest, 2);
            w.endpoint(slots[2]);
            dest = &slots[index];
        }
        fake::machine.interrupt_after = 0;
        u64 steps = 1;
        while (delete_cap(fake::cpu(), first) == Progress::preempted) {
            REQUIRE(++steps < 12 * length);
            if (steps % 500 == 0) w.check();
        }
        CHECK(w.full_slots() == 0);
        CHECK(!Tree::has_children(w.untyped));
        CHECK(fake::kernel.finalised.size() == 2 * length);
    }
}

TEST_CASE("a CNode that holds its own last capability is emptied by revoke", "[destroy]")
{
    for (unsigned self = 0; self < 4; ++self) {
        CAPTURE(self);
        World w;
        Slot node;
        Slot* const slots = w.cnode(node, 2);
        for (unsigned i = 0; i < 4; ++i)
            if (i != self) w.endpoint(slots[i]);
        Tree::move(node, slots[self], node.cap());
        w.revoke_stepwise(40);
    }
}

TEST_CASE("rings of CNodes are emptied from any of their slots", "[destroy]")
{
    for (unsigned length = 2; length <= 5; ++length)
        for (unsigned in = 0; in < 2; ++in)
            for (unsigned from = 0; from < length; ++from) {
                CAPTURE(length, in, from);
                World w;
                std::vector<Slot> outside(length);
                std::vector<Slot*> slots;
                for (auto& s : outside) slots.push_back(w.cnode(s, 1));
                for (unsigned i = 0; i < length; ++i) {
                    w.endpoint(slots[i][1 - in]);
                    Tree::move(outside[i], slots[(i + 1) % length][in], outside[i].cap());
                }
                w.delete_stepwise(slots[from][in], 100 * length);
                CHECK(w.full_slots() == 0);
                CHECK(!Tree::has_children(w.untyped));
            }
}

TEST_CASE("a zombie that waits in an emptied slot is found again", "[destroy]")
{
    World w;
    Slot outside_a, outside_b;
    Slot *const a = w.cnode(outside_a, 1), *const b = w.cnode(outside_b, 1);
    Tree::move(outside_a, b[0], outside_a.cap());
    Tree::move(outside_b, a[1], outside_b.cap());
    // One deletion has emptied b[1] and killed both CNodes ...
    w.endpoint(b[1]);
    while (!b[0].cap().is(CapType::zombie)) w.step_delete(a[1]);
    REQUIRE(a[1].cap().zombie_remaining() == 1);
    // ... when another begins at b[0], so that only b[1] is left to wait in.
    w.delete_stepwise(b[0], 20);
    CHECK(w.full_slots() == 0);
    CHECK(!Tree::has_children(w.untyped));
}

TEST_CASE("a large CNode is emptied in bounded steps", "[destroy]")
{
    World w;
    Slot node;
    Slot* const slots = w.cnode(node, 14);
    w.endpoint(slots[0]);
    w.endpoint(slots[9999]);
    w.delete_stepwise(node, (1u << 14) / 64 + 10);
    CHECK(w.steps > 200); // not all at once
}

TEST_CASE("revoke takes a badge's family, and stops when its own slot goes", "[destroy]")
{
    World w;
    Slot ep, five, five_copy, six, node;
    w.endpoint(ep);
    Tree::insert_derived(ep, six, ep.cap().with_data(6));
    Tree::insert_derived(ep, five, ep.cap().with_data(5));
    World::copy(five, five_copy);
    CHECK(revoke(fake::cpu(), five, w.workplace) == Progress::done);
    CHECK(five_copy.empty());
    CHECK(!six.empty());
    CHECK(revoke(fake::cpu(), six, w.workplace) == Progress::done);
    CHECK(revoke(fake::cpu(), ep, w.workplace) == Progress::done);
    CHECK((five.empty() && six.empty()));
    CHECK(fake::kernel.finalised.empty());

    // An untyped inside a CNode that was made of it.
    Slot* const slots = w.cnode(node, 2);
    w.endpoint(slots[3]);
    Tree::move(w.untyped, slots[1], w.untyped.cap());
    CHECK(revoke(fake::cpu(), slots[1], w.workplace) == Progress::done);
    CHECK(node.empty());
    CHECK(w.full_slots() == 0);
}

namespace {

/// Random containers full of capabilities to each other, deleted from many places at once.
class Tangle {
    std::mt19937_64 random_;
    World w_;
    std::vector<Slot> outside_;
    std::vector<Slot*> inside_;
    u64 below(u64 n) { return random_() % n; }

    Slot& any_empty()
    {
        for (;;) {
            Slot& s =
                below(4) == 0 ? outside_[below(outside_.size())] : *inside_[below(inside_.size())];
            if (s.empty()) return s;
        }
    }
    void build(unsigned count)
    {
        std::vector<Slot*> originals;
        for (unsigned i = 0; i < count; ++i) {
            Slot& first = outside_[i];
            bool const tcb = below(4) == 0;
            unsigned const radix = 1 + unsigned(below(3));
            Slot* const slots = tcb ? w_.tcb(first) : w_.cnode(first, radix);
            for (u64 k = 0; k < (tcb ? tcb_slot_count : bit(radix)); ++k)
                inside_.push_back(&slots[k]);
        }
        for (unsigned i = 0; i < inside_.size() / 4; ++i) w_.endpoint(any_empty());
        for (unsigned i = 0; i < count; ++i) {
            if (below(3) == 0) World::copy(outside_[i], any_empty());
            if (below(8) != 0) { // most live inside each other
                Slot& place = any_empty();
                Tree::move(outside_[i], place, outside_[i].cap());
            }
        }
    }

public:
    Tangle(u64 seed, unsigned count) : random_{seed}, outside_(4 * count) { build(count); }

    void run()
    {
        u64 const limit = 200 * (inside_.size() + outside_.size());
        w_.check();
        // Deletions start anywhere, as revoking parts of the memory does, and interrupt each other.
        for (unsigned i = 0; i < 3 * outside_.size(); ++i) {
            Slot& s = below(2) ? *inside_[below(inside_.size())] : outside_[below(outside_.size())];
            bool const to_the_end = below(3) == 0;
            for (u64 n = to_the_end ? limit : 1 + below(12); n > 0; --n) {
                if (w_.step_delete(s)) {
                    REQUIRE(s.empty());
                    break;
                }
                REQUIRE((n > 1 || !to_the_end));
            }
        }
        w_.revoke_stepwise(limit);
        for (Slot& s : outside_) REQUIRE(s.empty());
        check_finalised_once();
    }
    /// Several deletions take turns, one step each, until all of them are done.
    void run_in_turns(unsigned deletions)
    {
        std::vector<Slot*> victims;
        for (unsigned i = 0; i < deletions; ++i) victims.push_back(inside_[below(inside_.size())]);
        u64 const limit = 20 * (inside_.size() + outside_.size());
        for (u64 rounds = 0; !victims.empty(); ++rounds) {
            REQUIRE(rounds < limit);
            std::erase_if(victims, [&](Slot* s) { return w_.step_delete(*s); });
        }
        w_.revoke_stepwise(limit);
        check_finalised_once();
    }
    /// Threads revoke the same memory in turns; some give up for good and leave their work.
    void revoke_in_turns(unsigned threads)
    {
        std::vector<Slot> workplaces(threads);
        u64 const limit = 40 * (inside_.size() + outside_.size());
        std::vector<Slot*> at_work;
        for (Slot& s : workplaces) at_work.push_back(&s);
        for (u64 rounds = 0; at_work.size() > 1; ++rounds) {
            REQUIRE(rounds < limit);
            std::erase_if(at_work, [&](Slot* s) {
                return w_.step([&] { return revoke(fake::cpu(), w_.untyped, *s); }) ||
                       below(100) == 0;
            });
        }
        w_.revoke_stepwise(limit);
        for (Slot& s : workplaces) REQUIRE(s.empty());
        check_finalised_once();
    }
    void check_finalised_once()
    {
        auto const& f = fake::kernel.finalised;
        for (usize i = 0; i < f.size(); ++i)
            for (usize k = i + 1; k < f.size(); ++k) REQUIRE(!same_object(f[i], f[k]));
    }
};

} // namespace

TEST_CASE("tangles of dead CNodes and TCBs vanish whoever deletes what when", "[destroy]")
{
    for (u64 seed = 0; seed < 400; ++seed) {
        CAPTURE(seed);
        Tangle tangle{seed, 2 + unsigned(seed % 11)};
        tangle.run();
    }
}

TEST_CASE("deletions that take turns do not undo each other's work", "[destroy]")
{
    for (u64 seed = 1000; seed < 1400; ++seed) {
        CAPTURE(seed);
        Tangle tangle{seed, 2 + unsigned(seed % 11)};
        tangle.run_in_turns(2 + unsigned(seed % 5));
    }
}

TEST_CASE("threads that revoke the same memory in turns get done", "[destroy]")
{
    for (u64 seed = 2000; seed < 2200; ++seed) {
        CAPTURE(seed);
        Tangle tangle{seed, 2 + unsigned(seed % 11)};
        tangle.revoke_in_turns(2 + unsigned(seed % 3));
    }
}

TEST_CASE("a thread that revokes its own memory stops there and leaves nothing half done",
          "[destroy]")
{
    for (bool own_cnode : {false, true}) {
        CAPTURE(own_cnode);
        World w;
        Slot node, thread, later;
        Slot* const slots = w.cnode(node, 2);
        w.endpoint(later); // the first that revoke comes to is the newest
        Slot* const own = w.tcb(thread);
        World::copy(node, own[Tcb::cspace]);
        Tree::move(thread, slots[0], thread.cap());
        if (own_cnode) delete_simple(fake::cpu(), node); // now only the thread holds it
        while (!w.step([&] { return revoke(fake::cpu(), w.untyped, own[Tcb::workplace]); }))
            REQUIRE(w.steps < 100);
        for (unsigned i = 0; i < tcb_slot_count; ++i) CHECK(own[i].empty());
        w.revoke_stepwise(100); // somebody else does the rest
        CHECK(later.empty());
    }
}
