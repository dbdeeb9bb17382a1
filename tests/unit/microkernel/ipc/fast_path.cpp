// Fast paths against the slow path: random states, reached by random system calls and events; from
// each the same call is made both ways, and every byte of the kernel's state is compared.
#include "ipc/fast_path.hpp" // under test: first, so that a missing include shows
#include "abi/syscalls.hpp"
#include "api/debug_syscall.hpp"
#include "api/syscall.hpp"
#include "fakes.hpp"
#include "ipc/reply_stack.hpp"
#include "ipc/signal.hpp"
#include "ipc/thread.hpp"
#include "ipc/transfer.hpp"
#include "object/irq_handler.hpp"
#include "object/notification.hpp"
#include "object/reply.hpp"
#include "sched/binding.hpp"
#include "sched/feedback.hpp"
#include "sched/refill.hpp"
#include "sched/scheduler.hpp"
#include "vspace/vspace.hpp"
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <random>

using namespace mk;

namespace mk {
bool debug_syscall(Cpu&, abi::Syscall)
{
    return false;
}
} // namespace mk

namespace {

constexpr unsigned thread_count = 6, reply_count = 4, slot_bits = 5, slot_count = 1 << slot_bits;

/// Everything the kernel changes, in one piece of memory that can be copied and compared.
struct alignas(4096) State {
    u8 buffer[thread_count][4096];
    PageTable pml4[2];
    AsidPool pool;
    Cpu cpu;
    PriorityQueues table[domain_count][ReadyQueues::priorities];
    Tcb thread[thread_count];
    struct alignas(16) {
        SchedContext sc;
        Refill refill[4];
    } context[thread_count];
    Reply reply[reply_count];
    Endpoint endpoint[2];
    Notification notification[2];
    Slot node[slot_count];
};

enum class Path { none, call, reply_recv, reply_apart, send, fault, interrupt, yield, count };

class World {
    // Allocated as raw bytes: padding is compared too, so it must begin equal.
    State& s;
    std::mt19937 random;

public:
    unsigned taken[unsigned(Path::count)] = {};
    bool moved = false;

    explicit World(State& state, unsigned seed) : s{state}, random{seed}
    {
        fake::reset();
        std::memset(static_cast<void*>(&s), 0, sizeof s);
        new (&s) State{};
        fake::machine.clock = s.cpu.now = 1000;
        s.cpu.ticks_per_us = 1;
        for (unsigned d = 0; d < domain_count; ++d) s.cpu.ready[d].use(s.table[d]);
        if (domain_count > 1) {
            s.cpu.domain_schedule[0] = {0, 20000};
            s.cpu.domain_schedule[1] = {1, 30000};
            start_domain_schedule(s.cpu);
        }
        if (seed % 2 == 0) s.cpu.events.begin(); // both ways must record the same events
        s.cpu.idle.state = ThreadState::idle;
        s.cpu.current = &s.cpu.idle;
        s.cpu.idle.sc = s.cpu.current_sc = &s.cpu.idle_sc.sc;
        register_asid_pool(s.pool, 0);
        assign_asid(1, s.pml4[0]);
        assign_asid(2, s.pml4[1]);
        make_node();
        for (unsigned i = 0; i < thread_count; ++i) make_thread(i);
    }
    ~World() { delete_asid_pool(s.cpu, 0, s.pool); }

    void step()
    {
        event();
        handle_spurious(s.cpu); // takes the time: now both ways see the same clock
        if (s.cpu.current == &s.cpu.idle) return set_somebody_going();
        moved = one_in(2);
        if (moved) {
            fake::machine.clock += below(3000);
            Cpu const& c = s.cpu;
            Ticks const used = c.consumed + (fake::machine.clock - c.now);
            bool const enough = refill::sufficient(c, *c.current_sc, used);
            bool const due = c.release_head != nullptr &&
                             c.release_head->sc->head().time <= fake::machine.clock + 10;
            if (!enough || due) {
                handle_spurious(s.cpu);
                moved = false;
                if (s.cpu.current == &s.cpu.idle) return set_somebody_going();
            }
        }
        compare();
    }

