// Address spaces by ASID, and taking mappings back. A capability's word on where it is mapped is
// only a hint: every removal looks whether the tables still hold this very frame or table.
// No stale translation survives: PCIDs are not used, so the TLB and the paging-structure caches
// hold nothing but the loaded address space (CR3 is loaded on each switch to another one, and user
// entries are never global). Hence one INVLPG after a frame's entry changed and one reload of CR3
// after a table's (its entries may be cached anywhere below) suffice, whichever space is loaded.
// With page-table isolation neither is needed: the kernel's own CR3 was loaded since.
// Called from api/finalise.cpp and the decoders. Source: Intel SDM vol. 3A, "Operations that
// Invalidate TLBs and Paging-Structure Caches".
#include "vspace/vspace.hpp"

#include "arch/arch.hpp"
#include "kernel_space.hpp"
#include "vspace/page_table.hpp"

namespace mk {

namespace {
constinit AsidPool no_pool{};

/// Where an ASID's address space is noted; null for ASIDs of no pool.
PageTable** asid_entry(u16 asid)
{
    AsidPool* const pool = find_asid_pool(u16(align_down(asid, asid_pool_bits)));
    return pool != nullptr && asid != 0 ? &pool->pml4[asid % asids_per_pool] : nullptr;
}
} // namespace

constinit AsidPool* asid_pools[asid_pool_count] = {&no_pool, &no_pool, &no_pool, &no_pool,
                                                   &no_pool, &no_pool, &no_pool, &no_pool};

void init_pml4(PageTable& pml4)
{
    for (unsigned i = 0; i < table_entries; ++i)
        pml4.entry[i] = i < kernel_pml4_first ? 0 : empty_pml4().entry[i];
}

AsidPool* find_asid_pool(u16 base)
{
    if (base >= asid_pool_count * asids_per_pool) return nullptr;
    AsidPool* const pool = asid_pools[base / asids_per_pool];
    return pool != &no_pool ? pool : nullptr;
}

u16 free_asid_base()
{
    for (unsigned i = 0; i < asid_pool_count; ++i)
        if (asid_pools[i] == &no_pool) return u16(i * asids_per_pool);
    return no_asid;
}

u16 free_asid(AsidPool const& pool, u16 base)
{
    // ASID 0 means "not mapped" in capabilities and is never given out.
    for (unsigned i = base == 0 ? 1 : 0; i < asids_per_pool; ++i)
        if (!pool.pml4[i]) return u16(base + i);
    return no_asid;
}

void register_asid_pool(AsidPool& pool, u16 base)
{
    asid_pools[base / asids_per_pool] = &pool;
}

void assign_asid(u16 asid, PageTable& pml4)
{
    if (PageTable** const entry = asid_entry(asid)) *entry = &pml4;
}

void map_frame(u64 vaddr, u64& entry, u64 value)
{
    bool const was_present = (entry & paging::present) != 0;
    entry = value;
    // What is not present is never cached, so only a replaced mapping can be stale.
    if (was_present) invalidate_page(vaddr);
}

void unmap_frame(Cpu&, Cap const& cap)
{
    PageTable* const pml4 = find_vspace(cap.mapped_asid());
    if (!pml4) return;
    u64* const e = walk(*pml4, cap.mapped_address(), frame_bits(cap.frame_size())).entry;
    if (!e || !maps_frame(*e, cap.address(), cap.frame_size())) return;
    *e = 0;
    invalidate_page(cap.mapped_address());
}

void unmap_table(Cpu&, Cap const& cap)
{
    PageTable* const pml4 = find_vspace(cap.mapped_asid());
    if (!pml4) return;
    u64* const e = walk(*pml4, cap.mapped_address(), parent_entry_bits(cap.type())).entry;
    u64 const table = arch::to_physical(cap.object<PageTable>());
    if (!e || !is_table(*e) || (*e & paging::address_mask) != table) return;
    *e = 0;
    invalidate_space();
}

void delete_vspace(Cpu&, u16 asid, PageTable& pml4)
{
    PageTable** const found = asid_entry(asid);
    if (found && *found == &pml4) *found = nullptr;
    leave_space(pml4); // whoever runs on it faults when it goes on
}

void delete_asid_pool(Cpu&, u16 base, AsidPool& pool)
{
    if (find_asid_pool(base) != &pool) return;
    for (PageTable* pml4 : pool.pml4)
        if (pml4) leave_space(*pml4);
    asid_pools[base / asids_per_pool] = &no_pool;
}

void map_boot_frame(PageTable& pml4, u64 vaddr, u64 physical)
{
    *walk(pml4, vaddr, page_entry_bits).entry =
        frame_entry(physical, FrameSize::small, Rights::read | Rights::write, 0, true);
}

void map_boot_table(PageTable& pml4, u64 vaddr, CapType level, PageTable& table)
{
    *walk(pml4, vaddr, parent_entry_bits(level)).entry = table_entry(arch::to_physical(&table));
}

} // namespace mk
