// What Page.map and the Map methods of tables share: checking the VSpace argument and the address.
// Used by decode_page.cpp and decode_vspace.cpp only.
#pragma once

#include "arch_layout.hpp"
#include "cap/error.hpp"
#include "vspace/page_table.hpp"

namespace mk {

/// The VSpace capability is a PML4 that was given an ASID: else invalid_capability(1).
inline Checked<u16> vspace_asid(Cap const& cap)
{
    if (!cap.is(CapType::pml4) || !cap.is_mapped()) return SyscallError::invalid_capability(1);
    return cap.mapped_asid();
}

/// The ASID still names this address space. Errors: failed_lookup (its pool or the entry is gone),
/// invalid_capability(1) (names another one now).
inline Checked<PageTable*> vspace_table(Cap const& cap)
{
    PageTable* const found = find_vspace(cap.mapped_asid());
    if (!found)
        return SyscallError::failed_lookup(false, {abi::LookupFailure::invalid_root, 0, 0, 0});
    if (found != cap.object<PageTable>()) return SyscallError::invalid_capability(1);
    return found;
}

/// [vaddr, vaddr + bytes) is in the part of the address space that users may map.
constexpr bool is_user_range(u64 vaddr, u64 bytes)
{
    return vaddr < user_top && bytes <= user_top - vaddr;
}

/// The entry for `vaddr`; failed_lookup with the missing table's address bits when a table is
/// missing.
inline Checked<u64*> find_entry(PageTable& pml4, u64 vaddr, unsigned entry_bits)
{
    Walk const w = walk(pml4, vaddr, entry_bits);
    if (!w.entry)
        return SyscallError::failed_lookup(
            false, {abi::LookupFailure::missing_capability, w.missing_bits, 0, 0});
    return w.entry;
}

} // namespace mk
