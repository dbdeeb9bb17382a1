// See chunks.hpp.
#include "chunks.hpp"

namespace memory_manager {

void Chunks::mark(u32 n, ChunkKind kind)
{
    free_[n / 64] &= ~bit(n % 64);
    --free_count_;
    lent_count_ += kind == ChunkKind::lent;
    table_[n].kind = kind;
}

Result<u32> Chunks::take(ChunkKind kind)
{
    for (u32 word = (count_ + 63) / 64; word-- > 0;)
        if (free_[word] != 0) {
            u32 const n = word * 64 + 63 - static_cast<u32>(__builtin_clzll(free_[word]));
            mark(n, kind);
            return n;
        }
    return Error::no_memory;
}

Result<u32> Chunks::take_run(u32 count, u64 limit, ChunkKind kind)
{
    u32 run = 0;
    for (u32 n = 0; n < count_; ++n) {
        if ((u64{table_[n].physical} + 1) << chunk_bits > limit) break;
        bool const follows = run > 0 && table_[n].physical == table_[n - 1].physical + 1;
        run = !is_free(n) ? 0 : follows ? run + 1 : 1;
        if (run < count) continue;
        u32 const first = n + 1 - count;
        for (u32 i = first; i <= n; ++i) mark(i, kind);
        return first;
    }
    return Error::no_memory;
}

void Chunks::give(u32 n)
{
    (void)cspace_->slot(untyped(n)).revoke();
    lent_count_ -= table_[n].kind == ChunkKind::lent;
    table_[n].kind = ChunkKind::free;
    free_[n / 64] |= bit(n % 64);
    ++free_count_;
}

} // namespace memory_manager
