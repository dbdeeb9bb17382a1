// The first steps: from the one-level CNode and the IPC buffer that root gave us to our own CSpace,
// with a chunk of RAM that everything else grows from. Order matters: until the CSpace is there,
// only the empty slots of the handover can be used, and nothing can be mapped but what fits the
// first page table.
#include "manager.hpp"
#include "sys/tcb.hpp"

namespace memory_manager {

using abi::ObjectType;

/// Slots of the handed-over CNode that the first steps take, in this order.
struct Manager::Boot {
    u64 chunk, root, buffer, pdpt, directory, table, guarded;
    u32 ram;            ///< which of the handover's pieces the chunk is of
    unsigned root_bits; ///< log2 of the entries of our root CNode
};

namespace {

constexpr u64 boot_slots = 10;

/// Entries for a leaf of each chunk, for another of every other one (Mirror) and as many again, and
/// a few hundred at least.
unsigned root_bits_for(handover::Memory const& from)
{
    u64 chunk_count = 0;
    for (u64 i = 0; i < from.ram_count; ++i) chunk_count += bit(from.ram[i].bits) >> chunk_bits;
    unsigned bits = 10;
    while (bits < 14 && bit(bits) < 3 * chunk_count) ++bits;
    return bits;
}

/// The smallest piece of RAM that a chunk can be cut of.
Result<u32> first_ram(handover::Memory const& from)
{
    u32 best = handover::max_ram;
    for (u32 i = 0; i < from.ram_count; ++i)
        if (from.ram[i].bits >= chunk_bits &&
            (best == handover::max_ram || from.ram[i].bits < from.ram[best].bits))
            best = i;
    if (best == handover::max_ram) return Error::no_memory;
    return best;
}

} // namespace

Result<void> Manager::begin(handover::Memory const& from)
{
    if (from.ram_count > handover::max_ram) return Error::corrupt;
    u64 const e = from.empty.first;
    if (from.empty.end - e < boot_slots) return Error::no_memory;
    Boot const boot{
        e, e + 1, e + 2, e + 3, e + 4, e + 5, e + 6, TRY(first_ram(from)), root_bits_for(from)};
    sys::CNode const old{from.own_cnode};
    sys::VSpace const vspace{from.own_vspace};

    sys::Untyped const ram{from.ram[boot.ram].slot};
    TRY(done(ram.retype(ObjectType::untyped, chunk_bits, old.slot(boot.chunk))));
    sys::Untyped const chunk{boot.chunk};
    TRY(done(chunk.retype(ObjectType::cnode, boot.root_bits, old.slot(boot.root))));
    TRY(done(chunk.retype(ObjectType::x86_4k, 0, old.slot(boot.buffer))));
    TRY(done(chunk.retype(ObjectType::x86_pdpt, 0, old.slot(boot.pdpt))));
    TRY(done(chunk.retype(ObjectType::x86_page_directory, 0, old.slot(boot.directory))));
    TRY(done(chunk.retype(ObjectType::x86_page_table, 0, old.slot(boot.table))));
    TRY(done(sys::Pdpt{boot.pdpt}.map(vspace, place::base)));
    TRY(done(sys::PageDirectory{boot.directory}.map(vspace, place::base)));
    TRY(done(sys::PageTable{boot.table}.map(vspace, place::base)));
    sys::Frame const buffer{boot.buffer};
    TRY(done(buffer.map(vspace, place::ipc_buffer, sys::Rights::read_write, sys::data_attributes)));

    // The root CNode: entry 0 is what we have, so that all slots keep their addresses.
    unsigned const guard_bits = 64 - CSpace::slot_bits - boot.root_bits;
    auto const hang = [&](u32 entry, u64 cnode, u64 bits) {
        return done(sys::CNode{boot.root}
                        .slot(entry, static_cast<u8>(boot.root_bits))
                        .mint_from(old.slot(cnode), sys::guard_word(0, CSpace::slot_bits - bits)));
    };
    TRY(hang(0, from.own_cnode, from.own_cnode_bits));
    TRY(hang(CSpace::archive_entry, from.archive_cnode, from.archive_cnode_bits));
    TRY(done(
        old.slot(boot.guarded).mint_from(old.slot(boot.root), sys::guard_word(0, guard_bits))));
    TRY(done(sys::Tcb{from.own_tcb}.configure(sys::CNode{boot.guarded}, 0, vspace,
                                              place::ipc_buffer, buffer)));
    __sel4_ipc_buffer = reinterpret_cast<seL4_IPCBuffer_*>(place::ipc_buffer);

    // The root's own capability has no guard; the copy with one is what all addresses go through.
    abi::IpcBuffer& ipc = sys::ipc_buffer();
    ipc.receive_cnode = boot.guarded;
    ipc.receive_index = inbox = e + 8;
    ipc.receive_depth = 64;
    outbox = e + 9;
    cspace.begin(sys::CNode{boot.guarded}, boot.root_bits, e + 7);
    chunks.begin(cspace, reinterpret_cast<Chunk*>(place::chunks));
    objects.begin(cspace, chunks);
    own.begin(cspace, objects, vspace);
    // The root CNode, four pages and three leaves, rounded up.
    unsigned const root_bytes_bits = boot.root_bits + abi::slot_bits;
    TRY(objects.add_area(boot.chunk, from.ram[boot.ram].physical,
                         (root_bytes_bits < 16 ? 16 : root_bytes_bits) + 1));
    TRY(add_ram(from, boot));
    return make_pools(from);
}

/// Cuts all RAM into chunks, ascending.
Result<void> Manager::add_ram(handover::Memory const& from, Boot const& boot)
{
    u64 total = 0;
    for (u64 i = 0; i < from.ram_count; ++i) total += bit(from.ram[i].bits) >> chunk_bits;
    if (total > max_chunks) total = max_chunks;
    TRY(own.back(place::chunks, align_up(total * sizeof(Chunk), page_bits)));
    u64 below = 0; // pieces are taken in the order of their addresses
    for (;;) {
        u32 next = handover::max_ram;
        for (u32 i = 0; i < from.ram_count; ++i)
            if (from.ram[i].bits >= chunk_bits && from.ram[i].physical >= below &&
                (next == handover::max_ram || from.ram[i].physical < from.ram[next].physical))
                next = i;
        if (next == handover::max_ram) return {};
        handover::Untyped const& piece = from.ram[next];
        below = piece.physical + bit(piece.bits);
        u64 const used = next == boot.ram ? 1 : 0; // the first chunk of it is an area already
        u64 const end = bit(piece.bits) >> chunk_bits;
        for (u64 n = used; n < end && chunks.count() < max_chunks;)
            n += TRY(add_chunks(piece, n, end - n));
    }
}

/// Cuts the next chunks off a piece of RAM, as many as one retype and one leaf take.
Result<u64> Manager::add_chunks(handover::Untyped const& piece, u64 first, u64 count)
{
    u32 const number = chunks.count();
    u64 const at = Chunks::untyped(number);
    if (number % chunk_pages == 0) {
        Node const leaf = TRY(objects.take(CSpace::leaf_bits + abi::slot_bits));
        TRY(cspace.make_leaf(objects.untyped(leaf), static_cast<u32>(at >> CSpace::slot_bits)));
    }
    for (u64 limit : {u64{abi::retype_max_objects}, u64{chunk_pages - number % chunk_pages},
                      u64{max_chunks - number}})
        if (count > limit) count = limit;
    TRY(cspace.retype(piece.slot, ObjectType::untyped, chunk_bits, at, count));
    for (u64 n = first; n < first + count; ++n)
        chunks.add(static_cast<u32>((piece.physical >> chunk_bits) + n));
    return count;
}

Result<void> Manager::add_own(u64 address, u64 bytes)
{
    if (own_count_ == max_own) return Error::no_memory;
    for (Own const& it : own_)
        if (address < it.address + it.bytes && it.address < address + bytes)
            return Error::slot_occupied;
    own_[own_count_++] = {address, bytes};
    return {};
}

bool Manager::has_own(u64 address, u64 bytes) const
{
    for (Own const& it : own_)
        if (address >= it.address && address - it.address < it.bytes &&
            bytes <= it.bytes - (address - it.address))
            return true;
    return false;
}

Result<void> Manager::make_pools(handover::Memory const& from)
{
    frames.begin(cspace, chunks, objects, own, aliases);
    aliases.begin(cspace, objects);
    tables.begin(own);
    disk.begin(own, chunks.count() * chunk_pages);
    mapper.begin(cspace, objects, frames, aliases, tables, disk, own);
    shared.begin(frames);
    u64 const archive_pages = align_up(from.archive_bytes, page_bits) >> page_bits;
    pager.begin(mapper, replacement, frames, shared, own, static_cast<u32>(archive_pages));
    spaces.begin(objects, own, mapper, shared, sys::AsidPool{from.asid_pool});
    sweeper.begin(spaces, mapper);
    replacement.begin(disk, tables, spaces, mapper, frames, own, objects);
    supervisor = sys::Notification{from.supervisor_signal};

    // A reply object for each fault that may wait, in a leaf of their own.
    constexpr unsigned replies_bits = 13;
    static_assert(Faults::max << abi::reply_bits == bit(replies_bits));
    Node const leaf = TRY(objects.take(CSpace::leaf_bits + abi::slot_bits));
    u32 const entry = TRY(cspace.take_entry());
    TRY(cspace.make_leaf(objects.untyped(leaf), entry));
    Node const replies = TRY(objects.take(replies_bits));
    u64 const first = CSpace::address(entry, 0);
    TRY(cspace.retype(objects.untyped(replies), ObjectType::reply, 0, first, Faults::max));
    faults.begin(first);
    return {};
}

} // namespace memory_manager
