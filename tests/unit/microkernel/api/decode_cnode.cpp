// CNode methods: error codes and the order of checks as seen on seL4 (lines marked "seen") and as
// its manual says, then what each method does.
#include "space.hpp"

using S = Space;
using E = ErrorCode;

namespace {

constexpr u64 d = Space::full_depth;
constexpr u64 all = abi::rights_all;

struct Row {
    char const* what;
    Call call;
    Answer answer;
};

Call copy(u64 dest, u64 dest_depth, u64 root, u64 source, u64 depth = d, u64 on = S::cn)
{
    return {on, Label::cnode_copy, {dest, dest_depth, source, depth, all}, {root}};
}
Call mint(u64 dest, u64 source, u64 badge, u64 rights = all)
{
    return {S::cn, Label::cnode_mint, {dest, d, source, d, rights, badge}, {S::cn}};
}
Call move(u64 dest, u64 source)
{
    return {S::cn, Label::cnode_move, {dest, d, source, d}, {S::cn}};
}
Call mutate(u64 dest, u64 source, u64 data)
{
    return {S::cn, Label::cnode_mutate, {dest, d, source, d, data}, {S::cn}};
}
Call rotate(u64 dest, u64 pivot, u64 source, u64 dest_data = 0, u64 pivot_data = 0)
{
    return {S::cn,
            Label::cnode_rotate,
            {dest, d, dest_data, pivot, d, pivot_data, source, d},
            {S::cn, S::cn}};
}
Call on_slot(Label label, u64 index, u64 depth = d)
{
    return {S::cn, label, {index, depth}, {}};
}

void check(std::vector<Row> const& rows)
{
    for (auto const& row : rows) {
        Space s;
        CAPTURE(row.what);
        CHECK(s.refusal(row.call) == row.answer);
    }
}

} // namespace

