// See swap_disk.hpp.
#include "swap_disk.hpp"

namespace memory_manager {

namespace {

constexpr u64 page_sectors = page_bytes / 512;
constexpr u64 max_places = 1 << 26; ///< an Entry's value

} // namespace

Result<void> SwapDisk::attach(block::Shared* rings, u8* pool, u64 pool_bytes,
                              sys::Notification driver)
{
    if (attached()) return Error::busy;
    u64 const pages = pool_bytes / page_bytes;
    if (pages <= kept_for_reads + 1) return Error::bad_argument;
    u64 const copies = align_up(u64{frames_} * sizeof(u32), page_bits);
    TRY(own_->back(place::copies, copies));
    copies_ = reinterpret_cast<u32*>(place::copies);
    rings_ = rings;
    requests_ = queue::Sender<Requests>{&rings->requests};
    completions_ = queue::Receiver<Completions>{&rings->completions};
    pool_ = pool;
    transfers_ = static_cast<u32>(pages < max_transfers ? pages : max_transfers) - 1;
    driver_ = driver;
    greet();
    return {};
}

/// A driver that we do not know: the first, or a successor, which knows nothing of what was asked.
void SwapDisk::greet()
{
    u32 const epoch = rings_->epoch.load(std::memory_order_acquire);
    if (epoch == epoch_) return;
    epoch_ = epoch;
    for (u32 n = 0; n < transfers_; ++n) transfer_[n].sent = false;
    disk_ = Disk::unknown;
    Transfer& signature = transfer_[transfers_];
    finish(signature);
    signature.kind = TransferKind::signature;
    send(signature);
}

/// What waits for the signature, or did not fit into the ring.
void SwapDisk::send_rest()
{
    for (u32 n = 0; n <= transfers_; ++n)
        if (transfer_[n].kind != TransferKind::none && !transfer_[n].sent) send(transfer_[n]);
}

/// For new requests, and for room where a driver (or one before it) has filled our ring.
void SwapDisk::wake()
{
    bool const asked = requests_.must_signal(), made_room = completions_.must_signal();
    if (asked || made_room) driver_.signal();
}

void SwapDisk::send(Transfer& it)
{
    if (it.kind != TransferKind::signature && disk_ != Disk::right) return;
    bool const write = it.kind == TransferKind::write;
    auto const operation = write ? block::Operation::write : block::Operation::read;
    it.sent = requests_.push({u64{it.life} << 32 | number(it), it.place * page_sectors,
                              u64{number(it)} * page_bytes, static_cast<u32>(page_bytes),
                              static_cast<u32>(operation), epoch_});
    wake();
}

Transfer* SwapDisk::start(TransferKind kind)
{
    u32 const end = kind == TransferKind::read ? transfers_ : transfers_ - kept_for_reads;
    for (u32 n = 0; n < end; ++n)
        if (transfer_[n].kind == TransferKind::none) {
            transfer_[n].kind = kind;
            return &transfer_[n];
        }
    return nullptr;
}

u32 SwapDisk::writing() const
{
    u32 count = 0;
    for (Transfer const& it : transfer_) count += it.kind == TransferKind::write && !it.cancelled;
    return count;
}

Transfer* SwapDisk::completed(block::Status& status)
{
    if (!attached()) return nullptr;
    for (;;) {
        block::Completion done{};
        if (!completions_.pop(done)) {
            greet();
            if (Transfer* const failed = next_failed()) {
                status = block::Status::io_error;
                return failed;
            }
            send_rest();
            wake();
            if (completions_.sleep_if_empty()) return nullptr;
            continue;
        }
        u64 const n = done.id & ~u32{0};
        if (n > transfers_ || transfer_[n].kind == TransferKind::none ||
            transfer_[n].life != done.id >> 32)
            continue; // not of ours, or of a former life
        status = static_cast<block::Status>(done.status);
        if (transfer_[n].kind != TransferKind::signature) return &transfer_[n];
        bool const right = status == block::Status::ok && use(buffer(transfer_[n]));
        disk_ = right ? Disk::right : Disk::wrong;
        finish(transfer_[n]);
    }
}

/// A transfer that fails since the driver has the wrong disk; null: none.
Transfer* SwapDisk::next_failed()
{
    if (disk_ != Disk::wrong) return nullptr;
    for (u32 n = 0; n < transfers_; ++n)
        if (transfer_[n].kind != TransferKind::none) return &transfer_[n];
    return nullptr;
}

bool SwapDisk::is_swap_disk(u8 const* first_page) const
{
    return __builtin_memcmp(first_page, swap_signature, swap_signature_bytes) == 0 &&
           rings_->read_only.load(std::memory_order_relaxed) == 0;
}

/// The disk's first page came. True: pages may go there. Once it was used it must be the same disk.
bool SwapDisk::use(u8 const* first_page)
{
    u64 places = rings_->sectors.load(std::memory_order_relaxed) / page_sectors;
    if (places > max_places) places = max_places;
    if (!is_swap_disk(first_page) || places < 2) return false;
    if (usable())
        return places >= places_ && __builtin_memcmp(serial_, rings_->serial, sizeof serial_) == 0;
    if (!own_->back(place::taken, align_up((places + 63) / 64 * 8, page_bits))) return false;
    taken_ = reinterpret_cast<u64*>(place::taken);
    taken_[0] = 1; // the signature's
    places_ = places;
    __builtin_memcpy(serial_, rings_->serial, sizeof serial_);
    return true;
}

Result<u32> SwapDisk::take_place()
{
    u64 const words = (places_ + 63) / 64;
    for (u64 tries = 0; tries < words; ++tries, hint_ = (hint_ + 1) % words) {
        if (taken_[hint_] == ~u64{0}) continue;
        auto const slot = static_cast<unsigned>(__builtin_ctzll(~taken_[hint_]));
        u64 const place = hint_ * 64 + slot;
        if (place >= places_) continue;
        taken_[hint_] |= bit(slot);
        ++used_;
        return static_cast<u32>(place);
    }
    return Error::no_memory;
}

void SwapDisk::free_place(u32 place)
{
    if (place == 0) return;
    taken_[place / 64] &= ~bit(place % 64);
    --used_;
}

} // namespace memory_manager
