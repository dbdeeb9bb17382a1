// Frames of 4 KiB for programs, zero when they are handed out: made by retype (the kernel clears)
// in batches, so that a fault finds them ready; one that comes back is cleared before its next
// owner gets it. A chunk all of whose frames came back is a free chunk again. Also runs of frames,
// one behind the other in physical memory.
#pragma once

#include "alias_slots.hpp"
#include "own_space.hpp"

namespace memory_manager {

/// chunk << 9 | page in it.
using FrameId = u32;

/// What a frame is for: who waits, who may take what others must leave.
enum class Purpose {
    ordinary, ///< pages of programs that can wait for memory
    swap_in,  ///< pages that come back: the last frames are for them, so that waiting ends
    vital,    ///< resident spaces: also the chunks kept in reserve
};

class Frames {
public:
    void begin(CSpace& cspace, Chunks& chunks, ObjectMemory& objects, OwnSpace& own,
               AliasSlots& aliases)
    {
        aliases_ = &aliases;
        cspace_ = &cspace, chunks_ = &chunks, objects_ = &objects, own_ = &own;
        first_ = none;
    }
    /// A frame that is zero. Error: no_memory.
    Result<FrameId> take(Purpose purpose);
    /// Takes back a frame that is mapped nowhere and of which no copies are left.
    void give(FrameId frame);
    /// `pages` frames in one piece below the address `limit`, zero; at most a chunk.
    Result<FrameId> take_run(u32 pages, u64 limit);
    /// Takes them back from whoever has copies of their capabilities.
    void give_run(FrameId first, u32 pages);

    /// A chunk as one frame of 2 MiB, zero. Error: no_memory (also when there is little).
    Result<u32> take_large();
    void give_large(u32 chunk);
    /// `count` chunks in one piece below the address `limit`, each as a zero frame of 2 MiB, and
    /// behind them `pages` frames: the first chunk. pages: less than a chunk's. Error: no_memory.
    Result<u32> take_large_run(u32 count, u32 pages, u64 limit);
    /// Takes them back from whoever has copies of their capabilities.
    void give_large_run(u32 chunk, u32 count, u32 pages);
    sys::Frame large(u32 chunk) const
    {
        return sys::Frame{aliases_->address((*chunks_)[chunk].node)};
    }

    sys::Frame frame(FrameId id) const
    {
        return sys::Frame{CSpace::address((*chunks_)[id / chunk_pages].entry, id % chunk_pages)};
    }
    u64 physical(FrameId id) const
    {
        return (u64{(*chunks_)[id / chunk_pages].physical} << chunk_bits) +
               u64{id % chunk_pages} * page_bytes;
    }
    /// Pages that take() can still give, chunks that nobody uses yet included.
    u64 free_pages() const { return free_pages_ + u64{chunks_->free_count()} * chunk_pages; }

    /// Of these, what those that are not vital can have.
    u64 available() const
    {
        u64 const chunks = chunks_->free_count(), kept = kept_chunks();
        return free_pages_ + (chunks > kept ? chunks - kept : 0) * chunk_pages;
    }

private:
    static constexpr u64 kept_for_swap_in = 16;
    /// Chunks for page tables, for kernel objects and for programs of which the swap path is made.
    u64 kept_chunks() const { return chunks_->count() / 32 + 2; }
    static constexpr u16 none = 0xffff;
    static constexpr u32 batch = 32; ///< frames made at a time: 128 KiB cleared in one go

    Result<void> split(u32 chunk);
    Result<void> make_batch(u32 chunk, u32 count);
    Result<void> prepare(FrameId id);
    void list(u32 chunk);
    void unlist(u32 chunk);
    bool has_some(Chunk const& it) const { return it.free_count > 0 || it.made < chunk_pages; }
    Result<FrameId> run_in(u32 chunk, u32 pages);
    Result<void> make_large(u32 chunk);

    CSpace* cspace_ = nullptr;
    Chunks* chunks_ = nullptr;
    ObjectMemory* objects_ = nullptr;
    OwnSpace* own_ = nullptr;
    AliasSlots* aliases_ = nullptr;
    u16 first_ = 0;
    u64 free_pages_ = 0; ///< in chunks of kind frames
};

} // namespace memory_manager
