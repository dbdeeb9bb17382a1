#include "net/address.hpp" // under test: first, so that a missing include shows

#include <catch2/catch.hpp>
#include <string>

namespace {

std::string written(net::Address const& address)
{
    text::Line<39> line;
    net::write_address(line, address);
    return std::string{line.view()};
}
/// How an address that was read is written; "-": it was refused.
std::string again(std::string_view text)
{
    auto const address = net::parse_address(text);
    return address ? written(*address) : "-";
}

} // namespace

TEST_CASE("IPv4 is four decimal numbers and nothing else", "[net]")
{
    auto const address = net::parse_address("10.0.2.15");
    REQUIRE(address);
    CHECK(*address == net::ipv4(10, 0, 2, 15));
    CHECK(net::is_ipv4(*address));
    CHECK(again("255.255.255.255") == "255.255.255.255");
    CHECK(again("0.0.0.0") == "0.0.0.0");
    for (auto const* bad :
         {"", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", ".1.2.3.4", "1..2.3", "256.1.1.1",
          "01.2.3.4", "1.2.3.00", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "-1.2.3.4", "+1.2.3.4",
          "1.2.3.99999999999999999999", "a.b.c.d"}) {
        INFO(bad);
        CHECK(again(bad) == "-");
    }
}

TEST_CASE("IPv6 is read in each form of RFC 4291 and written in that of RFC 5952", "[net]")
{
    struct {
        char const *in, *out;
    } const table[] = {
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
        {"2001:0db8::0001", "2001:db8::1"},
        {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
        {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, // 4.2.2: not for one group
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},         // 4.2.3: the longest run
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},   // the first of equals
        {"0:0:1:2:3:4:0:0", "::1:2:3:4:0:0"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"::1.2.3.4", "::102:304"},
        {"::ffff:10.0.2.2", "10.0.2.2"},
        {"::FFFF:a00:202", "10.0.2.2"},
        {"::fffe:a00:202", "::fffe:a00:202"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (auto const& row : table) {
        INFO(row.in);
        CHECK(again(row.in) == row.out);
    }
    for (auto const* bad : {":",
                            ":::",
                            "1",
                            "1:",
                            ":1",
                            "1:2:3:4:5:6:7",
                            "1:2:3:4:5:6:7:8:9",
                            "1:2:3:4:5:6:7:8:",
                            ":1:2:3:4:5:6:7:8",
                            "1::2::3",
                            "::1::",
                            "12345::",
                            "g::",
                            "1:2:3:4:5:6:7:1.2.3.4",
                            "1.2.3.4::",
                            "::1.2.3",
                            "::1.2.3.4:5",
                            "::1%eth0",
                            "1:2:3:4::5:6:7:8",
                            "[::1]",
                            ":1::2",
                            "::1:",
                            "fe80::1/64"}) {
        INFO(bad);
        CHECK(again(bad) == "-");
    }
}

TEST_CASE("an endpoint with IPv6 has brackets, one with IPv4 has none", "[net]")
{
    auto const four = net::parse_endpoint("10.0.2.2:8080");
    REQUIRE(four);
    CHECK(four->port == 8080);
    auto const six = net::parse_endpoint("[fe80::1]:443");
    REQUIRE(six);
    text::Line<47> line;
    net::write_endpoint(line, *six);
    line.write(' ');
    net::write_endpoint(line, *four);
    CHECK(line.view() == "[fe80::1]:443 10.0.2.2:8080");
    for (auto const* bad :
         {"", ":80", "10.0.2.2", "10.0.2.2:", "10.0.2.2:65536", "10.0.2.2:080", "::1:80",
          "[10.0.2.2]:80", "[::1]", "[::1]80", "[]:80", "[:80", "10.0.2.2:80x"}) {
        INFO(bad);
        CHECK_FALSE(net::parse_endpoint(bad));
    }
}

TEST_CASE("prefixes are compared bit by bit", "[net]")
{
    auto const a = net::ipv4(10, 0, 2, 15), b = net::ipv4(10, 0, 3, 15);
    CHECK(net::same_prefix(a, b, 96 + 23));
    CHECK_FALSE(net::same_prefix(a, b, 96 + 24));
    CHECK(net::same_prefix(a, b, 0));
    CHECK(net::same_prefix(a, a, 128));
    CHECK_FALSE(net::same_prefix(a, net::ipv4(10, 0, 2, 14), 128));
    CHECK(net::is_any(net::any_address));
    CHECK(net::is_any(net::ipv4(0, 0, 0, 0)));
    CHECK_FALSE(net::is_any(a));
}
