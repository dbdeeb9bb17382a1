// See shared_objects.hpp.
#include "shared_objects.hpp"

namespace memory_manager {

Result<u32> SharedObjects::create(u32 pages, u64 limit)
{
    u32 number = 1;
    while (number < max_objects && object_[number].pages != 0) ++number;
    if (number == max_objects) return Error::no_memory;
    object_[number] = {TRY(frames_->take_run(pages, limit)), pages, 0};
    pages_ += pages;
    return number;
}

Result<void> SharedObjects::destroy(u32 number)
{
    SharedObject* const it = find(number);
    if (it == nullptr) return Error::not_found;
    if (it->mappings != 0) return Error::slot_occupied;
    frames_->give_run(it->first, it->pages);
    pages_ -= it->pages;
    *it = {};
    return {};
}

} // namespace memory_manager
