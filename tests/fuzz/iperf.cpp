// Fuzzes what servers/iperf reads of strangers: heads of datagrams, what a client asks for,
// reports. What is written again is read as the same; counts stay within each other.
#include "servers/iperf/arrivals.hpp"

#include <cstdlib>

using namespace iperf_server;

namespace {

void try_report(std::span<u8 const> bytes)
{
    auto const report = read_report(bytes);
    if (!report) return;
    u8 written[report_bytes];
    write_report(written, *report);
    auto const again = read_report(written);
    // A fraction of a second may have been above a second: its whole part is carried over.
    bool const carried = (*report).microseconds / 1'000'000 > 0xffff'ffff ||
                         (*report).jitter_us / 1'000'000 > 0xffff'ffff;
    if (!again) std::abort();
    if ((*again).bytes != (*report).bytes || (*again).lost != (*report).lost ||
        (*again).datagrams != (*report).datagrams ||
        (*again).out_of_order != (*report).out_of_order)
        std::abort();
    if (!carried && ((*again).microseconds != (*report).microseconds ||
                     (*again).jitter_us != (*report).jitter_us))
        std::abort();
}

void try_asks(std::span<u8 const> bytes)
{
    // Decided by the first bytes, and then for good.
    Asks decided = Asks::undecided;
    for (usize cut = 0; cut <= bytes.size() && cut <= deciding_bytes + 4; ++cut) {
        Asks const asks = what_asks(bytes.first(cut));
        if (decided != Asks::undecided && asks != decided) std::abort();
        if (cut >= deciding_bytes && asks == Asks::undecided) std::abort();
        decided = asks;
    }
}

/// Datagrams that follow each other in the input: a byte of length, then its bytes.
void try_datagrams(std::span<u8 const> input)
{
    Arrivals arrivals;
    u64 now = 0, taken = 0;
    while (!input.empty()) {
        usize const size = input[0] < input.size() ? input[0] : input.size() - 1;
        auto const datagram = input.subspan(1, size);
        input = input.subspan(1 + size);
        auto const head = read_datagram(datagram);
        if (bool{head} != (size >= 4)) std::abort();
        if (!head) continue;
        arrivals.take(*head, static_cast<u32>(size), now += size * 1000);
        ++taken;
        auto const counts = arrivals.counts();
        if (counts.datagrams - counts.lost != taken || counts.lost > counts.datagrams ||
            counts.out_of_order >= taken || counts.microseconds > now)
            std::abort();
        if (head->number >> 63 && head->number != u64{1} << 63) std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(u8 const* data, usize size)
{
    std::span<u8 const> const bytes{data, size};
    try_report(bytes);
    try_asks(bytes);
    try_datagrams(bytes);
    return 0;
}
