// The command iperf: measures throughput with another machine's iperf 2, by servers/iperf.
#include "servers/shell/iperf_options.hpp"
#include "servers/shell/network.hpp"

namespace shell {

namespace {

using iperf::Counts;

text::Value outcome_of(iperf::Result const& result)
{
    switch (static_cast<iperf::End>(result.end)) {
    case iperf::End::complete:
        return text::value("complete");
    case iperf::End::stopped:
        return text::value("stopped");
    case iperf::End::network:
        return text::value(status_text(static_cast<net::Status>(result.status)));
    case iperf::End::refused:
        return text::value("refused: this kind of test is not supported");
    case iperf::End::silent:
        return text::value("the other end is silent");
    }
    return text::value("?");
}

/// Rows of a measurement: what this end counted, then what the other end reported.
class Report {
    Table table_;

public:
    u64 results = 0, failures = 0;

    Report(Shell& shell, bool datagrams)
        : table_{shell.out,
                 {{"peer", 21},
                  {"by", 6},
                  {"time", 6, true},
                  {"bytes", 6, true},
                  {"kbit/s", 8, true},
                  {"datagrams", 9, true},
                  {"lost", 5, true},
                  {"disorder", 8, true},
                  {"jitter", 6, true},
                  {"outcome", 8}},
                 shell.json},
          datagrams_{datagrams}
    {
    }
    void add(iperf::Result const& result)
    {
        row(result, "us", result.own);
        if (result.has_report) row(result, "server", result.report);
        ++results;
        failures += result.end != static_cast<u64>(iperf::End::complete);
    }
    void end() { table_.end(); }

private:
    void row(iperf::Result const& result, std::string_view by, Counts const& counts)
    {
        text::Line<48> peer;
        net::write_endpoint(peer, {result.peer, static_cast<u16>(result.port)});
        u64 const time = counts.microseconds > 0 ? counts.microseconds : 1;
        bool const fits = counts.bytes < u64{1} << 50;
        u64 const kilobits = fits ? counts.bytes * 8000 / time : counts.bytes / time * 8000;
        auto const count = [this](u64 number) {
            return datagrams_ ? text::value(number) : text::value("-");
        };
        table_.row({text::value(peer.view()), text::value(by), text::time(counts.microseconds),
                    text::size(counts.bytes), text::value(kilobits), count(counts.datagrams),
                    count(counts.lost), count(counts.out_of_order),
                    datagrams_ ? text::time(counts.jitter_us) : text::value("-"),
                    outcome_of(result)});
    }
    bool datagrams_;
};

/// Waits for the next result, or until there will be none: the server signals. Ctrl-C stops.
class Follower {
    Shell& shell_;
    u64 after_;
    bool stopped_ = false;

public:
    Follower(Shell& shell, u64 after) : shell_{shell}, after_{after} {}

    /// Until clients may come to a server, or that has failed.
    Result<void> ready()
    {
        for (;;) {
            auto const next = TRY(shell_.iperf<iperf::Next>({after_}));
            bool const beginning = next.state == static_cast<u64>(iperf::State::beginning);
            if (next.number != 0 || !beginning) return {};
            TRY(wait());
        }
    }
    /// Shows results as they come.
    Result<void> show(Report& report)
    {
        for (;;) {
            auto const next = TRY(shell_.iperf<iperf::Next>({after_}));
            if (next.number != 0) {
                report.add(next.result);
                after_ = next.number;
            } else if (next.state == static_cast<u64>(iperf::State::over)) {
                return {};
            } else {
                TRY(wait());
            }
        }
    }
    bool stopped() const { return stopped_; }

private:
    Result<void> wait()
    {
        if (shell_.out.wait_until(net::Waiter::never)) return {};
        stopped_ = true;
        TRY(shell_.iperf<iperf::Stop>({}));
        return {};
    }
};

} // namespace

int iperf_command(Shell& shell, Words& words)
{
    auto options = parse_iperf(words);
    if (!options) {
        shell.out.write("iperf -s or -c HOST, and what help iperf says; not -n with -t\r\n");
        return wrong_use;
    }
    if (!options->host.empty()) {
        Network* const network = Network::of(shell);
        if (network == nullptr) return failed;
        auto const online = network->begin(20);
        if (!online) return network->fail(options->host, online.error());
        u32 const family = options->args.options & iperf::is_ipv6 ? 6 : 0;
        auto const address = network->find(options->host, family);
        if (!address) return network->fail(options->host, address.error());
        options->set_address(*address);
    }
    auto const begun = shell.iperf<iperf::Begin>(options->args);
    if (!begun) return shell.fail("iperf", begun.error());
    Follower follower{shell, begun->number};
    if (auto const ready = follower.ready(); !ready) return shell.fail("iperf", ready.error());
    Report report{shell, (options->args.options & iperf::is_datagram) != 0};
    auto const shown = follower.show(report);
    report.end();
    if (!shown) return shell.fail("iperf", shown.error());
    if (follower.stopped()) return interrupted;
    u64 const kind = options->args.options;
    bool const endless = (kind & iperf::is_server) && !(kind & iperf::is_single);
    if (report.results == 0 || (endless && report.failures == 0))
        return shell.fail("iperf", Error::server_died);
    return report.failures == 0 ? 0 : failed;
}

} // namespace shell
