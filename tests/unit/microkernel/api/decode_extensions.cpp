// What the extensions refuse, in which order, and that a refusal changes nothing.
#include "../ipc/world.hpp"
#include "abi/extensions.hpp"
#include "abi/syscalls.hpp"
#include "address_space.hpp"
#include "api/debug_syscall.hpp"
#include "api/methods.hpp"
#include "sys/event_ring.hpp"
#include "vspace/harvest.hpp"
#include "vspace/page_table.hpp"

using namespace mk;
using abi::ErrorCode;

namespace mk {
bool debug_syscall(Cpu&, abi::Syscall)
{
    return false;
}
} // namespace mk

namespace {

struct Answer {
    ErrorCode code;
    std::vector<u64> words;
    bool operator==(Answer const&) const = default;
};
Answer const accepted{ErrorCode::no_error, {}};
Answer const wrong_argument_1{ErrorCode::invalid_capability, {1}};

/// Calls of extension methods as api/syscall.cpp makes them.
struct Extensions : World {
    Slot target, argument;

    Extensions() { cpu.current = &thread(10, &context()); }

    Checked<Plan> decode(Cap const& cap, abi::Label label, std::vector<u64> words, Slot* extra)
    {
        target.update(cap);
        Invocation in{};
        in.slot = &target;
        in.cap = cap;
        in.label = u64(label);
        in.length = unsigned(words.size());
        words.resize(8);
        std::copy_n(words.begin(), 4, in.mr);
        in.caps[0] = extra;
        in.cap_count = extra != nullptr;
        in.caller = cpu.current;
        in.cpu = &cpu;
        return mk::decode(in);
    }
    Answer call(Cap const& cap, abi::Label label, std::vector<u64> words, Slot* extra = nullptr)
    {
        auto const plan = decode(cap, label, std::move(words), extra);
        if (plan) {
            static_cast<void>((*plan).perform(cpu, *cpu.current));
            return accepted;
        }
        SyscallError const e = plan.error();
        return {e.code, {e.word, e.word + e.length}};
    }
    Answer set_ring(Slot& frame)
    {
        return call(Cap::sched_control(0), abi::sched_control_set_event_ring, {}, &frame);
    }
};

} // namespace

TEST_CASE("the event ring's frame", "[extensions]")
{
    Extensions w;
    fake::Memory const memory{12};
    auto const frame = [&](Rights rights, bool device) {
        return Cap::frame(memory.physical(), FrameSize::small, rights, device);
    };
    Rights const both = Rights::read | Rights::write;
    Slot good, slot;
    DerivationTree::insert_original(nullptr, good, frame(both, false).mapped_at(5, 0x5000));

    for (Cap const& cap : {frame(Rights::read, false), frame(Rights::none, false),
                           frame(both, true), Cap::endpoint(&w.ep, Rights::all, 0),
                           Cap::untyped(memory.physical(), 12, false), Cap::sched_control(0)}) {
        slot.update(cap);
        CHECK(w.set_ring(slot) == wrong_argument_1);
        CHECK_FALSE(w.cpu.events.on());
    }
    slot.update({});
    CHECK(w.set_ring(slot) == accepted); // off, while it is off
    REQUIRE(w.set_ring(good) == accepted);
    CHECK(w.cpu.events.on());
    CHECK(w.cpu.event_frame.cap() == frame(both, false)); // a copy has no mapping
    CHECK(DerivationTree::is_parent(good, w.cpu.event_frame));
    CHECK(sys::EventReader{memory.at<void>(0)}.is_ring());
    CHECK(w.set_ring(good) == Answer{ErrorCode::delete_first, {}});
    CHECK(w.call(Cap::sched_context(&w.context(), 8), abi::sched_control_set_event_ring, {},
                 &good) == Answer{ErrorCode::illegal_operation, {}});
    CHECK(w.call(Cap::sched_control(0), abi::sched_control_set_event_ring, {}) ==
          Answer{ErrorCode::truncated_message, {}});
    u64 const written = sys::EventReader{memory.at<void>(0)}.written();
    SECTION("null takes it away")
    {
        CHECK(w.set_ring(slot) == accepted);
    }
    SECTION("so does a revoke")
    {
        Slot workplace;
        CHECK(revoke(w.cpu, good, workplace) == Progress::done);
    }
    SECTION("or the deletion of the kernel's own capability with everything else")
    {
        DerivationTree::remove(good);
        delete_simple(w.cpu, w.cpu.event_frame);
    }
    CHECK(w.cpu.event_frame.empty());
    trace(w.cpu.events, Event::wake, {});
    CHECK(sys::EventReader{memory.at<void>(0)}.written() == written);
}

