// Accessed and dirty bits, which the CPU sets in the entries of pages and never clears: read and
// taken away, so that it sets them anew. Called from api/decode_harvest.cpp.
// Source: Intel SDM vol. 3A, "Accessed and Dirty Flags".
#pragma once

#include "vspace/vspace.hpp"

namespace mk {

inline constexpr unsigned harvest_words = table_entries / 64;

/// Bit i of word j: page 64 j + i of those looked at. What is no page has no bit.
struct Harvest {
    u64 accessed[harvest_words] = {};
    u64 dirty[harvest_words] = {};
};

/// Looks at entries first .. first + count - 1 of a table of this kind (page_table, page_directory
/// or pdpt) and takes the bits `clear` (of paging::accessed, paging::dirty) away. Entries that
/// lead on to tables are left alone. The TLB then holds nothing that would keep the CPU from
/// setting the bits again.
Harvest harvest(PageTable& table, CapType level, unsigned first, unsigned count, u64 clear);

} // namespace mk
