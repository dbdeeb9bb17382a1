// Bits of page table entries, and the walk from a PML4 to one entry. Every present entry in a
// user half is either a table made by a Map method or a frame made by Page.map; nothing else
// writes there. Called from vspace/vspace.cpp and the decoders api/decode_{vspace,page}.cpp.
// Source: Intel SDM vol. 3A, "4-Level Paging" and "Paging and Memory Typing".
#pragma once

#include "abi/constants.hpp"
#include "paging_bits.hpp"
#include "vspace/vspace.hpp"

namespace mk {

/// What a user table's entry carries: rights are decided by the entry of the frame alone.
inline constexpr u64 table_flags = paging::present | paging::writable | paging::user;

/// log2 of the bytes that one entry of a table spans; names the level.
inline constexpr unsigned pml4_entry_bits = 39, pdpt_entry_bits = 30, directory_entry_bits = 21,
                          page_entry_bits = 12;

constexpr unsigned table_index(u64 vaddr, unsigned entry_bits)
{
    return unsigned(vaddr >> entry_bits) & (table_entries - 1);
}
/// Whether an entry above the last level leads on to a table.
constexpr bool is_table(u64 e)
{
    return (e & (paging::present | paging::large)) == paging::present;
}
constexpr u64 table_entry(u64 physical)
{
    return physical | table_flags;
}
/// The frame of 2^frame_bits bytes that the entry maps, without flags.
constexpr u64 frame_address(u64 e, FrameSize size)
{
    return e & paging::address_mask & ~low_mask(frame_bits(size));
}
/// Whether the entry maps exactly this frame. `e` comes from the level of `size`.
constexpr bool maps_frame(u64 e, u64 physical, FrameSize size)
{
    bool const is_frame = (e & paging::present) != 0 && (size == FrameSize::small || !is_table(e));
    return is_frame && frame_address(e, size) == physical;
}

/// The entry that maps a frame for user code. Without Read the page is present but inaccessible;
/// Write counts only together with Read. The low three bits of `attributes` are the memory type.
u64 frame_entry(u64 physical, FrameSize size, Rights rights, u64 attributes, bool executable);

/// Level at which a table of this kind is entered into its parent: 39, 30 or 21.
constexpr unsigned parent_entry_bits(CapType table)
{
    return table == CapType::pdpt             ? pml4_entry_bits
           : table == CapType::page_directory ? pdpt_entry_bits
                                              : directory_entry_bits;
}

struct Walk {
    u64* entry;            ///< null when a table above it is missing ...
    unsigned missing_bits; ///< ... then the level of the entry that should have led on
};
/// Finds the entry for `vaddr` at the level where one entry spans 2^entry_bits bytes.
Walk walk(PageTable& pml4, u64 vaddr, unsigned entry_bits);

} // namespace mk
