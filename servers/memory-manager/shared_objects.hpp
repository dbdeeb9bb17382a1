// Memory that several spaces share: made in one piece, always there, given back as a whole. The
// original capabilities stay unmapped; every mapping is of a copy. As many whole chunks as there
// are in it are frames of 2 MiB, the rest behind them is pages.
#pragma once

#include "frames.hpp"

namespace memory_manager {

struct SharedObject {
    FrameId first = 0;
    u32 pages = 0; ///< 0: there is no such object
    u32 mappings = 0;
    u32 large() const { return pages / chunk_pages; } ///< frames of 2 MiB
    u32 rest() const { return pages % chunk_pages; }  ///< pages behind them
    /// Whether page n lies in a frame of 2 MiB.
    bool is_large(u32 n) const { return n / chunk_pages < large(); }
};

class SharedObjects {
public:
    void begin(Frames& frames) { frames_ = &frames; }
    /// Number of a new object, from 1. Error: no_memory.
    Result<u32> create(u32 pages, u64 limit);
    /// Error: not_found; slot_occupied (mapped).
    Result<void> destroy(u32 number);
    /// Null: there is none.
    SharedObject* find(u64 number)
    {
        return number < max_objects && object_[number].pages != 0 ? &object_[number] : nullptr;
    }
    /// One that exists.
    SharedObject& operator[](u32 number) { return object_[number]; }
    u64 physical(SharedObject const& it) const { return frames_->physical(it.first); }
    /// The capability to page n, or to the frame of 2 MiB that it lies in.
    u64 frame(SharedObject const& it, u32 n) const
    {
        FrameId const id = it.first + n;
        return it.is_large(n) ? frames_->large(id / chunk_pages).address()
                              : frames_->frame(id).address();
    }
    u64 pages() const { return pages_; }

private:
    Frames* frames_ = nullptr;
    u64 pages_ = 0;
    SharedObject object_[max_objects] = {};
};

} // namespace memory_manager
