#include "servers/net/heap.hpp"

#include <bit>

namespace net_server {

void Heap::begin(u8* memory, u64 bytes)
{
    memory_ = memory;
    pages_ = static_cast<u32>(bytes / page_bytes);
    if (pages_ > max_pages) pages_ = max_pages;
    bytes_ = u64{pages_} * page_bytes;
    for (u64& each : map_) each = 0;
    for (u16& each : partial_) each = none;
    for (Page& each : page_) each = {0, none, none, 0, unused};
    free_pages_ = 0;
    set_free(0, pages_, true);
}

u32 Heap::class_of(usize bytes)
{
    u32 const bits = static_cast<u32>(std::bit_width(bytes - 1));
    return bits <= smallest_bits ? 0 : bits - smallest_bits;
}

void* Heap::allocate(usize bytes)
{
    if (bytes == 0) bytes = 1;
    if (bytes <= page_bytes / 2) return allocate_small(class_of(bytes));
    if (bytes > bytes_) return nullptr;
    return allocate_pages(static_cast<u32>((bytes + page_bytes - 1) / page_bytes));
}

void* Heap::allocate_small(u32 kind)
{
    if (partial_[kind] == none) {
        auto* const memory = static_cast<u8*>(allocate_pages(1));
        if (memory == nullptr) return nullptr;
        u16 const fresh = static_cast<u16>(offset_of(memory) / page_bytes);
        page_[fresh].kind = static_cast<u8>(kind);
        page_[fresh].free = all_free(kind);
        link(kind, fresh);
    }
    u16 const at = partial_[kind];
    Page& page = page_[at];
    u32 const block = static_cast<u32>(std::countr_zero(page.free));
    page.free &= page.free - 1;
    if (page.free == 0) unlink(kind, at);
    return memory_ + u64{at} * page_bytes + (u64{block} << (smallest_bits + kind));
}

void* Heap::allocate_pages(u32 count)
{
    u32 const first = find_pages(count);
    if (first == pages_) return nullptr;
    set_free(first, count, false);
    page_[first].kind = large;
    page_[first].pages = static_cast<u16>(count);
    return memory_ + u64{first} * page_bytes;
}

/// The first of `count` free pages in a row; pages_: there are none. Jumps from run to run.
u32 Heap::find_pages(u32 count) const
{
    if (count > free_pages_) return pages_;
    for (u32 at = 0; at < pages_;) {
        u64 const word = map_[at / 64] >> at % 64;
        if (word == 0) {
            at = (at / 64 + 1) * 64;
            continue;
        }
        at += static_cast<u32>(std::countr_zero(word));
        u32 end = at;
        while (end < pages_ && end - at < count) {
            u32 const left = 64 - end % 64;
            u32 const run = static_cast<u32>(std::countr_one(map_[end / 64] >> end % 64));
            end += run < left ? run : left;
            if (run < left) break;
        }
        if (end - at >= count) return at;
        at = end + 1; // which is not free
    }
    return pages_;
}

void Heap::set_free(u32 first, u32 count, bool free)
{
    for (u32 page = first; page < first + count; ++page) {
        u64 const bit = u64{1} << page % 64;
        if (free)
            map_[page / 64] |= bit;
        else
            map_[page / 64] &= ~bit;
    }
    free_pages_ = free ? free_pages_ + count : free_pages_ - count;
}

void Heap::free(void* block)
{
    u64 const offset = offset_of(block);
    u16 const at = static_cast<u16>(offset / page_bytes);
    Page& page = page_[at];
    if (page.kind == large) {
        page.kind = unused;
        return set_free(at, page.pages, true);
    }
    u32 const kind = page.kind;
    if (page.free == 0) link(kind, at);
    page.free |= u64{1} << (offset % page_bytes >> (smallest_bits + kind));
    // The last page of a class that has room stays: the next block would take it again.
    if (page.free != all_free(kind) || (page.next == none && page.previous == none)) return;
    unlink(kind, at);
    page.kind = unused;
    set_free(at, 1, true);
}

void Heap::link(u32 kind, u16 at)
{
    u16 const first = partial_[kind];
    page_[at].next = first;
    page_[at].previous = none;
    if (first != none) page_[first].previous = at;
    partial_[kind] = at;
}

void Heap::unlink(u32 kind, u16 at)
{
    Page& page = page_[at];
    if (page.previous == none)
        partial_[kind] = page.next;
    else
        page_[page.previous].next = page.next;
    if (page.next != none) page_[page.next].previous = page.previous;
    page.next = page.previous = none;
}

} // namespace net_server