TEST_CASE("CNode methods refuse as seL4 does", "[cnode]")
{
    check({
        {"seen: empty source", copy(S::free, d, S::cn, 0), refused(E::failed_lookup, {1, 2, 64})},
        {"seen: full destination", copy(1, d, S::cn, S::f), refused(E::delete_first)},
        {"seen: depth 0", copy(S::free, 0, S::cn, S::f), refused(E::range_error, {1, 64})},
        {"seen: depth 65", copy(S::free, 65, S::cn, S::f), refused(E::range_error, {1, 64})},
        {"seen: depth 32", copy(S::free, 32, S::cn, S::f),
         refused(E::failed_lookup, {0, 4, 32, 0, 51})},
        {"seen: copy on a TCB", copy(S::free, d, S::cn, S::f, d, S::tcb),
         refused(E::illegal_operation)},
        {"seen: source root is a TCB", copy(S::free, d, S::tcb, S::f),
         refused(E::failed_lookup, {1, 1})},
        {"seen: IRQControl", copy(S::free, d, S::cn, S::irq_control),
         refused(E::illegal_operation)},
        {"seen: Reply", copy(S::free, d, S::cn, S::rep), accepted},
        {"seen: untyped with children", copy(S::free, d, S::cn, S::busy), refused(E::revoke_first)},
        {"seen: unmapped page table", copy(S::free, d, S::cn, S::pt),
         refused(E::illegal_operation)},
        {"seen: move nothing", move(S::free, 0), refused(E::failed_lookup, {1, 2, 64})},
        {"seen: badge", mint(S::free, S::ep, 7), accepted},
        {"seen: second badge", mint(S::free, S::badged, 8), refused(E::illegal_operation)},
        {"seen: destination is pivot", rotate(S::badged, S::badged, S::f),
         refused(E::illegal_operation)},
        {"seen: delete nothing", on_slot(Label::cnode_delete, S::free), accepted},
        {"seen: revoke nothing", on_slot(Label::cnode_revoke, S::free), accepted},
        {"seen: unknown label",
         {S::cn, Label{999}, {1, 2, 3, 4, 5, 6, 7, 8}, {S::cn}},
         refused(E::illegal_operation)},

        {"untyped without children", copy(S::free, d, S::cn, S::ut), accepted},
        {"source depth 0", copy(S::free, d, S::cn, S::f, 0), refused(E::range_error, {1, 64})},
        {"source depth 65", copy(S::free, d, S::cn, S::f, 65), refused(E::range_error, {1, 64})},
        {"source depth short", copy(S::free, d, S::cn, S::f, 63),
         refused(E::failed_lookup, {1, 3, 63, 64})},
        {"destination before source", copy(1, d, S::tcb, S::f), refused(E::delete_first)},
        {"destination root first", copy(S::free, d, S::cn, S::f, d, S::sub),
         refused(E::failed_lookup, {0, 3, 62, 0})},
        {"source root is a zombie", copy(S::free, d, S::zombie, 0),
         refused(E::failed_lookup, {1, 1})},
        {"zombie", copy(S::free, d, S::cn, S::zombie), refused(E::illegal_operation)},
        {"IOPortControl", copy(S::free, d, S::cn, S::ports), refused(E::illegal_operation)},
        {"mapped PML4", copy(S::free, d, S::cn, S::vs), accepted},
        {"second badge, even none", mint(S::free, S::badged, 0), refused(E::illegal_operation)},
        {"guard of 62 bits beside radix 2", mint(S::free, S::sub, 62), accepted},
        {"guard of 63 bits beside radix 2", mint(S::free, S::sub, 63),
         refused(E::illegal_operation)},
        {"move to itself", move(S::f, S::f), refused(E::delete_first)},
        {"mutate an endpoint", mutate(S::free, S::ep, 7), refused(E::illegal_operation)},
        {"mutate a notification", mutate(S::free, S::nt, 7), refused(E::illegal_operation)},
        {"mutate an endpoint, no badge", mutate(S::free, S::ep, 0), accepted},
        {"mutate a frame", mutate(S::free, S::f, 0), accepted},
        {"mutate, guard too long", mutate(S::free, S::sub, 63), refused(E::illegal_operation)},
        {"delete, depth 0", on_slot(Label::cnode_delete, S::f, 0),
         refused(E::range_error, {1, 64})},
        {"delete, depth 12", on_slot(Label::cnode_delete, S::f, 12),
         refused(E::failed_lookup, {0, 4, 12, 0, 51})},
        {"revoke, depth 65", on_slot(Label::cnode_revoke, S::f, 65),
         refused(E::range_error, {1, 64})},
        {"rotate, source is pivot", rotate(S::free, S::f, S::f), refused(E::illegal_operation)},
        {"rotate, full destination", rotate(S::rep, S::f, S::pt), refused(E::delete_first)},
        {"rotate, empty source", rotate(S::free, S::f, 0), refused(E::failed_lookup, {1, 2, 64})},
        {"rotate, empty pivot", rotate(S::free, 0, S::f), refused(E::failed_lookup, {0, 2, 64})},
        {"rotate, badge for an endpoint", rotate(S::free, S::ep, S::f, 7, 0),
         refused(E::illegal_operation)},
        {"rotate, endpoint", rotate(S::free, S::ep, S::f), accepted},
        {"rotate, guard too long for pivot", rotate(S::free, S::f, S::sub, 0, 63),
         refused(E::illegal_operation)},
        {"rotate, guard too long for destination", rotate(S::free, S::sub, S::f, 63, 0),
         refused(E::illegal_operation)},
        {"rotate, swap", rotate(S::f, S::rep, S::f), accepted},
        {"cancel, full rights", on_slot(Label::cnode_cancel_badged_sends, S::badged), accepted},
        {"cancel, notification", on_slot(Label::cnode_cancel_badged_sends, S::nt),
         refused(E::illegal_operation)},
        {"cancel, nothing", on_slot(Label::cnode_cancel_badged_sends, S::free),
         refused(E::illegal_operation)},
    });
}

