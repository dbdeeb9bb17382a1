// A NIC driver's end of protocol `nic`: takes net's records, checks them, hands places in the pool
// to the device, and passes on what the device has done. What net says is copied once, then
// checked; a frame that breaks a rule is reported dropped and never reaches the device. What the
// driver says in Shared is never read back. Device is the driver's own (virtio_net::Card,
// e1000::Card); what it must offer is the concept below.
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

/// What the driver says of its device before net may use it.
struct Description {
    u32 features;     ///< nic::feature
    u32 buffer_bytes; ///< what the device writes to a buffer at most: 2,048 or 4,096
    u32 mtu;          ///< bytes of IP in a frame
    u8 address[6];
    char const* model;
};
struct Link {
    bool up;
    u32 speed_mbit; ///< 0: unknown
    bool full_duplex;
    friend bool operator==(Link const&, Link const&) = default;
};

/// What a device offers. None of it waits.
template <class D>
concept Device = requires(D d, Frame const& frame, Received& received, u32& id, bool yes)
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
    /// Before waiting: sleep(receiving, sending) is true when nothing has ended of what is asked
    /// for and the device will interrupt for it. Without `receiving` nobody could take a filled
    /// buffer: they stay where they are, without interrupts. `sending`: frames wait for room, so
    /// that one sent is news; without it frames sent are reported with whatever happens next, and
    /// the device interrupts for them only when there are many.
    {
        d.sleep(yes, yes)
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
    u32 features_ = 0, buffer_bytes_ = 0, mtu_ = 0;
    u32 epoch_ = 0, session_ = 0, in_flight_ = 0, posted_ = 0, refused_ = 0;
    Link link_{};
    Frame frame_{};      // being put together
    bool good_ = true;   // so far
    bool begun_ = false; // a first segment was seen and no last: it will be owed an answer, too
    bool open_ = false;

public:
    /// Records of each kind in one run, so that a heartbeat is answered under load.
    static constexpr u32 batch = 256;
    /// While the device has as many buffers, more of them are no news: they are taken with
    /// whatever happens next. Eight of the largest frames, or nearly 200 KB of small ones.
    static constexpr u32 enough_posted = 128;

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

    /// Whether net wants received frames as they were on the wire (nic::Wanted).
    bool wants_plain() const
    {
        return shared_ != nullptr && shared_->wanted.plain.load(std::memory_order_relaxed) != 0;
    }

    /// From here on net is served: what it queued for a predecessor, or before the device's reset,
    /// is dropped and the new epoch tells it.
    void open(Description const& it)
    {
        features_ = it.features, buffer_bytes_ = it.buffer_bytes, mtu_ = it.mtu;
        shared_->features.store(features_, std::memory_order_relaxed);
        shared_->buffer_bytes.store(buffer_bytes_, std::memory_order_relaxed);
        shared_->mtu.store(mtu_, std::memory_order_relaxed);
        for (u32 i = 0; i < sizeof it.address; ++i) shared_->address[i] = it.address[i];
        u32 length = 0;
        for (; it.model[length] && length + 1 < sizeof shared_->model; ++length)
            shared_->model[length] = it.model[length];
        shared_->model[length] = '\0';
        show_link();
        in_flight_ = 0;
        begun_ = false;
        session_ = shared_->wanted.session.load(std::memory_order_acquire);
        buffers_.drop_all();
        segments_.drop_all();
        epoch_ = shared_->epoch.load(std::memory_order_relaxed) + 1;
        if (epoch_ == 0) epoch_ = 1;
        shared_->epoch.store(epoch_, std::memory_order_seq_cst);
        open_ = true;
        signal_.signal();
    }
    bool is_open() const { return open_; }
    /// Whether net is another than the one that was opened for: what the device has is not its.
    bool is_orphan()
    {
        if (!open_) return false;
        u32 const session = shared_->wanted.session.load(std::memory_order_acquire);
        if (session_ == 0 && session == 1) session_ = 1; // the first came after us
        return session != session_;
    }
    /// The link as it is now: before open(), and whenever it may have changed. While it is down
    /// frames are reported dropped.
    void set_link(Link link)
    {
        if (link == link_) return;
        link_ = link;
        if (!open_) return;
        show_link();
        shared_->changes.fetch_add(1, std::memory_order_release);
        signal_.signal();
    }
    Link link() const { return link_; }
    /// Frames and buffers that broke a rule.
    u32 refused() const { return refused_; }
    /// Frames that the device has and has not sent.
    u32 in_flight() const { return in_flight_; }

    /// Does what there is to do, but not for ever. True when it is done and whoever brings more
    /// will signal or interrupt; false: call again. @error corrupt  the device lies
    Result<bool> run()
    {
        if (!open_) return device_.sleep(false, false);
        TRY(pass_sent());
        if (is_up()) TRY(pass_received());
        post();
        send();
        device_.show();
        tell();
        return sleep();
    }

private:
    bool is_up() const { return open_ && shared_->wanted.up.load(std::memory_order_relaxed) != 0; }

    void show_link()
    {
        shared_->link_up.store(link_.up, std::memory_order_relaxed);
        shared_->speed_mbit.store(link_.speed_mbit, std::memory_order_relaxed);
        shared_->full_duplex.store(link_.full_duplex, std::memory_order_relaxed);
    }
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
        u32 id = 0;
        for (u32 n = 0; n < batch && TRY(device_.take_sent(id)); ++n) {
            --in_flight_;
            sent_.put({id, 0, epoch_, 0});
        }
        sent_.show();
        return {};
    }
    Result<void> pass_received()
    {
        Received record{};
        for (u32 n = 0; n < batch && received_.space() > 0; ++n) {
            if (!TRY(device_.take_received(record))) break;
            --posted_;
            record.epoch = epoch_;
            received_.put(record);
        }
        received_.show();
        return {};
    }
    void post()
    {
        Buffer buffer{};
        for (u32 n = 0; n < batch && device_.can_post() && buffers_.take(buffer); ++n) {
            if (buffer.epoch != epoch_) continue;
            if (buffer.offset % buffer_bytes_ != 0 || !inside(buffer.offset, buffer_bytes_)) {
                ++refused_; // net's mistake, and its loss
                continue;
            }
            device_.post(pool_ + buffer.offset, buffer.offset);
            ++posted_;
        }
        buffers_.release();
    }
    bool inside(u64 offset, u64 bytes) const
    {
        return bytes <= pool_bytes_ && offset <= pool_bytes_ - bytes;
    }

    /// Answers that may come before the next segment is finished: of what the device has, of the
    /// frame that is being put together, and, when another begins instead of its end, of that.
    u32 owed() const { return in_flight_ + begun_ + 1; }
    bool room_to_send() const { return device_.can_send() && sent_.space() >= owed(); }

    void send()
    {
        Segment segment{};
        for (u32 n = 0; n < batch && room_to_send() && segments_.take(segment); ++n)
            if (segment.epoch == epoch_) add(segment);
        segments_.release();
    }
    void add(Segment const& segment)
    {
        if (segment.flags & segment::first) {
            if (begun_) drop(); // the one before had no end
            frame_.id = segment.id;
            frame_.count = frame_.bytes = 0;
            frame_.head = segment;
            begun_ = good_ = true;
        } else if (!begun_) {
            ++refused_; // of no frame
            return;
        }
        append(segment);
        if (segment.flags & segment::last) finish();
    }
    void append(Segment const& segment)
    {
        good_ = good_ && segment.bytes > 0 && segment.bytes <= 65536 && segment.id == frame_.id &&
                frame_.count < max_segments && inside(segment.offset, segment.bytes);
        if (!good_) return;
        frame_.piece[frame_.count++] = {pool_ + segment.offset, segment.bytes};
        frame_.bytes += segment.bytes;
    }
    void finish()
    {
        begun_ = false;
        if (!good_ || !is_sound(frame_)) return drop();
        if (!link_.up || !is_up()) return answer_dropped();
        ++in_flight_;
        device_.send(frame_);
    }
    void drop()
    {
        ++refused_;
        answer_dropped();
    }
    void answer_dropped() { sent_.push({frame_.id, 1, epoch_, 0}); }

    /// Whether what is said of the frame can be.
    bool is_sound(Frame const& frame) const
    {
        Segment const& head = frame.head;
        constexpr u16 plain = segment::first | segment::last;
        if ((head.flags & ~plain) == 0) return frame.bytes >= 14 && frame.bytes <= 14 + mtu_;
        return is_able(head.flags) && are_places_sound(frame);
    }
    /// Whether the device has said that it can do this.
    bool is_able(u16 flags) const
    {
        auto const fine = [&](u16 flag, u32 feature) {
            return !(flags & flag) || (features_ & feature);
        };
        constexpr u16 known = segment::first | segment::last | segment::checksum |
                              segment::ip_checksum | segment::segment4 | segment::segment6;
        return (flags & ~known) == 0 && fine(segment::checksum, feature::checksum) &&
               fine(segment::ip_checksum, feature::ip_checksum) &&
               fine(segment::segment4, feature::segment4) &&
               fine(segment::segment6, feature::segment6);
    }
    /// Headers end within 255 bytes: no device's field for a place is known to be narrower.
    bool are_places_sound(Frame const& frame) const
    {
        Segment const& head = frame.head;
        u32 const field = u32{head.checksum_start} + head.checksum_offset + 2;
        u32 const in_headers = frame.bytes < 255 ? frame.bytes : 255;
        bool const sums = head.flags & segment::checksum;
        if (sums && (head.checksum_start < 14 || field > in_headers)) return false;
        if ((head.flags & segment::ip_checksum) && frame.bytes < 34) return false;
        bool const four = head.flags & segment::segment4, six = head.flags & segment::segment6;
        if (!four && !six) return frame.bytes >= 14 && frame.bytes <= 14 + mtu_;
        u32 const header = head.header_bytes;
        return four != six && sums && header >= (four ? 54 : 74) && header <= in_headers &&
               header < frame.bytes && head.checksum_start + 20u <= header && field <= header &&
               frame.bytes <= 14 + 65535 && head.segment_bytes >= 64 &&
               head.segment_bytes + header <= 14 + mtu_;
    }

    /// Before waiting: true when nothing can be done and somebody will wake us.
    bool sleep()
    {
        // All are asked, for each says to another that we sleep.
        bool const receiving = is_up() && received_.space() > 0;
        bool const sending = !device_.can_send();
        bool idle = device_.sleep(receiving, sending);
        if (is_up() && !receiving) idle &= received_.sleep_if_full();
        if (posted_ < enough_posted && device_.can_post()) idle &= buffers_.sleep_if_empty();
        if (sending) return idle;
        if (sent_.space() < owed()) return sent_.sleep_below(owed()) && idle;
        return segments_.sleep_if_empty() && idle;
    }
};

} // namespace nic
