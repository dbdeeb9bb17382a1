// See mapper.hpp.
#include "mapper.hpp"

#include "protocol/memory.hpp"
#include <utility>

namespace memory_manager {

namespace {

constexpr u32 key_of(u32 page)
{
    return page / chunk_pages;
}

} // namespace

Entry* Mapper::find(Space const& space, u32 page) const
{
    u32 const n = tables_->find(space.number, key_of(page));
    if (n == 0) return nullptr;
    Table& table = (*tables_)[n];
    return &table.entry[table.large ? 0 : page % chunk_pages];
}

Result<Entry*> Mapper::entry(Space& space, u32 page)
{
    u32 n = tables_->find(space.number, key_of(page));
    if (n == 0) n = TRY(make_table(space, key_of(page), false));
    Table& table = (*tables_)[n];
    return &table.entry[table.large ? 0 : page % chunk_pages];
}

Result<u32> Mapper::make_table(Space& space, u32 key, bool large)
{
    u32 const n = TRY(tables_->make(space.number, key));
    Table& table = (*tables_)[n];
    table.large = large;
    auto const hang = [&]() -> Result<void> {
        u64 const address = u64{key} << chunk_bits;
        table.node = TRY(objects_->make(abi::ObjectType::x86_page_table));
        for (int missing = 0;; ++missing) {
            auto const mapped =
                sys::PageTable{objects_->object(table.node)}.map(vspace(space), address);
            if (mapped) return {};
            if (!(mapped.error() == abi::ErrorCode::failed_lookup) || missing == 2)
                return Error::corrupt;
            TRY(add_upper(space, address, mapped.error().word[2]));
        }
    };
    if (!large) {
        auto const hung = space.account.full() ? Error::no_memory : hang();
        if (!hung) {
            if (table.node != 0) objects_->give(table.node);
            tables_->give(n);
            return hung.error();
        }
        ++space.account.tables;
    }
    table.next = space.first_table;
    space.first_table = n;
    return n;
}

Result<void> Mapper::add_upper(Space& space, u64 address, u64 missing_level)
{
    using abi::ObjectType;
    if (space.account.full()) return Error::no_memory;
    if (space.upper_count == Space::max_upper) return Error::corrupt; // there are no more
    bool const pdpt = missing_level == abi::mapping_no_pdpt;
    Node const node =
        TRY(objects_->make(pdpt ? ObjectType::x86_pdpt : ObjectType::x86_page_directory));
    u64 const object = objects_->object(node);
    auto const mapped = pdpt ? sys::Pdpt{object}.map(vspace(space), address)
                             : sys::PageDirectory{object}.map(vspace(space), address);
    if (!mapped) {
        objects_->give(node);
        return Error::corrupt;
    }
    space.upper[space.upper_count++] = node;
    ++space.account.tables;
    return {};
}

Result<void> Mapper::map(Space& space, sys::Frame frame, u32 page, u64 access,
                         abi::VmAttributes type)
{
    auto const rights = access & memory::access_write ? sys::Rights::read_write : sys::Rights::read;
    return done(frame.map(vspace(space), u64{page} << page_bits, rights,
                          {type, (access & memory::access_execute) != 0}));
}

Result<void> Mapper::put_frame(Space& space, u32 page, Entry& entry, FrameId frame, u64 access)
{
    TRY(map(space, frames_->frame(frame), page, access, abi::VmAttributes::write_back));
    entry = Entry{EntryKind::frame, frame};
    entry.mark_fresh();
    ++space.account.resident;
    return {};
}

Result<void> Mapper::put_copy(Space& space, u32 page, Entry& entry, u64 original, u64 access)
{
    AliasId const alias = TRY(aliases_->take());
    u64 const address = aliases_->address(alias);
    auto const put = [&]() -> Result<void> {
        TRY(done(cspace_->slot(address).copy_from(cspace_->slot(original))));
        return map(space, sys::Frame{address}, page, access, abi::VmAttributes::write_back);
    };
    if (auto const made = put(); !made) {
        aliases_->give(alias);
        return made.error();
    }
    entry = Entry{EntryKind::alias, alias};
    return {};
}

Result<void> Mapper::put_device(Space& space, u32 page, u64 capability, u64 access,
                                abi::VmAttributes type, bool large)
{
    Entry* entry = nullptr;
    u32 table = 0;
    if (large) {
        if (tables_->find(space.number, key_of(page)) != 0) return Error::slot_occupied;
        table = TRY(make_table(space, key_of(page), true));
        entry = &(*tables_)[table].entry[0];
    } else {
        entry = TRY(this->entry(space, page));
    }
    AliasId const alias = TRY(aliases_->take());
    sys::Frame const frame{aliases_->address(alias)};
    *entry = Entry{EntryKind::alias, alias};
    auto const put = [&]() -> Result<void> {
        TRY(done(cspace_->slot(frame.address()).move_from(cspace_->slot(capability))));
        return map_large(space, frame, page, access, type);
    };
    auto const made = put();
    if (!made) {
        drop(space, *entry);
        if (large) release(space, table);
    }
    return made;
}

/// Maps a frame for which no page table is to be made.
Result<void> Mapper::map_large(Space& space, sys::Frame frame, u32 page, u64 access,
                               abi::VmAttributes type)
{
    for (int missing = 0;; ++missing) {
        auto const rights =
            access & memory::access_write ? sys::Rights::read_write : sys::Rights::read;
        auto const mapped = frame.map(vspace(space), u64{page} << page_bits, rights, {type, false});
        if (mapped) return {};
        u64 const level = mapped.error().word[2];
        if (!(mapped.error() == abi::ErrorCode::failed_lookup) || missing == 2 ||
            level == abi::mapping_no_page_table)
            return Error::bad_argument; // no frame, or not of this size
        TRY(add_upper(space, u64{page} << page_bits, level));
    }
}

Result<void> Mapper::refresh(Space& space, u32 page, Entry& entry, u64 access)
{
    entry.mark_dirty(); // the mark of the old mapping is gone
    return map(space, frame(entry), page, access, abi::VmAttributes::write_back);
}

Result<void> Mapper::restrict_range(Space& space, u32 first, u32 pages, u64 access)
{
    for (u32 page = first; page < first + pages; ++page) {
        Entry* const entry = find(space, page);
        if (entry && entry->kind() == EntryKind::frame) TRY(refresh(space, page, *entry, access));
    }
    return {};
}

Result<void> Mapper::restore(Space& space, u32 page, Entry& entry, FrameId frame)
{
    entry = Entry{EntryKind::frame, frame};
    entry.mark_fresh();
    return refresh(space, page, entry, space.regions.find(page)->access);
}

bool Mapper::call_back(Space& space, u32 page, Entry& entry)
{
    Transfer& it = (*disk_)[entry.value()];
    if (it.kind != TransferKind::write) return false;
    it.cancelled = true;
    return static_cast<bool>(restore(space, page, entry, it.frame));
}

/// What a page has on the disk, or on its way from or to it.
void Mapper::forget(Space& space, Entry entry)
{
    if (entry.kind() == EntryKind::swapped) {
        disk_->free_place(entry.value());
        --space.account.swapped;
        return;
    }
    Transfer& it = (*disk_)[entry.value()];
    it.cancelled = true; // its place is free when the disk is done with it
    frames_->give(it.frame);
    --space.account.resident;
    if (it.kind == TransferKind::read) --space.account.swapped;
}

void Mapper::drop(Space& space, Entry& entry)
{
    if (entry.kind() == EntryKind::swapped || entry.kind() == EntryKind::moving)
        forget(space, entry);
    if (entry.kind() == EntryKind::alias) aliases_->give(entry.value());
    if (entry.kind() == EntryKind::large) {
        frames_->give_large(entry.value());
        space.account.resident -= chunk_pages;
        --space.account.large;
    }
    if (entry.kind() == EntryKind::frame) {
        sys::Frame const frame = frames_->frame(entry.value());
        if (entry.pinned()) frames_->revoke(entry.value());
        (void)frame.unmap();
        if (disk_->usable()) disk_->free_place(std::exchange(disk_->copy_of(entry.value()), 0));
        frames_->give(entry.value());
        --space.account.resident;
    }
    entry = {};
}

void Mapper::drop_range(Space& space, u32 first, u32 pages)
{
    for (u32 page = first; page < first + pages;) {
        u32 const table_end = (key_of(page) + 1) * chunk_pages;
        u32 const end = table_end < first + pages ? table_end : first + pages;
        u32 const n = tables_->find(space.number, key_of(page));
        for (; page < end; ++page)
            if (n != 0) drop(space, (*tables_)[n].entry[page % chunk_pages]);
        if (n != 0 && (*tables_)[n].large) release(space, n);
    }
}

/// Forgets an empty table that is there for one large mapping.
void Mapper::release(Space& space, u32 table)
{
    u32* link = &space.first_table;
    while (*link != table) link = &(*tables_)[*link].next;
    *link = (*tables_)[table].next;
    tables_->give(table);
}

bool Mapper::drop_some(Space& space, u32 pages)
{
    constexpr u32 cost_of_table = 8;
    while (space.first_table != 0) {
        Table& table = (*tables_)[space.first_table];
        for (; space.dropped < chunk_pages; ++space.dropped) {
            Entry& entry = table.entry[space.dropped];
            if (entry.kind() == EntryKind::none) continue;
            if (pages == 0) return false;
            --pages;
            drop(space, entry);
        }
        space.dropped = 0;
        u32 const next = table.next;
        if (!table.large) {
            objects_->give(table.node);
            --space.account.tables;
        }
        tables_->give(space.first_table);
        space.first_table = next;
        pages -= pages < cost_of_table ? pages : cost_of_table;
        if (pages == 0) return false;
    }
    while (space.upper_count > 0) objects_->give(space.upper[--space.upper_count]);
    objects_->give(space.root);
    space.account.tables = 0;
    return true;
}

} // namespace memory_manager
