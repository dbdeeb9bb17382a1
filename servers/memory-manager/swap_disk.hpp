// The swap disk as memory-manager sees it: places of one page each, and requests in flight, one for
// each page of the pool. All by rings (libs/protocol/block.hpp): nothing here waits, and nothing
// here takes memory once it was attached. A disk that does not begin with the signature is never
// written: each epoch of the driver begins with a look at it, since it may have another disk.
#pragma once

#include "own_space.hpp"
#include "protocol/block.hpp"
#include "sys/endpoint.hpp"

namespace memory_manager {

/// Sector 0 of the disk begins with it.
inline constexpr char swap_signature[] = "HYPERCORE-SWAP01";
inline constexpr u64 swap_signature_bytes = 16;

enum class TransferKind : u8 { none = 0, signature, read, write };

/// One page between memory and disk.
struct Transfer {
    TransferKind kind = TransferKind::none;
    bool cancelled = false; ///< its page went or is wanted back: only the place is to be freed
    bool sent = false;
    u32 life = 0; ///< counts the transfers of this record: old completions do not fit
    u32 space = 0, page = 0;
    u32 frame = 0;
    u32 place = 0; ///< page of the disk; 0 is the signature's
};

class SwapDisk {
public:
    static constexpr u32 max_transfers = block::ring_entries;
    /// What is kept for reading when pages are written, so that a fault need not wait for a write.
    static constexpr u32 kept_for_reads = 8;

    void begin(OwnSpace& own, u32 frames) { own_ = &own, frames_ = frames; }
    /// Rings and pool are mapped in our space. Errors: busy (there is one), bad_argument,
    /// no_memory.
    Result<void> attach(block::Shared* rings, u8* pool, u64 pool_bytes, sys::Notification driver);
    bool attached() const { return rings_ != nullptr; }
    /// Whether pages may be there: a signature was seen once.
    bool usable() const { return places_ != 0; }
    /// Whether pages can go there and come back, now or when the driver's successor has begun.
    bool ready() const { return usable() && disk_ != Disk::wrong; }
    u64 places() const { return places_; }
    u64 places_used() const { return used_; }

    /// Error: no_memory (the disk is full).
    Result<u32> take_place();
    void free_place(u32 place);
    /// Where a frame's contents also are, 0: nowhere.
    u32& copy_of(u32 frame) const { return copies_[frame]; }

    /// A record for a transfer; null: all are in flight, or those that are not are kept for reads.
    Transfer* start(TransferKind kind);
    Transfer& operator[](u32 n) { return transfer_[n]; }
    u32 number(Transfer const& it) const { return static_cast<u32>(&it - transfer_); }
    u8* buffer(Transfer const& it) const { return pool_ + u64{number(it)} * page_bytes; }
    void send(Transfer& it);
    void finish(Transfer& it)
    {
        u32 const life = it.life;
        it = {};
        it.life = life + 1;
    }
    u32 writing() const;

    /// The next transfer that the disk has done, with its status; null: none. When there is none,
    /// the driver will signal us.
    Transfer* completed(block::Status& status);

private:
    /// What the driver of this epoch has.
    enum class Disk : u8 { unknown, right, wrong };
    using Requests = decltype(block::Shared::requests);
    using Completions = decltype(block::Shared::completions);
    void greet();
    void wake();
    void send_rest();
    bool is_swap_disk(u8 const* first_page) const;
    bool use(u8 const* first_page);
    Transfer* next_failed();

    OwnSpace* own_ = nullptr;
    u32 frames_ = 0;
    block::Shared* rings_ = nullptr;
    queue::Sender<Requests> requests_;
    queue::Receiver<Completions> completions_;
    u8* pool_ = nullptr;
    sys::Notification driver_;
    u32 epoch_ = 0;
    u32 transfers_ = 0; ///< of pages; the record behind them is the signature's
    Disk disk_ = Disk::unknown;
    char serial_[sizeof block::Shared::serial] = {};
    u64 places_ = 0, used_ = 0, hint_ = 0;
    u64* taken_ = nullptr;  ///< a bit for each place
    u32* copies_ = nullptr; ///< for each frame
    Transfer transfer_[max_transfers] = {};
};

} // namespace memory_manager
