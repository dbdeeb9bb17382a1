// See mirror.hpp.
#include "mirror.hpp"

namespace memory_manager {

Result<void> Mirror::grow(u32 chunk)
{
    if (used_ >= (chunks_->count() + 1) / 2) return Error::no_memory;
    Leaf const leaf = TRY(objects_->take_leaf());
    auto const table = own_->add_page_table(address(chunk * chunk_pages));
    if (!table) {
        objects_->give_leaf(leaf);
        return table.error();
    }
    (*chunks_)[chunk].mirror = leaf;
    (*chunks_)[chunk].mirror_table = *table;
    ++used_;
    return {};
}

/// Maps the frame for good. False: it cannot be.
bool Mirror::put(FrameId id, bool may_grow)
{
    Chunk& it = (*chunks_)[id / chunk_pages];
    u32 const n = id % chunk_pages;
    if (it.mirror_table == 0 && !(may_grow && grow(id / chunk_pages))) return false;
    sys::Slot const copy = cspace_->slot(CSpace::address(it.mirror.entry, n));
    if (!copy.copy_from(cspace_->slot(chunks_->frame(id)))) return false;
    sys::Frame const frame{CSpace::address(it.mirror.entry, n)};
    if (!own_->map(frame, address(id), sys::Rights::read_write)) {
        (void)copy.remove();
        return false;
    }
    it.mirrored[n / 64] |= bit(n % 64);
    return true;
}

Result<void> Mirror::clear(FrameId id, bool may_grow)
{
    Chunk const& it = (*chunks_)[id / chunk_pages];
    bool const there = it.mirrored[id % chunk_pages / 64] >> id % 64 & 1;
    if (!there && !put(id, may_grow)) return own_->clear(sys::Frame{chunks_->frame(id)});
    clear_page(reinterpret_cast<void*>(address(id)));
    return {};
}

void Mirror::end(u32 chunk)
{
    Chunk& it = (*chunks_)[chunk];
    if (it.mirror_table == 0) return;
    objects_->give(it.mirror_table); // first: then the copies are mapped nowhere any more
    objects_->give_leaf(it.mirror);
    it.mirror_table = 0;
    for (u64& word : it.mirrored) word = 0;
    --used_;
}

} // namespace memory_manager
