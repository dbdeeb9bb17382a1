// See service.hpp. Here: capabilities that come and go, single pages, faults, statistics.
#include "checks.hpp"
#include "service.hpp"

namespace memory_manager {

using namespace memory;

namespace {

/// Of an untyped that is a whole chunk. ObjectMemory's numbers are never multiples of 1024.
constexpr u64 number_of_chunk(u32 chunk)
{
    return (u64{chunk} + 1) << 10;
}

} // namespace

Result<MapFrame::Reply> Service::on(MapFrame, Args<MapFrame> const& args, Client client)
{
    Space& space = *TRY(managed<MapFrame>(client, args.space));
    if (args.size_bits != page_bits && args.size_bits != chunk_bits) return Error::bad_argument;
    bool const large = args.size_bits == chunk_bits;
    Region region =
        TRY(checked_region(args.address, large ? chunk_bytes : page_bytes, args.access));
    if (!is_aligned(args.address, static_cast<unsigned>(args.size_bits)) ||
        args.access & access_execute || args.attributes > 4)
        return Error::bad_argument;
    if (!has_capability_) return Error::invalid_cap;
    TRY(put_frame(space, region, m_.inbox, static_cast<abi::VmAttributes>(args.attributes)));
    return MapFrame::Reply{};
}

Result<void> Service::put_frame(Space& space, Region const& wanted, u64 slot,
                                abi::VmAttributes type)
{
    Region region = wanted;
    region.kind = RegionKind::device;
    bool const large = region.pages == chunk_pages;
    Region const* const there = space.regions.find(region.first);
    // Whoever owns the memory may have taken the frame that was there away.
    bool const again = there && there->kind == RegionKind::device && !large &&
                       there->access == region.access && !m_.mapper.is_large(space, region.first);
    if (again)
        m_.mapper.drop_range(space, region.first, region.pages);
    else
        TRY(m_.spaces.add_region(space, region));
    auto const put = m_.mapper.put_device(space, region.first, slot, region.access, type, large);
    if (!put) {
        if (!again) m_.spaces.remove_region(space, space.regions.at(region.first));
        return put.error();
    }
    if (!again) m_.spaces.join_device(space, region.first);
    return {};
}

Result<MapVictim::Reply> Service::on(MapVictim, Args<MapVictim> const& args, Client client)
{
    if (!(client.badge & injector_bit)) return refused<MapVictim>(client);
    Space& own = *TRY(caller(client));
    Space* const victim = m_.spaces.find(args.space);
    if (victim == nullptr) return Error::not_found;
    if (victim == &own) return Error::bad_argument;
    TRY(checked_region(args.address, page_bytes, access_read));
    Region const window = TRY(checked_region(args.window, page_bytes, access_read | access_write));
    u32 const page = page_of(args.address);
    Region const* const region = victim->regions.find(page);
    if (region == nullptr) return Error::not_found;
    Entry& entry = *TRY(m_.pager.own_page(*victim, page, region->access));
    entry.pin();
    (void)m_.cspace.slot(m_.outbox).remove();
    TRY(done(m_.cspace.slot(m_.outbox).copy_from(m_.cspace.slot(m_.mapper.frame(entry).address()),
                                                 sys::Rights::read_write)));
    TRY(put_frame(own, window, m_.outbox, abi::VmAttributes::write_back));
    return MapVictim::Reply{};
}

Result<TakeUntyped::Reply> Service::on(TakeUntyped, Args<TakeUntyped> const& args, Client client)
{
    if (client.badge != manager) return refused<TakeUntyped>(client);
    if (args.bits == chunk_bits) {
        u32 const chunk = TRY(m_.chunks.take(ChunkKind::lent));
        answer_capability_ = Chunks::untyped(chunk);
        return TakeUntyped::Reply{number_of_chunk(chunk),
                                  u64{m_.chunks[chunk].physical} << chunk_bits};
    }
    if (args.bits < page_bits || args.bits > ObjectMemory::max_bits) return Error::out_of_range;
    Node const node = TRY(m_.objects.take(static_cast<unsigned>(args.bits)));
    m_.objects.lend(node);
    answer_capability_ = m_.objects.untyped(node);
    return TakeUntyped::Reply{node, m_.objects.physical(node)};
}

Result<ReturnUntyped::Reply> Service::on(ReturnUntyped, Args<ReturnUntyped> const& args,
                                         Client client)
{
    if (client.badge != manager) return refused<ReturnUntyped>(client);
    u64 const chunk = args.untyped / number_of_chunk(0) - 1;
    if (chunk < m_.chunks.count() && args.untyped == number_of_chunk(static_cast<u32>(chunk))) {
        if (m_.chunks[static_cast<u32>(chunk)].kind != ChunkKind::lent) return Error::not_found;
        m_.chunks.give(static_cast<u32>(chunk));
        return ReturnUntyped::Reply{};
    }
    if (args.untyped > ~u32{0} || !m_.objects.is_lent(static_cast<Node>(args.untyped)))
        return Error::not_found;
    m_.objects.give(static_cast<Node>(args.untyped));
    return ReturnUntyped::Reply{};
}

Result<Fill::Reply> Service::on(Fill, Args<Fill> const& args, Client client)
{
    Space& space = *TRY(managed<Fill>(client, args.space));
    if (args.bytes == 0 || args.bytes > max_fill) return Error::bad_argument;
    if (args.address < page_bytes || args.address >= program::layout::heap_end - max_fill)
        return Error::out_of_range;
    for (u64 at = 0; at < args.bytes;) {
        u64 const address = args.address + at, offset = address % page_bytes;
        u64 const room = page_bytes - offset;
        u64 const bytes = args.bytes - at < room ? args.bytes - at : room;
        u32 const number = page_of(address);
        if (space.regions.find(number) == nullptr)
            TRY(m_.spaces.add_region(space,
                                     {number, 1, RegionKind::anonymous, access_read, 0, 0, 0}));
        Entry& entry = *TRY(m_.pager.own_page(space, number, access_read));
        entry.pin(); // there may be more to come, and the manager does not wait for the disk
        u8* const page = TRY(m_.own.open_copy(m_.mapper.frame(entry), sys::Rights::read_write));
        __builtin_memcpy(page + offset, args.data + at, bytes);
        m_.own.close_copy();
        at += bytes;
    }
    return Fill::Reply{};
}

Result<Peek::Reply> Service::on(Peek, Args<Peek> const& args, Client client)
{
    Space& space = *TRY(managed<Peek>(client, args.space));
    if (args.bytes == 0 || args.bytes > max_peek) return Error::bad_argument;
    if (args.address >= program::layout::heap_end) return Error::out_of_range;
    u32 const page = page_of(args.address);
    u64 const offset = args.address % page_bytes, room = page_bytes - offset;
    Region const* const region = space.regions.find(page);
    Entry const* const entry = m_.mapper.find(space, page);
    Peek::Reply reply{};
    if (entry && (entry->kind() == EntryKind::swapped || entry->kind() == EntryKind::moving))
        return Error::busy;
    bool const large = entry && m_.mapper.is_large(space, page);
    if (region == nullptr || region->kind == RegionKind::device || entry == nullptr ||
        !(large || entry->present()))
        return reply;
    reply.bytes = args.bytes < room ? args.bytes : room;
    u8 const* const bytes = large
                                ? TRY(m_.own.open_copy(m_.mapper.frame(*entry), sys::Rights::read,
                                                       place::large_window)) +
                                      page % chunk_pages * page_bytes
                                : TRY(m_.own.open_copy(m_.mapper.frame(*entry), sys::Rights::read));
    __builtin_memcpy(reply.data, bytes + offset, reply.bytes);
    m_.own.close_copy();
    return reply;
}

Result<TakeFrame::Reply> Service::on(TakeFrame, Args<TakeFrame> const& args, Client client)
{
    Space& space = *TRY(managed<TakeFrame>(client, args.space));
    TRY(checked_region(args.address, page_bytes, args.access));
    u32 const page = page_of(args.address);
    Region const* const region = space.regions.find(page);
    if (region == nullptr) return Error::not_found;
    if (region->kind == RegionKind::device) return Error::bad_argument;
    bool const shared = region->kind == RegionKind::object || region->kind == RegionKind::archive;
    // Who writes gets a frame of the space's own, also where the program itself may only read.
    if (region->kind == RegionKind::object || (shared && !(args.access & access_write)))
        TRY(m_.pager.touch(space, page, {false, false}));
    else
        TRY(m_.pager.own_page(space, page, region->access));
    Entry& entry = *m_.mapper.find(space, page);
    auto const rights = args.access & access_write ? sys::Rights::read_write : sys::Rights::read;
    (void)m_.cspace.slot(m_.outbox).remove();
    TRY(done(m_.cspace.slot(m_.outbox).copy_from(m_.cspace.slot(m_.mapper.frame(entry).address()),
                                                 rights)));
    entry.pin();
    answer_capability_ = m_.outbox;
    return TakeFrame::Reply{m_.mapper.is_large(space, page) ? chunk_bits : page_bits};
}

Result<NextFault::Reply> Service::on(NextFault, Args<NextFault> const&, Client client)
{
    if (client.badge != manager) return refused<NextFault>(client);
    NextFault::Reply reply{};
    FaultRecord* const fault = m_.faults.oldest(FaultState::told_not);
    if (fault == nullptr) return reply;
    fault->state = FaultState::told;
    reply.space = fault->space;
    reply.label = fault->label;
    reply.words = fault->words;
    for (u64 i = 0; i < fault->words; ++i) reply.word[i] = fault->word[i];
    return reply;
}

Result<NextRefusal::Reply> Service::on(NextRefusal, Args<NextRefusal> const&, Client client)
{
    if (client.badge != manager) return refused<NextRefusal>(client);
    return m_.refusals.take();
}

Result<ResumeFault::Reply> Service::on(ResumeFault, Args<ResumeFault> const& args, Client client)
{
    Space const& space = *TRY(managed<ResumeFault>(client, args.space));
    FaultRecord* const fault = m_.faults.oldest(FaultState::told, space.number);
    if (fault == nullptr) return Error::not_found;
    sys::Reply{m_.faults.reply_of(*fault)}.send({});
    m_.faults.forget(*fault);
    return ResumeFault::Reply{};
}

Result<AttachSwap::Reply> Service::on(AttachSwap, Args<AttachSwap> const& args, Client client)
{
    if (client.badge != manager) return refused<AttachSwap>(client);
    if (!is_aligned(args.rings | args.pool | args.pool_bytes, page_bits))
        return Error::bad_argument;
    if (!m_.has_own(args.rings, align_up(sizeof(block::Shared), page_bits)) ||
        !m_.has_own(args.pool, args.pool_bytes))
        return Error::out_of_range;
    if (!has_capability_) return Error::invalid_cap;
    if (m_.disk.attached()) return Error::busy;
    u64 const signal = m_.aliases.address(TRY(m_.aliases.take()));
    TRY(done(m_.cspace.slot(signal).move_from(m_.cspace.slot(m_.inbox))));
    TRY(m_.disk.attach(reinterpret_cast<block::Shared*>(args.rings),
                       reinterpret_cast<u8*>(args.pool), args.pool_bytes,
                       sys::Notification{signal}));
    return AttachSwap::Reply{};
}

Result<Statistics::Reply> Service::on(Statistics, Args<Statistics> const&, Client client)
{
    Account const& it = TRY(caller(client))->account;
    return Statistics::Reply{it.quota,      it.resident, it.tables,    it.swapped,  it.faults,
                             it.zero_fills, it.copies,   it.evictions, it.swap_ins, it.large};
}

Result<SpaceStatistics::Reply> Service::on(SpaceStatistics, Args<SpaceStatistics> const& args,
                                           Client client)
{
    if (client.badge != manager && !(client.badge & monitor_bit))
        return refused<SpaceStatistics>(client);
    Space const* const space = m_.spaces.find(args.space);
    if (space == nullptr) return Error::not_found;
    Account const& it = space->account;
    return SpaceStatistics::Reply{it.quota,      it.resident, it.tables,    it.swapped,  it.faults,
                                  it.zero_fills, it.copies,   it.evictions, it.swap_ins, it.large};
}

Result<MachineStatistics::Reply> Service::on(MachineStatistics, Args<MachineStatistics> const&,
                                             Client client)
{
    if (client.badge != manager && !(client.badge & monitor_bit))
        return refused<MachineStatistics>(client);
    // The chunk that everything began with is in no list.
    return MachineStatistics::Reply{
        u64{m_.chunks.count() + 1} * chunk_pages,
        m_.frames.free_pages() + m_.objects.free_pages() + m_.sweeper.held(),
        m_.objects.used_pages() + u64{m_.chunks.lent_count()} * chunk_pages,
        m_.shared.pages(),
        m_.disk.places(),
        m_.disk.places_used()};
}

} // namespace memory_manager
