// Puts pages into a space and takes them out: paging structures, mappings, entries and the account
// move together here and nowhere else.
#pragma once

#include "alias_slots.hpp"
#include "frames.hpp"
#include "space.hpp"
#include "swap_disk.hpp"

namespace memory_manager {

class Mapper {
public:
    void begin(CSpace& cspace, ObjectMemory& objects, Frames& frames, AliasSlots& aliases,
               Tables& tables, SwapDisk& disk, OwnSpace& own)
    {
        own_ = &own;
        cspace_ = &cspace, objects_ = &objects, frames_ = &frames, aliases_ = &aliases;
        tables_ = &tables, disk_ = &disk;
    }
    sys::VSpace vspace(Space const& space) const
    {
        return sys::VSpace{objects_->object(space.root)};
    }

    /// The entry of a page; null: there is no table yet, so the page is not there either.
    Entry* find(Space const& space, u32 page) const;
    /// Whether the page belongs to a mapping of 2 MiB.
    bool is_large(Space const& space, u32 page) const
    {
        return (*tables_)[tables_->find(space.number, page / chunk_pages)].large;
    }
    /// The entry of a page that has a table.
    Entry& at(Space const& space, u32 page) const
    {
        return (*tables_)[tables_->find(space.number, page / chunk_pages)]
            .entry[page % chunk_pages];
    }
    /// The entry of a page, with a page table for it. Error: no_memory (the machine's, or the
    /// account is full).
    Result<Entry*> entry(Space& space, u32 page);

    /// Maps a frame of its own, which counts.
    Result<void> put_frame(Space& space, u32 page, Entry& entry, FrameId frame, u64 access);
    /// Maps 2 MiB, zero, from this page on, where no table is. Error: no_memory (also: memory is
    /// short or the account nearly full; small pages may do).
    Result<void> put_large(Space& space, u32 page, u64 access);
    /// Cuts the large page that `page` lies in into small ones, of which those that are zero are
    /// given back: how many. The others are not mapped until they are touched. It takes a page
    /// table, whether the account has room or not. Error: no_memory.
    Result<u32> cut(Space& space, u32 page);
    /// Maps a copy of the frame capability at `original`.
    Result<void> put_copy(Space& space, u32 page, Entry& entry, u64 original, u64 access);
    /// Maps a copy of the capability at `original` to a frame of 2 MiB from this page on, where no
    /// table is. Errors: no_memory; slot_occupied (there is one).
    Result<void> put_large_copy(Space& space, u32 page, u64 original, u64 access);
    /// Maps the capability at `address`, which becomes the space's. large: it is 2 MiB.
    Result<void> put_device(Space& space, u32 page, u64 address, u64 access, abi::VmAttributes type,
                            bool large);
    /// Maps what the entry says once more, with these rights.
    Result<void> refresh(Space& space, u32 page, Entry& entry, u64 access);
    /// Maps the frames of its own that are present in [first, first + pages) with these rights; the
    /// others come with those of their region.
    Result<void> restrict_range(Space& space, u32 first, u32 pages, u64 access);
    /// Unmaps a frame that its owner keeps.
    void take_out(FrameId frame) { (void)frames_->frame(frame).unmap(); }
    /// Maps a frame that was taken out again; it counts still.
    Result<void> restore(Space& space, u32 page, Entry& entry, FrameId frame);
    /// Makes a page whose way to the disk is not over present. False: it comes from there.
    bool call_back(Space& space, u32 page, Entry& entry);
    /// Makes the page absent; a frame goes back.
    void drop(Space& space, Entry& entry);
    /// The capability behind a present page, or to the 2 MiB it lies in.
    sys::Frame frame(Entry entry) const
    {
        if (entry.kind() == EntryKind::large) return frames_->large(entry.value());
        return entry.kind() == EntryKind::frame ? frames_->frame(entry.value())
                                                : sys::Frame{aliases_->address(entry.value())};
    }
    /// Drops all pages of [first, first + pages).
    void drop_range(Space& space, u32 first, u32 pages);
    /// Drops at most `pages` of all pages, then the paging structures and the root. True: that was
    /// everything.
    bool drop_some(Space& space, u32 pages);

private:
    Result<void> map(Space& space, sys::Frame frame, u32 page, u64 access, abi::VmAttributes type);
    Result<u32> make_table(Space& space, u32 key, bool large);
    Result<void> map_large(Space& space, sys::Frame frame, u32 page, u64 access,
                           abi::VmAttributes type);
    void forget(Space& space, Entry entry);
    void release(Space& space, u32 table);
    Result<void> add_upper(Space& space, u64 address, u64 missing_level);

    CSpace* cspace_ = nullptr;
    ObjectMemory* objects_ = nullptr;
    Frames* frames_ = nullptr;
    AliasSlots* aliases_ = nullptr;
    Tables* tables_ = nullptr;
    SwapDisk* disk_ = nullptr;
    OwnSpace* own_ = nullptr;
};

} // namespace memory_manager
