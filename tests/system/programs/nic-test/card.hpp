// net's end of protocol `nic` for one frame at a time and for floods of one frame: buffers posted,
// a ledger of what the driver has, everything anew when another driver took its place.
#pragma once

#include "program/program.hpp"
#include "protocol/nic.hpp"

namespace nic_test {

/// What a frame to send is, besides its bytes, which lie at Card::outgoing().
struct Outgoing {
    u32 bytes;
    u16 flags = 0; ///< nic::segment
    u16 checksum_start = 0, checksum_offset = 0, header_bytes = 0, segment_bytes = 0;
};

class Card {
public:
    static constexpr u32 places = 256;

private:
    program::Use use_;
    nic::Shared& shared_{*use_.memory<nic::Shared>()};
    queue::Sender<decltype(nic::Shared::buffers)> buffers_{&shared_.buffers};
    queue::Receiver<decltype(nic::Shared::received)> received_{&shared_.received};
    queue::Sender<decltype(nic::Shared::segments)> segments_{&shared_.segments};
    queue::Receiver<decltype(nic::Shared::sent)> sent_{&shared_.sent};
    u32 epoch_ = 0, under_way_ = 0, next_ = 1;
    u64 reported_ = 0, dropped_ = 0, frames_ = 0, wrong_ = 0;
    bool posted_[places] = {};

public:
    explicit Card(program::Use const& use) : use_{use} {}

    nic::Shared const& shared() const { return shared_; }
    bool has(u32 feature) const { return shared_.features.load() & feature; }
    u32 epoch() const { return epoch_; }
    u32 header_bytes() const { return has(nic::feature::virtio_header) ? 12 : 0; }
    u8* outgoing() { return use_.pool + places * 4096; }

    void bring_up()
    {
        shared_.wanted.up.store(1);
        shared_.wanted.sequence.fetch_add(1);
        use_.signal.signal();
    }

    u64 reported() const { return reported_; } ///< frames sent
    u64 dropped() const { return dropped_; }
    u64 frames() const { return frames_; } ///< received
    u64 wrong() const { return wrong_; }   ///< records that cannot be
    u32 under_way() const { return under_way_; }

    bool send(Outgoing const& it)
    {
        if (epoch_ == 0 || segments_.space() == 0) return false;
        nic::Segment segment{};
        segment.offset = places * 4096;
        segment.bytes = it.bytes;
        segment.id = next_++;
        segment.epoch = epoch_;
        segment.flags = static_cast<u16>(it.flags | nic::segment::first | nic::segment::last);
        segment.checksum_start = it.checksum_start;
        segment.checksum_offset = it.checksum_offset;
        segment.header_bytes = it.header_bytes;
        segment.segment_bytes = it.segment_bytes;
        ++under_way_;
        return segments_.push(segment);
    }

    /// Takes what there is; calls `frame(data, bytes)` for each frame's first buffer, without the
    /// device's header. Whether there was anything.
    template <class Take> bool turn(Take&& frame)
    {
        u32 const epoch = shared_.epoch.load(std::memory_order_acquire);
        bool any = false;
        for (nic::Received record; received_.pop(record); any = true)
            if (record.epoch == epoch_) take(record, frame);
        for (nic::Sent record; sent_.pop(record); any = true)
            if (record.epoch == epoch_) end(record);
        if (epoch != epoch_) begin(epoch);
        bool wake = received_.must_signal();
        wake |= sent_.must_signal();
        wake |= buffers_.must_signal();
        wake |= segments_.must_signal();
        if (wake) use_.signal.signal();
        return any || epoch != epoch_;
    }
    /// What net's timer does when a report is missed.
    void hurry() { use_.signal.signal(); }
    bool sleep()
    {
        bool const idle = received_.sleep_if_empty();
        return sent_.sleep_if_empty() && idle &&
               shared_.epoch.load(std::memory_order_seq_cst) == epoch_;
    }

private:
    template <class Take> void take(nic::Received const& record, Take&& frame)
    {
        u32 const place_bytes = shared_.buffer_bytes.load();
        u32 const place = record.offset / place_bytes;
        if (record.offset % place_bytes || place >= places || !posted_[place] ||
            record.bytes > place_bytes || record.bytes <= header_bytes()) {
            ++wrong_;
            return;
        }
        posted_[place] = false;
        if (!(record.flags & nic::received::more)) ++frames_;
        frame(use_.pool + record.offset + header_bytes(), record.bytes - header_bytes());
        post(place);
    }
    void end(nic::Sent const& record)
    {
        if (under_way_ == 0) {
            ++wrong_;
            return;
        }
        --under_way_;
        ++(record.status ? dropped_ : reported_);
    }
    void post(u32 place)
    {
        posted_[place] = true;
        buffers_.push({place * shared_.buffer_bytes.load(), epoch_});
    }
    void begin(u32 epoch)
    {
        epoch_ = epoch;
        under_way_ = 0;
        for (u32 place = 0; place < places; ++place) post(place);
    }
};

} // namespace nic_test
