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
        Subject const must{"capability", &slot};
        u64 const end = memory.base + memory.size;
        while (depth_ > 0 && !level_[depth_ - 1].memory.contains(memory)) --depth_;
        bool const is_root = depth_ == 0;
        if (!is_root) {
            Level& around = level_[depth_ - 1];
            must(end <= around.lowest, "shares memory with a sibling");
            must(end <= around.used_end, "lies above the watermark of its untyped");
            around.lowest = memory.base;
            if (around.memory.size == memory.size && cap.is(T::untyped)) --depth_;
        }
        if (!cap.is(T::untyped)) return is_root;
        u64 const used = cap.untyped_watermark();
        must(used <= memory.size, "has its watermark behind its end");
        level_[depth_++] = {memory, end, memory.base + used};
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
    constexpr u64 named_by_address = [] {
        u64 types = 0;
        for (CapType const each :
             {T::tcb, T::endpoint, T::notification, T::reply, T::sched_context, T::cnode, T::zombie,
              T::asid_pool, T::pml4, T::pdpt, T::page_directory, T::page_table})
            types |= bit(u8(each));
        return types;
    }();
    return (named_by_address >> u8(type) & 1) != 0;
}

void check_place(Slot const& slot, Slot const& before, bool is_copy)
{
    Cap const& cap = slot.cap();
    Subject const must{"capability", &slot};
    must(slot.prev() == &before, "does not point back to the one before it");
    must(!cap.is_null(), "is null and in the tree");
    must(slot.first_badged() || !slot.revocable(), "is an original and begins no run of badges");
    if (slot.first_badged()) return;
    must(is_copy, "is a copy and stands behind no other");
    bool const badged = cap.is(T::endpoint) || cap.is(T::notification);
    must(!badged || cap.badge() == 0 || cap.badge() == before.cap().badge(),
         "continues a run of another badge");
}

/// What is named by numbers.
void check_named(Slot const& slot, Totals& totals)
{
    Cap const& cap = slot.cap();
    Subject const must{"capability", &slot};
    if (cap.is(T::irq_handler)) {
        must(cap.irq() < irq_count, "names no interrupt");
        totals.handlers[cap.irq() / 64] |= bit(cap.irq() % 64);
    } else if (cap.is(T::io_port)) {
        for (u16 const end : {cap.first_port(), cap.last_port()})
            must(!io_ports_free(end, end), "is to ports that are not issued");
    }
}

/// Memory between watermark and cleared mark is zero: one word in each 256 bytes is looked at.
void check_cleared(Slot const& slot)
{
    Cap const& cap = slot.cap();
    Subject const must{"capability", &slot};
    if (cap.untyped_is_device()) return;
    must(cap.untyped_cleared() <= bit(cap.untyped_bits()), "is said to be clear behind its end");
    constexpr u64 step = 256;
    for (u64 at = align_up(cap.untyped_watermark(), 3); at < cap.untyped_cleared(); at += step)
        must(*arch::from_physical<u64 const>(cap.address() + at) == 0,
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
        Subject{"capability", s}(other.base + other.size <= memory.base ||
                                     memory.base + memory.size <= other.base,
                                 "shares memory with what it does not derive from");
    }
}

/// The roots take turns: each full look compares one of them with everything.
constinit unsigned root_turn = 0;

} // namespace

void check_tree(Totals& totals, Depth depth)
{
    Nesting nesting;
    unsigned roots = 0;
    Slot const* root = nullptr;
    registry.clear();
    Slot const* before = &DerivationTree::first;
    for (Slot const* slot = before->next(); slot != nullptr; before = slot, slot = slot->next()) {
        // The address first: most neighbours differ in it, and this walk is long.
        Cap const& cap = slot->cap();
        bool const is_copy =
            before->cap().address() == cap.address() && same_object(before->cap(), cap);
        check_place(*slot, *before, is_copy);
        ++totals.slots;
        if (is_copy) continue;
        if (is_registered(cap.type())) registry.add(*slot);
        Extent const memory = extent(cap);
        if (memory.size == 0)
            check_named(*slot, totals);
        else if (nesting.enter(*slot, memory) && roots++ == root_turn)
            root = slot;
        if (depth == Depth::full && cap.is(T::untyped)) check_cleared(*slot);
    }
    if (depth != Depth::full) return;
    if (root != nullptr) check_root_overlap(*root);
    root_turn = root != nullptr ? root_turn + 1 : 0;
}

} // namespace mk::check
