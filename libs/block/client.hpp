// A disk, for a program that uses protocol `block`: requests in slots, submitted again by
// themselves when the driver was replaced. Nothing is allocated, nothing blocks: whoever was woken
// calls next() until there is no more, and sleep() before it waits.
#pragma once

#include "kit/result.hpp"
#include "program/program.hpp"
#include "protocol/block.hpp"

namespace block {

/// How a request ended.
struct Outcome {
    u64 cookie; ///< what submit was given
    Status status;
};

class Client {
public:
    /// Requests under way at a time. Half the ring, so that what was pushed before a new epoch was
    /// seen and the repetition of it all fit together.
    static constexpr u32 depth = ring_entries / 2;

    Client() = default;
    explicit Client(program::Use const& use)
        : shared_{use.memory<Shared>()}, requests_{&shared_->requests},
          completions_{&shared_->completions}, signal_{use.signal},
          sequence_{shared_->requests.pushed.load(std::memory_order_relaxed)}
    {
    }

    /// Whether requests are taken: a driver has been there, and whatever a predecessor of this
    /// program had under way is over. From then on for ever; call next() until then.
    bool online() const { return online_; }
    u32 epoch() const { return epoch_; }
    u64 sectors() const { return shared_->sectors.load(std::memory_order_acquire); }
    bool read_only() const { return shared_->read_only.load(std::memory_order_relaxed) != 0; }
    u32 in_flight() const { return in_flight_; }

    /// Queues a request for `bytes` at `offset` of the pool; wake_driver() shows it. The bytes are
    /// the request's until its outcome. For a flush sector, offset and bytes are 0.
    /// @error busy    depth requests are under way
    /// @error absent  not online
    Result<void> submit(Operation operation, u64 sector, u64 offset, u32 bytes, u64 cookie)
    {
        if (!online_) return Error::absent;
        if (in_flight_ == depth) return Error::busy;
        start({0, sector, offset, bytes, static_cast<u32>(operation), 0}, cookie);
        return {};
    }
    /// Wakes the driver if it sleeps: once after a batch of submissions.
    void wake_driver()
    {
        if (requests_.must_signal()) signal_.signal();
    }

    /// The next outcome; false when there is none now. Submits again what a driver that is gone has
    /// left undone.
    bool next(Outcome& outcome)
    {
        // The epoch first: what a driver of an older one has completed is in the ring by now.
        u32 const epoch = shared_->epoch.load(std::memory_order_acquire);
        for (Completion completion; completions_.pop(completion);)
            if (end(completion, outcome)) return true;
        // A predecessor may have left the ring full; then the driver waits for room.
        if (completions_.must_signal()) signal_.signal();
        if (epoch != epoch_) begin_epoch(epoch);
        return false;
    }
    /// Before waiting: true when there is nothing, and the driver will signal.
    bool sleep()
    {
        return completions_.sleep_if_empty() &&
               shared_->epoch.load(std::memory_order_acquire) == epoch_;
    }

private:
    struct Slot {
        Request request;
        u64 cookie;
        bool used;
    };

    void start(Request const& request, u64 cookie)
    {
        u32 slot = 0;
        while (slots_[slot].used) ++slot;
        slots_[slot] = {request, cookie, true};
        ++in_flight_;
        push(slot);
    }
    /// The id is new for every repetition: what a driver says of an earlier one counts no more.
    void push(u32 slot)
    {
        Request& request = slots_[slot].request;
        request.id = sequence_++ * depth + slot;
        request.epoch = epoch_;
        requests_.push(request); // has room: see depth
    }
    /// True when it is an outcome for our user.
    bool end(Completion const& completion, Outcome& outcome)
    {
        Slot& slot = slots_[completion.id % depth];
        if (!slot.used || slot.request.id != completion.id) return false;
        slot.used = false;
        --in_flight_;
        outcome = {slot.cookie, static_cast<Status>(completion.status)};
        if (static_cast<Operation>(slot.request.operation) != Operation::settle) return true;
        online_ = true;
        return false;
    }
    void begin_epoch(u32 epoch)
    {
        epoch_ = epoch;
        for (u32 slot = 0; slot < depth; ++slot)
            if (slots_[slot].used) push(slot);
        if (!online_ && in_flight_ == 0)
            start({0, 0, 0, 0, static_cast<u32>(Operation::settle), 0}, 0);
        wake_driver();
    }

    Shared* shared_ = nullptr;
    queue::Sender<decltype(Shared::requests)> requests_;
    queue::Receiver<decltype(Shared::completions)> completions_;
    sys::Notification signal_;
    u64 sequence_ = 0; ///< of pushes; goes on where a predecessor stopped, so no id comes twice
    u32 epoch_ = 0, in_flight_ = 0;
    bool online_ = false;
    Slot slots_[depth] = {};
};

} // namespace block
