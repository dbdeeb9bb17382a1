// Measurements against hosts that a test plays, and what is on the wire, byte for byte as iperf
// 2.1.8 sends it.
#include "iperf_network.hpp"
#include "servers/iperf/arrivals.hpp"

using namespace iperf_server;
using namespace iperf_test;
using iperf::State;

namespace {

constexpr net::Endpoint alice{net::ipv4(10, 0, 0, 1), 40001}, bob{net::ipv4(10, 0, 0, 2), 40002};

/// Words of 32 bits in network order.
std::string words(std::initializer_list<u32> list, usize size = 0)
{
    std::string out;
    for (u32 const each : list)
        for (u32 shift = 32; shift > 0; shift -= 8) out += static_cast<char>(each >> (shift - 8));
    if (size > 0) out.resize(size);
    return out;
}
std::span<u8 const> bytes_of(std::string const& text)
{
    return {reinterpret_cast<u8 const*>(text.data()), text.size()};
}
u32 word_of(std::string const& text, usize at)
{
    u32 value = 0;
    for (usize i = 0; i < 4; ++i) value = value << 8 | static_cast<u8>(text.at(4 * at + i));
    return value;
}
/// A datagram as the client of 2.1.8 sends it; below 0 is the final one.
std::string datagram(i64 number, usize size = 1470, u32 flags = 0x48010098, u32 upper = 0)
{
    auto const low = static_cast<u32>(number), high = static_cast<u32>(number >> 32);
    return words({low, 100, static_cast<u32>(number & 0xff) * 1000, high, flags, 1, 5001, 0, 0,
                  10000, 0, 0, upper << 16, 0x00020001, 0x00080003, 0, 0x00200000, 0},
                 size);
}
std::string client_header(u32 flags, u32 upper = 0)
{
    return words(
        {flags, 1, 5001, 0, 0, 300'000, 0, 0, upper << 16, 0x00020001, 0x00080003, 0, 0, 0, 0});
}

} // namespace

TEST_CASE("heads of datagrams: wide, narrow, short, final", "[iperf]")
{
    auto const read = [](std::string const& text) { return read_datagram(bytes_of(text)); };
    auto const first = read(datagram(1));
    REQUIRE(first);
    CHECK((first->number == 1 && !first->is_final && first->sent_us == 100'001'000));
    auto const last = read(datagram(-208));
    REQUIRE(last);
    CHECK((last->number == 208 && last->is_final));
    auto const wide = read(datagram((i64{5} << 32) + 7));
    REQUIRE(wide);
    CHECK(wide->number == (u64{5} << 32) + 7);
    // Without the flag the fourth word means nothing.
    auto const narrow = read(datagram((i64{5} << 32) + 7, 1470, 0x40010098));
    REQUIRE(narrow);
    CHECK(narrow->number == 7);
    auto const brief = read(words({0xffffff30}));
    REQUIRE(brief);
    CHECK((brief->number == 208 && brief->is_final && brief->sent_us == 0));
    CHECK_FALSE(read("abc"));
    // The most negative number is no trap.
    auto const least = read(words({0, 0, 0, 0x80000000, 0x08000000}));
    REQUIRE(least);
    CHECK((least->is_final && least->number == u64{1} << 63));
}

TEST_CASE("what clients ask for", "[iperf]")
{
    auto const asks = [](std::string const& text) { return what_asks(bytes_of(text)); };
    CHECK(asks(client_header(0x40010078)) == Asks::counting);
    CHECK(asks(client_header(0x400100a0, 0x0010)) == Asks::counting); // --trip-times
    CHECK(asks(client_header(0x5001007c)) == Asks::counting);         // --permit-key
    CHECK(asks(client_header(0xc0010079)) == Asks::more);             // -d
    CHECK(asks(client_header(0xc0010078)) == Asks::more);             // -r
    CHECK(asks(client_header(0x44010078, 0x0400)) == Asks::more);     // -R
    CHECK(asks(client_header(0x44010078, 0x0800)) == Asks::more);     // --full-duplex
    CHECK(asks(client_header(0x46010078)) == Asks::more);             // -X
    CHECK(asks(words({0x00800000, 100, 1})) == Asks::more);           // --bounceback
    CHECK(asks("01234567890123456789") == Asks::counting);            // what iperf 2.0 fills with
    CHECK(asks(std::string(40, '\0')) == Asks::counting);
    CHECK(asks("") == Asks::undecided);
    CHECK(asks(client_header(0x44010078, 0x0400).substr(0, 35)) == Asks::undecided);
}

TEST_CASE("a report as iperf 2.1.8 writes it, and what is none", "[iperf]")
{
    std::string report =
        words({0, 0, 0, 0, 0x88000000, 0, 0x1388, 2, 0xa86a, 1, 0, 6, 0, 0x40}, report_bytes);
    auto const counts = read_report(bytes_of(report));
    REQUIRE(counts);
    CHECK((counts->bytes == 5000 && counts->microseconds == 2'043'114));
    CHECK((counts->lost == 1 && counts->datagrams == 6 && counts->out_of_order == 0));
    CHECK(counts->jitter_us == 64);
    u8 written[report_bytes];
    write_report(written, *counts);
    CHECK(std::string(reinterpret_cast<char*>(written), report_bytes) == report);
    CHECK_FALSE(read_report(bytes_of(report.substr(0, 55))));
    CHECK(read_report(bytes_of(report.substr(0, 56))));
    report[16] = 0;
    CHECK(read_report(bytes_of(report)).error() == Error::corrupt);
}

TEST_CASE("arrivals: lost, late and doubled datagrams, and jitter", "[iperf]")
{
    Arrivals arrivals;
    u64 now = 1'000'000;
    for (u64 const number : {1, 2, 5, 4, 5, 9})
        arrivals.take({number, 500'000 + number * 100, false}, 100, now += 100);
    auto const counts = arrivals.counts();
    CHECK((counts.bytes == 600 && counts.microseconds == 500));
    CHECK((counts.datagrams == 9 && counts.lost == 3 && counts.out_of_order == 2));
    // By RFC 3550: differences 0, 200, 200, 0, 300.
    double jitter = 0;
    for (double const difference : {0., 200., 200., 0., 300.}) jitter += (difference - jitter) / 16;
    CHECK(counts.jitter_us == static_cast<u64>(jitter));

    Arrivals doubled;
    for (u32 i = 0; i < 3; ++i) doubled.take({1, 0, false}, 1, 0);
    CHECK((doubled.counts().datagrams == 3 && doubled.counts().lost == 0));
}

TEST_CASE("a pace", "[iperf]")
{
    Pace const pace{1000, 1470 * 8, 2 << 20};
    CHECK(pace.due(0) == 1000);
    CHECK((pace.due(1000) - 1000) / 1000 == 5'607'604);
    CHECK(Pace{5, 100, 0}.due(1'000'000) == 5);
}

TEST_CASE("a client of TCP sends so many bytes, and waits for the server's end", "[iperf]")
{
    World world;
    world.begin(0, 1'000'000);
    CHECK(world.stream_bytes + (world.sent.empty() ? 0 : world.sent[0].bytes.size()) == 1'000'000);
    CHECK(world.shut);
    CHECK(word_of(world.stream_begin, 0) == 0x40010078);
    CHECK(word_of(world.stream_begin, 5) == 1'000'000);
    CHECK(what_asks(bytes_of(world.stream_begin)) == Asks::counting);
    CHECK(world.is(State::ready));
    world.now += 50 * ms;
    world.say(words({2, 28})); // 2.1 acknowledges the header
    world.now += 50 * ms;
    world.say("");
    auto const result = world.result();
    CHECK((result.end == u64(End::complete) && result.own.bytes == 1'000'000));
    CHECK(result.own.microseconds == 100'000);
    CHECK(world.is(State::over));
    CHECK(world.client.in_flight() == 0);
}

TEST_CASE("a client of TCP sends for a time; a server that takes nothing is given up", "[iperf]")
{
    World world;
    world.takes = false;
    world.begin(0, 0, 2'000'000);
    CHECK(world.count(Operation::send) == 4);
    CHECK(world.next == world.now + 2 * second);
    world.pass(2 * second);
    CHECK(world.shut);
    world.pass(StreamSender::patience - 1);
    CHECK(world.is(State::ready));
    world.pass(1);
    CHECK(world.result().end == u64(End::silent));
    CHECK(world.aborts == 1);
    CHECK(world.client.in_flight() == 0);

    world.begin(0, 1 << 20);
    world.pass(StreamSender::patience);
    CHECK(world.result(1).end == u64(End::silent));
}

TEST_CASE("a client of TCP that is refused, stopped, or whose network dies", "[iperf]")
{
    World world;
    world.connect_status = Status::refused;
    world.begin(0, 100'000);
    auto const refused = world.result();
    CHECK((refused.end == u64(End::network) && refused.status == u64(Status::refused)));
    world.connect_status = Status::ok;
    world.takes = false;
    world.begin(0, 100'000);
    world.engine.stop();
    CHECK(world.is(State::over));
    world.run();
    CHECK(world.result(1).end == u64(End::stopped));
    CHECK(world.client.in_flight() == 0);
    world.begin(0, 100'000);
    world.replace_server();
    auto const reset = world.result(2);
    CHECK((reset.end == u64(End::network) && reset.status == u64(Status::reset)));
    CHECK(world.is(State::over));
    // And all is well with the successor.
    world.takes = true;
    world.begin(0, 100'000);
    world.say("");
    CHECK(world.result(3).end == u64(End::complete));
}

TEST_CASE("a server of TCP counts one client after the other", "[iperf]")
{
    World world;
    world.begin(iperf::is_server);
    CHECK(world.is(State::ready));
    world.connect(alice);
    world.say(client_header(0x40010078).substr(0, 7));
    world.say(client_header(0x40010078).substr(7));
    world.now += second;
    world.say(std::string(60'000, 'x'));
    world.say("");
    auto const first = world.result();
    CHECK((first.end == u64(End::complete) && first.own.bytes == 60'060));
    CHECK((first.peer == alice.address && first.port == alice.port));
    CHECK(first.own.microseconds == 1'000'000);
    world.connect(bob);
    world.say("0123456789");
    world.say("", Status::reset);
    auto const second_one = world.result(1);
    CHECK((second_one.end == u64(End::network) && second_one.own.bytes == 10));
    CHECK(world.aborts == 1);
    world.connect(alice);
    world.say("01234");
    world.engine.stop();
    world.run();
    auto const third = world.result(2);
    CHECK((third.end == u64(End::stopped) && third.own.bytes == 5));
    CHECK(world.is(State::over));
    CHECK(world.client.in_flight() == 0);
    CHECK(world.waiting.empty());
}

TEST_CASE("a server of TCP for one client refuses what it cannot do, and goes on", "[iperf]")
{
    World world;
    world.begin(iperf::is_server | iperf::is_single);
    world.connect(alice);
    world.say(client_header(0x44010078, 0x0400));
    CHECK(world.result().end == u64(End::refused));
    CHECK(world.aborts == 1);
    CHECK(world.is(State::ready));
    world.connect(bob);
    world.pass(StreamReceiver::silence);
    CHECK(world.result(1).end == u64(End::silent));
    CHECK(world.is(State::over));
    CHECK(world.client.in_flight() == 0);
}

TEST_CASE("a server that may not bind says so", "[iperf]")
{
    for (u64 const options : {iperf::is_server, iperf::is_server | iperf::is_datagram}) {
        World world;
        world.bind_status = Status::denied;
        world.begin(options);
        auto const result = world.result();
        CHECK((result.end == u64(End::network) && result.status == u64(Status::denied)));
        CHECK(world.is(State::over));
        CHECK(world.client.in_flight() == 0);
    }
}

TEST_CASE("a server of UDP counts, and reports until the client has heard it", "[iperf]")
{
    World world;
    world.begin(iperf::is_server | iperf::is_datagram);
    CHECK(world.is(State::ready));
    for (i64 const number : {1, 2, 4}) {
        world.now += 100 * ms;
        world.datagram(alice, datagram(number));
        world.datagram(bob, datagram(number)); // not listened to
    }
    world.datagram(alice, "abc");
    CHECK(world.sent.empty());
    world.now += 100 * ms;
    world.datagram(alice, datagram(-5));
    auto const result = world.result();
    CHECK((result.end == u64(End::complete) && result.peer == alice.address));
    CHECK((result.own.bytes == 4 * 1470 && result.own.datagrams == 5 && result.own.lost == 1));
    CHECK(result.own.microseconds == 300'000);
    REQUIRE(world.sent.size() == 1);
    CHECK(world.sent[0].to.port == alice.port);
    auto const report = read_report(bytes_of(world.sent[0].bytes));
    REQUIRE(report);
    CHECK((report->bytes == result.own.bytes && report->lost == 1 && report->datagrams == 5));

    world.datagram(alice, datagram(-6)); // the report was lost
    CHECK((world.sent.size() == 2 && world.sent[1].bytes == world.sent[0].bytes));
    world.datagram(alice, datagram(3)); // overtaken by the end
    world.datagram(bob, datagram(-9));  // of nobody who began
    CHECK(world.engine.next(1).number == 0);
    world.pass(DatagramReceiver::echo_time);
    world.datagram(alice, datagram(1)); // anew
    world.pass(DatagramReceiver::silence);
    CHECK(world.result(1).end == u64(End::silent));
    world.engine.stop();
    world.run();
    CHECK(world.client.in_flight() == 0);
}

TEST_CASE("a server of UDP for one client lingers, unseen, until its end is heard", "[iperf]")
{
    World world;
    world.begin(iperf::is_server | iperf::is_datagram | iperf::is_single);
    for (u32 i = 0; i < 3; ++i) world.datagram(alice, datagram(1, 1470, 0xc8010099)); // -d
    CHECK(world.result().end == u64(End::refused));
    CHECK(world.sent.empty());
    world.datagram(bob, datagram(1, 1470, 0x6c010098, 0x0400)); // -R
    CHECK(world.result(1).end == u64(End::refused));
    world.pass(DatagramReceiver::echo_time);
    world.datagram(bob, datagram(1), 9000); // longer than what is looked at
    world.datagram(bob, datagram(-2, 4, 0));
    CHECK(world.result(2).own.bytes == 9004);
    CHECK(world.is(State::over));
    world.datagram(bob, datagram(-2, 4, 0));
    CHECK(world.sent.size() == 2);
    world.datagram(alice, datagram(1)); // not served any more
    CHECK(world.next == world.now + DatagramReceiver::echo_time);
    world.pass(DatagramReceiver::echo_time);
    CHECK(world.client.in_flight() == 0);
    CHECK(world.engine.next(3).number == 0);
}

TEST_CASE("a client of UDP sends at its rate, and asks until it is told", "[iperf]")
{
    World world;
    world.begin(iperf::is_datagram, 4'500, 0, 8'000'000); // 1,000 bytes each millisecond
    CHECK(world.sent.size() == 1);
    CHECK(world.next == world.now + ms);
    world.pass(2 * ms); // late: two are due
    CHECK(world.sent.size() == 3);
    world.pass(10 * ms);
    REQUIRE(world.sent.size() == 6);
    for (u32 i = 0; i < 6; ++i) {
        auto const head = read_datagram(bytes_of(world.sent[i].bytes));
        REQUIRE(head);
        CHECK((head->number == i + 1 && head->is_final == (i == 5)));
        CHECK(world.sent[i].bytes.size() == 1000);
        CHECK(word_of(world.sent[i].bytes, 4) == 0x08000000);
    }
    world.pass(DatagramSender::patience);
    REQUIRE(world.sent.size() == 7);
    CHECK(read_datagram(bytes_of(world.sent[6].bytes))->number == 6);
    world.datagram(alice, "what is this?");
    CHECK(world.is(State::ready));
    world.datagram(alice,
                   words({0, 0, 0, 0, 0x88000000, 0, 5000, 0, 12'000, 1, 0, 6}, report_bytes));
    auto const result = world.result();
    CHECK((result.end == u64(End::complete) && result.has_report == 1));
    CHECK((result.own.bytes == 6000 && result.own.datagrams == 6));
    CHECK(result.own.microseconds == 12'000);
    CHECK((result.report.lost == 1 && result.report.datagrams == 6 && result.report.bytes == 5000));
    CHECK(world.client.in_flight() == 0);
}

TEST_CASE("a client of UDP to whom nobody reports, or who is stopped", "[iperf]")
{
    World world;
    world.begin(iperf::is_datagram, 0, 10'000, 8'000'000);
    world.datagram(alice, words({0, 0, 0, 0, 0x88000000}, report_bytes)); // too early
    world.pass(20 * ms);
    for (u32 i = 0; i < DatagramSender::tries; ++i) world.pass(DatagramSender::patience);
    auto const result = world.result();
    CHECK((result.end == u64(End::silent) && result.has_report == 0));
    CHECK(world.client.in_flight() == 0);
    world.takes = false;
    world.begin(iperf::is_datagram, 0, 1'000'000);
    CHECK(world.count(Operation::send) == 32); // as fast as it goes
    world.engine.stop();
    world.run();
    CHECK(world.result(1).end == u64(End::stopped));
    CHECK(world.client.in_flight() == 0);
}

TEST_CASE("what is begun ends what was under way; nonsense is refused", "[iperf]")
{
    World world;
    world.begin(iperf::is_server);
    world.connect(alice);
    world.say("0123");
    world.begin(iperf::is_server | iperf::is_datagram);
    CHECK(world.result().end == u64(End::stopped));
    CHECK(world.is(State::ready));
    world.datagram(alice, datagram(1));
    auto const address = alice.address;
    iperf::Begin::Args const bad[] = {
        {16, 5001, 0, 1, 0, 1000, address},
        {0, 0, 0, 1, 0, 1000, address},
        {0, 65536, 0, 1, 0, 1000, address},
        {0, 5001, 0, 0, 0, 1000, address},
        {0, 5001, 0, 1, 0, 1000, {}},
        {iperf::is_datagram, 5001, 0, 1, 0, 39, address},
        {iperf::is_datagram, 5001, 0, 1, 0, 65508, address},
        {iperf::is_datagram, 5001, ~u64{0}, 1, 0, 1000, address},
    };
    for (auto const& args : bad) CHECK(world.engine.begin(args).error() == Error::bad_argument);
    CHECK(world.is(State::ready));
}

TEST_CASE("old results are dropped, the newest are kept", "[iperf]")
{
    World world;
    world.begin(iperf::is_server);
    for (u32 i = 0; i < 20; ++i) {
        world.connect(alice);
        world.say(std::string(i + 1, 'x'));
        world.say("");
    }
    auto const oldest = world.engine.next(0);
    CHECK((oldest.number == 5 && oldest.result.own.bytes == 5));
    CHECK(world.engine.next(19).result.own.bytes == 20);
    CHECK(world.engine.next(20).number == 0);
}
