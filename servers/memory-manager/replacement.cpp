// See replacement.hpp.
#include "replacement.hpp"

namespace memory_manager {

/// The next page in the hand's table that nobody used for a round; moves the hand behind it.
bool Replacement::next_idle(Table& table, Victim& victim)
{
    sys::PageTable const pages{objects_->object(table.node)};
    if (entry_ == 0) {
        auto const seen = pages.harvest(0, chunk_pages, abi::harvest_clear_accessed);
        if (!seen) return false;
        for (u32 i = 0; i < 8; ++i) idle_[i] = ~(*seen).accessed[i];
    }
    while (entry_ < chunk_pages) {
        u32 const n = entry_++;
        Entry& entry = table.entry[n];
        bool const idle = idle_[n / 64] >> n % 64 & 1 && !entry.fresh();
        if (entry.kind() != EntryKind::frame) continue;
        entry.age();
        if (entry.pinned() || !idle) continue;
        // What the hand saw may be old; whether the page was written must be true right now.
        auto const now = pages.harvest(n, 1, abi::harvest_clear_accessed);
        if (!now || (*now).accessed[0] != 0) continue;
        victim = {table_, n, entry.dirty() || (*now).dirty[0] != 0};
        return true;
    }
    return false;
}

Replacement::Found Replacement::find(u32 wanted, Victim& victim)
{
    // Two rounds take all marks away, so the third finds a page if there is any.
    for (u64 steps = 3 * u64{tables_->made()} + 1; steps > 0; --steps) {
        Table& table = (*tables_)[table_];
        Space* const space = table_ <= tables_->made() ? spaces_->find(table.space) : nullptr;
        bool const looked_at = space && !space->resident && (wanted == 0 || wanted == table.space);
        if (looked_at && table.entry[0].kind() == EntryKind::large) {
            auto const zero = mapper_->cut(*space, table.key * chunk_pages);
            if (zero) space->account.evictions += *zero;
            if (zero && *zero != 0) return Found::room;
        }
        if (looked_at && !table.large && table.node != 0 && disk_->ready() &&
            next_idle(table, victim))
            return Found::page;
        table_ = table_ < tables_->made() ? table_ + 1 : 1;
        entry_ = 0;
    }
    return Found::nothing;
}

Replacement::Room Replacement::make_room(u32 wanted)
{
    Victim victim{};
    switch (find(wanted, victim)) {
    case Found::room:
        return Room::made;
    case Found::nothing:
        return disk_->ready() && disk_->writing() ? Room::on_its_way : Room::none;
    case Found::page:
        break;
    }
    Table& table = (*tables_)[victim.table];
    return evict((*spaces_)[table.space], table.key * chunk_pages + victim.entry,
                 table.entry[victim.entry], victim.dirty);
}

void Replacement::balance()
{
    if (!disk_->ready() || frames_->available() >= wanted_free) return;
    constexpr int most_at_a_time = 16;
    for (int n = 0; n < most_at_a_time; ++n) {
        u32 const writing = disk_->writing();
        if (frames_->available() + writing >= wanted_free) return;
        if (make_room(0) == Room::none || disk_->writing() == writing) return;
    }
}

Replacement::Room Replacement::evict(Space& space, u32 page, Entry& entry, bool dirty)
{
    FrameId const frame = entry.value();
    u32 const copy = disk_->copy_of(frame);
    if (!dirty) {
        mapper_->take_out(frame);
        entry = copy ? Entry{EntryKind::swapped, copy} : Entry{};
        disk_->copy_of(frame) = 0;
        frames_->give(frame);
        --space.account.resident;
        space.account.swapped += copy != 0;
        ++space.account.evictions;
        return Room::made;
    }
    Transfer* const it = disk_->start(TransferKind::write);
    if (it == nullptr) return Room::on_its_way; // as many as there can be
    auto const place = copy ? Result<u32>{copy} : disk_->take_place();
    mapper_->take_out(frame);
    auto const from = place ? own_->open(frames_->frame(frame)) : Result<u8*>{Error::no_memory};
    if (!from) { // the disk is full: the page stays
        disk_->finish(*it);
        (void)mapper_->restore(space, page, entry, frame);
        return Room::none;
    }
    copy_page(disk_->buffer(*it), *from, page_bytes);
    own_->close(frames_->frame(frame));
    disk_->copy_of(frame) = 0;
    it->space = space.number;
    it->page = page;
    it->frame = frame;
    it->place = *place;
    entry = Entry{EntryKind::moving, disk_->number(*it)};
    disk_->send(*it);
    return Room::on_its_way;
}

/// A page is on the disk, or it could not be brought there.
void Replacement::written(Transfer const& it, block::Status status)
{
    if (it.cancelled) return disk_->free_place(it.place);
    Space& space = (*spaces_)[it.space];
    Entry& entry = mapper_->at(space, it.page);
    if (status != block::Status::ok) { // nor is it tried there again: the place stays taken
        (void)mapper_->restore(space, it.page, entry, it.frame);
        return;
    }
    entry = Entry{EntryKind::swapped, it.place};
    frames_->give(it.frame);
    --space.account.resident;
    ++space.account.swapped;
    ++space.account.evictions;
}

Error Replacement::fetch(Space& space, u32 page, Entry& entry)
{
    if (!disk_->ready()) return Error::not_supported;
    if (space.account.full()) return Error::no_memory;
    auto const frame = frames_->take(Purpose::swap_in);
    if (!frame) return Error::no_memory;
    Transfer* const it = disk_->start(TransferKind::read);
    if (it == nullptr) {
        frames_->give(*frame);
        return Error::busy; // a transfer ends sooner or later, and then this is tried again
    }
    it->space = space.number;
    it->page = page;
    it->frame = *frame;
    it->place = entry.value();
    entry = Entry{EntryKind::moving, disk_->number(*it)};
    ++space.account.resident; // the frame is its already
    disk_->send(*it);
    return Error::busy;
}

/// A page came from the disk. False: it could not be read.
bool Replacement::read(Transfer const& it, block::Status status)
{
    if (it.cancelled) {
        disk_->free_place(it.place);
        return true;
    }
    Space& space = (*spaces_)[it.space];
    Entry& entry = mapper_->at(space, it.page);
    --space.account.resident;
    auto const to = status == block::Status::ok ? own_->open(frames_->frame(it.frame))
                                                : Result<u8*>{Error::corrupt};
    if (!to) {
        frames_->give(it.frame);
        entry = Entry{EntryKind::swapped, it.place};
        return false;
    }
    copy_page(*to, disk_->buffer(it), page_bytes);
    own_->close(frames_->frame(it.frame));
    Region const& region = *space.regions.find(it.page);
    if (!mapper_->put_frame(space, it.page, entry, it.frame, region.access)) return false;
    disk_->copy_of(it.frame) = it.place;
    --space.account.swapped;
    ++space.account.swap_ins;
    return true;
}

} // namespace memory_manager
