// All RAM as chunks of 2 MiB, each the original capability to an untyped: free, or given out whole
// to ObjectMemory, to Frames or (lent) to the manager. Addresses ascend with the number of a chunk.
#pragma once

#include "cspace.hpp"

namespace memory_manager {

enum class ChunkKind : u8 { free = 0, objects, frames, large, lent };

struct Chunk {
    u64 free[8];      ///< frames: pages made and not in use
    u64 clean[8];     ///< of these, pages that are zero
    u64 mirrored[8];  ///< pages that Mirror has mapped
    Leaf mirror;      ///< of its copies
    u32 mirror_table; ///< its page table; 0: it has none
    u32 physical;     ///< in units of 2 MiB
    u32 node;         ///< frames: the leaf's memory
    u16 entry;        ///< frames: of the leaf
    u16 made;         ///< pages that are frames by now
    u16 free_count;
    u16 next, previous; ///< frames: list of chunks with something to give
    ChunkKind kind;
    bool listed;
};

class Chunks {
public:
    /// @param table  zeroed memory for max chunks
    void begin(CSpace& cspace, Chunk* table) { cspace_ = &cspace, table_ = table; }
    /// The chunk behind the last one.
    void add(u32 physical)
    {
        table_[count_].physical = physical;
        free_[count_ / 64] |= bit(count_ % 64);
        ++count_, ++free_count_;
    }
    u32 count() const { return count_; }
    u32 free_count() const { return free_count_; }
    u32 lent_count() const { return lent_count_; }
    Chunk& operator[](u32 n) const { return table_[n]; }
    static u64 untyped(u32 n)
    {
        return CSpace::address(CSpace::chunk_entry + n / chunk_pages, n % chunk_pages);
    }

    /// Slot of the capability to a frame of a chunk that is one of frames.
    u64 frame(FrameId id) const
    {
        return CSpace::address(table_[id / chunk_pages].entry, id % chunk_pages);
    }

    /// The highest free chunk: low memory is kept for devices. Error: no_memory.
    Result<u32> take(ChunkKind kind);
    /// The first of `count` free chunks, one behind the other in physical memory, below `limit`.
    Result<u32> take_run(u32 count, u64 limit, ChunkKind kind);
    /// Destroys whatever was made of it.
    void give(u32 n);

private:
    bool is_free(u32 n) const { return free_[n / 64] >> n % 64 & 1; }
    void mark(u32 n, ChunkKind kind);

    CSpace* cspace_ = nullptr;
    Chunk* table_ = nullptr;
    u32 count_ = 0, free_count_ = 0, lent_count_ = 0;
    u64 free_[max_chunks / 64] = {};
};

} // namespace memory_manager
