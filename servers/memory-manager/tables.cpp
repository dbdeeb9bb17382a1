// See tables.hpp.
#include "tables.hpp"

namespace memory_manager {

Result<u32> Tables::make(u32 space, u32 key)
{
    u32 n = free_;
    if (n != 0) {
        free_ = (*this)[n].next;
    } else {
        if (made_ + 1 == max_tables) return Error::no_memory;
        while (backed_bytes_ < u64{made_ + 2} * sizeof(Table)) {
            TRY(own_->back(place::tables + backed_bytes_, page_bytes));
            backed_bytes_ += page_bytes;
        }
        n = ++made_;
    }
    u32& first = bucket_[hash(space, key)];
    Table& it = (*this)[n];
    it = {};
    it.hash_next = first;
    it.key = key;
    it.space = static_cast<u16>(space);
    first = n;
    return n;
}

void Tables::give(u32 n)
{
    Table& it = (*this)[n];
    u32* link = &bucket_[hash(it.space, it.key)];
    while (*link != n) link = &(*this)[*link].hash_next;
    *link = it.hash_next;
    it.next = free_;
    it.node = 0;
    it.space = 0;
    free_ = n;
}

} // namespace memory_manager
