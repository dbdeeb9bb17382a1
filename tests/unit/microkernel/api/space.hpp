// A root CNode as the initial thread has it (13 bits, the guard covers the rest) with one
// capability of every kind that the tests need, and calls on them as a program would make them.
#pragma once

#include "abi/object_type.hpp"
#include "api/methods.hpp"
#include "cap/derivation_tree.hpp"
#include "fakes.hpp"
#include "object/tcb.hpp"
#include <catch2/catch.hpp>
#include <initializer_list>
#include <memory>

using namespace mk;
using abi::ErrorCode;
using abi::Label;
using Tree = DerivationTree;

/// What a call is expected to answer.
struct Answer {
    ErrorCode code = ErrorCode::no_error;
    std::vector<u64> words{};
    bool operator==(Answer const&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, Answer const& a)
{
    out << "error " << u64(a.code) << " {";
    for (u64 w : a.words) out << ' ' << w;
    return out << " }";
}

inline Answer answer_of(Checked<Plan> const& plan)
{
    if (plan) return {};
    SyscallError const e = plan.error();
    return {e.code, {e.word, e.word + e.length}};
}

struct Space {
    enum : u64 {
        tcb = 1,
        cn = 2,
        vs = 3,
        irq_control = 4,
        ports = 7,
        ut = 0x20,
        dut,
        busy,
        ep,
        badged,
        nt,
        rep,
        f,
        pt,
        sub,
        zombie,
        free = 0x100
    };
    static constexpr u64 slot_count = 8192, full_depth = 64;

    std::unique_ptr<Slot[]> slots{new Slot[slot_count]};
    std::unique_ptr<Tcb> thread{new Tcb};
    std::unique_ptr<Slot[]> sub_slots{new Slot[4]};

    Slot& operator[](u64 i) { return slots[i]; }

    Space()
    {
        fake::reset();
        auto const root = [&](u64 i, Cap const& cap) {
            Tree::insert_original(nullptr, slots[i], cap);
        };
        root(cn, Cap::cnode(slots.get(), 13, 0, 51));
        root(tcb, Cap::tcb(thread.get()));
        root(vs, Cap::paging(CapType::pml4, at(0x1000), 1));
        root(irq_control, Cap::singleton(CapType::irq_control));
        root(ports, Cap::singleton(CapType::io_port_control));
        // The memory of these is never touched: decoders look at capabilities alone.
        root(ut, Cap::untyped(0x10'0000'0000, 28, false));
        root(dut, Cap::untyped(0xfec0'0000, 20, true));
        root(busy, Cap::untyped(0x20'0000'0000, 28, false, 64));
        child(ep, Cap::endpoint(at(0x20'0000'0000), Rights::all, 0));
        child(nt, Cap::notification(at(0x20'0000'0040), Rights::read | Rights::write, 0));
        child(rep, Cap::reply(at(0x20'0000'0020), Rights::grant));
        child(f, Cap::frame(0x20'0000'1000, FrameSize::small, Rights::read | Rights::write, false));
        child(pt, Cap::paging(CapType::page_table, at(0x20'0000'2000)));
        Tree::insert_derived(slots[ep], slots[badged], slots[ep].cap().with_data(7));
        root(sub, Cap::cnode(sub_slots.get(), 2, 0, 0));
        root(zombie, Cap::zombie(sub_slots.get(), 2, 4));
    }
    static void* at(u64 address) { return reinterpret_cast<void*>(address); }
    void child(u64 i, Cap const& cap) { Tree::insert_original(&slots[busy], slots[i], cap); }

    /// A call on the capability in slot `on`. Capability arguments are slot numbers.
    struct Call {
        u64 on;
        Label label;
        std::vector<u64> words{};
        std::vector<u64> caps{};
    };

    Checked<Plan> decode(Call const& c)
    {
        Invocation in{&slots[c.on],
                      slots[c.on].cap(),
                      u64(c.label),
                      unsigned(c.words.size()),
                      {},
                      c.words.data(),
                      unsigned(c.caps.size()),
                      {},
                      &fake::thread(),
                      &fake::cpu()};
        for (usize i = 0; i < 4 && i < c.words.size(); ++i) in.mr[i] = c.words[i];
        for (usize i = 0; i < c.caps.size(); ++i) in.caps[i] = &slots[c.caps[i]];
        return mk::decode(in);
    }
    /// What decoding answers; it must leave every slot as it was.
    Answer refusal(Call const& c)
    {
        std::vector<unsigned char> before(slot_count * sizeof(Slot));
        std::memcpy(before.data(), slots.get(), before.size());
        auto const plan = decode(c);
        REQUIRE(std::memcmp(before.data(), slots.get(), before.size()) == 0);
        return answer_of(plan);
    }
    /// Decodes and performs, repeating as restarted system calls do; answers the number of times.
    unsigned perform(Call const& c)
    {
        for (unsigned times = 1;; ++times) {
            auto const plan = decode(c);
            REQUIRE(plan);
            auto const done = (*plan).perform(fake::cpu(), fake::thread());
            if (done.kind == Performed::Kind::done) return times;
            REQUIRE(done.kind == Performed::Kind::preempted);
            REQUIRE(times < 10'000);
        }
    }
};
using Call = Space::Call;

/// Error answers as tables write them.
inline Answer refused(ErrorCode code, std::initializer_list<u64> words = {})
{
    return {code, words};
}
inline Answer const accepted{};
