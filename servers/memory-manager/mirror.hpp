// Frames that come back, in our own address space, so that clearing one is only a loop of stores: a
// frame is mapped by a copy of its capability when it is cleared for the first time, and stays so.
// Writable and never executable. A chunk that has any takes a leaf for the copies and a page table,
// 20 KiB; at most every other chunk has them.
#pragma once

#include "own_space.hpp"

namespace memory_manager {

class Mirror {
public:
    void begin(CSpace& cspace, Chunks& chunks, ObjectMemory& objects, OwnSpace& own)
    {
        cspace_ = &cspace, chunks_ = &chunks, objects_ = &objects, own_ = &own;
    }
    /// Clears a frame that is mapped in no program. Where there is no mapping of it, makes one;
    /// where that cannot be, maps it for this time only. may_grow: the chunk's 20 KiB may be taken
    /// now. Error: corrupt.
    Result<void> clear(FrameId id, bool may_grow);
    /// Its copies were revoked, and with them the mapping.
    void forget(FrameId id)
    {
        (*chunks_)[id / chunk_pages].mirrored[id % chunk_pages / 64] &= ~bit(id % 64);
    }
    /// The chunk's frames end: gives back what its mappings took.
    void end(u32 chunk);

private:
    static u64 address(FrameId id) { return place::mirror + u64{id} * page_bytes; }
    bool put(FrameId id, bool may_grow);
    Result<void> grow(u32 chunk);

    CSpace* cspace_ = nullptr;
    Chunks* chunks_ = nullptr;
    ObjectMemory* objects_ = nullptr;
    OwnSpace* own_ = nullptr;
    u32 used_ = 0; ///< chunks that have mappings
};

} // namespace memory_manager