    /// A server on its bound notification's context answers a caller that kept its own, and waits.
    /// Answers whether the fast path took that.
    bool answer_from_notification_context()
    {
        Tcb &server = s.thread[0], &caller = s.thread[1];
        for (Tcb& t : s.thread) suspend(s.cpu, t);
        for (Tcb* const t : {&server, &caller}) {
            t->sc->flags = 0;
            feedback::configure(*t->sc, false);
            refill::configure(s.cpu, *t->sc, 4, 5000, 5000);
        }
        SchedContext& sc = *server.sc;
        bind_notification(sc, s.notification[0]);
        bind_to_thread(s.notification[0], server);
        restart(s.cpu, server);
        handle_spurious(s.cpu);
        REQUIRE(s.cpu.current == &server);
        reply_stack::offer(s.reply[0], caller);
        caller.state = ThreadState::blocked_on_reply;
        Context& c = server.context;
        c.vector = vector_syscall;
        c.rdx = u64(abi::Syscall::reply_recv);
        c.rdi = 1;
        c.r12 = 17;
        c.rsi = 0;
        bool const went_fast = fast_path::reply_recv_apart(s.cpu, c.rdi, abi::MessageInfo{c.rsi});
        if (!went_fast) handle_slow_syscall(s.cpu);
        REQUIRE(server.state == ThreadState::blocked_on_receive);
        CHECK(server.sc == nullptr); // it goes back to the notification
        return went_fast;
    }

private:
    unsigned below(unsigned n) { return unsigned(random() % n); }
    bool one_in(unsigned n) { return below(n) == 0; }

    void put(unsigned n, Cap const& cap) { s.node[n].update(cap); }
    void make_node()
    {
        constexpr Rights some[] = {Rights::all, Rights::all, Rights::write | Rights::grant_reply,
                                   Rights::write, Rights::read};
        unsigned n = 1;
        for (Rights const r : some)
            for (unsigned i = 0; i < 2; ++i, ++n) put(n, Cap::endpoint(&s.endpoint[i], r, 100 + n));
        for (Rights const r : {Rights::all, Rights::write, Rights::read})
            for (unsigned i = 0; i < 2; ++i, ++n)
                put(n, Cap::notification(&s.notification[i], r, bit(n)));
        for (unsigned i = 0; i < reply_count; ++i, ++n)
            put(n, Cap::reply(&s.reply[i], one_in(2) ? Rights::all : Rights::write));
        put(n++, Cap::tcb(&s.thread[0]));
        REQUIRE(n <= slot_count);
    }
    void make_thread(unsigned i)
    {
        Tcb& t = s.thread[i];
        t.priority = t.mcp = u8(1 + below(3));
        t.slot(Tcb::cspace).update(Cap::cnode(s.node, slot_bits, 0, 64 - slot_bits));
        u16 const asid = u16(1 + i % 2);
        if (i + 1 < thread_count) // the last one has no address space
            t.slot(Tcb::vspace).update(Cap::paging(CapType::pml4, &s.pml4[asid - 1], asid));
        if (!one_in(4))
            t.slot(Tcb::ipc_buffer)
                .update(Cap::frame(reinterpret_cast<u64>(s.buffer[i]), FrameSize::small,
                                   Rights::read | Rights::write, false));
        if (one_in(2)) t.slot(Tcb::timeout_handler).update(s.node[1].cap());
        if (one_in(2)) t.slot(Tcb::fault_handler).update(s.node[1].cap());
        SchedContext& sc = s.context[i].sc;
        bool const sporadic = one_in(4);
        if (sporadic) sc.flags |= SchedContext::sporadic;
        refill::configure(s.cpu, sc, 4, 5000, sporadic ? 9000 : 5000);
        if (!sporadic && one_in(3)) feedback::configure(sc, true);
        bind_thread(s.cpu, sc, t);
        restart(s.cpu, t);
    }

    /// Something happens outside the system calls under test.
    void event()
    {
        Tcb& t = s.thread[below(thread_count)];
        SchedContext& sc = s.context[below(thread_count)].sc;
        Notification& ntfn = s.notification[below(2)];
        switch (below(24)) {
        case 0:
            return suspend(s.cpu, t);
        case 1:
        case 2:
            return restart(s.cpu, t);
        case 3: // how a server becomes passive
        case 4:
        case 10:
        case 11:
            if (sc.tcb != nullptr && !sc.tcb->is_runnable()) unbind_thread(s.cpu, sc);
            return;
        case 5:
            if (sc.tcb == nullptr && t.sc == nullptr) bind_thread(s.cpu, sc, t);
            return;
        case 6:
            return set_priority(s.cpu, t, u8(1 + below(3)));
        case 7:
            if (ntfn.bound_tcb == nullptr && t.bound_notification == nullptr)
                bind_to_thread(ntfn, t);
            return;
        case 8:
            return unbind_from_thread(ntfn);
        case 9:
            fake::machine.clock += below(3000);
            return;
        case 13:
            if (sc.notification == nullptr && ntfn.sched_context == nullptr)
                bind_notification(sc, ntfn);
            return;
        case 14:
            return unbind_notification(sc);
        case 16:
            if (t.bound_notification != nullptr && t.sc != nullptr &&
                t.sc->notification == nullptr && t.bound_notification->sched_context == nullptr)
                bind_notification(*t.sc, *t.bound_notification);
            return;
        case 17:
            if (t.sc && t.sc->is_feedback()) t.sc->feedback.used += 5000 * below(3);
            return;
        case 18:
            if (domain_count > 1) set_domain(s.cpu, t, u8(one_in(3)));
            return;
        case 15:
            if (one_in(3)) fake::machine.clock += below(200000);
            return;
        case 12:
            t.flags = one_in(2) ? u8{Tcb::foreign} : u8{0};
            return;
        default:
            return;
        }
    }

