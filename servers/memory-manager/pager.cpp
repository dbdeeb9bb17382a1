// See pager.hpp.
#include "pager.hpp"

#include "protocol/memory.hpp"

namespace memory_manager {

namespace {

u64 archive_frame(u32 page)
{
    return CSpace::address(CSpace::archive_entry, page);
}

} // namespace

Result<void> Pager::touch(Space& space, u32 page, Access access)
{
    Region const* const region = space.regions.find(page);
    if (region == nullptr) return Error::not_found;
    if (access.write && !(region->access & memory::access_write)) return Error::not_found;
    if (access.execute && !(region->access & memory::access_execute)) return Error::not_found;
    if (region->access == 0) return Error::not_found;
    return populate(space, *region, page, access.write);
}

Result<void> Pager::fill(Space& space, Region const& region)
{
    bool const write = region.access & memory::access_write;
    for (u32 page = region.first; page < region.end(); ++page)
        TRY(populate(space, region, page, write));
    return {};
}

Result<void> Pager::populate(Space& space, Region const& region, u32 page, bool write)
{
    Entry* found = mapper_->find(space, page);
    if (region.kind == RegionKind::object)
        return found && found->present() ? Result<void>{} : put_object(space, region, page);
    if (found == nullptr) {
        if (put_large(space, region, page)) return {};
        found = TRY(mapper_->entry(space, page));
    }
    Entry& entry = *found;
    u32 const k = page - region.first;
    bool const copied = region.kind == RegionKind::archive && write;
    if (entry.kind() == EntryKind::swapped) return replacement_->fetch(space, page, entry);
    if (entry.kind() == EntryKind::moving)
        return mapper_->call_back(space, page, entry) ? Result<void>{} : Error::busy;
    if (entry.kind() == EntryKind::frame)
        return mapper_->refresh(space, page, entry, region.access);
    if (entry.kind() == EntryKind::large) return {};
    if (entry.kind() == EntryKind::alias) {
        // Whoever the frame belongs to took it back: that mapping does not come again.
        if (region.kind == RegionKind::device) return Error::not_found;
        if (!copied) return {};
        mapper_->drop(space, entry);
    }
    if (region.kind == RegionKind::archive && in_place(region, k, write)) {
        u64 const access = region.access & ~memory::access_write;
        return mapper_->put_copy(space, page, entry, archive_frame(region.source + k), access);
    }
    return put_new(space, region, page, entry, region.access, Purpose::ordinary);
}

/// A page of a shared object, or the 2 MiB that it lies in.
Result<void> Pager::put_object(Space& space, Region const& region, u32 page)
{
    SharedObject const& it = (*objects_)[region.object];
    u32 const k = page - region.first;
    u64 const frame = objects_->frame(it, k);
    if (it.is_large(k))
        return mapper_->put_large_copy(space, page / chunk_pages * chunk_pages, frame,
                                       region.access);
    Entry& entry = *TRY(mapper_->entry(space, page));
    return mapper_->put_copy(space, page, entry, frame, region.access);
}

/// Makes 2 MiB around the page present at once, if they are all the region's, and zero.
bool Pager::put_large(Space& space, Region const& region, u32 page)
{
    u32 const first = page / chunk_pages * chunk_pages;
    bool const zero = region.kind == RegionKind::anonymous || region.kind == RegionKind::heap;
    if (!zero || first < region.first || first + chunk_pages > region.end()) return false;
    if ((region.access & memory::access_execute) ||
        !mapper_->put_large(space, first, region.access))
        return false;
    ++space.account.zero_fills;
    return true;
}

/// A frame of its own with what the region says is in the page.
Result<void> Pager::put_new(Space& space, Region const& region, u32 page, Entry& entry, u64 access,
                            Purpose purpose)
{
    if (space.account.full()) return Error::no_memory;
    FrameId const frame = TRY(frames_->take(space.resident ? Purpose::vital : purpose));
    u32 const k = page - region.first;
    bool const copied = region.kind == RegionKind::archive && u64{k} * page_bytes < region.bytes;
    ++(copied ? space.account.copies : space.account.zero_fills);
    auto const put = [&]() -> Result<void> {
        if (copied) TRY(copy_archive(region, k, frame));
        TRY(mapper_->put_frame(space, page, entry, frame, access));
        if (copied) entry.mark_dirty();
        return {};
    };
    auto const made = put();
    if (!made) frames_->give(frame);
    return made;
}

/// Whether the archive's own frame will do: nothing of the page is to be zero but what the rest of
/// an unwritten part's last page is, and nobody writes.
bool Pager::in_place(Region const& region, u32 k, bool write) const
{
    u64 const offset = u64{k} * page_bytes;
    if (write || offset >= region.bytes) return false;
    bool const whole = offset + page_bytes <= region.bytes;
    bool const ends_the_region = k + 1 == region.pages && !(region.access & memory::access_write);
    return whole || ends_the_region;
}

Result<void> Pager::copy_archive(Region const& region, u32 k, FrameId frame)
{
    u32 const page = region.source + k;
    u64 const at = place::archive + u64{page} * page_bytes;
    TRY(own_->map(sys::Frame{archive_frame(page)}, at, sys::Rights::read));
    u64 const left = region.bytes - u64{k} * page_bytes;
    u8* const to = TRY(own_->open(frames_->frame(frame)));
    copy_page(to, reinterpret_cast<u8 const*>(at), left < page_bytes ? left : page_bytes);
    own_->close(frames_->frame(frame));
    return {};
}

Result<Entry*> Pager::own_page(Space& space, u32 page, u64 access)
{
    Region const* const region = space.regions.find(page);
    if (region == nullptr) return Error::not_found;
    if (region->kind == RegionKind::object || region->kind == RegionKind::device)
        return Error::bad_argument;
    Entry* found = TRY(mapper_->entry(space, page));
    if (found->kind() == EntryKind::large) {
        TRY(mapper_->cut(space, page));
        found = TRY(mapper_->entry(space, page));
    }
    Entry& entry = *found;
    if (entry.kind() == EntryKind::swapped) return replacement_->fetch(space, page, entry);
    if (entry.kind() == EntryKind::moving && !mapper_->call_back(space, page, entry))
        return Error::busy;
    if (entry.kind() == EntryKind::frame) {
        TRY(mapper_->refresh(space, page, entry, access));
        return &entry;
    }
    mapper_->drop(space, entry);
    TRY(put_new(space, *region, page, entry, access, Purpose::vital)); // the manager cannot wait
    entry.mark_dirty();                                                // we write into it
    return &entry;
}

} // namespace memory_manager
