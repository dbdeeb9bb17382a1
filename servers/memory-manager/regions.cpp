// See regions.hpp.
#include "regions.hpp"

namespace memory_manager {

u32 Regions::behind(u32 page) const
{
    u32 low = 0, high = count_;
    while (low < high) {
        u32 const middle = (low + high) / 2;
        if (table_[middle].end() <= page)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Region* Regions::find(u32 page)
{
    u32 const n = behind(page);
    return n < count_ && table_[n].first <= page ? &table_[n] : nullptr;
}

Result<void> Regions::insert(Region const& region)
{
    u32 const n = behind(region.first);
    if (n < count_ && table_[n].first < region.end()) return Error::slot_occupied;
    for (u32 i = count_; i > n; --i) table_[i] = table_[i - 1];
    table_[n] = region;
    ++count_;
    return {};
}

void Regions::remove(u32 n)
{
    --count_;
    for (; n < count_; ++n) table_[n] = table_[n + 1];
}

u32 Regions::at(u32 page) const
{
    u32 const n = behind(page);
    return n < count_ && table_[n].first == page ? n : count_;
}

Result<u32> Regions::gap(u32 from, u32 to, u32 pages, u32 align) const
{
    u32 n = behind(from);
    for (u32 page = from;; ++n) {
        page = (page + align - 1) / align * align;
        if (page >= to || pages > to - page) return Error::no_memory;
        if (n == count_ || page + pages < table_[n].first) return page;
        if (page <= table_[n].end()) page = table_[n].end() + 1;
    }
}

} // namespace memory_manager