TEST_CASE("an address that ends early leaves too many bits", "[cnode]")
{
    Space s;
    // sub's two bits, then a frame and 62 bits to spare
    Tree::insert_derived(s[S::f], s.sub_slots[1], s[S::f].cap());
    Answer const expected = refused(E::failed_lookup, {0, 3, 62, 0});
    CHECK(s.refusal({S::sub, Label::cnode_delete, {u64{1} << 62, d}, {}}) == expected);
    CHECK(s.refusal({S::sub, Label::cnode_delete, {1, 2}, {}}) == accepted);
}

TEST_CASE("which capability a copy is depends on the kind", "[cnode]")
{
    using T = CapType;
    using R = Rights;
    R const rw = R::read | R::write;
    void* const p = Space::at(0x1000);
    struct Kind {
        char const* what;
        Cap cap;
        R mask;
        Cap copy; ///< null: cannot be copied
    };
    Cap const frame = Cap::frame(0x1000, FrameSize::large, rw, true);
    std::vector<Kind> const kinds{
        {"endpoint", Cap::endpoint(p, R::all, 5), R::write | R::grant,
         Cap::endpoint(p, R::write | R::grant, 5)},
        {"endpoint, no new rights", Cap::endpoint(p, R::read, 5), R::all,
         Cap::endpoint(p, R::read, 5)},
        {"notification", Cap::notification(p, rw, 0), R::write, Cap::notification(p, R::write, 0)},
        {"reply", Cap::reply(p, R::grant), rw, Cap::reply(p, R::none)},
        {"frame comes out unmapped", frame.mapped_at(3, 0x200000), R::all, frame},
        {"frame, read-only", frame, R::read, frame.with_rights(R::read)},
        {"frame, write alone is nothing", frame, R::write, frame.with_rights(R::none)},
        {"TCB has no rights", Cap::tcb(p), R::none, Cap::tcb(p)},
        {"CNode keeps its guard", Cap::cnode(static_cast<Slot*>(p), 4, 9, 5), R::none,
         Cap::cnode(static_cast<Slot*>(p), 4, 9, 5)},
        {"mapped PD", Cap::paging(T::page_directory, p, 0x40000001), R::none,
         Cap::paging(T::page_directory, p, 0x40000001)},
        {"PDPT", Cap::paging(T::pdpt, p), R::all, Cap{}},
        {"PD", Cap::paging(T::page_directory, p), R::all, Cap{}},
        {"PML4 without ASID", Cap::paging(T::pml4, p), R::all, Cap{}},
        {"PML4", Cap::paging(T::pml4, p, 9), R::all, Cap::paging(T::pml4, p, 9)},
        {"ASID pool", Cap::asid_pool(p, 512), R::all, Cap::asid_pool(p, 512)},
        {"ASID control", Cap::singleton(T::asid_control), R::all, Cap::singleton(T::asid_control)},
        {"domain", Cap::singleton(T::domain), R::all, Cap::singleton(T::domain)},
        {"IRQ control", Cap::singleton(T::irq_control), R::all, Cap{}},
        {"IRQ handler", Cap::irq_handler(3), R::all, Cap::irq_handler(3)},
        {"port control", Cap::singleton(T::io_port_control), R::all, Cap{}},
        {"ports", Cap::io_port(1, 9), R::none, Cap::io_port(1, 9)},
        {"scheduling context", Cap::sched_context(p, 8), R::none, Cap::sched_context(p, 8)},
        {"scheduling control", Cap::sched_control(0), R::none, Cap::sched_control(0)},
    };
    for (auto const& k : kinds) {
        CAPTURE(k.what);
        Space s;
        Tree::insert_original(nullptr, s[S::free], k.cap);
        Call const call{
            S::cn, Label::cnode_copy, {S::free + 1, d, S::free, d, u64(k.mask)}, {S::cn}};
        if (k.copy.is_null()) {
            CHECK(s.refusal(call) == refused(E::illegal_operation));
            continue;
        }
        s.perform(call);
        CHECK((s[S::free + 1].cap() == k.copy));
        CHECK((s[S::free].cap() == k.cap));
        CHECK(Tree::is_parent(s[S::free], s[S::free + 1]));
    }
}

