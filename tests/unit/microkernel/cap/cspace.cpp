// CSpace lookup: every way a walk can end, then random spaces against the algorithm in words.
#include "cap/cspace.hpp"
#include "cap/derivation_tree.hpp"
#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace mk;
using Kind = abi::LookupFailure;

namespace {

Cap thing()
{
    return Cap::singleton(CapType::domain);
}

/// root: guard 0b01 (2 bits), radix 3. Slot 5: node with guard 0b110 (3 bits), radix 2; its slot 1
/// holds a thing, slot 2 leads back to the root. Slot 6: a thing. Slot 7: empty. Slot 3: zombie.
struct Space {
    std::vector<Slot> top{8}, inner{4};
    Cap root = Cap::cnode(top.data(), 3, 0b01, 2);
    Space()
    {
        top[5].update(Cap::cnode(inner.data(), 2, 0b110, 3));
        top[6].update(thing());
        top[3].update(Cap::zombie(inner.data(), 2, 4));
        inner[1].update(thing());
        inner[2].update(root);
    }
};

} // namespace

TEST_CASE("an address is guard and index of each level, from the top bits down", "[cspace]")
{
    Space s;
    struct Case {
        u64 address;
        unsigned bits;
        Slot* slot;
        unsigned left;
    };
    std::vector<Case> const cases{
        {0b01'110, 5, &s.top[6], 0},
        {0b01'111, 5, &s.top[7], 0},
        {0b01'101, 5, &s.top[5], 0},                // the CNode capability itself
        {0b01'110'0101, 9, &s.top[6], 4},           // ends early at what is no CNode
        {0b01'111'0101, 9, &s.top[7], 4},           // or at an empty slot
        {0b01'011'0101, 9, &s.top[3], 4},           // or at a dead CNode
        {0b01'101'110'01, 10, &s.inner[1], 0},      // two levels
        {0b01'101'110'10'01'110, 15, &s.top[6], 0}, // round the cycle
        {~u64{31} | 0b01'110, 5, &s.top[6], 0},     // bits above the depth do not count
    };
    for (auto const& c : cases) {
        CAPTURE(c.address, c.bits);
        auto const r = resolve(s.root, c.address, c.bits);
        REQUIRE(r);
        CHECK((*r).slot == c.slot);
        CHECK((*r).bits_left == c.left);
    }
}

TEST_CASE("a failed walk says what it met and how many bits were left", "[cspace]")
{
    Space s;
    struct Case {
        Cap root;
        u64 address;
        unsigned bits;
        LookupFailure failure;
    };
    std::vector<Case> const cases{
        {Cap{}, 0, 5, {Kind::invalid_root, 0, 0, 0}},
        {thing(), 0, 5, {Kind::invalid_root, 0, 0, 0}},
        {s.top[3].cap(), 0, 5, {Kind::invalid_root, 0, 0, 0}}, // zombie
        {s.root, 0b10'110, 5, {Kind::guard_mismatch, 5, 0b01, 2}},
        {s.root, 0b1, 1, {Kind::guard_mismatch, 1, 0b01, 2}},
        {s.root, 0, 0, {Kind::guard_mismatch, 0, 0b01, 2}},
        {s.root, 0b01'11, 4, {Kind::depth_mismatch, 4, 5, 0}},
        {s.root, 0b01'101'111'01, 10, {Kind::guard_mismatch, 5, 0b110, 3}},
        {s.root, 0b01'101'11, 7, {Kind::guard_mismatch, 2, 0b110, 3}},
        {s.root, 0b01'101'1100, 9, {Kind::depth_mismatch, 4, 5, 0}},
        {Cap::cnode(s.top.data(), 3), 0, 0, {Kind::depth_mismatch, 0, 3, 0}},
    };
    for (auto const& c : cases) {
        CAPTURE(c.address, c.bits);
        auto const r = resolve(c.root, c.address, c.bits);
        REQUIRE(!r);
        CHECK(r.error().kind == c.failure.kind);
        CHECK(r.error().bits_left == c.failure.bits_left);
        CHECK(r.error().found == c.failure.found);
        CHECK(r.error().guard_size == c.failure.guard_size);
    }
}

TEST_CASE("system calls resolve 64 bits, and lookup_cap refuses an empty slot", "[cspace]")
{
    Space s;
    Cap const root = Cap::cnode(s.top.data(), 3, 0, 61);
    CHECK(*lookup_slot(root, 6) == &s.top[6]);
    CHECK(*lookup_slot(root, 7) == &s.top[7]);
    CHECK(*lookup_cap(root, 6) == &s.top[6]);
    CHECK(lookup_cap(root, 7).error().kind == Kind::missing_capability);
    CHECK(lookup_cap(root, 7).error().bits_left == 0);
    CHECK(lookup_cap(root, 8).error().kind == Kind::guard_mismatch);
    CHECK(lookup_cap(thing(), 8).error().kind == Kind::invalid_root);
    // radix + guard of 64 without a guard: no shift by 64
    Cap const wide = Cap::cnode(s.top.data(), 3);
    auto const early = lookup_slot(wide, u64{6} << 61 | 5);
    CHECK(*early == &s.top[6]);
}

namespace {

/// The manual's algorithm on strings of bits, recursive and slow.
struct Reference {
    static std::string text(u64 v, unsigned n)
    {
        std::string s;
        for (unsigned i = n; i-- > 0;) s += (v >> i & 1) ? '1' : '0';
        return s;
    }
    static std::pair<Slot*, unsigned> walk(Cap const& node, std::string rest)
    {
        std::string const guard = text(node.cnode_guard(), node.cnode_guard_size());
        if (rest.compare(0, guard.size(), guard) != 0) return {nullptr, 1};
        rest.erase(0, guard.size());
        if (rest.size() < node.cnode_radix()) return {nullptr, 2};
        u64 const index = std::stoull(rest.substr(0, node.cnode_radix()), nullptr, 2);
        rest.erase(0, node.cnode_radix());
        Slot* const slot = node.cnode_slots() + index;
        if (rest.empty() || !slot->cap().is(CapType::cnode)) return {slot, unsigned(rest.size())};
        return walk(slot->cap(), rest);
    }
};

} // namespace

TEST_CASE("random CSpaces resolve as the manual's algorithm does", "[cspace]")
{
    std::mt19937_64 random{1};
    auto const below = [&](u64 n) { return random() % n; };
    unsigned found = 0;
    for (unsigned round = 0; round < 200; ++round) {
        std::vector<std::vector<Slot>> nodes(5);
        std::vector<Cap> caps;
        for (auto& node : nodes) {
            unsigned const radix = 1 + unsigned(below(3)), guard_size = unsigned(below(3));
            node = std::vector<Slot>(bit(radix));
            caps.push_back(Cap::cnode(node.data(), radix, below(bit(guard_size)), guard_size));
        }
        for (auto& node : nodes)
            for (auto& slot : node)
                if (below(4) != 0) slot.update(below(5) == 0 ? thing() : caps[below(5)]);
        for (unsigned i = 0; i < 200; ++i) {
            unsigned const depth = 1 + unsigned(below(24));
            u64 const address = random();
            auto const expected = Reference::walk(caps[0], Reference::text(address, depth));
            auto const got = resolve(caps[0], address, depth);
            REQUIRE(bool(got) == (expected.first != nullptr));
            if (!got) continue;
            ++found;
            REQUIRE((*got).slot == expected.first);
            REQUIRE((*got).bits_left == expected.second);
        }
    }
    CHECK(found > 1000);
}
