// Fast paths and the short way of methods against the slow path: random states, reached by random
// system calls and events; from each the same entry is made both ways, and every byte of the
// kernel's state is compared. The states: random_world.hpp; what is called: random_calls.hpp.
#include "ipc/fast_path.hpp" // under test: first, so that a missing include shows
#include "api/debug_syscall.hpp"
#include "api/invoke.hpp"
#include "random_calls.hpp"
#include <memory>

using namespace mk;
using namespace random_world;

namespace mk {
bool debug_syscall(Cpu&, abi::Syscall)
{
    return false;
}
} // namespace mk

namespace {

enum class Path {
    none,
    call,
    reply_recv,
    reply_apart,
    send,
    fault,
    interrupt,
    yield,
    method,
    count
};
constexpr unsigned path_count = unsigned(Path::count);

/// How far the clock has moved since the kernel read it last.
enum class Clock {
    still,
    moved, ///< the current thread has budget left, and nobody's refill is due
    late   ///< the scheduler has to act
};

/// How often each path was taken, and was not because the scheduler had to act.
struct Tally {
    unsigned taken[path_count] = {}, taken_late[path_count] = {}, declined_late[path_count] = {};
    unsigned preempted = 0;
    unsigned succeeded[std::size(methods)] = {};
    void add(Tally const& other)
    {
        for (unsigned p = 0; p < path_count; ++p) {
            taken[p] += other.taken[p];
            taken_late[p] += other.taken_late[p];
            declined_late[p] += other.declined_late[p];
        }
        preempted += other.preempted;
        for (unsigned m = 0; m < std::size(methods); ++m) succeeded[m] += other.succeeded[m];
    }
};

class Comparison : CallingWorld {
    Clock clock = Clock::still;

public:
    Tally tally;

    using CallingWorld::CallingWorld;