    /// Nobody can run: after some time somebody stops waiting, on a context if there is one.
    void set_somebody_going()
    {
        Tcb& t = s.thread[below(thread_count)];
        for (auto& context : s.context)
            if (t.sc == nullptr && context.sc.tcb == nullptr) bind_thread(s.cpu, context.sc, t);
        restart(s.cpu, t);
        fake::machine.clock += 500;
        handle_timer(s.cpu);
    }

    void choose_call()
    {
        using S = abi::Syscall;
        constexpr S numbers[] = {S::call, S::call, S::call,    S::reply_recv,   S::reply_recv,
                                 S::send, S::recv, S::recv,    S::reply_recv,   S::reply_recv,
                                 S::send, S::wait, S::nb_send, S::nb_send_recv, S::yield};
        Context& c = s.cpu.current->context;
        c.vector = vector_syscall;
        c.rip = 0x40'0000 + 2 * below(1000);
        c.rflags = initial_rflags;
        c.rdx = u64(numbers[below(std::size(numbers))]);
        c.rdi = one_in(3) ? below(slot_count) : 1 + below(16);
        c.r12 = one_in(8) ? below(slot_count) : 17 + below(reply_count);
        if (one_in(2)) behave(c);
        if (one_in(4)) c.rdx = u64(S::yield);
        constexpr unsigned lengths[] = {0, 1, 2, 3, 4, 4, 5, 10, 120, 127};
        c.rsi = abi::MessageInfo{below(100), below(8), one_in(6) ? below(4) : 0,
                                 lengths[below(std::size(lengths))]}
                    .word();
        for (u64* const word : {&c.r10, &c.r8, &c.r9, &c.r15}) *word = random();
    }

    /// What a good client or server (the first three threads) would call.
    void behave(Context& c)
    {
        using S = abi::Syscall;
        auto const me = unsigned(s.cpu.current - s.thread);
        Reply const* awaited = s.cpu.current_sc->reply;
        bool const server = me < 3;
        c.rdi = 1 + below(2);
        c.r12 = awaited != nullptr ? u64(17 + (awaited - s.reply)) : 17 + me % reply_count;
        for (unsigned i = 0; server && awaited == nullptr && i < reply_count; ++i) {
            Tcb const* const caller = s.reply[i].tcb; // one that kept its context
            if (caller == nullptr || caller->state != ThreadState::blocked_on_reply) continue;
            awaited = &s.reply[i];
            c.r12 = 17 + i;
        }
        c.rdx = u64(awaited != nullptr ? S::reply_recv : server ? S::recv : S::call);
    }

    Path fast(bool& done)
    {
        using S = abi::Syscall;
        using enum fast_path::MessageSize;
        Context const& c = s.cpu.current->context;
        abi::MessageInfo const info{c.rsi};
        if (S(c.rdx) == S::yield) return done = fast_path::yield_to_equal(s.cpu), Path::yield;
        bool const shortly = info.is_plain(message_registers);
        if (!info.is_plain(abi::msg_max_length)) return Path::none;
        switch (S(c.rdx)) {
        case S::call:
            done = shortly ? fast_path::call<registers>(s.cpu, c.rdi, info)
                           : fast_path::call<buffer>(s.cpu, c.rdi, info);
            return Path::call;
        case S::reply_recv:
            done = shortly ? fast_path::reply_recv<registers>(s.cpu, c.rdi, info)
                           : fast_path::reply_recv<buffer>(s.cpu, c.rdi, info);
            if (done || !shortly) return Path::reply_recv;
            done = fast_path::reply_recv_apart(s.cpu, c.rdi, info);
            return Path::reply_apart;
        case S::send:
        case S::nb_send:
            if (shortly) done = fast_path::send(s.cpu, c.rdi, info);
            return shortly ? Path::send : Path::none;
        default:
            return Path::none;
        }
    }

