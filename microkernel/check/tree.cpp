// The derivation tree: one list from DerivationTree::first on. What is checked of each capability:
// links agree; copies stand behind what they were made from; memory of children lies inside of
// their untyped, below its watermark, and no two objects share a byte.
// Children of an untyped stand newest first and memory is handed out upwards, so among siblings
// addresses descend: one comparison finds every overlap.
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "check/registry.hpp"
#include "object/io_port.hpp"
#include "object/irq_handler.hpp"

namespace mk::check {
namespace {

/// The untypeds that the walk is inside of, outermost first. Each is at most as large as the one
/// before; of copies only the innermost counts, so sizes at least halve from one to the next.
class Nesting {
public:
    /// Memory of the next capability in the list, which is no copy of the one before. Answers
    /// whether it lies in no untyped.
    bool enter(Slot const& slot, Extent memory)
    {
        Cap const& cap = slot.cap();
        while (depth_ > 0 && !level_[depth_ - 1].memory.contains(memory)) --depth_;
        bool const is_root = depth_ == 0;
        if (!is_root) {
            Level& around = level_[depth_ - 1];
            bool const is_copy = around.memory.size == memory.size && cap.is(CapType::untyped);
            require(memory.base + memory.size <= around.lowest, name_of(cap.type()), &slot,
                    "shares memory with a sibling");
            require(memory.base + memory.size <= around.used_end, name_of(cap.type()), &slot,
                    "lies above the watermark of its untyped");
            around.lowest = memory.base;
            if (is_copy) --depth_;
        }
        if (!cap.is(CapType::untyped)) return is_root;
        require(cap.untyped_watermark() <= memory.size, "untyped", &slot,
                "its watermark lies behind its end");
        level_[depth_++] = {memory, memory.base + memory.size,
                            memory.base + cap.untyped_watermark()};
        return is_root;
    }

private:
    struct Level {
        Extent memory;
        u64 lowest;   ///< of the children met so far
        u64 used_end; ///< the watermark as an address
    };
    Level level_[64];
    unsigned depth_ = 0;
};

bool is_registered(CapType type)
{
    switch (type) {
    case CapType::tcb:
    case CapType::endpoint:
    case CapType::notification:
    case CapType::reply:
    case CapType::sched_context:
    case CapType::cnode:
    case CapType::zombie:
    case CapType::asid_pool:
    case CapType::pml4:
    case CapType::pdpt:
    case CapType::page_directory:
    case CapType::page_table:
        return true;
    default:
        return false;
    }
}

void check_flags(Slot const& slot, Slot const& before, bool is_copy)
{
    Cap const& cap = slot.cap();
    require(!cap.is_null(), "slot", &slot, "is in the tree and empty");
    require(slot.first_badged() || !slot.revocable(), "slot", &slot,
            "is an original and begins no run of badges");
    if (slot.first_badged()) return;
    require(is_copy, name_of(cap.type()), &slot, "is a copy and stands behind no other");
    bool const badged =
        (cap.is(CapType::endpoint) || cap.is(CapType::notification)) && cap.badge() != 0;
    require(!badged || cap.badge() == before.cap().badge(), name_of(cap.type()), &slot,
            "continues a run of another badge");
}

/// What is named by numbers.
void check_named(Slot const& slot, Totals& totals)
{
    Cap const& cap = slot.cap();
    if (cap.is(CapType::irq_handler)) {
        require(cap.irq() < irq_count, "irq handler", &slot, "names no interrupt");
        totals.handlers[cap.irq() / 64] |= bit(cap.irq() % 64);
    } else if (cap.is(CapType::io_port)) {
        require(!io_ports_free(cap.first_port(), cap.first_port()) &&
                    !io_ports_free(cap.last_port(), cap.last_port()),
                "io port", &slot, "is not marked as issued");
    }
}

/// Memory between watermark and cleared mark is zero: one word in each 256 bytes is looked at.
void check_cleared(Slot const& slot)
{
    Cap const& cap = slot.cap();
    if (cap.untyped_is_device()) return;
    require(cap.untyped_cleared() <= bit(cap.untyped_bits()), "untyped", &slot,
            "is said to be clear behind its end");
    constexpr u64 step = 256;
    for (u64 at = align_up(cap.untyped_watermark(), 3); at < cap.untyped_cleared(); at += step)
        require(*arch::from_physical<u64 const>(cap.address() + at) == 0, "untyped", &slot,
                "is not zero where it is said to be");
}

/// `chosen` lies in no other untyped: all that shares memory with it follows it without a gap.
void check_root_overlap(Slot const& chosen)
{
    Extent const memory = extent(chosen.cap());
    bool in_run = false;
    for (Slot const* s = DerivationTree::first.next(); s != nullptr; s = s->next()) {
        Extent const other = extent(s->cap());
        in_run = s == &chosen || (in_run && (other.size == 0 || memory.contains(other)));
        if (in_run || other.size == 0) continue;
        bool const apart =
            other.base + other.size <= memory.base || memory.base + memory.size <= other.base;
        require(apart, name_of(s->cap().type()), s,
                "shares memory with a capability that it does not derive from");
    }
}

/// The roots take turns: each full look compares one of them with everything.
class RootTurn {
public:
    void meet(Slot const& root)
    {
        if (met_++ == turn_) chosen_ = &root;
    }
    void finish()
    {
        turn_ = chosen_ != nullptr ? turn_ + 1 : 0;
        if (chosen_ != nullptr) check_root_overlap(*chosen_);
    }

private:
    inline static unsigned turn_ = 0;
    unsigned met_ = 0;
    Slot const* chosen_ = nullptr;
};

} // namespace

void check_tree(Totals& totals, Depth depth)
{
    Nesting nesting;
    RootTurn roots;
    registry.clear();
    Slot const* before = &DerivationTree::first;
    for (Slot const* slot = before->next(); slot != nullptr; before = slot, slot = slot->next()) {
        require(slot->prev() == before, "slot", slot, "does not point back to the one before it");
        // The address first: most neighbours differ in it, and this walk is long.
        bool const is_copy = before->cap().address() == slot->cap().address() &&
                             same_object(before->cap(), slot->cap());
        check_flags(*slot, *before, is_copy);
        ++totals.slots;
        if (is_copy) continue;
        Cap const& cap = slot->cap();
        if (is_registered(cap.type())) registry.add(*slot);
        Extent const memory = extent(cap);
        if (memory.size == 0) {
            check_named(*slot, totals);
            continue;
        }
        if (nesting.enter(*slot, memory)) roots.meet(*slot);
        if (depth == Depth::full && cap.is(CapType::untyped)) check_cleared(*slot);
    }
    if (depth == Depth::full) roots.finish();
}

} // namespace mk::check
