#include "servers/net/sequence.hpp" // under test: first, so that a missing include shows

#include <catch2/catch.hpp>
#include <cstring>
#include <set>

using net_server::first_sequence;

TEST_CASE("sequence numbers depend on the key and on all of a connection", "[net]")
{
    kit::SipKey const key{{1, 2}};
    ip_addr_t const a = IPADDR4_INIT_BYTES(10, 0, 0, 1), b = IPADDR4_INIT_BYTES(10, 0, 0, 2);
    ip_addr_t a6 = *IP6_ADDR_ANY, b6 = *IP6_ADDR_ANY;
    ip_2_ip6(&a6)->addr[3] = 1;
    ip_2_ip6(&b6)->addr[3] = 2;
    std::set<u32> all;
    all.insert(first_sequence(key, 0, {a, 80}, {b, 5000}));
    all.insert(first_sequence({{1, 3}}, 0, {a, 80}, {b, 5000}));
    all.insert(first_sequence({{2, 2}}, 0, {a, 80}, {b, 5000}));
    all.insert(first_sequence(key, 0, {b, 80}, {a, 5000}));
    all.insert(first_sequence(key, 0, {a, 80}, {a, 5000}));
    all.insert(first_sequence(key, 0, {a, 81}, {b, 5000}));
    all.insert(first_sequence(key, 0, {a, 80}, {b, 5001}));
    all.insert(first_sequence(key, 0, {a, 5000}, {b, 80}));
    all.insert(first_sequence(key, 0, {a6, 80}, {b6, 5000}));
    all.insert(first_sequence(key, 0, {a6, 80}, {a6, 5000}));
    CHECK(all.size() == 10);
    // Neighbours are not near each other.
    for (u16 port = 1; port < 1000; ++port) {
        u32 const step = first_sequence(key, 0, {a, 80}, {b, port}) -
                         first_sequence(key, 0, {a, 80}, {b, static_cast<u16>(port + 1)});
        REQUIRE((step > 1000 && step < 0u - 1000));
    }
}

TEST_CASE("they go on with the clock, 250,000 in a second", "[net]")
{
    kit::SipKey const key{{7, 8}};
    ip_addr_t const a = IPADDR4_INIT_BYTES(10, 0, 0, 1), b = IPADDR4_INIT_BYTES(10, 0, 0, 2);
    u32 const first = first_sequence(key, 5'000'000, {a, 80}, {b, 5000});
    CHECK(first_sequence(key, 6'000'000, {a, 80}, {b, 5000}) - first == 250'000);
}

TEST_CASE("what an IPv4 address leaves behind does not count", "[net]")
{
    kit::SipKey const key{{1, 2}};
    ip_addr_t clean = IPADDR4_INIT_BYTES(10, 0, 0, 1), dirty = clean;
    ip_2_ip6(&dirty)->addr[2] = 99;
    CHECK(first_sequence(key, 0, {clean, 1}, {clean, 2}) ==
          first_sequence(key, 0, {dirty, 1}, {dirty, 2}));
}