TEST_CASE("rights above the four known bits are ignored", "[cnode]")
{
    Space s;
    s.perform({S::cn, Label::cnode_copy, {S::free, d, S::ep, d, ~u64{0xf} | 2}, {S::cn}});
    CHECK(s[S::free].cap().rights() == Rights::read);
}

TEST_CASE("mint badges once and sets guards", "[cnode]")
{
    Space s;
    s.perform(mint(S::free, S::ep, ~u64{0}, abi::right_write));
    CHECK(s[S::free].cap().badge() == ~u64{0});
    CHECK(s[S::free].cap().rights() == Rights::write);
    CHECK(s[S::free].revocable());
    s.perform(mint(S::free + 1, S::sub, ~u64{0} << 6 | 5)); // guard bits beyond its size are cut
    CHECK(s[S::free + 1].cap().cnode_guard_size() == 5);
    CHECK(s[S::free + 1].cap().cnode_guard() == 0x1f);
    s.perform(mint(S::free + 2, S::ep, 0));
    CHECK(!s[S::free + 2].revocable());
}

TEST_CASE("move, mutate and rotate keep each capability's place in the tree", "[cnode]")
{
    Space s;
    s.perform(move(S::free, S::ep));
    CHECK(s[S::ep].empty());
    CHECK(Tree::is_parent(s[S::free], s[S::badged]));

    s.perform(copy(S::free + 1, d, S::cn, S::sub));
    s.perform(mutate(S::free + 2, S::sub, 3 << 6 | 2));
    CHECK(s[S::free + 2].cap().cnode_guard() == 3);
    CHECK(Tree::is_parent(s[S::free + 2], s[S::free + 1]));

    Cap const f = s[S::f].cap(), rep = s[S::rep].cap();
    s.perform(rotate(S::free + 3, S::f, S::rep)); // f to free + 3, rep to f
    CHECK((s[S::free + 3].cap() == f && s[S::f].cap() == rep && s[S::rep].empty()));
    s.perform(rotate(S::f, S::free + 3, S::f)); // swap
    CHECK((s[S::f].cap() == f && s[S::free + 3].cap() == rep));
    s.perform(rotate(S::free + 4, S::free + 2, S::f, 1 << 6 | 1));
    CHECK(s[S::free + 4].cap().cnode_guard_size() == 1);
    CHECK(Tree::is_parent(s[S::free + 4], s[S::free + 1]));
}

TEST_CASE("delete and revoke restart until done", "[cnode]")
{
    Space s;
    fake::machine.interrupt_after = 0;
    for (u64 i = 0; i < 10; ++i) s.perform(copy(S::free + i, d, S::cn, S::ep));
    // An interrupt always waits; every eighth capability Revoke looks.
    CHECK(s.perform(on_slot(Label::cnode_revoke, S::ep)) == 2);
    CHECK(!Tree::has_children(s[S::ep]));
    CHECK(s[S::badged].empty());
    CHECK(s.perform(on_slot(Label::cnode_delete, S::ep)) == 1);
    CHECK(s[S::ep].empty());
    CHECK(fake::kernel.finalised.size() == 1);
    CHECK(s.perform(on_slot(Label::cnode_revoke, S::busy)) == 1); // fewer than that
    CHECK(!Tree::has_children(s[S::busy]));
    CHECK(s.refusal(copy(S::free, d, S::cn, S::busy)) == accepted);
}

TEST_CASE("cancelling badged sends needs every right and a badge to do anything", "[cnode]")
{
    for (u64 rights = 0; rights < 16; ++rights) {
        CAPTURE(rights);
        Space s;
        s[S::badged].update(s[S::badged].cap().with_rights(Rights(rights)));
        Call const call = on_slot(Label::cnode_cancel_badged_sends, S::badged);
        CHECK((s.refusal(call) == accepted) == (rights == all));
    }
    Space s;
    s.perform(on_slot(Label::cnode_cancel_badged_sends, S::badged));
    CHECK(fake::kernel.cancelled_badge == 7);
    s.perform(on_slot(Label::cnode_cancel_badged_sends, S::ep));
    CHECK(fake::kernel.cancel_calls == 1);
}
