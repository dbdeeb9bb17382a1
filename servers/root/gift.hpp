// Puts capabilities into the CNode of a program that does not run yet, into the slots behind those
// that the description gives out.
#pragma once

#include "composition/reader.hpp"
#include "estate.hpp"
#include "spawn/spawn.hpp"

namespace root {

class Gift {
    spawn::Process const& process_;
    u8 cnode_bits_;
    u64 next_;

    sys::Slot take_slot()
    {
        if (next_ >> cnode_bits_ != 0) give_up("no slots left for what root hands over");
        return process_.cnode().slot(next_++, cnode_bits_);
    }
    u64 done(sys::Result<void> const& result, sys::Slot slot)
    {
        if (!result) give_up("a capability cannot be handed over");
        return slot.index;
    }

public:
    Gift(composition::Reader const& system, spawn::Process const& process)
        : process_{process}, cnode_bits_{system.program(process.program()).cnode_bits}, next_{1}
    {
        composition::Program const& program = system.program(process.program());
        for (composition::Grant const& it : system.grants(program))
            if (it.slot >= next_) next_ = u64{it.slot} + 1;
        for (composition::Need const& it : system.needs(program))
            if (it.slot >= next_) next_ = u64{it.slot} + 1;
    }

    /// Each returns the slot in which the program finds it.
    u64 move(u64 own_slot)
    {
        auto const slot = take_slot();
        return done(slot.move_from(own_cnode.slot(own_slot)), slot);
    }
    u64 copy(u64 own_slot)
    {
        auto const slot = take_slot();
        return done(slot.copy_from(own_cnode.slot(own_slot)), slot);
    }
    u64 mint(u64 own_slot, u64 badge, sys::Rights rights)
    {
        auto const slot = take_slot();
        return done(slot.mint_from(own_cnode.slot(own_slot), badge, rights), slot);
    }
    /// Its own CNode, so that `slot(index)` of it resolves all 64 bits.
    u64 own_cnode_of_it()
    {
        return mint(process_.cnode().address(), sys::guard_word(0, abi::word_bits - cnode_bits_),
                    sys::Rights::all);
    }
    u64 cnode_bits() const { return cnode_bits_; }
    handover::EmptySlots rest() const { return {next_, u64{1} << cnode_bits_}; }
};

} // namespace root
