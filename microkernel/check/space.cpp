// What lies outside of threads and queues: interrupts and ports, slots that no walk of the tree
// meets, and address spaces against the capabilities that say what is mapped.
#include "abi/constants.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "check/registry.hpp"
#include "kernel_space.hpp"
#include "object/irq_handler.hpp"
#include "object/tcb.hpp"
#include "sched/cpu.hpp"
#include "vspace/page_table.hpp"

namespace mk::check {
namespace {

u64 count_full(Slot const* slots, u64 count)
{
    u64 full = 0;
    for (Slot const* s = slots; s != slots + count; ++s) {
        bool const linked = s->prev() != nullptr && s->prev()->next() == s;
        Subject{"slot", s}(s->empty() ? s->prev() == nullptr && s->next() == nullptr : linked,
                           "is full and not in the tree, or empty and in it");
        full += !s->empty();
    }
    return full;
}

u64 count_full(Cap const& container)
{
    if (container.is(T::cnode))
        return count_full(container.cnode_slots(), bit(container.cnode_radix()));
    if (container.is(T::tcb)) return count_full(container.object<Tcb>()->slots, tcb_slot_count);
    if (container.is(T::zombie))
        return count_full(container.zombie_slots(), container.zombie_slot_count());
    return 0;
}

/// Entries of page tables that a capability says are its mapping, with the rights it has.
constinit Table<Rights, 15> claims;

/// What the capability says is mapped and the tables confirm; what they do not is a stale word.
void claim(Cap const& cap)
{
    bool const is_frame = cap.is(T::frame);
    bool const is_table_cap = cap.is(T::page_table) || cap.is(T::page_directory) || cap.is(T::pdpt);
    if ((!is_frame && !is_table_cap) || !cap.is_mapped()) return;
    PageTable* const pml4 = find_vspace(cap.mapped_asid());
    if (pml4 == nullptr) return;
    unsigned const level = is_frame ? frame_bits(cap.frame_size()) : parent_entry_bits(cap.type());
    u64 const* const e = walk(*pml4, cap.mapped_address(), level).entry;
    if (e == nullptr) return;
    bool const confirmed = is_frame
                               ? maps_frame(*e, cap.address(), cap.frame_size())
                               : is_table(*e) && (*e & paging::address_mask) ==
                                                     arch::to_physical(cap.object<PageTable>());
    if (!confirmed) return;
    Rights& rights = claims[reinterpret_cast<u64>(e)];
    rights = rights | (is_frame ? cap.rights() : Rights::all);
    Subject{"page table", e}(!claims.full(), "has more entries than the checker has room for");
}

/// The present entries of a table whose entries span 2^bits bytes, and of the tables below it.
void check_table(PageTable const& table, unsigned bits)
{
    unsigned const end = bits == pml4_entry_bits ? kernel_pml4_first : table_entries;
    for (unsigned i = 0; i < end; ++i) {
        u64 const& e = table.entry[i];
        if (e == 0) continue;
        Subject const must{"page table", &e};
        must((e & paging::present) != 0, "has an entry that is neither present nor 0");
        Rights const* const rights = claims.find(reinterpret_cast<u64>(&e));
        must(rights != nullptr, "maps what no capability says is mapped");
        if (bits > page_entry_bits && is_table(e)) {
            check_table(*arch::from_physical<PageTable>(e & paging::address_mask), bits - 9);
            continue;
        }
        bool const may_read = contains(*rights, Rights::read);
        must(may_read || (e & paging::user) == 0, "lets users read without the right");
        bool const may_write = contains(*rights, Rights::read | Rights::write);
        must(may_write || (e & paging::writable) == 0, "lets users write without the right");
    }
}

void check_pool(AsidPool const& pool, u16 base)
{
    Slot const* const slot = registry.find(T::asid_pool, &pool);
    Subject{"asid pool", &pool}(slot != nullptr && slot->cap().asid_base() == base,
                                "is registered and has no capability that says so");
    for (unsigned i = 0; i < asids_per_pool; ++i) {
        PageTable const* const pml4 = pool.pml4[i];
        if (pml4 == nullptr) continue;
        Subject const must{"pml4", pml4};
        Slot const* const owner = registry.find(T::pml4, pml4);
        must(owner != nullptr && owner->cap().mapped_asid() == base + i,
             "has an ASID and no capability that says so");
        for (unsigned k = kernel_pml4_first; k < table_entries; ++k)
            must(pml4->entry[k] == empty_pml4().entry[k],
                 "has a kernel half that is not the kernel's");
        check_table(*pml4, pml4_entry_bits);
    }
}

} // namespace

void check_interrupts(Totals const& totals)
{
    for (unsigned irq = 0; irq < irq_count; ++irq) {
        Slot const& target = irq_table.notification[irq];
        Subject const must{"interrupt", &target};
        bool const routed = irq_table.route[irq].kind != IrqRoute::Kind::free;
        bool const handled = (totals.handlers[irq / 64] >> irq % 64 & 1) != 0;
        must(routed == handled, "has a route and capabilities that disagree");
        must(target.empty() || (routed && target.cap().is(T::notification)),
             "signals what is no notification, or has no route");
    }
}

void check_slots(Cpu const& cpu, Totals const& totals)
{
    u64 full = count_full(irq_table.notification, irq_count) + count_full(&cpu.event_frame, 1);
    for (Slot const* slot : registry.objects()) full += count_full(slot->cap());
    Subject{"tree", &DerivationTree::first}(
        full == totals.slots, "has a slot that is in no CNode, TCB, interrupt or event ring");
}

void check_spaces()
{
    claims.clear();
    for (Slot const* s = DerivationTree::first.next(); s != nullptr; s = s->next()) claim(s->cap());
    for (u16 base = 0; base < asid_pool_count * asids_per_pool; base += asids_per_pool)
        if (AsidPool const* const pool = find_asid_pool(base)) check_pool(*pool, base);
}

} // namespace mk::check