TEST_CASE("foreign is 1 or 0, and no flag of SetFlags", "[extensions]")
{
    Extensions w;
    Tcb& t = w.thread(10);
    Cap const tcb = Cap::tcb(&t);
    u8 const before = GENERATE(u8{0}, u8{Tcb::foreign});
    u64 const known = abi::tcb_flags_known;
    t.flags = before;
    for (u64 const word : {u64{2}, u64{3}, u64{1} << 32 | 1, ~u64{0}}) {
        CHECK(w.call(tcb, abi::tcb_set_foreign, {word}) == Answer{ErrorCode::range_error, {0, 1}});
        CHECK(t.flags == before);
    }
    CHECK(w.call(tcb, abi::Label::tcb_set_flags, {0, ~u64{0}}) == accepted);
    CHECK(t.flags == (before | known));
    CHECK(w.cpu.current->context.r10 == known); // the answer
    CHECK(w.call(tcb, abi::tcb_set_foreign, {1}) == accepted);
    CHECK(t.flags == (Tcb::foreign | known));
    CHECK(w.call(tcb, abi::Label::tcb_set_flags, {~u64{0}, 0}) == accepted);
    CHECK(t.flags == Tcb::foreign);
    CHECK(w.cpu.current->context.r10 == 0);
    CHECK(w.call(tcb, abi::tcb_set_foreign, {0}) == accepted);
    CHECK(t.flags == 0);
}

TEST_CASE("a harvest's table and range", "[extensions]")
{
    Extensions w;
    auto const table = std::make_unique<PageTable>();
    for (unsigned i = 0; i < 512; ++i) table->entry[i] = paging::present | paging::accessed;
    Cap const loose = Cap::paging(CapType::page_table, table.get());
    Cap const cap = loose.mapped_at(1, 0x20'0000);
    auto const harvest = [&](Cap const& on, u64 first, u64 count, u64 clear) {
        return w.call(on, abi::table_harvest, {first, count, clear});
    };
    auto const range = [](u64 least, u64 most) {
        return Answer{ErrorCode::range_error, {least, most}};
    };
    CHECK(harvest(loose, 600, 0, 9) == Answer{ErrorCode::invalid_capability, {0}});
    CHECK(harvest(cap, 512, 0, 9) == range(0, 511));
    CHECK(harvest(cap, ~u64{0}, 2, 0) == range(0, 511));
    CHECK(harvest(cap, 0, 0, 9) == range(1, 512));
    CHECK(harvest(cap, 0, 513, 9) == range(1, 512));
    CHECK(harvest(cap, 511, 2, 9) == range(1, 1));
    CHECK(harvest(cap, 3, ~u64{0}, 9) == range(1, 509));
    CHECK(harvest(cap, 0, 512, 4) == range(0, 3));
    // The thread has no IPC buffer.
    CHECK(harvest(cap, 0, 129, 3) == Answer{ErrorCode::illegal_operation, {}});
    for (u64 const entry : table->entry) CHECK(entry == (paging::present | paging::accessed));
    CHECK(harvest(cap, 1, 128, 1) == accepted);
    for (unsigned i = 0; i < 512; ++i)
        CHECK(((table->entry[i] & paging::accessed) == 0) == (i >= 1 && i <= 128));
}

TEST_CASE("a harvest's bits, at every level", "[extensions]")
{
    auto const table = std::make_unique<PageTable>();
    constexpr u64 leaf = paging::present | paging::user, large = leaf | paging::large;
    static constexpr u64 both = paging::accessed | paging::dirty;
    table->entry[0] = leaf | paging::accessed;
    table->entry[1] = large | both | paging::no_execute; // in a page table: the PAT bit
    table->entry[64] = large | paging::dirty;
    table->entry[65] = both;  // not present: whatever the rest says
    table->entry[66] = large; // untouched
    bool const small = GENERATE(true, false);
    CapType const level =
        small ? CapType::page_table : GENERATE(CapType::page_directory, CapType::pdpt);
    u64 const clear = GENERATE(u64{0}, paging::accessed, paging::dirty, both);
    auto const before = *table;
    fake::address_space().tlb.emplace(1, fake::Translation{});
    Harvest const found = mk::harvest(*table, level, 0, 512, clear);
    CHECK(found.accessed[0] == (small ? 3 : 2));
    CHECK((found.dirty[0] == 2 && found.accessed[1] == 0 && found.dirty[1] == 1));
    for (unsigned i = 0; i < 512; ++i) {
        bool const page = i != 65 && (small || i != 0);
        CHECK(table->entry[i] == (page ? before.entry[i] & ~clear : before.entry[i]));
    }
    CHECK(fake::address_space().tlb.empty() == (clear != 0));
    fake::address_space().tlb.clear();
    Harvest const part = mk::harvest(*table, level, 64, 1, both);
    CHECK(part.dirty[0] == ((clear & paging::dirty) == 0));
}
