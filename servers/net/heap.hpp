// Memory of the pool, by pages of 4 KiB: small blocks share a page with others of their size, large
// ones take pages in a row. What is free, and who has what, is written beside the pool and not in
// it: devices write there. Nothing is searched for small blocks; for large ones a bitmap.
#pragma once

#include "kit/types.hpp"

namespace net_server {

class Heap {
public:
    static constexpr u32 page_bytes = 4096, max_pages = 4096;

    /// @param memory  at a page's start; `bytes` are cut to whole pages, at most 16 MiB
    void begin(u8* memory, u64 bytes);

    /// At least `bytes` bytes, not cleared, aligned to 64, blocks of a power of two up to a page to
    /// their size; null when there are none in a row. 0 bytes are taken for 1.
    void* allocate(usize bytes);
    /// What allocate() gave.
    void free(void* block);

    bool holds(void const* place, usize bytes) const
    {
        u64 const at = offset_of(place);
        return at < bytes_ && bytes <= bytes_ - at;
    }
    u64 offset_of(void const* place) const
    {
        return static_cast<u64>(static_cast<u8 const*>(place) - memory_);
    }
    u8* at(u64 offset) const { return memory_ + offset; }
    u64 bytes() const { return bytes_; }
    u64 bytes_free() const { return u64{free_pages_} * page_bytes; }
    /// Of pages that are not wholly free.
    u64 bytes_used() const { return bytes_ - bytes_free(); }

private:
    static constexpr u32 classes = 6, smallest_bits = 6; ///< 64 to 2,048 bytes
    static constexpr u8 large = classes, unused = classes + 1;
    static constexpr u16 none = 0xffff;

    struct Page {
        u64 free;           ///< small: a bit for each block that is
        u16 next, previous; ///< of the pages of its class with free blocks
        u16 pages;          ///< large, its first page: how many
        u8 kind;            ///< a class, large or unused
    };

    static u32 class_of(usize bytes);
    static u64 all_free(u32 kind)
    {
        return ~u64{0} >> (64 - (page_bytes >> (smallest_bits + kind)));
    }
    void* allocate_small(u32 kind);
    void* allocate_pages(u32 count);
    u32 find_pages(u32 count) const;
    void set_free(u32 first, u32 count, bool free);
    void link(u32 kind, u16 page);
    void unlink(u32 kind, u16 page);
    bool is_free(u32 page) const { return map_[page / 64] >> page % 64 & 1; }

    u8* memory_ = nullptr;
    u64 bytes_ = 0;
    u32 pages_ = 0, free_pages_ = 0;
    u16 partial_[classes] = {};
    u64 map_[max_pages / 64] = {}; ///< free pages
    Page page_[max_pages] = {};
};

} // namespace net_server
