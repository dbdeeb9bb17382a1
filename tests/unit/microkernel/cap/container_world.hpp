// CNodes and TCBs full of capabilities, and the invariants of cap/destroy.cpp over them.
#pragma once

#include "cap/derivation_tree.hpp"
#include "cap/destroy.hpp"
#include "fakes.hpp"
#include "object/tcb.hpp"
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

using namespace mk;
using Tree = DerivationTree;

/// Arrays of slots below one Untyped, with every capability in the derivation tree.
class World {
public:
    struct Container {
        std::unique_ptr<Slot[]> slots;
        u64 count = 0;
        bool is_tcb = false;
        Slot* begin() const { return slots.get(); }
        Slot* end() const { return slots.get() + count; }
    };
    Slot untyped;
    Slot workplace; ///< of the thread that revokes
    std::vector<Container> containers;
    u64 steps = 0;

    explicit World(Cap memory = Cap::untyped(0, 47, false)) // holds whatever the host allocates
    {
        fake::reset();
        Tree::insert_original(nullptr, untyped, memory);
    }
    World(World const&) = delete;

    /// A new CNode whose original capability goes into `dest`.
    Slot* cnode(Slot& dest, unsigned radix)
    {
        Container& c = add(bit(radix), false);
        Tree::insert_original(&untyped, dest, Cap::cnode(c.begin(), radix));
        return c.begin();
    }
    /// A new TCB: its slots count as one array.
    Slot* tcb(Slot& dest)
    {
        tcbs_.push_back(std::make_unique<Tcb>());
        Tcb* const tcb = tcbs_.back().get();
        containers.push_back({std::unique_ptr<Slot[]>{}, tcb_slot_count, true});
        tcb_slots_.push_back(tcb->slots);
        Tree::insert_original(&untyped, dest, Cap::tcb(tcb));
        return tcb->slots;
    }
    void endpoint(Slot& dest)
    {
        next_ += 16;
        Tree::insert_original(&untyped, dest,
                              Cap::endpoint(reinterpret_cast<void*>(next_), Rights::all, 0));
    }
    static void copy(Slot& source, Slot& dest) { Tree::insert_derived(source, dest, source.cap()); }

    Slot const* slots_of(usize i) const
    {
        if (!containers[i].is_tcb) return containers[i].begin();
        usize n = 0;
        for (usize k = 0; k < i; ++k) n += containers[k].is_tcb;
        return tcb_slots_[n];
    }
    u64 full_slots() const
    {
        u64 n = 0;
        for (usize i = 0; i < containers.size(); ++i)
            for (u64 k = 0; k < containers[i].count; ++k) n += !slots_of(i)[k].empty();
        return n;
    }

    /// Links are sound; memory with content is guarded by a capability below the Untyped; a
    /// zombie's array is empty beyond what remains, but for the zombie itself.
    void check() const
    {
        std::vector<Slot const*> listed;
        for (Slot const* s = untyped.next(); s; s = s->next()) {
            REQUIRE(Tree::is_parent(untyped, *s));
            REQUIRE(s->prev()->next() == s);
            REQUIRE(!s->empty());
            listed.push_back(s);
        }
        u64 guarded = 0;
        for (usize i = 0; i < containers.size(); ++i) {
            Slot const* const slots = slots_of(i);
            u64 full = 0;
            for (u64 k = 0; k < containers[i].count; ++k) full += !slots[k].empty();
            guarded += full;
            Slot const* zombie = nullptr;
            unsigned zombies = 0, live = 0;
            for (Slot const* s : listed) {
                Cap const& c = s->cap();
                if (c.is(CapType::zombie) && c.zombie_slots() == slots) zombie = s, ++zombies;
                live += c.is(CapType::cnode) && c.cnode_slots() == slots;
                live += c.is(CapType::tcb) && c.object<Tcb>()->slots == slots;
            }
            REQUIRE(zombies <= 1);
            REQUIRE((zombies == 0 || live == 0));
            if (full > 0) REQUIRE(zombies + live > 0);
            if (!zombie) continue;
            for (u64 k = zombie->cap().zombie_remaining(); k < containers[i].count; ++k)
                REQUIRE((slots[k].empty() || &slots[k] == zombie));
        }
        REQUIRE(guarded <= listed.size()); // every full slot is in the tree
    }

    /// One step of `operation`; with an interrupt pending all the time.
    template <class Op> bool step(Op operation)
    {
        fake::machine.interrupt_after = 0;
        ++steps;
        bool const done = operation() == Progress::done;
        check();
        return done;
    }
    bool step_delete(Slot& s)
    {
        return step([&] { return delete_cap(fake::cpu(), s); });
    }
    void delete_stepwise(Slot& s, u64 limit)
    {
        for (u64 i = 0; !step_delete(s); ++i) REQUIRE(i < limit);
        REQUIRE(s.empty());
    }
    void revoke_stepwise(u64 limit)
    {
        for (u64 i = 0; !step([&] { return revoke(fake::cpu(), untyped, workplace); }); ++i)
            REQUIRE(i < limit);
        REQUIRE(!Tree::has_children(untyped));
        REQUIRE(full_slots() == 0);
    }

private:
    std::vector<std::unique_ptr<Tcb>> tcbs_;
    std::vector<Slot*> tcb_slots_;
    u64 next_ = u64{1} << 46;

    Container& add(u64 count, bool is_tcb)
    {
        containers.push_back({std::make_unique<Slot[]>(count), count, is_tcb});
        return containers.back();
    }
};
