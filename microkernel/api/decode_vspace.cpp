// Map and Unmap of the tables below a PML4: PDPT, page directory, page table.
// Called through api/methods.hpp; goes on in vspace/vspace.cpp.
// Source: seL4 manual, "Address Spaces and Virtual Memory" and the reference of X86_PDPT,
// X86_PageDirectory and X86_PageTable.
#include "api/decode.hpp"
#include "api/vspace_argument.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"

namespace mk {

namespace {

struct TableMapPlan {
    Slot* slot;
    Cap mapped;
    u64* entry;
};

void perform_table_map(Cpu&, Tcb&, TableMapPlan const& p)
{
    // The entry was not present, so nothing about it can be cached.
    *p.entry = table_entry(arch::to_physical(p.mapped.object<PageTable>()));
    p.slot->update(p.mapped);
}

void perform_table_unmap(Cpu& cpu, Tcb&, Slot* const& slot)
{
    Cap const table = slot->cap();
    if (!table.is_mapped()) return;
    unmap_table(cpu, table);
    // Emptied even when its address space is gone: mapped again elsewhere it must not bring along
    // frames whose capabilities do not know about that place.
    arch::clear_memory(table.object<PageTable>(), sizeof(PageTable));
    slot->update(table.unmapped());
}

} // namespace

/// Puts a table into the range around the address that it spans: 512 GiB (PDPT), 1 GiB (page
/// directory) or 2 MiB (page table).
/// Words: address (rounded down to the range), attributes (ignored: memory types are a matter of
/// frames). Capabilities: VSpace. Errors, in this order: invalid_capability 0 (mapped already),
/// invalid_capability 1 (no PML4 with an ASID), invalid_argument 0 (not a user address),
/// failed_lookup and invalid_capability 1 (the ASID is gone or names another VSpace), failed_lookup
/// (a table above is missing), delete_first (the entry is taken).
Checked<Plan> decode_table_map(Invocation const& in)
{
    Cap const& vspace = in.caps[0]->cap();
    unsigned const entry_bits = parent_entry_bits(in.cap.type());
    u64 const vaddr = align_down(in.word(0), entry_bits);

    if (in.cap.is_mapped()) return SyscallError::invalid_capability(0);
    u16 const asid = TRY(vspace_asid(vspace));
    if (vaddr >= user_top) return SyscallError::invalid_argument(0);
    PageTable* const pml4 = TRY(vspace_table(vspace));
    u64* const entry = TRY(find_entry(*pml4, vaddr, entry_bits));
    if (*entry & paging::present) return SyscallError::delete_first();
    return Plan::of<perform_table_map>(TableMapPlan{in.slot, in.cap.mapped_at(asid, vaddr), entry});
}

/// Takes a table out of its VSpace and empties it; what was mapped through it is not any more.
/// Errors: revoke_first (there are copies of the capability).
Checked<Plan> decode_table_unmap(Invocation const& in)
{
    // Copies would go on calling it mapped.
    if (!DerivationTree::is_final(*in.slot)) return SyscallError::revoke_first();
    return Plan::of<perform_table_unmap>(in.slot);
}

} // namespace mk
