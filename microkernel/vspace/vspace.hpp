// Virtual address spaces: four levels of tables made from user memory, and ASIDs that name them.
// A frame or table capability remembers its mapping as (ASID, address); a mapping is undone only
// when the tables still say the same, so stale capabilities are harmless.
// Decoders: api/decode_vspace.cpp, api/decode_page.cpp, api/decode_asid.cpp.
// Source: seL4 manual, "Address Spaces and Virtual Memory"; Intel SDM vol. 3A, "4-Level Paging".
#pragma once

#include "cap/cspace.hpp"
#include "sched/cpu_fwd.hpp"

namespace mk {

inline constexpr unsigned table_entries = 512;
inline constexpr unsigned asid_pool_count = 8, asid_pool_bits = 9,
                          asids_per_pool = 1 << asid_pool_bits;

/// One page of tables, as the CPU reads it. vspace/page_table.hpp knows the bits.
struct alignas(4096) PageTable {
    u64 entry[table_entries];
};

/// 512 address spaces; made from a page of user memory by ASIDControl.MakePool.
struct alignas(4096) AsidPool {
    PageTable* pml4[asids_per_pool];
};

inline constexpr u16 no_asid = 0xffff;

/// By the high bits of an ASID; where there is none, a pool without address spaces stands in.
/// Only vspace.cpp changes it.
extern AsidPool* asid_pools[asid_pool_count];

/// The address space of an ASID (any 12 bits); null when there is none. ASID 0 names none.
inline PageTable* find_vspace(u16 asid)
{
    return asid_pools[asid / asids_per_pool]->pml4[asid % asids_per_pool];
}
/// The address space that a thread's VSpace capability names; null when it is no valid one.
inline PageTable* vspace_of(Cap const& cap)
{
    if (!cap.is(CapType::pml4)) return nullptr;
    PageTable* const pml4 = find_vspace(cap.mapped_asid());
    // The pool may be gone, and another may give the ASID to another address space.
    PageTable* const named = cap.object<PageTable>();
    if (named == nullptr) __builtin_unreachable();
    return pml4 == named ? pml4 : nullptr;
}

/// A new PML4 with the kernel's half filled in; a new pool, registered at `base`.
void init_pml4(PageTable& pml4);
void register_asid_pool(AsidPool& pool, u16 base);
/// First ASID of the next free pool; no_asid when all are taken.
u16 free_asid_base();
/// The pool registered at `base`; null when there is none.
AsidPool* find_asid_pool(u16 base);
/// The first ASID of the pool that names no address space; no_asid when it is full.
u16 free_asid(AsidPool const& pool, u16 base);
/// `asid` lies in a registered pool and is free.
void assign_asid(u16 asid, PageTable& pml4);

/// Writes a frame's entry (found by walk() for `vaddr`) in place of what it held.
void map_frame(u64 vaddr, u64& entry, u64 value);

/// Undo a mapping that `cap` (frame, or table of level page_table/page_directory/pdpt) remembers.
void unmap_frame(Cpu& cpu, Cap const& cap);
void unmap_table(Cpu& cpu, Cap const& cap);
/// Forgets an address space / all of a pool: their mappings are gone, running threads fault.
void delete_vspace(Cpu& cpu, u16 asid, PageTable& pml4);
void delete_asid_pool(Cpu& cpu, u16 base, AsidPool& pool);

/// Boot time: maps without checks; every table above must exist. Frames with all rights.
void map_boot_frame(PageTable& pml4, u64 vaddr, u64 physical);
void map_boot_table(PageTable& pml4, u64 vaddr, CapType level, PageTable& table);

} // namespace mk
