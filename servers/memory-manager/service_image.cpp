// See service.hpp. Here: a program that lays out a part of its own image (the loader of uploaded
// programs, servers/guest).
#include "checks.hpp"
#include "program/layout.hpp"
#include "service.hpp"

namespace memory_manager {

using namespace memory;
namespace layout = program::layout;

Result<MapImage::Reply> Service::on(MapImage, Args<MapImage> const& args, Client client)
{
    Space& space = *TRY(loader<MapImage>(client));
    Region region = TRY(checked_region(args.address, args.bytes, access_read | access_write));
    if (args.address < layout::image_start || args.address >= layout::image_end ||
        args.bytes > layout::image_end - args.address)
        return Error::out_of_range;
    if (region.pages > space.account.quota) return Error::no_memory;
    region.kind = RegionKind::unsealed;
    TRY(add(space, region));
    return MapImage::Reply{};
}

Result<Seal::Reply> Service::on(Seal, Args<Seal> const& args, Client client)
{
    Space& space = *TRY(loader<Seal>(client));
    if (args.access != access_read && args.access != (access_read | access_execute))
        return Error::bad_argument;
    if (!is_aligned(args.address, page_bits) || args.address >= layout::image_end)
        return Error::not_found;
    u32 const n = space.regions.at(page_of(args.address));
    if (n == space.regions.count() || space.regions[n].kind != RegionKind::unsealed)
        return Error::not_found;
    Region& region = space.regions[n];
    // First what pages that come later get, then what is there.
    region.kind = RegionKind::anonymous;
    region.access = static_cast<u8>(args.access);
    TRY(m_.mapper.restrict_range(space, region.first, region.pages, args.access));
    return Seal::Reply{};
}

} // namespace memory_manager
