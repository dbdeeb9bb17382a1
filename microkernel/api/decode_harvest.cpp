// Accessed and dirty bits of the pages in a table: what a pager needs to find those that nobody
// uses. Called through api/methods.hpp; goes on in vspace/harvest.cpp.
#include "abi/extensions.hpp"
#include "api/decode.hpp"
#include "ipc/transfer.hpp"
#include "vspace/harvest.hpp"
#include "vspace/page_table.hpp"

namespace mk {
namespace {

using abi::harvest_clear_accessed, abi::harvest_clear_dirty;
constexpr u64 clear_flags = harvest_clear_accessed | harvest_clear_dirty;

struct HarvestPlan {
    PageTable* table;
    CapType level;
    u16 first, count;
    u64 clear; ///< bits of an entry
};

constexpr unsigned bitmap_words(u64 count)
{
    return unsigned((count + 63) / 64);
}

Performed perform_harvest(Cpu&, Tcb& caller, HarvestPlan const& plan)
{
    Harvest const found = harvest(*plan.table, plan.level, plan.first, plan.count, plan.clear);
    abi::IpcBuffer* const buffer = ipc_buffer(caller, true);
    unsigned const words = bitmap_words(plan.count);
    for (unsigned i = 0; i < words; ++i) {
        put_word(caller, buffer, i, found.accessed[i]);
        put_word(caller, buffer, words + i, found.dirty[i]);
    }
    return Performed::reply(u8(2 * words));
}

} // namespace

/// Extension: answers which pages of a table were accessed and which were written since their bits
/// were last taken away (or the page was mapped), and takes the bits away.
/// Words: first entry, count, bits to take away (bit 0: accessed, 1: dirty). Answer: a bitmap of
/// accessed pages (bit i of word j: entry first + 64 j + i), then one of written ones, each as many
/// words as the count needs. Errors, in this order: invalid_capability 0 (the table is not mapped),
/// range (0, 511) (first), range (1, 512 - first) (count), range (0, 3) (bits), illegal_operation
/// (the answer has more than 4 words and the caller no IPC buffer).
Checked<Plan> decode_table_harvest(Invocation const& in)
{
    u64 const first = in.word(0), count = in.word(1), clear = in.word(2);
    if (!in.cap.is_mapped()) return SyscallError::invalid_capability(0);
    if (first >= table_entries) return SyscallError::range(0, table_entries - 1);
    if (count < 1 || count > table_entries - first)
        return SyscallError::range(1, table_entries - first);
    if (clear > clear_flags) return SyscallError::range(0, clear_flags);
    // Bits that were taken away and not answered would be lost.
    if (2 * bitmap_words(count) > message_registers && ipc_buffer(*in.caller, true) == nullptr)
        return SyscallError::illegal_operation();
    return Plan::of<perform_harvest>(
        HarvestPlan{in.cap.object<PageTable>(), in.cap.type(), u16(first), u16(count),
                    ((clear & harvest_clear_accessed) != 0 ? paging::accessed : 0) |
                        ((clear & harvest_clear_dirty) != 0 ? paging::dirty : 0)});
}

} // namespace mk
