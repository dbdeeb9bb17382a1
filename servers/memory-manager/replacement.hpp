// Which pages leave memory when it is short, and how they come back. Second chance: a hand goes
// round all page tables; a page that was used since the hand came by last time stays. A clean page
// (zero, or as it is on the disk already) is dropped at once; a changed one is unmapped, copied
// into the pool and written, and its frame is free when the disk has acknowledged that.
#pragma once

#include "spaces.hpp"

namespace memory_manager {

class Replacement {
public:
    void begin(SwapDisk& disk, Tables& tables, Spaces& spaces, Mapper& mapper, Frames& frames,
               OwnSpace& own, ObjectMemory& objects)
    {
        disk_ = &disk, tables_ = &tables, spaces_ = &spaces, mapper_ = &mapper;
        frames_ = &frames, own_ = &own, objects_ = &objects;
    }
    static constexpr u64 wanted_free = 64; ///< frames, those being written counted
    enum class Room { none, on_its_way, made };
    /// Takes a page out of memory, of this space (0: of any that is not resident).
    Room make_room(u32 space);
    /// Starts to take pages out while fewer frames are free than the next faults may want.
    void balance();
    /// Brings a page that is on the disk back. Always an error: busy (it is on its way, or has to
    /// wait until a transfer ends), no_memory (no frame) or not_supported (another disk is in its
    /// place).
    Error fetch(Space& space, u32 page, Entry& entry);
    /// What the disk has done since. False: nothing. A page that cannot be read: `lost` is called
    /// with space and page.
    template <class Lost> bool on_signal(Lost&& lost)
    {
        bool any = false;
        block::Status status{};
        while (Transfer* const it = disk_->completed(status)) {
            any = true;
            if (it->kind == TransferKind::write)
                written(*it, status);
            else if (!read(*it, status))
                lost(it->space, it->page);
            disk_->finish(*it);
        }
        return any;
    }

private:
    struct Victim {
        u32 table;
        u32 entry;
        bool dirty;
    };
    enum class Found { nothing, page, room };
    Found find(u32 space, Victim& victim);
    bool next_idle(Table& table, Victim& victim);
    Room evict(Space& space, u32 page, Entry& entry, bool dirty);
    void written(Transfer const& it, block::Status status);
    bool read(Transfer const& it, block::Status status);

    SwapDisk* disk_ = nullptr;
    Tables* tables_ = nullptr;
    Spaces* spaces_ = nullptr;
    Mapper* mapper_ = nullptr;
    Frames* frames_ = nullptr;
    OwnSpace* own_ = nullptr;
    ObjectMemory* objects_ = nullptr;
    u32 table_ = 1, entry_ = 0; ///< where the hand is
    u64 idle_[8] = {};          ///< pages of its table that were not used since last time
};

} // namespace memory_manager
