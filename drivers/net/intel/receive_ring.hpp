// The ring of buffers to fill. The device fills them in order; of what it writes back the length is
// checked, and that a frame ends. Which buffer lies where is kept privately.
#pragma once

#include "descriptors.hpp"
#include "kit/result.hpp"
#include "protocol/nic.hpp"
#include "registers.hpp"

namespace intel {

inline constexpr u32 buffer_bytes = 2048;

template <class Registers> class ReceiveRing {
    /// Buffers of a frame at most: the device is not told to take long ones.
    static constexpr u32 most_records = 8;

    Registers registers_{};
    Descriptor* ring_ = nullptr;
    u32 tail_ = 0, shown_ = 0, head_ = 0;
    u32 records_ = 0; // of the frame that has begun
    u32 offset_[ring_entries] = {};

public:
    ReceiveRing() = default;
    ReceiveRing(Registers const& registers, Descriptor* ring) : registers_{registers}, ring_{ring}
    {
    }

    /// One stays free: a tail that has reached the head means that there are no buffers.
    bool can_post() const { return tail_ - head_ < ring_entries - 1; }
    void post(u64 dma, u32 offset)
    {
        u32 const at = tail_++ % ring_entries;
        offset_[at] = offset;
        ring_[at] = {dma, 0};
    }
    bool ready() const
    {
        return head_ != shown_ && (load(ring_[head_ % ring_entries].word) >> status_at & done);
    }
    /// A filled buffer; false: none. @error corrupt  the device says what cannot be
    Result<bool> take(nic::Received& record)
    {
        if (head_ == shown_) return false;
        u32 const at = head_ % ring_entries;
        u64 const word = load(ring_[at].word);
        u32 const status = static_cast<u32>(word >> status_at) & 0xff;
        if (!(status & done)) return false;
        u32 const bytes = static_cast<u32>(word & received_word::length);
        bool const more = !(status & end);
        records_ = more ? records_ + 1 : 0;
        if (bytes > buffer_bytes || records_ == most_records) return Error::corrupt;
        record.offset = offset_[at];
        record.bytes = bytes;
        record.flags = more ? nic::received::more : flags(status, word >> errors_at & 0xff);
        ++head_;
        return true;
    }
    void show()
    {
        if (shown_ == tail_) return;
        shown_ = tail_;
        std::atomic_signal_fence(std::memory_order_release);
        put<reg::ReceiveTail>(registers_, tail_ % ring_entries);
    }

private:
    static constexpr unsigned status_at = received_word::status_at,
                              errors_at = received_word::errors_at;
    static constexpr u8 done = received_word::done, end = received_word::end;

    static u32 flags(u32 status, u64 errors)
    {
        using namespace received_word;
        u32 out = 0;
        if (errors & damaged) out = nic::received::damaged;
        if (status & ignore_checksum) return out;
        if ((status & ip_checked) && !(errors & ip_error)) out |= nic::received::ip_good;
        if ((status & (l4_checked | udp_checked)) && !(errors & l4_error))
            out |= nic::received::l4_good;
        return out;
    }
};

} // namespace intel