    Fault some_fault()
    {
        Fault fault;
        fault.kind = one_in(2) ? abi::FaultLabel::vm_fault : abi::FaultLabel::user_exception;
        for (u64& word : fault.word) word = random();
        return fault;
    }

    /// One entry into the kernel, both ways.
    void compare()
    {
        constexpr unsigned irq = 5;
        unsigned const kind = below(8);
        if (kind == 0) {
            Fault const fault = some_fault();
            s.cpu.current->context.vector = 14;
            s.cpu.current->context.fault_ip = random();
            return compare(
                [&](bool& done) { return done = fast_path::fault(s.cpu, fault), Path::fault; },
                [&] { handle_slow_fault(s.cpu, fault); });
        }
        if (kind == 1) {
            Cap const target = s.node[11 + below(4)].cap();
            irq_table.notification[irq].update(target);
            return compare(
                [&](bool& done) {
                    return done = fast_path::interrupt(s.cpu, irq), Path::interrupt;
                },
                [&] { handle_slow_interrupt(s.cpu, irq); });
        }
        choose_call();
        compare([&](bool& done) { return fast(done); }, [&] { handle_slow_syscall(s.cpu); });
    }
    template <class Fast, class Slow> void compare(Fast&& try_fast, Slow&& go_slowly)
    {
        static State before, after_fast; // too large for the stack
        std::memcpy(static_cast<void*>(&before), &s, sizeof s);
        bool done = false;
        u64 const deadline_before = fake::machine.deadline;
        Path const path = try_fast(done);
        u64 const deadline_fast = fake::machine.deadline;
        fake::machine.deadline = deadline_before;
        if (!done) REQUIRE(deadline_before == deadline_fast);
        if (!done) REQUIRE(std::memcmp(&before, &s, sizeof s) == 0); // declined: nothing changed
        if (moved && done) handle_spurious(s.cpu);
        std::memcpy(static_cast<void*>(&after_fast), &s, sizeof s);
        std::memcpy(static_cast<void*>(&s), &before, sizeof s);
        go_slowly();
        if (!done) return;
        if (moved) handle_spurious(s.cpu);
        ++taken[unsigned(path)];
        CAPTURE(unsigned(path), deadline_before);
        REQUIRE(deadline_fast == fake::machine.deadline);
        forget_stale(after_fast);
        forget_stale(s);
        CAPTURE(moved, unsigned(path), offset_of_difference(after_fast));
        REQUIRE(std::memcmp(&after_fast, &s, sizeof s) == 0);
    }
    /// A thread's place in a queue means nothing while it is in none.
    static void forget_stale(State& state)
    {
        state.cpu.candidate = nullptr;
        for (Tcb& t : state.thread) {
            if (t.in_ready_queue || t.in_release_queue) continue;
            t.sched_link = {};
            t.ready_queue = 0;
            t.queued_at = 0;
        }
    }
    /// For the report: where in State the first difference lies.
    usize offset_of_difference(State const& other) const
    {
        auto const* const a = reinterpret_cast<u8 const*>(&s);
        auto const* const b = reinterpret_cast<u8 const*>(&other);
        usize i = 0;
        while (i < sizeof s && a[i] == b[i]) ++i;
        return i;
    }
};

} // namespace

TEST_CASE("a fast path leaves the system exactly as the slow path does", "[fast_path]")
{
    auto const state = std::make_unique<State>();
    unsigned taken[unsigned(Path::count)] = {};
    for (unsigned seed = 1; seed <= 80; ++seed) {
        CAPTURE(seed);
        World world{*state, seed};
        for (unsigned i = 0; i < 5000; ++i) {
            CAPTURE(i);
            world.step();
        }
        for (unsigned p = 0; p < unsigned(Path::count); ++p) taken[p] += world.taken[p];
    }
    // The comparison means something only if each path was gone often.
    for (unsigned p = 1; p < unsigned(Path::count); ++p) {
        CAPTURE(p);
        if (domain_count == 1) CHECK(taken[p] > 40);
    }
}

TEST_CASE("a server on its notification's context gives it back when it waits", "[fast_path]")
{
    auto const state = std::make_unique<State>();
    World world{*state, 1};
    CHECK_FALSE(world.answer_from_notification_context());
}
