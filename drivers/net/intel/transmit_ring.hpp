// The ring of frames to send. Positions only grow (and wrap at 2^32); position p is descriptor
// p % ring_entries. The device is asked to report the last descriptor of a batch and some in
// between: frames are done up to the last report. Nothing else is believed of the device, and no
// register is read.
#pragma once

#include "descriptors.hpp"
#include "nic/driver_end.hpp"
#include "registers.hpp"

namespace intel {

template <class Registers> class TransmitRing {
    /// Bytes of one descriptor: half of the smallest transmit FIFO.
    static constexpr u32 chunk = 8192;
    /// Of one frame at most: a context, its pieces, and what is cut out of them; and a gap, since a
    /// tail that has reached the head means an empty ring.
    static constexpr u32 most = 1 + nic::max_segments + (65536 + 14) / chunk + 2;
    static constexpr u32 report_every = 32;
    static constexpr u64 unknown = ~u64{0};

    Registers registers_{};
    Descriptor* ring_ = nullptr;
    u32 tail_ = 0, shown_ = 0, done_ = 0;
    u32 reported_ = 0;      // position behind the last descriptor that is to be reported
    u64 context_ = unknown; // where checksums are, as the device knows it
    u32 first_frame_ = 0, last_frame_ = 0, first_report_ = 0, last_report_ = 0;
    struct Frame {
        u32 id;
        u32 end; ///< position
    } frame_[ring_entries] = {};
    u32 report_[ring_entries] = {}; // positions

public:
    TransmitRing() = default;
    TransmitRing(Registers const& registers, Descriptor* ring) : registers_{registers}, ring_{ring}
    {
    }

    bool can_send() const
    {
        return ring_entries - (tail_ - done_) >= most && last_frame_ - first_frame_ < ring_entries;
    }
    bool in_flight() const { return last_frame_ != first_frame_; }
    /// Moves whenever the device has reported something.
    u32 progress() const { return done_; }

    /// Queues a frame whose offsets nic::DriverEnd has checked.
    void send(nic::Frame const& frame)
    {
        u64 word = data_word::data | data_word::extended | data_word::insert_crc;
        if (frame.head.flags & nic::segment::checksum) word |= describe(frame);
        for (u32 i = 0; i < frame.count; ++i) add(frame.piece[i], word);
        ring_[(tail_ - 1) % ring_entries].word |= data_word::end;
        frame_[last_frame_++ % ring_entries] = {frame.id, tail_};
        if (tail_ - reported_ >= report_every) ask();
    }

    /// The id of the next frame that has been sent; false: none.
    bool take(u32& id)
    {
        if (!in_flight()) return false;
        Frame const& next = frame_[first_frame_ % ring_entries];
        if (!reached(next.end) && !(look(), reached(next.end))) return false;
        id = next.id;
        ++first_frame_;
        return true;
    }
    /// Whether take() would give something.
    bool ready()
    {
        if (!in_flight()) return false;
        look();
        return reached(frame_[first_frame_ % ring_entries].end);
    }

    /// Shows the device what was queued, once for all.
    void show()
    {
        if (shown_ == tail_) return;
        if (reported_ != tail_) ask();
        shown_ = tail_;
        // Descriptors lie in ordinary memory, the tail in uncached: x86 keeps the order of stores.
        std::atomic_signal_fence(std::memory_order_release);
        put<reg::TransmitTail>(registers_, tail_ % ring_entries);
    }

private:
    bool reached(u32 position) const { return static_cast<i32>(done_ - position) >= 0; }
    void look()
    {
        while (first_report_ != last_report_) {
            u32 const at = report_[first_report_ % ring_entries];
            if (!(load(ring_[at % ring_entries].word) & data_word::done)) return;
            done_ = at + 1;
            ++first_report_;
        }
    }
    /// Has the last descriptor reported.
    void ask()
    {
        ring_[(tail_ - 1) % ring_entries].word |= data_word::report;
        report_[last_report_++ % ring_entries] = tail_ - 1;
        reported_ = tail_;
    }
    void add(nic::Frame::Piece piece, u64 word)
    {
        for (; piece.bytes > chunk; piece.dma += chunk, piece.bytes -= chunk)
            ring_[tail_++ % ring_entries] = {piece.dma, word | chunk};
        ring_[tail_++ % ring_entries] = {piece.dma, word | piece.bytes};
    }

    /// Tells the device where sums are and how to cut, if it does not know; the options of the
    /// data.
    u64 describe(nic::Frame const& frame)
    {
        using namespace context_word;
        auto const& head = frame.head;
        u64 const start = head.checksum_start;
        u64 places = start << l4_start_at | (start + head.checksum_offset) << l4_store_at;
        bool const four = head.flags & nic::segment::segment4;
        if (!four && !(head.flags & nic::segment::segment6)) {
            if (places != context_) ring_[tail_++ % ring_entries] = {places, extended};
            context_ = places;
            return data_word::l4_checksum;
        }
        context_ = unknown; // each frame that is cut has a context of its own
        places |= ip_start | (start - 1) << ip_end_at;
        u64 word = (frame.bytes - head.header_bytes) | extended | segment | tcp |
                   u64{head.header_bytes} << header_at | u64{head.segment_bytes} << mss_at;
        if (four) places |= ipv4_sum << ip_store_at, word |= ipv4;
        ring_[tail_++ % ring_entries] = {places, word};
        return data_word::segment | data_word::l4_checksum | (four ? data_word::ip_checksum : 0);
    }
};

} // namespace intel
