// See frames.hpp.
#include "frames.hpp"

namespace memory_manager {

namespace {

bool test(u64 const (&map)[8], u32 n)
{
    return map[n / 64] >> n % 64 & 1;
}
u32 first_set(u64 const (&map)[8])
{
    u32 word = 0;
    while (map[word] == 0) ++word;
    return word * 64 + static_cast<u32>(__builtin_ctzll(map[word]));
}

} // namespace

void Frames::list(u32 chunk)
{
    Chunk& it = (*chunks_)[chunk];
    if (it.listed) return;
    it.listed = true;
    it.next = first_;
    it.previous = none;
    if (first_ != none) (*chunks_)[first_].previous = static_cast<u16>(chunk);
    first_ = static_cast<u16>(chunk);
}

void Frames::unlist(u32 chunk)
{
    Chunk& it = (*chunks_)[chunk];
    if (!it.listed) return;
    it.listed = false;
    (it.previous == none ? first_ : (*chunks_)[it.previous].next) = it.next;
    if (it.next != none) (*chunks_)[it.next].previous = it.previous;
}

/// Makes a chunk that was just taken one of frames; gives it back when there are no slots for it.
Result<void> Frames::split(u32 chunk)
{
    auto const make_leaf = [&]() -> Result<void> {
        Chunk& it = (*chunks_)[chunk];
        u32 const entry = TRY(cspace_->take_entry());
        auto const node = objects_->take(CSpace::leaf_bits + abi::slot_bits);
        if (!node || !cspace_->make_leaf(objects_->untyped(*node), entry)) {
            cspace_->give_entry(entry);
            if (node) objects_->give(*node);
            return Error::no_memory;
        }
        u32 const physical = it.physical;
        it = {};
        it.physical = physical;
        it.node = *node;
        it.entry = static_cast<u16>(entry);
        it.kind = ChunkKind::frames;
        return {};
    };
    if (auto const made = make_leaf(); !made) {
        chunks_->give(chunk);
        return made.error();
    }
    free_pages_ += chunk_pages;
    list(chunk);
    return {};
}

/// Makes the next `count` frames of the chunk.
Result<void> Frames::make_batch(u32 chunk, u32 count)
{
    Chunk& it = (*chunks_)[chunk];
    u32 const end = it.made + count;
    while (it.made < end) {
        u32 const n =
            end - it.made < abi::retype_max_objects ? end - it.made : u32{abi::retype_max_objects};
        TRY(cspace_->retype(Chunks::untyped(chunk), abi::ObjectType::x86_4k, 0,
                            CSpace::address(it.entry, it.made), n));
        for (u32 i = it.made; i < it.made + n; ++i) {
            it.free[i / 64] |= bit(i % 64);
            it.clean[i / 64] |= bit(i % 64);
        }
        it.made = static_cast<u16>(it.made + n);
        it.free_count = static_cast<u16>(it.free_count + n);
    }
    return {};
}

/// Takes a free frame out of its chunk, zero.
Result<void> Frames::prepare(FrameId id)
{
    Chunk& it = (*chunks_)[id / chunk_pages];
    u32 const n = id % chunk_pages;
    if (!test(it.clean, n)) TRY(own_->clear(frame(id)));
    it.clean[n / 64] &= ~bit(n % 64);
    it.free[n / 64] &= ~bit(n % 64);
    --it.free_count;
    --free_pages_;
    if (!has_some(it)) unlist(id / chunk_pages);
    return {};
}

Result<FrameId> Frames::take(Purpose purpose)
{
    u64 const kept = purpose == Purpose::ordinary ? kept_for_swap_in : 0;
    if (purpose != Purpose::vital && available() <= kept) return Error::no_memory;
    if (first_ == none) {
        u32 const fresh = TRY(chunks_->take(ChunkKind::frames));
        TRY(split(fresh));
    }
    u32 const chunk = first_;
    Chunk& it = (*chunks_)[chunk];
    if (it.free_count == 0) {
        u32 const left = chunk_pages - it.made;
        TRY(make_batch(chunk, left < batch ? left : batch));
    }
    FrameId const id = chunk * chunk_pages + first_set(it.free);
    TRY(prepare(id));
    return id;
}

void Frames::give(FrameId id)
{
    u32 const chunk = id / chunk_pages, n = id % chunk_pages;
    Chunk& it = (*chunks_)[chunk];
    it.free[n / 64] |= bit(n % 64);
    ++it.free_count;
    ++free_pages_;
    list(chunk);
    // One chunk is kept even when nothing of it is used: the next fault is not to split another.
    if (it.free_count != it.made || (first_ == chunk && it.next == none)) return;
    unlist(chunk);
    free_pages_ -= chunk_pages;
    cspace_->give_entry(it.entry);
    chunks_->give(chunk); // empties the leaf
    objects_->give(it.node);
}

/// The first run of free frames in a chunk, made if they lie behind those that exist.
Result<FrameId> Frames::run_in(u32 chunk, u32 pages)
{
    Chunk& it = (*chunks_)[chunk];
    u32 run = 0, at = 0;
    for (; at < it.made && run < pages; ++at) run = test(it.free, at) ? run + 1 : 0;
    if (run < pages) {
        if (at - run + pages > chunk_pages) return Error::no_memory;
        u32 const first = at - run;
        TRY(make_batch(chunk, pages - run));
        at = first + pages;
    }
    FrameId const first = chunk * chunk_pages + at - pages;
    for (u32 i = 0; i < pages; ++i) TRY(prepare(first + i));
    return first;
}

Result<FrameId> Frames::take_run(u32 pages, u64 limit)
{
    for (u32 chunk = first_; chunk != none; chunk = (*chunks_)[chunk].next) {
        Chunk const& it = (*chunks_)[chunk];
        if ((u64{it.physical} + 1) << chunk_bits > limit) continue;
        if (it.free_count + (chunk_pages - it.made) < pages) continue;
        if (auto const run = run_in(chunk, pages)) return run;
    }
    u32 const chunk = TRY(chunks_->take_run(1, limit, ChunkKind::frames));
    TRY(split(chunk));
    return run_in(chunk, pages);
}

Result<u32> Frames::take_large()
{
    // Nobody is to be evicted soon for it.
    if (chunks_->free_count() <= kept_chunks() || available() < 2 * chunk_pages)
        return Error::no_memory;
    u32 const chunk = TRY(chunks_->take(ChunkKind::large));
    TRY(make_large(chunk));
    return chunk;
}

/// Makes a chunk that was just taken one frame; gives it back when that is not possible.
Result<void> Frames::make_large(u32 chunk)
{
    auto const alias = aliases_->take();
    if (!alias) {
        chunks_->give(chunk);
        return alias.error();
    }
    (*chunks_)[chunk].node = *alias;
    auto const made = cspace_->retype(Chunks::untyped(chunk), abi::ObjectType::x86_large_page, 0,
                                      aliases_->address(*alias));
    if (!made) give_large(chunk);
    return made;
}

void Frames::give_large(u32 chunk)
{
    aliases_->give((*chunks_)[chunk].node);
    chunks_->give(chunk);
}

Result<u32> Frames::take_large_run(u32 count, u32 pages, u64 limit)
{
    u32 const all = count + (pages > 0 ? 1 : 0);
    u32 const first = TRY(chunks_->take_run(all, limit, ChunkKind::large));
    u32 made = 0;
    auto const make = [&]() -> Result<void> {
        for (; made < count; ++made) TRY(make_large(first + made));
        if (pages == 0) return {};
        TRY(split(first + count));
        return run_in(first + count, pages) ? Result<void>{} : Error::no_memory;
    };
    auto const all_made = make();
    if (all_made) return first;
    // The one that failed went back by itself.
    for (u32 i = 0; i < made; ++i) give_large(first + i);
    for (u32 i = made + 1; i < all; ++i) chunks_->give(first + i);
    return all_made.error();
}

void Frames::give_large_run(u32 chunk, u32 count, u32 pages)
{
    for (u32 i = 0; i < count; ++i) give_large(chunk + i);
    if (pages > 0) give_run((chunk + count) * chunk_pages, pages);
}

void Frames::give_run(FrameId first, u32 pages)
{
    for (u32 i = 0; i < pages; ++i) {
        (void)cspace_->slot(frame(first + i).address()).revoke();
        give(first + i);
    }
}

} // namespace memory_manager
