// See mapper.hpp. Here: pages of 2 MiB, and how they become small ones.
#include "mapper.hpp"

namespace memory_manager {

namespace {

bool is_zero(u8 const* page)
{
    auto const* const word = reinterpret_cast<u64 const*>(page);
    u64 any = 0;
    for (u64 n = 0; n < page_bytes / sizeof(u64) && any == 0; ++n) any |= word[n];
    return any == 0;
}

} // namespace

Result<void> Mapper::put_large(Space& space, u32 page, u64 access)
{
    Account& account = space.account;
    constexpr u64 paging_structures = 2;
    if (account.resident + account.tables + chunk_pages + paging_structures > account.quota)
        return Error::no_memory;
    u32 const chunk = TRY(frames_->take_large());
    auto const table = make_table(space, page / chunk_pages, true);
    auto const mapped =
        table ? map_large(space, frames_->large(chunk), page, access, abi::VmAttributes::write_back)
              : Result<void>{table.error()};
    if (!mapped) {
        if (table) release(space, *table);
        frames_->give_large(chunk);
        return mapped.error();
    }
    (*tables_)[*table].entry[0] = Entry{EntryKind::large, chunk};
    account.resident += chunk_pages;
    ++account.large;
    return {};
}

Result<void> Mapper::put_large_copy(Space& space, u32 page, u64 original, u64 access)
{
    u32 const key = page / chunk_pages;
    if (tables_->find(space.number, key) != 0) return Error::slot_occupied;
    AliasId const alias = TRY(aliases_->take());
    auto const table = make_table(space, key, true);
    auto const put = [&]() -> Result<void> {
        TRY(table);
        sys::Frame const copy{aliases_->address(alias)};
        TRY(done(cspace_->slot(copy.address()).copy_from(cspace_->slot(original))));
        return map_large(space, copy, page, access, abi::VmAttributes::write_back);
    };
    auto const made = put();
    if (made) {
        (*tables_)[*table].entry[0] = Entry{EntryKind::alias, alias};
        return {};
    }
    if (table) release(space, *table);
    aliases_->give(alias);
    return made;
}

Result<u32> Mapper::cut(Space& space, u32 page)
{
    u64 const address = u64{page / chunk_pages} << chunk_bits;
    Table& table = (*tables_)[tables_->find(space.number, page / chunk_pages)];
    u32 const chunk = table.entry[0].value();
    Node const node = TRY(objects_->make(abi::ObjectType::x86_page_table));
    auto const first = frames_->take_run(chunk_pages, ~u64{0});
    sys::Frame const large = frames_->large(chunk);
    if (first) (void)large.unmap(); // a capability is mapped in one place
    auto const from = first ? own_->open_large(large) : Result<u8*>{first.error()};
    if (!from) {
        objects_->give(node);
        if (first) frames_->give_run(*first, chunk_pages);
        if (first)
            TRY(map_large(space, large, page / chunk_pages * chunk_pages,
                          space.regions.find(page)->access, abi::VmAttributes::write_back));
        return from.error();
    }
    TRY(done(sys::PageTable{objects_->object(node)}.map(vspace(space), address)));
    table.large = 0;
    table.node = node;
    table.entry[0] = {};
    u32 zero = 0;
    for (u32 n = 0; n < chunk_pages; ++n) {
        FrameId const frame = *first + n;
        u8 const* const contents = *from + n * page_bytes;
        if (is_zero(contents)) {
            frames_->give(frame);
            ++zero;
            continue;
        }
        copy_page(TRY(own_->open(frames_->frame(frame))), contents, page_bytes);
        own_->close(frames_->frame(frame));
        table.entry[n] = Entry{EntryKind::frame, frame};
        table.entry[n].mark_dirty();
    }
    own_->close(large);
    frames_->give_large(chunk);
    --space.account.large;
    ++space.account.tables;
    space.account.resident -= zero;
    return zero;
}

} // namespace memory_manager
