// See service.hpp. Here: what makes and ends spaces and their regions. The rest: service_pages.cpp.
#include "service.hpp"

#include "checks.hpp"
#include "program/layout.hpp"

namespace memory_manager {

using namespace memory;
namespace layout = program::layout;

void Service::begin(bool has_capability)
{
    has_capability_ = has_capability;
    answer_capability_ = 0;
}

u64 Service::end()
{
    if (has_capability_) (void)m_.cspace.slot(m_.inbox).remove();
    return answer_capability_;
}

void Service::serve(Client client, rpc::Message& message)
{
    m_.sweep_if_short();
    if (m_.sweeper.pending() && client.badge == manager) return serve_sweeping(client, message);
    rpc::dispatch(Memory{}, *this, client, message);
}

void Service::serve_sweeping(Client client, rpc::Message& message)
{
    rpc::Message const request = message;
    rpc::dispatch(Memory{}, *this, client, message);
    if (message.label != static_cast<u64>(Error::no_memory)) return;
    while (m_.sweeper.step()) {
    }
    message = request;
    rpc::dispatch(Memory{}, *this, client, message);
}

Result<Space*> Service::caller(Client client)
{
    Space* const space = m_.spaces.find(client.badge & ~(monitor_bit | injector_bit | loader_bit));
    if (space == nullptr) return Error::not_found;
    return space;
}

Error Service::refuse(Client client, u64 call, Error why)
{
    if (m_.refusals.note(client.badge & ~(monitor_bit | injector_bit | loader_bit), call, why))
        m_.supervisor.signal();
    return why;
}

Result<Space*> Service::existing(u64 number)
{
    Space* const space = m_.spaces.find(number);
    if (space == nullptr) return Error::not_found;
    return space;
}

Result<void> Service::add(Space& space, Region const& region)
{
    TRY(m_.spaces.add_region(space, region));
    if (!space.resident) return {};
    auto const filled = m_.pager.fill(space, region);
    if (!filled) m_.spaces.remove_region(space, space.regions.at(region.first));
    return filled;
}

Result<Allocate::Reply> Service::on(Allocate, Args<Allocate> const& args, Client client)
{
    Space& space = *TRY(caller(client));
    if (args.bytes == 0) return Error::bad_argument;
    if (args.bytes > layout::heap_end - layout::heap) return Error::no_memory;
    u64 const pages = pages_of(args.bytes);
    if (pages > space.account.quota + (space.resident ? 0 : m_.disk.places()))
        return refused<Allocate>(client, Error::no_memory);
    Region region{0, static_cast<u32>(pages), RegionKind::heap, access_read | access_write, 0, 0,
                  0};
    region.first = TRY(space.regions.gap(page_of(layout::heap), page_of(layout::heap_end),
                                         region.pages, pages < chunk_pages ? 1 : chunk_pages));
    if (auto const added = add(space, region); !added)
        return added.error() == Error::no_memory ? refused<Allocate>(client, Error::no_memory)
                                                 : added.error();
    return Allocate::Reply{u64{region.first} << page_bits};
}

Result<Free::Reply> Service::on(Free, Args<Free> const& args, Client client)
{
    Space& space = *TRY(caller(client));
    if (!is_aligned(args.address, page_bits) || args.address >= layout::heap_end)
        return Error::not_found;
    u32 const n = space.regions.at(page_of(args.address));
    if (n == space.regions.count() || space.regions[n].kind != RegionKind::heap)
        return Error::not_found;
    m_.sweeper.free(space, n);
    return Free::Reply{};
}

Result<CreateSpace::Reply> Service::on(CreateSpace, Args<CreateSpace> const& args, Client client)
{
    if (client.badge != manager) return refused<CreateSpace>(client);
    if (args.quota_pages == 0 || args.resident > 1) return Error::bad_argument;
    Space& space = *TRY(m_.spaces.create(args.quota_pages, args.resident != 0));
    answer_capability_ = m_.mapper.vspace(space).address();
    return CreateSpace::Reply{space.number};
}

Result<DestroySpace::Reply> Service::on(DestroySpace, Args<DestroySpace> const& args, Client client)
{
    Space& space = *TRY(managed<DestroySpace>(client, args.space));
    m_.faults.forget(space.number);
    m_.sweeper.end(space);
    return DestroySpace::Reply{};
}

Result<Sweep::Reply> Service::on(Sweep, Args<Sweep> const&, Client client)
{
    if (client.badge != manager) return refused<Sweep>(client);
    (void)m_.sweeper.step();
    return Sweep::Reply{m_.sweeper.pending()};
}

Result<MapArchive::Reply> Service::on(MapArchive, Args<MapArchive> const& args, Client client)
{
    Space& space = *TRY(managed<MapArchive>(client, args.space));
    Region region = TRY(checked_region(args.address, args.bytes, args.access));
    u64 const archive_bytes = u64{m_.pager.archive_pages()} << page_bits;
    if (!is_aligned(args.offset, page_bits)) return Error::bad_argument;
    if (args.file_bytes > args.bytes || args.offset > archive_bytes ||
        args.file_bytes > archive_bytes - args.offset)
        return Error::out_of_range;
    region.kind = RegionKind::archive;
    region.source = page_of(args.offset);
    region.bytes = static_cast<u32>(args.file_bytes);
    TRY(add(space, region));
    return MapArchive::Reply{};
}

Result<MapAnonymous::Reply> Service::on(MapAnonymous, Args<MapAnonymous> const& args, Client client)
{
    Space& space = *TRY(managed<MapAnonymous>(client, args.space));
    Region region = TRY(checked_region(args.address, args.bytes, args.access));
    region.kind = RegionKind::anonymous;
    TRY(add(space, region));
    return MapAnonymous::Reply{};
}

Result<CreateObject::Reply> Service::on(CreateObject, Args<CreateObject> const& args, Client client)
{
    if (client.badge != manager) return refused<CreateObject>(client);
    if (args.bytes == 0 || args.contiguous > 1) return Error::bad_argument;
    if (args.bytes > max_object_bytes) return Error::no_memory;
    u64 limit = ~u64{0};
    if (args.contiguous && args.address_bits < 64)
        limit = bit(static_cast<unsigned>(args.address_bits));
    u32 const number = TRY(m_.shared.create(static_cast<u32>(pages_of(args.bytes)), limit));
    u64 const physical = m_.shared.physical(m_.shared[number]);
    return CreateObject::Reply{number, args.contiguous ? physical : 0};
}

Result<MapObject::Reply> Service::on(MapObject, Args<MapObject> const& args, Client client)
{
    if (client.badge != manager) return refused<MapObject>(client);
    SharedObject* const object = m_.shared.find(args.object);
    if (object == nullptr) return Error::not_found;
    Region region = TRY(checked_region(args.address, u64{object->pages} << page_bits, args.access));
    if (args.access & access_execute) return Error::bad_argument;
    if (object->large() > 0 && !is_aligned(args.address, chunk_bits)) return Error::bad_argument;
    if (args.space == 0) {
        if (args.address < layout::shared ||
            args.address + (u64{object->pages} << page_bits) > layout::shared_end)
            return Error::out_of_range;
        TRY(map_own(*object, args.address, args.access));
        return MapObject::Reply{};
    }
    region.kind = RegionKind::object;
    region.object = static_cast<u16>(args.object);
    Space& space = *TRY(managed<MapObject>(client, args.space));
    TRY(add(space, region));
    return MapObject::Reply{};
}

/// Into our own space, for ever.
Result<void> Service::map_own(SharedObject& object, u64 address, u64 access)
{
    TRY(m_.add_own(address, u64{object.pages} << page_bits));
    auto const rights = access & access_write ? sys::Rights::read_write : sys::Rights::read;
    ++object.mappings;
    for (u32 n = 0; n < object.pages; n += object.is_large(n) ? chunk_pages : 1) {
        AliasId const alias = TRY(m_.aliases.take());
        u64 const copy = m_.aliases.address(alias);
        TRY(done(m_.cspace.slot(copy).copy_from(m_.cspace.slot(m_.shared.frame(object, n)))));
        TRY(m_.own.map(sys::Frame{copy}, address + n * page_bytes, rights));
    }
    return {};
}

Result<DestroyObject::Reply> Service::on(DestroyObject, Args<DestroyObject> const& args,
                                         Client client)
{
    if (client.badge != manager) return refused<DestroyObject>(client);
    if (args.object >= max_objects) return Error::not_found;
    TRY(m_.shared.destroy(static_cast<u32>(args.object)));
    return DestroyObject::Reply{};
}

} // namespace memory_manager
