// Memory that several spaces share: made in one piece, always there, given back as a whole. The
// original capabilities stay unmapped; every mapping is of a copy.
#pragma once

#include "frames.hpp"

namespace memory_manager {

struct SharedObject {
    FrameId first = 0;
    u32 pages = 0; ///< 0: there is no such object
    u32 mappings = 0;
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
    /// The capability to a page.
    u64 page(SharedObject const& it, u32 n) const { return frames_->frame(it.first + n).address(); }
    u64 pages() const { return pages_; }

private:
    Frames* frames_ = nullptr;
    u64 pages_ = 0;
    SharedObject object_[max_objects] = {};
};

} // namespace memory_manager
