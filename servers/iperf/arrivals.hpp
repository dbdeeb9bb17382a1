// What a receiver of datagrams can say about them: how many are missing, and how evenly they came.
// Their numbers are a stranger's: any number at all keeps the counts within each other.
#pragma once

#include "servers/iperf/wire.hpp"
#include <utility>

namespace iperf_server {

class Arrivals {
    u64 bytes_ = 0, received_ = 0, highest_ = 0, out_of_order_ = 0;
    u64 first_us_ = 0, last_us_ = 0;
    i64 transit_ = 0; ///< of the last, by two clocks: only differences mean something
    bool timed_ = false;
    u64 jitter_16_ = 0; ///< sixteenths of a microsecond

public:
    /// @param bytes   of the datagram
    /// @param now_us  when it came, microseconds
    void take(DatagramHead const& head, u32 bytes, u64 now_us)
    {
        if (received_ == 0) first_us_ = now_us;
        last_us_ = now_us;
        if (head.number > highest_)
            highest_ = head.number;
        else if (received_ > 0)
            ++out_of_order_;
        bytes_ += bytes;
        if (head.sent_us != 0)
            add_transit(static_cast<i64>(now_us) - static_cast<i64>(head.sent_us));
        ++received_;
    }
    iperf::Counts counts() const
    {
        u64 const sent = highest_ > received_ ? highest_ : received_;
        return {bytes_,           last_us_ - first_us_, sent,
                sent - received_, out_of_order_,        jitter_16_ / 16};
    }

private:
    /// The estimator of RFC 3550, section 6.4.1, with the arithmetic of its appendix A.8.
    void add_transit(i64 transit)
    {
        i64 const difference = transit - transit_;
        transit_ = transit;
        if (!std::exchange(timed_, true)) return;
        u64 const size = static_cast<u64>(difference < 0 ? -difference : difference);
        jitter_16_ = jitter_16_ + size - (jitter_16_ + 8) / 16;
    }
};

} // namespace iperf_server
