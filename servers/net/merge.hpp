// Segments of a TCP connection that were received one after the other become one packet, so that
// lwIP does once what it would do for each: large receive offload, in software, for devices that
// have none. Nothing waits for frames that are still to come: what is there is merged, within a
// turn. Merged are plain segments alone: all sums right, no option, no flag but ACK and PSH, and
// nothing but sequence number and PSH different between them. Sums that the device has not checked
// are checked here.
#pragma once

#include "servers/net/receive.hpp"

namespace net_server {

class Merger {
public:
    /// Takes a frame that goes on where the packet that waits ends, or with which another can
    /// begin. False: it is the caller's still. @param done  comes before it: as give()
    bool take(ReceivedFrame const& frame, ReceivedFrame& done);
    /// The packet that waits, which waits no longer; its pbuf is null: there is none.
    ReceivedFrame give();

private:
    /// What is looked at of a frame; `tcp` null: it cannot be merged.
    struct Segment {
        u8* ip;
        u8* tcp;
        u32 headers, bytes; ///< of IP and TCP; of payload
    };
    static Segment of(ReceivedFrame const& frame);
    static bool has_good_sums(ReceivedFrame const& frame, Segment const& segment);
    bool goes_on(Segment const& next) const;
    void begin(ReceivedFrame const& frame, Segment const& segment);
    void append(pbuf* packet, Segment const& segment);
    void write_lengths();

    ReceivedFrame first_{};
    pbuf* last_ = nullptr;
    Segment head_{}; // of the first; `bytes` of all
    u32 next_sequence_ = 0;
};

} // namespace net_server
