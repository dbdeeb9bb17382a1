// Turns regions into pages: when a program touches one, or at once for resident spaces.
#pragma once

#include "replacement.hpp"

namespace memory_manager {

/// What was tried at an address.
struct Access {
    bool write, execute;
};

class Pager {
public:
    void begin(Mapper& mapper, Replacement& replacement, Frames& frames, SharedObjects& objects,
               OwnSpace& own, u32 archive_pages)
    {
        replacement_ = &replacement;
        mapper_ = &mapper, frames_ = &frames, objects_ = &objects, own_ = &own;
        archive_pages_ = archive_pages;
    }
    u32 archive_pages() const { return archive_pages_; }

    /// Makes the page at hand present for this access. Errors: not_found (no region, or it does not
    /// allow that), busy (it comes from the disk), no_memory (the machine's, or the account is
    /// full).
    Result<void> touch(Space& space, u32 page, Access access);
    /// Makes all of a region present, writable pages as the space's own.
    Result<void> fill(Space& space, Region const& region);
    /// The same for one page, as a frame of the space's own whatever the region says of writing;
    /// the program's mapping then allows `access`.
    Result<Entry*> own_page(Space& space, u32 page, u64 access);

private:
    bool put_large(Space& space, Region const& region, u32 page);
    Result<void> put_object(Space& space, Region const& region, u32 page);
    Result<void> populate(Space& space, Region const& region, u32 page, bool write);
    Result<void> put_new(Space& space, Region const& region, u32 page, Entry& entry, u64 access,
                         Purpose purpose);
    Result<void> copy_archive(Region const& region, u32 k, FrameId frame);
    bool in_place(Region const& region, u32 k, bool write) const;

    Mapper* mapper_ = nullptr;
    Replacement* replacement_ = nullptr;
    Frames* frames_ = nullptr;
    SharedObjects* objects_ = nullptr;
    OwnSpace* own_ = nullptr;
    u32 archive_pages_ = 0;
};

} // namespace memory_manager
