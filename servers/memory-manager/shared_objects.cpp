// See shared_objects.hpp.
#include "shared_objects.hpp"

namespace memory_manager {

Result<u32> SharedObjects::create(u32 pages, u64 limit)
{
    u32 number = 1;
    while (number < max_objects && object_[number].pages != 0) ++number;
    if (number == max_objects) return Error::no_memory;
    SharedObject it{0, pages, 0};
    if (it.large() > 0)
        it.first = TRY(frames_->take_large_run(it.large(), it.rest(), limit)) * chunk_pages;
    else
        it.first = TRY(frames_->take_run(pages, limit));
    object_[number] = it;
    pages_ += pages;
    return number;
}

Result<void> SharedObjects::destroy(u32 number)
{
    SharedObject* const it = find(number);
    if (it == nullptr) return Error::not_found;
    if (it->mappings != 0) return Error::slot_occupied;
    if (it->large() > 0)
        frames_->give_large_run(it->first / chunk_pages, it->large(), it->rest());
    else
        frames_->give_run(it->first, it->pages);
    pages_ -= it->pages;
    *it = {};
    return {};
}

} // namespace memory_manager
