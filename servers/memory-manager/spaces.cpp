// See spaces.hpp.
#include "spaces.hpp"

namespace memory_manager {

namespace {

/// Bytes of our address space for the regions of one space.
constexpr u64 regions_stride = (max_regions * sizeof(Region) + page_bytes - 1) & ~(page_bytes - 1);

} // namespace

Result<Space*> Spaces::create(u64 quota, bool resident)
{
    u32 number = last_;
    for (u32 tries = 1; number = number % (max_spaces - 1) + 1, space_[number].used; ++tries)
        if (tries == max_spaces - 1) return Error::no_memory;
    Space& space = space_[number];
    Node const root = TRY(objects_->make(abi::ObjectType::x64_pml4));
    if (!asids_.assign(sys::VSpace{objects_->object(root)})) {
        objects_->give(root);
        return Error::no_memory;
    }
    u32 const region_bytes = space.region_bytes; // stays with the number
    space = {};
    space.used = true;
    space.resident = resident;
    space.number = number;
    space.root = root;
    space.region_bytes = region_bytes;
    space.regions = Regions{reinterpret_cast<Region*>(place::regions + number * regions_stride)};
    space.account.quota = quota;
    space.account.tables = 1;
    last_ = number;
    return &space;
}

void Spaces::detach(Space& space)
{
    for (u32 n = 0; n < space.regions.count(); ++n)
        if (space.regions[n].kind == RegionKind::object)
            --(*shared_)[space.regions[n].object].mappings;
    space.ending = true;
}

void Spaces::destroy_some(Space& space, u32 pages)
{
    if (!mapper_->drop_some(space, pages)) return;
    space.used = space.ending = false;
    space.freed = 0;
}

Result<void> Spaces::add_region(Space& space, Region const& region)
{
    if (space.regions.count() == max_regions) return Error::no_memory;
    if ((space.regions.count() + 1) * sizeof(Region) > space.region_bytes) {
        TRY(own_->back(place::regions + space.number * regions_stride + space.region_bytes,
                       page_bytes));
        space.region_bytes += page_bytes;
    }
    TRY(space.regions.insert(region));
    if (region.kind == RegionKind::object) ++(*shared_)[region.object].mappings;
    return {};
}

void Spaces::join_device(Space& space, u32 first)
{
    u32 const n = space.regions.at(first);
    if (n == 0) return;
    Region& before = space.regions[n - 1];
    Region const& it = space.regions[n];
    if (before.kind != it.kind || before.access != it.access || before.end() != it.first) return;
    before.pages += it.pages;
    space.regions.remove(n);
}

void Spaces::remove_region(Space& space, u32 n)
{
    Region const region = space.regions[n];
    mapper_->drop_range(space, region.first, region.pages);
    if (region.kind == RegionKind::object) --(*shared_)[region.object].mappings;
    space.regions.remove(n);
}

} // namespace memory_manager
