// A NIC driver's end of protocol `nic`: takes net's records, checks them, hands places in the pool
// to the device, and passes on what the device has done. What net says is copied once, then
// checked; a frame that breaks a rule is reported dropped and never reaches the device. Device is
// the driver's own (virtio_net::Card, e1000::Card); what it must offer is the concept below.
#pragma once

#include "kit/result.hpp"
#include "program/program.hpp"
#include "protocol/nic.hpp"

namespace nic {

/// A frame to send, checked: DMA addresses, not offsets.
struct Frame {
    struct Piece {
        u64 dma;
        u32 bytes;
    };
    u32 id;
    u32 count;
    u32 bytes;    ///< of all pieces
    Segment head; ///< what its first segment says of the whole frame
    Piece piece[max_segments];
};

/// What a device offers. None of it waits.
template <class D>
concept Device = requires(D d, Frame const& frame, Received& received, u32& id)
{
    /// Whether a frame of max_segments pieces can be sent now.
    {
        d.can_send()
        } -> std::same_as<bool>;
    d.send(frame);
    /// The id of a frame that has been sent; false: none. Error: the device lies, reset it.
    {
        d.take_sent(id)
        } -> std::same_as<Result<bool>>;
    /// Whether one more buffer can be posted, and posting it: its DMA address and offset.
    {
        d.can_post()
        } -> std::same_as<bool>;
    d.post(u64{}, u32{});
    /// A filled buffer, with offset, bytes and flags; false: none. Error as above.
    {
        d.take_received(received)
        } -> std::same_as<Result<bool>>;
    /// Shows the device what was sent and posted: once after a batch.
    d.show();
    /// Before waiting: true when nothing has ended and the device will interrupt.
    {
        d.sleep()
        } -> std::same_as<bool>;
};

template <Device D> class DriverEnd {
    D& device_;
    Shared* shared_ = nullptr;
    sys::Notification signal_;
    u64 pool_ = 0, pool_bytes_ = 0;
    queue::Receiver<decltype(Shared::buffers)> buffers_;
    queue::Sender<decltype(Shared::received)> received_;
    queue::Receiver<decltype(Shared::segments)> segments_;
    queue::Sender<decltype(Shared::sent)> sent_;
    u32 epoch_ = 0, in_flight_ = 0;
    Frame frame_{};      // being put together
    bool good_ = true;   // so far
    bool begun_ = false; // a first segment was seen
    bool open_ = false;
    u32 refused_ = 0;

public:
    /// Records of each kind in one run, so that a heartbeat is answered under load.
    static constexpr u32 batch = 256;

    explicit DriverEnd(D& device) : device_{device} {}

    /// The edge to net. Nothing moves before open().
    void attach(program::ClientEdge const& edge)
    {
        shared_ = edge.memory<Shared>();
        signal_ = edge.signal;
        pool_ = edge.pool_dma;
        pool_bytes_ = edge.pool_bytes;
        buffers_ = queue::Receiver{&shared_->buffers};
        received_ = queue::Sender{&shared_->received};
        segments_ = queue::Receiver{&shared_->segments};
        sent_ = queue::Sender{&shared_->sent};
    }
    explicit operator bool() const { return shared_ != nullptr; }
    Shared& shared() const { return *shared_; }

    /// From here on net is served: what it queued for a predecessor is dropped and the new epoch
    /// tells it. What describes the device must be in shared() by now.
    void open()
    {
        buffers_.drop_all();
        segments_.drop_all();
        epoch_ = shared_->epoch.load(std::memory_order_relaxed) + 1;
        if (epoch_ == 0) epoch_ = 1;
        shared_->epoch.store(epoch_, std::memory_order_seq_cst);
        open_ = true;
        signal_.signal();
    }
    /// After a change of the link in shared().
    void link_changed()
    {
        shared_->changes.fetch_add(1, std::memory_order_release);
        signal_.signal();
    }
    /// Frames that broke a rule.
    u32 refused() const { return refused_; }

    /// Does what there is to do, but not for ever. True when it is done and whoever brings more
    /// will signal or interrupt; false: call again. @error corrupt  the device lies
    Result<bool> run()
    {
        TRY(pass_sent());
        TRY(pass_received());
        if (open_) {
            post();
            send();
        }
        device_.show();
        tell();
        return device_.sleep() && (!open_ || sleep());
    }

private:
    void tell()
    {
        bool wanted = sent_.must_signal();
        wanted |= received_.must_signal();
        wanted |= buffers_.must_signal();
        wanted |= segments_.must_signal();
        if (wanted) signal_.signal();
    }
    /// There is always room: a frame is taken only then.
    Result<void> pass_sent()
    {
        u32 id;
        for (u32 n = 0; n < batch && TRY(device_.take_sent(id)); ++n) {
            --in_flight_;
            sent_.push({id, 0, epoch_, 0});
        }
        return {};
    }
    Result<void> pass_received()
    {
        Received record;
        for (u32 n = 0; n < batch && received_.space() > 0; ++n) {
            if (!TRY(device_.take_received(record))) break;
            record.epoch = epoch_;
            received_.push(record);
        }
        return {};
    }
    void post()
    {
        u32 const bytes = shared_->buffer_bytes.load(std::memory_order_relaxed);
        Buffer buffer;
        for (u32 n = 0; n < batch && device_.can_post() && buffers_.pop(buffer); ++n) {
            if (buffer.epoch != epoch_) continue;
            if (bytes == 0 || buffer.offset % bytes != 0 || !inside(buffer.offset, bytes)) {
                ++refused_; // net's mistake, and its loss
                continue;
            }
            device_.post(pool_ + buffer.offset, buffer.offset);
        }
    }
    bool inside(u64 offset, u64 bytes) const
    {
        return bytes <= pool_bytes_ && offset <= pool_bytes_ - bytes;
    }
    bool room_to_send() const { return device_.can_send() && sent_.space() > in_flight_; }

    void send()
    {
        Segment segment;
        for (u32 n = 0; n < batch && room_to_send() && segments_.pop(segment); ++n)
            if (segment.epoch == epoch_) add(segment);
    }
    void add(Segment const& segment)
    {
        if (segment.flags & segment::first) {
            if (begun_) refuse(); // the one before had no end
            frame_.id = segment.id;
            frame_.count = frame_.bytes = 0;
            frame_.head = segment;
            begun_ = good_ = true;
        } else if (!begun_) {
            return; // the rest of something that was refused
        }
        append(segment);
        if (!(segment.flags & segment::last)) return;
        begun_ = false;
        if (!good_ || !is_sound(frame_)) return drop();
        ++in_flight_;
        device_.send(frame_);
    }
    void append(Segment const& segment)
    {
        bool const fits = segment.bytes > 0 && segment.bytes <= 65536 && segment.id == frame_.id &&
                          frame_.count < max_segments && inside(segment.offset, segment.bytes);
        good_ = good_ && fits;
        if (!fits) return;
        frame_.piece[frame_.count++] = {pool_ + segment.offset, segment.bytes};
        frame_.bytes += segment.bytes;
    }
    void refuse()
    {
        begun_ = false;
        drop();
    }
    void drop()
    {
        ++refused_;
        sent_.push({frame_.id, 1, epoch_, 0});
    }
    /// Whether what is said of the frame can be.
    bool is_sound(Frame const& frame) const
    {
        Segment const& head = frame.head;
        u32 const features = shared_->features.load(std::memory_order_relaxed);
        bool const cut = head.flags & (segment::segment4 | segment::segment6);
        auto const unable = [&](u16 flag, u32 feature) {
            return (head.flags & flag) && !(features & feature);
        };
        if (unable(segment::checksum, feature::checksum) ||
            unable(segment::ip_checksum, feature::ip_checksum) ||
            unable(segment::segment4, feature::segment4) ||
            unable(segment::segment6, feature::segment6))
            return false;
        u32 const field = u32{head.checksum_start} + head.checksum_offset + 2;
        if ((head.flags & segment::checksum) && field > frame.bytes) return false;
        if (!cut) return frame.bytes >= 14 && frame.bytes <= 14 + mtu();
        return (head.flags & segment::checksum) && head.segment_bytes >= 64 &&
               head.header_bytes >= 54 && head.header_bytes < frame.bytes &&
               field <= head.header_bytes && frame.bytes <= 65536 + 14 &&
               head.segment_bytes + u32{head.header_bytes} <= 14 + mtu();
    }
    u32 mtu() const { return shared_->mtu.load(std::memory_order_relaxed); }

    /// Before waiting: true when nothing can be taken of net and somebody will wake us.
    bool sleep()
    {
        // What the device has no room for goes on at its interrupt, what the ring has no room for
        // when net has popped.
        bool idle = device_.can_post() ? buffers_.sleep_if_empty() : true;
        if (received_.space() == 0) idle &= received_.sleep_if_full();
        if (room_to_send()) return segments_.sleep_if_empty() && idle;
        if (device_.can_send() && in_flight_ == 0) idle &= sent_.sleep_if_full();
        return idle;
    }
};

} // namespace nic
