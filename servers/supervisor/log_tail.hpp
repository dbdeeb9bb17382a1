// The last lines a program logged, out of its own ring: also those that the log server has taken
// already, since places are overwritten only when the ring comes round. The ring is the victim's to
// write: its position may be any number, its lengths are checked and its text is cleaned.
#pragma once

#include "protocol/log.hpp"
#include "text/clean.hpp"
#include <span>

namespace supervisor {

/// Puts as many of the last lines as fit, oldest first, each with a newline, into `out`; the rest
/// of `out` stays as it is. Returns the bytes used.
inline usize log_tail(log_protocol::Shared const& shared, std::span<char> out)
{
    using Ring = decltype(shared.records);
    auto const& ring = shared.records;
    u32 const end = ring.pushed.load(std::memory_order_acquire);
    auto const length_of = [](log_protocol::Record const& record) -> usize {
        return record.length < log_protocol::text_bytes ? record.length : log_protocol::text_bytes;
    };
    u32 const most = end < Ring::entries ? end : Ring::entries;
    u32 lines = 0;
    usize needed = 0;
    for (; lines < most; ++lines) {
        usize const more = length_of(ring.record[(end - 1 - lines) % Ring::entries]) + 1;
        if (needed + more > out.size()) break;
        needed += more;
    }
    usize used = 0;
    for (; lines > 0; --lines) {
        log_protocol::Record const record = ring.record[(end - lines) % Ring::entries];
        // It may have grown since it was measured: what does not fit is left out.
        used += text::copy_clean(out.data() + used, out.size() - used,
                                 {record.text, length_of(record)});
        if (used < out.size()) out[used++] = '\n';
    }
    return used;
}

} // namespace supervisor
