#include "servers/net/receive.hpp"

#include "servers/net/packet_memory.hpp"

namespace net_server {

void Receive::attach(nic::Shared& shared, u8 owner)
{
    buffers_ = queue::Sender{&shared.buffers};
    records_ = queue::Receiver{&shared.received};
    owner_ = owner;
}

void Receive::restart(u32 epoch, u32 features, u32 buffer_bytes)
{
    drop_partial();
    epoch_ = epoch;
    features_ = features;
    buffer_bytes_ = buffer_bytes;
    posted_ = 0;
    skipping_ = false;
}

void Receive::drop_partial()
{
    if (first_ != nullptr) pbuf_free(first_);
    first_ = last_ = nullptr;
}

void Receive::post()
{
    if (epoch_ == 0) return;
    u32 const wanted = posted_at_most - posted_, space = buffers_.space();
    u32 left = wanted < space ? wanted : space;
    for (; left > 0; --left, ++posted_) {
        u8* const buffer = packet_memory.take_buffer(buffer_bytes_, owner_);
        if (buffer == nullptr) break;
        buffers_.put({static_cast<u32>(packet_memory.heap().offset_of(buffer)), epoch_});
    }
    buffers_.show();
}

bool Receive::next(ReceivedFrame& frame, u32& records)
{
    nic::Received record;
    while (records < records_in_turn && records_.take(record)) {
        ++records;
        if (record.epoch != epoch_ || epoch_ == 0) continue;
        if (!take(record)) continue;
        u32 left = bytes_;
        for (pbuf* each = first_; each != nullptr; left -= each->len, each = each->next)
            each->tot_len = static_cast<u16>(left);
        frame = {first_, sums_good_, ip_sum_good_};
        first_ = last_ = nullptr;
        ++frames_;
        return true;
    }
    return false;
}

/// True when a frame is whole.
bool Receive::take(nic::Received const& record)
{
    if (!packet_memory.give_back(record.offset, buffer_bytes_, owner_)) {
        ++wrong_;
        return false;
    }
    --posted_;
    bool const more = record.flags & nic::received::more;
    bool const fits = record.bytes > 0 && record.bytes <= buffer_bytes_;
    bool const good = fits && !(record.flags & nic::received::damaged) && !skipping_;
    if (first_ == nullptr && good && begin(record)) return is_complete(record);
    if (first_ != nullptr && good && bytes_ + record.bytes <= 0xffff) {
        append(record, 0);
        if (records_left_ > 0) --records_left_;
        return is_complete(record);
    }
    // The rest of the frame is dropped as well, as far as it can be told apart.
    if (!skipping_) ++wrong_;
    drop_partial();
    packet_memory.free_buffer(record.offset);
    skipping_ = more && !(features_ & nic::feature::virtio_header);
    return false;
}

bool Receive::is_complete(nic::Received const& record) const
{
    if (features_ & nic::feature::virtio_header) return records_left_ == 0;
    return !(record.flags & nic::received::more);
}

/// The first record of a frame: with headers.
bool Receive::begin(nic::Received const& record)
{
    u32 skip = ethernet_bytes;
    u8 const* const data = packet_memory.heap().at(record.offset);
    sums_good_ = (record.flags & nic::received::l4_good) && checks_sums();
    ip_sum_good_ = (record.flags & nic::received::ip_good) && checks_sums();
    records_left_ = 0;
    if (features_ & nic::feature::virtio_header) {
        skip += virtio_header_bytes;
        if (record.bytes <= skip || !read_virtio_header(data)) return false;
    }
    if (record.bytes <= skip) return false;
    bytes_ = 0;
    append(record, static_cast<u16>(skip));
    return true;
}

void Receive::append(nic::Received const& record, u16 skip)
{
    pbuf* const piece =
        packet_memory.wrap(record.offset, skip, static_cast<u16>(record.bytes - skip));
    bytes_ += record.bytes - skip;
    if (first_ == nullptr) {
        first_ = last_ = piece;
        return;
    }
    last_->next = piece; // tot_len of all is set when the chain is whole
    last_ = piece;
}

/// virtio_net_hdr. [Virtual I/O Device (VIRTIO) Version 1.2, "Device Operation"]
bool Receive::read_virtio_header(u8 const* at)
{
    constexpr u8 needs_checksum = 1, data_valid = 2;
    u32 const buffers = u32{at[10]} | u32{at[11]} << 8;
    if (buffers == 0 || buffers > 65535 / 64) return false;
    records_left_ = buffers - 1;
    // A partial sum comes from a sender on the same machine: nothing was sent over a wire.
    sums_good_ = (at[0] & (needs_checksum | data_valid)) && checks_sums();
    return true;
}

bool Receive::must_signal()
{
    bool const records = records_.must_signal();
    return buffers_.must_signal() || records;
}

} // namespace net_server
