// See object_memory.hpp.
#include "object_memory.hpp"

namespace memory_manager {

void ObjectMemory::set_free(Node node, bool free)
{
    Area& it = area(node);
    u32 const n = place(node);
    it.free[n / 64] ^= bit(n % 64);
    it.free_at[level_of(n)] = static_cast<u16>(it.free_at[level_of(n)] + (free ? 1 : -1));
}

Result<void> ObjectMemory::seed(Node node, u64 chunk)
{
    TRY(cspace_->retype(chunk, abi::ObjectType::untyped, bits_of(place(node)), untyped(node)));
    set_free(node, true);
    used_pages_ -= u64{1} << (bits_of(place(node)) - page_bits);
    return {};
}

Result<void> ObjectMemory::add_area(u64 chunk, u64 physical, unsigned used_bits)
{
    if (areas_ == max_areas) return Error::no_memory;
    Node const first = areas_ << 10;
    Area& it = area_[areas_];
    for (u16* entry : {&it.node_entry[0], &it.node_entry[1], &it.object_entry}) {
        u32 const index = TRY(cspace_->take_entry());
        TRY(cspace_->make_leaf(chunk, index));
        *entry = static_cast<u16>(index);
    }
    it.physical = physical;
    ++areas_;
    used_pages_ += chunk_pages;
    // What is left of the chunk, upwards: blocks that are each other's neighbours in the tree.
    constexpr unsigned leaves_bits = 16, block_bits = CSpace::leaf_bits + abi::slot_bits;
    if (used_bits == leaves_bits) TRY(seed(first | ((1u << (chunk_bits - block_bits)) + 3), chunk));
    for (unsigned bits = used_bits; bits < chunk_bits; ++bits)
        TRY(seed(first | ((1u << (chunk_bits - bits)) + 1), chunk));
    return {};
}

/// The smallest free block that is large enough.
Result<Node> ObjectMemory::find(unsigned bits)
{
    for (u32 level = chunk_bits - bits; level > 0; --level)
        for (u32 a = 0; a < areas_; ++a) {
            if (area_[a].free_at[level] == 0) continue;
            for (u32 n = 1u << level; n < 2u << level;) {
                u64 const rest = area_[a].free[n / 64] >> n % 64;
                if (rest != 0) return a << 10 | (n + static_cast<u32>(__builtin_ctzll(rest)));
                n = (n / 64 + 1) * 64;
            }
        }
    return Error::no_memory;
}

Result<Node> ObjectMemory::take(unsigned bits)
{
    if (!find(bits)) {
        u32 const chunk = TRY(chunks_->take(ChunkKind::objects));
        u64 const physical = u64{(*chunks_)[chunk].physical} << chunk_bits;
        TRY(add_area(Chunks::untyped(chunk), physical, 16));
    }
    Node node = TRY(find(bits));
    while (bits_of(place(node)) > bits) {
        Node const half = (node & ~1023u) | place(node) * 2;
        TRY(cspace_->retype(untyped(node), abi::ObjectType::untyped, bits_of(place(half)),
                            untyped(half), 2));
        set_free(node, false);
        set_free(half, true);
        set_free(half + 1, true);
        node = half;
    }
    set_free(node, false);
    used_pages_ += u64{1} << (bits - page_bits);
    return node;
}

void ObjectMemory::give(Node node)
{
    (void)cspace_->slot(untyped(node)).revoke();
    area(node).lent[place(node) / 64] &= ~bit(place(node) % 64);
    used_pages_ -= u64{1} << (bits_of(place(node)) - page_bits);
    while (is_free(node ^ 1)) {
        (void)cspace_->slot(untyped(node)).remove();
        (void)cspace_->slot(untyped(node ^ 1)).remove();
        set_free(node ^ 1, false);
        node = (node & ~1023u) | place(node) / 2;
    }
    set_free(node, true);
}

Result<Node> ObjectMemory::make(abi::ObjectType type, u64 user_bits)
{
    u64 const bits = abi::object_bits(type, user_bits);
    Node const node = TRY(take(bits < page_bits ? page_bits : static_cast<unsigned>(bits)));
    auto const made = cspace_->retype(untyped(node), type, user_bits, object(node));
    if (made) return node;
    give(node);
    return made.error();
}

Result<Leaf> ObjectMemory::take_leaf()
{
    u32 const entry = TRY(cspace_->take_entry());
    auto const node = take(CSpace::leaf_bits + abi::slot_bits);
    if (node && cspace_->make_leaf(untyped(*node), entry))
        return Leaf{*node, static_cast<u16>(entry)};
    if (node) give(*node);
    cspace_->give_entry(entry);
    return Error::no_memory;
}

} // namespace memory_manager
