// Buffers that a driver fills, and the frames that they make. Everything a record says is compared
// with what the driver was given; the header that a virtio device writes is the device's word, and
// no more is believed of it than of a frame.
#pragma once

#include "lwip/pbuf.h"
#include "protocol/nic.hpp"

namespace net_server {

/// What the device or its driver says of a frame that was received.
struct ReceivedFrame {
    pbuf* packet = nullptr;   ///< from behind the Ethernet header, which lies in front of it
    bool sums_good = false;   ///< TCP's and UDP's
    bool ip_sum_good = false; ///< the IPv4 header's
};

class Receive {
public:
    static constexpr u32 posted_at_most = 512, records_in_turn = 256;
    static constexpr u16 ethernet_bytes = 14, virtio_header_bytes = 12;

    void attach(nic::Shared& shared, u8 owner);
    /// A (new) driver: it has none of our buffers. The old one's must be free by now.
    /// @param buffer_bytes  2,048 or 4,096
    void restart(u32 epoch, u32 features, u32 buffer_bytes);
    /// From the next frame on. @param features  of nic::feature those that are used
    void use(u32 features) { features_ = features; }
    void stop() { epoch_ = 0, drop_partial(); }

    /// Posts buffers as far as there is memory.
    void post();
    /// The next whole frame; false: none, or enough for this turn. Then end_turn().
    bool next(ReceivedFrame& frame, u32& records);
    /// The driver gets back the places of the records that were taken.
    void end_turn() { records_.release(); }

    bool must_signal();
    bool sleep() { return records_.sleep_if_empty(); }
    u64 wrong() const { return wrong_; } ///< records, or frames, that cannot be
    u64 frames() const { return frames_; }

private:
    bool take(nic::Received const& record);
    bool begin(nic::Received const& record);
    bool is_complete(nic::Received const& record) const;
    void append(nic::Received const& record, u16 skip);
    void drop_partial();
    bool read_virtio_header(u8 const* at);
    /// Whether the device's word on sums is taken.
    bool checks_sums() const { return features_ & nic::feature::check_received; }

    queue::Sender<decltype(nic::Shared::buffers)> buffers_;
    queue::Receiver<decltype(nic::Shared::received)> records_;
    u32 epoch_ = 0, features_ = 0, buffer_bytes_ = 2048, posted_ = 0;
    u8 owner_ = 0;
    pbuf *first_ = nullptr, *last_ = nullptr; // the frame that is being put together
    u32 bytes_ = 0;                           // of it, behind the Ethernet header
    u32 records_left_ = 0;                    // of it, where the device says how many there are
    bool sums_good_ = false, ip_sum_good_ = false, skipping_ = false;
    u64 wrong_ = 0, frames_ = 0;
};

} // namespace net_server
