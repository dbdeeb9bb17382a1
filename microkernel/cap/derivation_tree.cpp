// The derivation tree as a list of slots in depth-first order. Invariant: the descendants of a
// slot follow it without a gap, so parent and child can be told from two neighbours. All
// capabilities to one object are neighbours too, which makes "is it the last?" two comparisons.
#include "cap/derivation_tree.hpp"
#include "abi/constants.hpp"
#include "arch/arch.hpp"
#include <utility>

namespace mk {

namespace {

/// Size in bytes of the kernel object behind `cap`; 0 when there is none.
u64 object_size(Cap const& cap)
{
    switch (cap.type()) {
    case CapType::endpoint:
        return bit(abi::endpoint_bits);
    case CapType::notification:
        return bit(abi::notification_bits);
    case CapType::reply:
        return bit(abi::reply_bits);
    case CapType::tcb:
        return bit(abi::tcb_bits);
    case CapType::sched_context:
        return bit(cap.sched_context_bits());
    case CapType::cnode:
        return bit(cap.cnode_radix() + abi::slot_bits);
    case CapType::zombie:
        return cap.zombie_slot_count() * sizeof(Slot);
    case CapType::page_table:
    case CapType::page_directory:
    case CapType::pdpt:
    case CapType::pml4:
    case CapType::asid_pool:
        return bit(abi::page_bits);
    default:
        return 0;
    }
}

/// Kinds whose objects are named by the data word and not by an address.
bool named_by_data(CapType t)
{
    return t == CapType::irq_handler || t == CapType::io_port || t == CapType::sched_control;
}

bool has_badge(Cap const& cap)
{
    return cap.is(CapType::endpoint) || cap.is(CapType::notification);
}

/// Whether `cap`, made from `source`, begins a generation of its own instead of being a copy.
bool is_original(Cap const& cap, Cap const& source)
{
    if (has_badge(cap)) return cap.badge() != source.badge();
    return cap.is(CapType::untyped) || cap.type() != source.type();
}

} // namespace

constinit Slot DerivationTree::first;

Extent extent(Cap const& cap)
{
    if (cap.is(CapType::untyped)) return {cap.address(), bit(cap.untyped_bits())};
    if (cap.is(CapType::frame)) return {cap.address(), bit(frame_bits(cap.frame_size()))};
    u64 const size = object_size(cap);
    return size ? Extent{arch::to_physical(cap.object<void>()), size} : Extent{};
}

namespace {

/// Regions are powers of two and aligned: of two that meet, one lies in the other. So it is enough
/// that b begins in a, but for an untyped, which may be the larger one.
bool untyped_contains(Cap const& a, Cap const& b)
{
    bool const physical = b.is(CapType::untyped) || b.is(CapType::frame);
    if (!physical && !named_by_address(b.type()) && !b.is(CapType::zombie)) return false;
    u64 const base = physical ? b.address() : arch::to_physical(b.object<void>());
    if (b.is(CapType::untyped) && b.untyped_bits() > a.untyped_bits()) return false;
    return base >= a.address() && (base - a.address()) >> a.untyped_bits() == 0;
}

} // namespace

bool same_region_of_any(Cap const& a, Cap const& b)
{
    switch (a.type()) {
    case CapType::untyped:
        return untyped_contains(a, b);
    case CapType::frame:
        return b.is(CapType::frame) && extent(a).contains(extent(b));
    case CapType::irq_control:
        return b.is(a.type()) || b.is(CapType::irq_handler);
    case CapType::io_port_control:
        return b.is(a.type()) || b.is(CapType::io_port);
    case CapType::null:
    case CapType::zombie:
        return false;
    default:
        return a.type() == b.type() && (!named_by_data(a.type()) || a.data() == b.data());
    }
}

bool DerivationTree::is_parent(Slot const& a, Slot const& b)
{
    if (!a.revocable() || !same_region(a.cap(), b.cap())) return false;
    if (!has_badge(a.cap()) || a.cap().badge() == 0) return true;
    // Of two runs with the same badge that were minted apart, neither owns the other.
    return a.cap().badge() == b.cap().badge() && !b.first_badged();
}

bool DerivationTree::has_children(Slot const& slot)
{
    return slot.next() && is_parent(slot, *slot.next());
}

bool DerivationTree::untyped_has_children(Slot const& slot)
{
    return slot.next() && slot.revocable() && untyped_contains(slot.cap(), slot.next()->cap());
}

bool DerivationTree::is_final(Slot const& slot)
{
    auto const same = [&](Slot const* other) {
        return other && same_object(slot.cap(), other->cap());
    };
    return !same(slot.prev()) && !same(slot.next());
}

void DerivationTree::link_after(Slot* before, Slot& slot)
{
    slot.set_prev(before);
    slot.next_ = nullptr;
    if (before == nullptr) return;
    slot.next_ = before->next_;
    before->next_ = &slot;
    if (slot.next_) slot.next_->set_prev(&slot);
}

void DerivationTree::point_neighbours_at(Slot& slot)
{
    if (Slot* const p = slot.prev()) p->next_ = &slot;
    if (slot.next_) slot.next_->set_prev(&slot);
}

void DerivationTree::insert_original(Slot* parent, Slot& dest, Cap cap)
{
    dest.cap_ = cap;
    dest.set_flags(true, true);
    link_after(parent, dest);
}

void DerivationTree::insert_derived(Slot& source, Slot& dest, Cap cap)
{
    bool const original = is_original(cap, source.cap());
    // Two untypeds over the same memory: only the child may hand memory out.
    if (cap.is(CapType::untyped) && source.cap().is(CapType::untyped))
        source.cap_ = source.cap().used_up();
    dest.cap_ = cap;
    dest.set_flags(original, original);
    link_after(&source, dest);
}

void DerivationTree::move(Slot& source, Slot& dest, Cap cap)
{
    swap(source, dest);
    dest.cap_ = cap;
}

void DerivationTree::swap(Slot& a, Slot& b)
{
    std::swap(a.cap_, b.cap_);
    std::swap(a.prev_, b.prev_);
    std::swap(a.next_, b.next_);
    // Neighbours took over links to themselves.
    if (a.prev() == &a) a.set_prev(&b);
    if (a.next_ == &a) a.next_ = &b;
    if (b.prev() == &b) b.set_prev(&a);
    if (b.next_ == &b) b.next_ = &a;
    point_neighbours_at(a);
    point_neighbours_at(b);
}

void DerivationTree::remove(Slot& slot)
{
    Slot* const before = slot.prev();
    Slot* const after = slot.next_;
    if (before) before->next_ = after;
    if (after) {
        after->set_prev(before);
        // A run of equal badges keeps a first one, so that it never joins the run before it.
        if (slot.first_badged()) after->set_flags(after->revocable(), true);
    }
    slot = Slot{};
}

} // namespace mk
