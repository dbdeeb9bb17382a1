// See harvest.hpp. An entry in the TLB has its bits cached as set: the CPU would not look at the
// table again. The TLB holds the loaded address space only (vspace.cpp), so one reload suffices.
#include "vspace/harvest.hpp"

#include "kernel_space.hpp"
#include "vspace/page_table.hpp"

namespace mk {

Harvest harvest(PageTable& table, CapType level, unsigned first, unsigned count, u64 clear)
{
    Harvest found;
    bool stale = false;
    for (unsigned i = 0; i < count; ++i) {
        u64& entry = table.entry[first + i];
        u64 e = entry;
        bool const is_page =
            (e & paging::present) != 0 && (level == CapType::page_table || !is_table(e));
        if (!is_page) continue;
        if ((e & clear) != 0) {
            // In one step: another CPU may set the other bit just now.
            e = __atomic_fetch_and(&entry, ~clear, __ATOMIC_RELAXED);
            stale = true;
        }
        found.accessed[i / 64] |= u64((e & paging::accessed) != 0) << i % 64;
        found.dirty[i / 64] |= u64((e & paging::dirty) != 0) << i % 64;
    }
    if (stale) invalidate_space();
    return found;
}

} // namespace mk
