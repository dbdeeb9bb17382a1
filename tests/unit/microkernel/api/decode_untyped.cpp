// Untyped.retype: refusals and their order as seen on seL4, then what becomes of the memory.
#include "object/endpoint.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "object/sched_context.hpp"
#include "object/untyped.hpp"
#include "space.hpp"
#include "vspace/vspace.hpp"
#include <algorithm>
#include <random>

using S = Space;
using E = ErrorCode;
using T = abi::ObjectType;

namespace {

Call retype(T type, u64 bits, u64 offset = S::free, u64 count = 1, u64 index = 0, u64 depth = 0,
            u64 on = S::ut, u64 root = S::cn)
{
    return {on, Label::untyped_retype, {u64(type), bits, index, depth, offset, count}, {root}};
}

} // namespace

TEST_CASE("retype refuses as seL4 does", "[untyped]")
{
    struct Row {
        char const* what;
        Call call;
        Answer answer;
    };
    std::vector<Row> const rows{
        {"seen: type 99", retype(T{99}, 0), refused(E::invalid_argument, {0})},
        {"seen: type 20", retype(T{20}, 0), refused(E::invalid_argument, {0})},
        {"seen: CNode of 0 bits", retype(T::cnode, 0), refused(E::invalid_argument, {1})},
        {"seen: scheduling context of 6 bits", retype(T::sched_context, 6),
         refused(E::invalid_argument, {1})},
        {"seen: untyped of 3 bits", retype(T::untyped, 3), refused(E::invalid_argument, {1})},
        {"seen: untyped of 48 bits", retype(T::untyped, 48), refused(E::range_error, {0, 47})},
        {"seen: untyped of 64 bits", retype(T::untyped, 64), refused(E::range_error, {0, 47})},
        {"seen: 257 objects", retype(T::endpoint, 0, S::free, 257),
         refused(E::range_error, {1, 256})},
        {"seen: no object", retype(T::endpoint, 0, S::free, 0), refused(E::range_error, {1, 256})},
        {"seen: window too small", retype(T::endpoint, 0, 8190, 5),
         refused(E::range_error, {1, 2})},
        {"seen: full slot", retype(T::endpoint, 0, 1), refused(E::delete_first)},
        {"seen: depth 0 ignores the index", retype(T::endpoint, 0, S::free, 1, 3, 0), accepted},
        {"seen: node is no CNode", retype(T::endpoint, 0, S::free, 1, 3, 64),
         refused(E::failed_lookup, {0, 2, 64})},
        {"seen: depth 65", retype(T::endpoint, 0, S::free, 1, 3, 65),
         refused(E::range_error, {1, 64})},
        {"seen: kernel object of device memory", retype(T::endpoint, 0, S::free, 1, 0, 0, S::dut),
         refused(E::invalid_argument, {1})},

        {"VT-d table", retype(T::x86_io_page_table, 0), refused(E::invalid_argument, {0})},
        {"VCPU", retype(T::x86_vcpu, 0), refused(E::invalid_argument, {0})},
        {"EPT", retype(T::x86_ept_pt, 0), refused(E::invalid_argument, {0})},
        {"huge type", retype(T{~u64{0}}, 0), refused(E::invalid_argument, {0})},
        {"CNode of 43 bits", retype(T::cnode, 43), refused(E::range_error, {0, 47})},
        {"CNode of ~0 bits", retype(T::cnode, ~u64{0}), refused(E::range_error, {0, 47})},
        {"endpoint of 63 bits: ignored", retype(T::endpoint, 63), accepted},
        {"endpoint of 64 bits", retype(T::endpoint, 64), refused(E::range_error, {0, 47})},
        {"node at its own address", retype(T::endpoint, 0, S::free, 1, S::cn, 64), accepted},
        {"node is empty", retype(T::endpoint, 0, S::free, 1, 0, 64),
         refused(E::failed_lookup, {0, 2, 64})},
        {"root is no CNode", retype(T::endpoint, 0, S::free, 1, 0, 0, S::ut, S::tcb),
         refused(E::failed_lookup, {0, 2, 0})},
        {"root is no CNode, with depth", retype(T::endpoint, 0, S::free, 1, 2, 64, S::ut, S::tcb),
         refused(E::failed_lookup, {0, 1})},
        {"root is dead", retype(T::endpoint, 0, 0, 1, 0, 0, S::ut, S::zombie),
         refused(E::failed_lookup, {0, 2, 0})},
        {"small node", retype(T::endpoint, 0, 0, 4, S::sub, 64), accepted},
        {"small node, window", retype(T::endpoint, 0, 1, 4, S::sub, 64),
         refused(E::range_error, {1, 3})},
        {"small node, offset", retype(T::endpoint, 0, 4, 1, S::sub, 64),
         refused(E::range_error, {0, 3})},
        {"offset beyond everything", retype(T::endpoint, 0, ~u64{0}, 1),
         refused(E::range_error, {0, 8191})},
        {"second slot full", retype(T::endpoint, 0, S::ut - 1, 2), refused(E::delete_first)},
        {"all of it", retype(T::untyped, 28), accepted},
        {"twice all of it", retype(T::untyped, 28, S::free, 2),
         refused(E::not_enough_memory, {1u << 28})},
        {"frame of device memory", retype(T::x86_4k, 0, S::free, 256, 0, 0, S::dut), accepted},
        {"untyped of device memory", retype(T::untyped, 19, S::free, 2, 0, 0, S::dut), accepted},
        {"large device frame does not fit", retype(T::x86_large_page, 0, S::free, 1, 0, 0, S::dut),
         refused(E::not_enough_memory, {1u << 20})},
        {"device, memory before kind", retype(T::cnode, 20, S::free, 1, 0, 0, S::dut),
         refused(E::not_enough_memory, {1u << 20})},
        {"TCBs of device memory", retype(T::tcb, 0, S::free, 1, 0, 0, S::dut),
         refused(E::invalid_argument, {1})},
    };
    for (auto const& row : rows) {
        Space s;
        CAPTURE(row.what);
        CHECK(s.refusal(row.call) == row.answer);
    }
    Space s; // seen: 40 bits do not fit when one endpoint exists
    s[S::busy].update(s[S::busy].cap().with_watermark(16));
    CHECK(s.refusal(retype(T::untyped, 40, S::free, 1, 0, 0, S::busy)) ==
          refused(E::not_enough_memory, {0xfff'fff0}));
    // Without children the watermark does not count.
    s[S::ut].update(s[S::ut].cap().with_watermark(1u << 28));
    CHECK(s.refusal(retype(T::untyped, 28)) == accepted);
}

TEMPLATE_TEST_CASE("zero bytes are a new object", "[untyped]", Endpoint, Notification, Reply, Slot)
{
    alignas(TestType) unsigned char bytes[sizeof(TestType)] = {}; // as retype has cleared them
    new (bytes) TestType;
    for (unsigned char byte : bytes) CHECK(byte == 0);
}

TEST_CASE("of several errors the first in seL4's order is reported", "[untyped]")
{
    // Everything is wrong; then one argument after the other is put right.
    Call call{S::dut, Label::untyped_retype, {99, 64, 0, 65, 8192, 257}, {S::tcb}};
    auto const next = [&](Answer const& expected) {
        Space s;
        CHECK(s.refusal(call) == expected);
    };
    next(refused(E::invalid_argument, {0}));
    call.words[0] = u64(T::cnode);
    next(refused(E::range_error, {0, 47}));
    call.words[1] = 0;
    next(refused(E::invalid_argument, {1}));
    call.words[1] = 20;
    next(refused(E::failed_lookup, {0, 1}));
    call.caps[0] = S::cn;
    next(refused(E::range_error, {1, 64}));
    call.words[3] = 64;
    next(refused(E::failed_lookup, {0, 2, 64}));
    call.words[3] = 0;
    next(refused(E::range_error, {0, 8191}));
    call.words[4] = 0;
    next(refused(E::range_error, {1, 256}));
    call.words[5] = 256;
    call.words[4] = 8000;
    next(refused(E::range_error, {1, 192}));
    call.words[4] = 0;
    next(refused(E::delete_first));
    call.words[4] = S::free;
    next(refused(E::not_enough_memory, {1u << 20}));
    call.words[1] = 1, call.words[5] = 1;
    next(refused(E::invalid_argument, {1}));
    call.words[0] = u64(T::untyped), call.words[1] = 12;
    next(accepted);
}

namespace {

/// An untyped over real memory that is full of garbage.
struct RealMemory : Space {
    fake::Memory memory;
    explicit RealMemory(unsigned bits, bool device = false) : memory{bits}
    {
        slots[ut].update(Cap::untyped(memory.physical(), bits, device));
    }
    bool is_zero(u64 offset, u64 bytes) const
    {
        auto const* const p = memory.at<unsigned char>(offset);
        return std::all_of(p, p + bytes, [](unsigned char c) { return c == 0; });
    }
};

} // namespace

TEST_CASE("each type becomes a fresh object with an original capability", "[untyped]")
{
    struct Kind {
        T type;
        u64 bits, size;
        CapType cap;
        Rights rights;
    };
    Rights const rw = Rights::read | Rights::write, all = Rights::all;
    std::vector<Kind> const kinds{
        {T::untyped, 9, 512, CapType::untyped, all},
        {T::tcb, 0, 2048, CapType::tcb, all},
        {T::endpoint, 0, 16, CapType::endpoint, all},
        {T::notification, 0, 64, CapType::notification, rw},
        {T::cnode, 3, 256, CapType::cnode, all},
        {T::sched_context, 8, 256, CapType::sched_context, all},
        {T::reply, 0, 32, CapType::reply, Rights::grant},
        {T::x86_pdpt, 0, 4096, CapType::pdpt, all},
        {T::x64_pml4, 0, 4096, CapType::pml4, all},
        {T::x86_4k, 0, 4096, CapType::frame, rw},
        {T::x86_large_page, 0, 1 << 21, CapType::frame, rw},
        {T::x86_page_table, 0, 4096, CapType::page_table, all},
        {T::x86_page_directory, 0, 4096, CapType::page_directory, all},
    };
    for (auto const& k : kinds) {
        CAPTURE(u64(k.type));
        RealMemory s{22};
        s.perform(retype(k.type, k.bits, S::free, 2));
        for (u64 i = 0; i < 2; ++i) {
            Cap const& c = s[S::free + i].cap();
            CHECK(c.is(k.cap));
            CHECK(c.rights() == k.rights);
            CHECK(c.address() == s.memory.physical() + i * k.size);
            CHECK(s[S::free + i].revocable());
            CHECK(Tree::is_parent(s[S::ut], s[S::free + i]));
            CHECK(Tree::is_final(s[S::free + i]));
        }
        CHECK(s[S::ut].cap().untyped_watermark() == 2 * k.size);
        u64 const cleared = k.type == T::untyped ? 0 : 2 * k.size;
        CHECK(fake::machine.bytes_cleared == cleared);
        if (cleared < 1 << 22) CHECK(!s.is_zero(cleared, 16)); // and nothing beyond
    }
    RealMemory s{22};
    s.perform(retype(T::sched_context, 8, S::free));
    CHECK(s[S::free].cap().sched_context_bits() == 8);
    s.perform(retype(T::cnode, 3, S::free + 1));
    CHECK(s[S::free + 1].cap().cnode_radix() == 3);
    CHECK(s[S::free + 1].cap().cnode_guard_size() == 0);
    s.perform(retype(T::x86_large_page, 0, S::free + 2));
    CHECK(s[S::free + 2].cap().frame_size() == FrameSize::large);
}

TEST_CASE("device memory is never written, and stays device memory", "[untyped]")
{
    RealMemory s{16, true};
    s.perform(retype(T::x86_4k, 0, S::free, 4));
    s.perform(retype(T::untyped, 12, S::free + 4));
    CHECK(fake::machine.bytes_cleared == 0);
    CHECK(s[S::free].cap().frame_is_device());
    CHECK(s[S::free + 4].cap().untyped_is_device());
    CHECK(s[S::ut].cap().untyped_watermark() == 5 * 4096);
}

TEST_CASE("objects never overlap, lie aligned inside, and begin as zero", "[untyped]")
{
    for (u64 seed = 0; seed < 40; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random{seed};
        auto const below = [&](u64 n) { return random() % n; };
        RealMemory s{18};
        u64 const base = s.memory.physical(), end = base + (1 << 18);
        u64 next = S::free;
        std::vector<std::pair<u64, u64>> given; // begin, end
        std::vector<u64> untypeds{S::ut};
        for (unsigned i = 0; i < 60; ++i) {
            T const types[] = {T::untyped, T::cnode, T::x86_4k, T::endpoint, T::reply};
            T const type = types[below(5)];
            u64 const bits = type == T::untyped ? 4 + below(12) : 1 + below(5);
            u64 const count = 1 + below(3), from = untypeds[below(untypeds.size())];
            Call const call = retype(type, bits, next, count, 0, 0, from);
            Answer const answer = s.refusal(call);
            if (!(answer == accepted)) {
                REQUIRE(answer.code == E::not_enough_memory);
                continue;
            }
            s.perform(call);
            u64 const size = bit(unsigned(abi::object_bits(type, bits)));
            for (u64 k = 0; k < count; ++k, ++next) {
                u64 const at = s[next].cap().address();
                REQUIRE(at >= base);
                REQUIRE(at + size <= end);
                REQUIRE(at % size == 0);
                REQUIRE(Tree::is_parent(s[from], s[next]));
                if (type == T::untyped) {
                    untypeds.push_back(next);
                    continue;
                }
                for (auto [b, e] : given) REQUIRE((at + size <= b || e <= at));
                given.emplace_back(at, at + size);
                REQUIRE(s.is_zero(at - base, size));
                if (type == T::x86_4k) std::memset(s.memory.at<void>(at - base), 0xee, size);
            }
        }
        REQUIRE(given.size() > 5);
        // Used again after a revoke: zero again, from the start.
        s.perform({S::cn, Label::cnode_revoke, {S::ut, 64}, {}});
        for (u64 i = S::free; i < next; ++i) REQUIRE(s[i].empty());
        s.perform(retype(T::x86_4k, 0, S::free, 64));
        REQUIRE(s[S::free].cap().address() == base);
        REQUIRE(s.is_zero(0, 1 << 18));
    }
}

TEST_CASE("a copied untyped cannot hand out what its source does", "[untyped]")
{
    RealMemory s{16};
    s.perform({S::cn, Label::cnode_copy, {S::free, 64, S::ut, 64, 15}, {S::cn}});
    CHECK(s.refusal(retype(T::endpoint, 0, S::free + 1)) == refused(E::not_enough_memory, {0}));
    s.perform(retype(T::x86_4k, 0, S::free + 1, 16, 0, 0, S::free));
    CHECK(s.refusal(retype(T::endpoint, 0, S::free + 20)) == refused(E::not_enough_memory, {0}));
    s.perform({S::cn, Label::cnode_delete, {S::free, 64}, {}}); // its frames are the source's now
    CHECK(s.refusal(retype(T::endpoint, 0, S::free + 20)) == refused(E::not_enough_memory, {0}));
    s.perform({S::cn, Label::cnode_revoke, {S::ut, 64}, {}});
    CHECK(s.refusal(retype(T::endpoint, 0, S::free + 20)) == accepted);
}

TEST_CASE("clearing is preempted, goes on where it stopped, and clears nothing twice", "[untyped]")
{
    RealMemory s{22};
    fake::machine.interrupt_after = 0;
    CHECK(s.perform(retype(T::x86_large_page, 0, S::free, 2)) == 64);
    CHECK(fake::machine.bytes_cleared == 1 << 22);
    CHECK(fake::machine.longest_clear <= 1 << 16);
    CHECK(s.is_zero(0, 1 << 22));
}

TEST_CASE("what another retype does between two halves of a clearing stays right", "[untyped]")
{
    RealMemory s{22};
    fake::machine.interrupt_after = 0;
    auto const once = [&](Call const& call) {
        auto const plan = s.decode(call);
        REQUIRE(plan);
        return (*plan).perform(fake::cpu(), fake::thread()).kind;
    };
    s.perform(retype(T::endpoint, 0, S::free));
    Call const large = retype(T::x86_large_page, 0, S::free + 1);
    for (unsigned i = 0; i < 5; ++i) REQUIRE(once(large) == Performed::Kind::preempted);
    CHECK(s[S::free + 1].empty()); // all or nothing
    // Smaller objects out of the part that is zero already, then beyond it.
    u64 const before = fake::machine.bytes_cleared;
    s.perform(retype(T::x86_4k, 0, S::free + 2, 64)); // 256 KiB of the 320 KiB
    CHECK(fake::machine.bytes_cleared == before);
    u64 const first = s[S::free + 2].cap().address() - s.memory.physical();
    CHECK(s.is_zero(first, 64 * 4096));
    s.perform(retype(T::x86_4k, 0, S::free + 100, 64));
    u64 const second = s[S::free + 100].cap().address() - s.memory.physical();
    CHECK(second == first + 64 * 4096);
    CHECK(s.is_zero(second, 64 * 4096));
    CHECK(fake::machine.bytes_cleared == before + (64 - 16) * 4096);
    // After a revoke nothing is known to be zero.
    std::memset(s.memory.at<void>(0), 0xee, 1 << 22);
    s.perform({S::cn, Label::cnode_revoke, {S::ut, 64}, {}});
    s.perform(retype(T::x86_large_page, 0, S::free, 2));
    CHECK(s.is_zero(0, 1 << 22));
}
