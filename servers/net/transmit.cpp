#include "servers/net/transmit.hpp"

#include "servers/net/packet_memory.hpp"

namespace net_server {

void Transmit::attach(nic::Shared& shared)
{
    segments_ = queue::Sender{&shared.segments};
    sent_ = queue::Receiver{&shared.sent};
}

bool Transmit::send(pbuf* frame, Offload const& offload)
{
    if (next_ - oldest_ == slots) {
        ++dropped_;
        return false;
    }
    pbuf_ref(frame);
    slot(next_++) = {frame, offload, frame->tot_len};
    return true;
}

void Transmit::run(u32 epoch)
{
    take_reports(epoch);
    show(epoch);
}

void Transmit::take_reports(u32 epoch)
{
    for (nic::Sent report; sent_.pop(report);) {
        if (report.epoch != epoch) continue;
        if (report.id - oldest_ >= shown_ - oldest_ || slot(report.id).frame == nullptr) {
            ++wrong_;
            continue;
        }
        if (report.status != 0) ++dropped_;
        pbuf* const frame = slot(report.id).frame;
        slot(report.id).frame = nullptr;
        pbuf_free(frame);
    }
    while (oldest_ != shown_ && slot(oldest_).frame == nullptr) ++oldest_;
}

void Transmit::show(u32 epoch)
{
    if (epoch == 0) return;
    for (; shown_ != next_ && segments_.space() >= nic::max_segments; ++shown_) {
        Slot& it = slot(shown_);
        if (it.frame == nullptr) continue; // reported under an older epoch
        if (it.frame->tot_len == it.bytes) {
            push(shown_, epoch);
        } else {
            pbuf_free(it.frame);
            it.frame = nullptr;
        }
    }
}

void Transmit::push(u32 id, u32 epoch)
{
    Slot const& it = slot(id);
    for (pbuf const* piece = it.frame; piece != nullptr; piece = piece->next) {
        if (piece->len == 0) continue;
        nic::Segment segment{};
        segment.offset = static_cast<u32>(packet_memory.heap().offset_of(piece->payload));
        segment.bytes = piece->len;
        segment.id = id;
        segment.epoch = epoch;
        if (piece == it.frame) {
            segment.flags = static_cast<u16>(nic::segment::first | it.offload.flags);
            segment.checksum_start = it.offload.checksum_start;
            segment.checksum_offset = it.offload.checksum_offset;
            segment.header_bytes = it.offload.header_bytes;
            segment.segment_bytes = it.offload.segment_bytes;
        }
        if (piece->next == nullptr || piece->tot_len == piece->len)
            segment.flags |= nic::segment::last;
        segments_.push(segment);
        if (segment.flags & nic::segment::last) return;
    }
}

void Transmit::drop_all()
{
    for (; oldest_ != next_; ++oldest_) {
        if (pbuf* const frame = slot(oldest_).frame) pbuf_free(frame);
        slot(oldest_).frame = nullptr;
    }
    shown_ = next_;
}

bool Transmit::must_signal()
{
    bool const sent = sent_.must_signal();
    return segments_.must_signal() || sent;
}

bool Transmit::sleep()
{
    // Reports are no news while there is room: they are taken when something else wakes us.
    bool idle = held() <= slots / 2 || sent_.sleep_if_empty();
    if (shown_ != next_) idle &= segments_.sleep_below(nic::max_segments);
    return idle;
}

} // namespace net_server