    void step()
    {
        event();
        handle_spurious(s.cpu); // takes the time
        clock = Clock::still;
        if (s.cpu.current == &s.cpu.idle) return set_somebody_going();
        if (one_in(2)) move_clock();
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
    /// Some time, or to about the moment when the current thread's budget is too small or
    /// somebody's refill is there.
    void move_clock()
    {
        Cpu const& c = s.cpu;
        Ticks const left = c.current_sc->head().amount - c.consumed;
        Ticks const edges[] = {c.now + left - refill::min_budget(c),
                               c.release_head != nullptr
                                   ? c.release_head->sc->head().time -
                                         refill::kernel_wcet_us * c.ticks_per_us
                                   : c.now};
        Ticks const near = any_of(edges) + below(4) - 2;
        fake::machine.clock = one_in(2) && near > c.now ? near : c.now + below(3000);
        Ticks const used = c.consumed + (fake::machine.clock - c.now);
        bool const due = c.release_head != nullptr &&
                         refill::ready_at(c, *c.release_head->sc, fake::machine.clock);
        bool const late = due || !refill::sufficient(c, *c.current_sc, used);
        clock = late ? Clock::late : Clock::moved;
    }

    /// As handle_syscall tries them.
    Path fast(bool& done)
    {
        using S = abi::Syscall;
        using enum fast_path::MessageSize;
        Context const& c = s.cpu.current->context;
        abi::MessageInfo const info{c.rsi};
        if (S(c.rdx) == S::yield) return done = fast_path::yield_to_equal(s.cpu), Path::yield;
        bool const shortly = info.is_plain(message_registers);
        bool const plain = info.is_plain(abi::msg_max_length);
        if (!plain && S(c.rdx) != S::call) return Path::none;
        switch (S(c.rdx)) {
        case S::call:
            if (plain)
                done = shortly ? fast_path::call<registers>(s.cpu, c.rdi, info)
                               : fast_path::call<buffer>(s.cpu, c.rdi, info);
            if (done) return Path::call;
            done = call_method(s.cpu, c.rdi, info);
            return Path::method;
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
        unsigned const kind = below(13);
        if (kind == 0) {
            Fault const fault = some_fault();
            s.cpu.current->context.vector = 14;
            s.cpu.current->context.fault_ip = random();
            return compare(
                [&](bool& done) { return done = fast_path::fault(s.cpu, fault), Path::fault; },
                [&] { handle_slow_fault(s.cpu, fault); });
        }
        if (kind == 1) {
            irq_table.notification[device_irq].update(s.node[first_notification + below(4)].cap());
            return compare(
                [&](bool& done) {
                    return done = fast_path::interrupt(s.cpu, device_irq), Path::interrupt;
                },
                [&] { handle_slow_interrupt(s.cpu, device_irq); });
        }
        kind <= 4 ? choose_method() : choose_call();
        // Long work may stop at a preemption point; the clock is read then, which is another case.
        fake::machine.interrupt_checks = 0;
        fake::machine.interrupt_after =
            one_in(2) && clock != Clock::late ? below(2) : fake::Machine::never;
        compare([&](bool& done) { return fast(done); }, [&] { handle_slow_syscall(s.cpu); });
    }
    template <class Fast, class Slow> void compare(Fast&& try_fast, Slow&& go_slowly)
    {
        static Snapshot before, after_fast; // too large for the stack
        before.take(s);
        bool done = false;
        Path const path = try_fast(done);
        CAPTURE(unsigned(path), unsigned(clock), done);
        bool const late = clock == Clock::late;
        if (!done) {
            // Declined: nothing has changed.
            REQUIRE(std::memcmp(&before.state, &s, sizeof s) == 0);
            REQUIRE((before.same_globals() && before.same_machine()));
            tally.declined_late[unsigned(path)] += late;
            return go_slowly();
        }
        // When the scheduler has to act, only a path that does not read the clock may be taken. It
        // does what the slow path does at the time that was read last. Recorded times differ then.
        if (late) REQUIRE(s.cpu.now == before.state.cpu.now);
        bool const comparable = !late || !s.cpu.events.on();
        if (clock == Clock::moved) handle_spurious(s.cpu); // takes the time, if the path did not
        after_fast.take(s);
        before.put_back(s);
        if (late && comparable) fake::machine.clock = s.cpu.now;
        go_slowly();
        if (clock == Clock::moved) handle_spurious(s.cpu);
        if (comparable) require_same(after_fast);
        fake::machine.clock = before.machine.clock;
        ++(late ? tally.taken_late : tally.taken)[unsigned(path)];
        if (path == Path::method) look_at_outcome(before.state);
        // Most methods are undone: other paths would find less and less to do.
        if (path == Path::method && !(intact(before.state) && one_in(4))) before.put_back(s);
        if (late) handle_spurious(s.cpu); // before anything else happens
    }
    void require_same(Snapshot& after_fast)
    {
        forget_stale(after_fast.state);
        forget_stale(s);
        CAPTURE(offset_of_difference(after_fast.state));
        REQUIRE(std::memcmp(&after_fast.state, &s, sizeof s) == 0);
        REQUIRE(after_fast.same_globals());
        CAPTURE(after_fast.machine.deadline, fake::machine.deadline);
        REQUIRE(after_fast.same_machine());
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
    void look_at_outcome(State const& before)
    {
        Tcb const& caller = *before.cpu.current;
        Context const& asked = before.thread[&caller - s.thread].context;
        Method const* const m =
            find_method(before.node[asked.rdi].cap().type(), abi::MessageInfo{asked.rsi}.label());
        if (fake::machine.interrupt_checks > fake::machine.interrupt_after)
            ++tally.preempted;
        else if (m != nullptr && caller.is_runnable() && message_info(caller).label() == 0)
            ++tally.succeeded[m - methods];
    }
};

} // namespace

TEST_CASE("a fast path leaves the system exactly as the slow path does", "[fast_path]")
{
    auto const state = std::make_unique<State>();
    Tally tally;
    for (unsigned seed = 1; seed <= 160; ++seed) {
        CAPTURE(seed);
        Comparison world{*state, seed};
        for (unsigned i = 0; i < 1250; ++i) {
            CAPTURE(i);
            world.step();
        }
        tally.add(world.tally);
    }
    if (domain_count > 1) return; // most paths are for one domain
    // The comparison means something only if each path was gone often, also when it was late.
    for (unsigned p = 1; p < path_count; ++p) {
        constexpr auto needs_no_time = [](Path path) {
            return path == Path::call || path == Path::reply_recv;
        };
        CAPTURE(p, tally.taken[p], tally.taken_late[p], tally.declined_late[p]);
        CHECK(tally.taken[p] > 40);
        CHECK((needs_no_time(Path(p)) ? tally.taken_late[p] : tally.declined_late[p]) > 10);
    }
    CHECK(tally.taken_late[unsigned(Path::method)] > 40);
    CHECK(tally.preempted > 10);
    // Eight never succeed here: six of domains and control objects that are not in the CSpace, one
    // that does not exist on this machine, one that needs a PML4 without ASID.
    unsigned succeeded = 0;
    for (unsigned const times : tally.succeeded) succeeded += times > 0;
    CHECK(succeeded > std::size(methods) - 12);
}

TEST_CASE("a server on its notification's context gives it back when it waits", "[fast_path]")
{
    auto const state = std::make_unique<State>();
    Comparison world{*state, 1};
    CHECK_FALSE(world.answer_from_notification_context());
}
