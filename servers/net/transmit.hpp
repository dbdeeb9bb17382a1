// Frames on their way to a driver. A frame keeps a reference to its pbuf until the driver has
// reported it sent: TCP then sees that a segment is busy and does not touch it. Another driver gets
// everything that was not reported, in the same order.
#pragma once

#include "lwip/pbuf.h"
#include "protocol/nic.hpp"

namespace net_server {

/// What the device is told of a frame, beside where it is.
struct Offload {
    u16 flags = 0; ///< nic::segment, without first and last
    u16 checksum_start = 0, checksum_offset = 0, header_bytes = 0, segment_bytes = 0;
};

class Transmit {
public:
    static constexpr u32 slots = 2048;

    void attach(nic::Shared& shared);
    /// Takes a frame whose pieces lie in the pool, at most nic::max_segments of them, and a
    /// reference to it. False: too many are waiting, the frame is lost.
    bool send(pbuf* frame, Offload const& offload);
    /// Takes the driver's reports, then shows it what there is room for.
    void run(u32 epoch);
    /// Everything is to be sent (again), with another epoch.
    void restart() { shown_ = oldest_; }
    /// Gives up all frames: there is no device for them any more.
    void drop_all();

    bool must_signal();
    /// True when nothing can be done before the driver signals.
    bool sleep();
    u32 under_way() const { return shown_ - oldest_; }
    /// Frames that wait, or whose report is missing.
    u32 held() const { return next_ - oldest_; }
    u64 dropped() const { return dropped_; } ///< for want of slots, or refused by the driver
    u64 wrong() const { return wrong_; }     ///< reports of what was not sent

private:
    struct Slot {
        pbuf* frame;
        Offload offload;
        u16 bytes; ///< as it was handed over: TCP may have changed it since, and will send it again
    };
    Slot& slot(u32 id) { return slot_[id % slots]; }
    void take_reports(u32 epoch);
    void show(u32 epoch);
    void push(u32 id, u32 epoch);

    queue::Sender<decltype(nic::Shared::segments)> segments_;
    queue::Receiver<decltype(nic::Shared::sent)> sent_;
    u32 oldest_ = 0, shown_ = 0, next_ = 0; // ids: reported < oldest_ <= with the driver < shown_
    u64 dropped_ = 0, wrong_ = 0;
    Slot slot_[slots] = {};
};

} // namespace net_server
