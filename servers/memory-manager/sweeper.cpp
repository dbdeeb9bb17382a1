// See sweeper.hpp.
#include "sweeper.hpp"

namespace memory_manager {

void Sweeper::end(Space& space)
{
    if (!has_work(space)) ++pending_;
    spaces_->detach(space);
    sweep(space, 0);
}

void Sweeper::free(Space& space, u32 n)
{
    if (!has_work(space)) ++pending_;
    space.regions[n].kind = RegionKind::freed;
    space.regions[n].access = 0;
    ++space.freed;
    sweep(space, n);
}

bool Sweeper::step()
{
    if (pending_ == 0) return false;
    do {
        at_ = (at_ + 1) % max_spaces;
    } while (!has_work((*spaces_)[at_]));
    Space& space = (*spaces_)[at_];
    sweep(space, space.ending ? 0 : first_freed(space));
    return true;
}

bool Sweeper::step(Space& space)
{
    if (space.freed == 0) return false;
    sweep(space, first_freed(space));
    return true;
}

u64 Sweeper::held()
{
    u64 pages = 0;
    for (u32 n = 0; n < max_spaces; ++n)
        if (Space const& it = (*spaces_)[n]; it.ending)
            pages += it.account.resident + it.account.tables;
    return pages;
}

/// A step for a space that has work; region: one that was freed, of a space that lives.
void Sweeper::sweep(Space& space, u32 region)
{
    if (space.ending)
        spaces_->destroy_some(space, step_pages);
    else
        sweep_region(space, region);
    if (!has_work(space)) --pending_;
}

/// From its end downwards, so that the region is what is still there.
void Sweeper::sweep_region(Space& space, u32 n)
{
    constexpr u32 cost_of_absent = 8; // of a table with nothing in it
    Region& it = space.regions[n];
    for (u32 left = step_pages; it.pages != 0 && left != 0;) {
        u32 const last = it.end() - 1, table = last / chunk_pages * chunk_pages;
        u32 first = table > it.first ? table : it.first;
        bool const small = mapper_->find(space, last) != nullptr && !mapper_->is_large(space, last);
        if (small && last - first >= left) first = last + 1 - left;
        u32 const pages = it.end() - first, cost = small ? pages : cost_of_absent;
        mapper_->drop_range(space, first, pages);
        it.pages -= pages;
        left -= cost < left ? cost : left;
    }
    if (it.pages != 0) return;
    space.regions.remove(n);
    --space.freed;
}

u32 Sweeper::first_freed(Space& space)
{
    u32 n = 0;
    while (space.regions[n].kind != RegionKind::freed) ++n;
    return n;
}

} // namespace memory_manager
