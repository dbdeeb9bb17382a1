#include "servers/shell/iperf_options.hpp" // under test: first, so that a missing include shows

#include <catch2/catch.hpp>
#include <string>

namespace {

Result<shell::IperfOptions> parse(std::string const& line)
{
    static std::string kept; // words are views of it
    kept = line;
    std::string_view rest = kept;
    return shell::parse_iperf(shell::next_command(rest));
}

} // namespace

TEST_CASE("amounts have units of 1024 and of 1000, as iperf 2 has them", "[shell]")
{
    CHECK(*shell::parse_amount("17") == 17);
    CHECK(*shell::parse_amount("2K") == 2048);
    CHECK(*shell::parse_amount("2k") == 2000);
    CHECK(*shell::parse_amount("3M") == 3u << 20);
    CHECK(*shell::parse_amount("3m") == 3'000'000);
    CHECK(*shell::parse_amount("1G") == 1u << 30);
    CHECK(*shell::parse_amount("1g") == 1'000'000'000);
    for (auto const* bad : {"", "K", "1T", "-1", "1.5M", "0x10", "1MM", "99999999999999999999",
                            "18446744073709551615K"}) {
        INFO(bad);
        CHECK_FALSE(shell::parse_amount(bad));
    }
}

TEST_CASE("a server, and clients with what they do not say", "[shell]")
{
    auto const server = parse("iperf -s -u -1");
    REQUIRE(server);
    CHECK(server->host.empty());
    CHECK(server->args.options == (iperf::is_server | iperf::is_datagram | iperf::is_single));
    CHECK(server->args.port == 5001);
    auto const tcp = parse("iperf -c 10.0.2.2");
    REQUIRE(tcp);
    CHECK((tcp->host == "10.0.2.2" && tcp->args.options == 0 && tcp->args.port == 5001));
    CHECK((tcp->args.microseconds == 10'000'000 && tcp->args.bytes == 0));
    auto udp = parse("iperf -u -c host -b 20M -n 4m -l 1000 -p 6000");
    REQUIRE(udp);
    CHECK((udp->args.rate == 20u << 20 && udp->args.bytes == 4'000'000));
    CHECK((udp->args.size == 1000 && udp->args.port == 6000));
    auto usual = parse("iperf -c host -u -V -t 3");
    REQUIRE(usual);
    CHECK((usual->args.rate == 1u << 20 && usual->args.size == 0));
    usual->set_address(net::ipv4(10, 0, 0, 1));
    CHECK(usual->args.size == iperf::usual_datagram);
    auto six = *parse("iperf -c host -u");
    six.set_address(*net::parse_address("fe80::1"));
    CHECK(six.args.size == iperf::usual_datagram6);
    udp->set_address(*net::parse_address("fe80::1"));
    CHECK(udp->args.size == 1000);
    CHECK(usual->args.microseconds == 3'000'000);
}

TEST_CASE("words that do not fit together", "[shell]")
{
    for (auto const* bad : {"iperf -u",
                            "iperf -s -c host",
                            "iperf -c",
                            "iperf -c host -t 0",
                            "iperf -c host -t 86401",
                            "iperf -c host -t 5 -n 5",
                            "iperf -c host -b 1M",
                            "iperf -c host -l 100",
                            "iperf -s -t 5",
                            "iperf -s -n 5",
                            "iperf -c host -1",
                            "iperf -c host -p 0",
                            "iperf -c host -p 65536",
                            "iperf -c host -u -l 39",
                            "iperf -c host -u -l 65508",
                            "iperf -c host -x",
                            "iperf host",
                            "iperf -c host -n",
                            "iperf -suV",
                            "iperf -c host -n 5 -n"}) {
        INFO(bad);
        CHECK_FALSE(parse(bad));
    }
}
