// From a trap to its effect: system calls are two phases of send and receive on whatever the named
// capability is; what is no IPC object goes through the method table (api/methods.hpp).
// Called from arch/x86_64/; goes on in ipc/endpoint_ipc.cpp, ipc/signal.cpp, api/decode_*.cpp.
#include "api/syscall.hpp"
#include "abi/syscalls.hpp"
#include "api/debug_syscall.hpp"
#include "api/invoke.hpp"
#include "arch/arch.hpp"
#include "ipc/endpoint_ipc.hpp"
#include "ipc/fast_path.hpp"
#include "ipc/fault.hpp"
#include "ipc/reply_stack.hpp"
#include "ipc/signal.hpp"
#include "ipc/transfer.hpp"
#include "object/irq_handler.hpp"
#include "sched/take_over.hpp"

namespace mk {
namespace {

/// How a system call sends. `first_phase`: a receive follows in the same call.
struct SendMode {
    bool blocking, call, may_donate, first_phase;
};

constexpr SendMode call_mode{
    .blocking = true, .call = true, .may_donate = true, .first_phase = false};

[[gnu::noinline]] void fault_on_lookup(Cpu& cpu, CPtr address, bool in_receive,
                                       LookupFailure const& failure)
{
    Fault fault;
    fault.kind = abi::FaultLabel::cap_fault;
    fault.in_receive = in_receive;
    fault.lookup = failure;
    fault.word[0] = address;
    raise_fault(cpu, *cpu.current, fault);
}

LookupFailure missing_capability()
{
    return {.kind = abi::LookupFailure::missing_capability};
}

// --- sending ---

void send_to_endpoint(Cpu& cpu, Cap const& cap, SendMode mode)
{
    Tcb& caller = *cpu.current;
    if (!contains(cap.rights(), Rights::write)) {
        if (mode.call) reply_with_error(caller, SyscallError::invalid_capability(0));
        return;
    }
    send_ipc(cpu, caller, *cap.object<Endpoint>(), cap.badge(),
             {.blocking = mode.blocking,
              .call = mode.call,
              .grant = contains(cap.rights(), Rights::grant),
              .grant_reply = contains(cap.rights(), Rights::grant_reply),
              .may_donate = mode.may_donate});
}

/// A Call to an object that takes messages but gives none back is answered with an empty one.
void answer_empty(Tcb& caller, SendMode mode)
{
    if (!mode.call) return;
    set_badge(caller, 0);
    set_message_info(caller, abi::MessageInfo{0, 0, 0, 0});
}

void send_signal(Cpu& cpu, Cap const& cap, SendMode mode)
{
    if (!contains(cap.rights(), Rights::write)) {
        if (mode.call) reply_with_error(*cpu.current, SyscallError::invalid_capability(0));
        return;
    }
    answer_empty(*cpu.current, mode);
    signal(cpu, *cap.object<Notification>(), cap.badge());
}

void send_reply(Cpu& cpu, Cap const& cap, SendMode mode)
{
    Tcb& caller = *cpu.current;
    reply_stack::answer(cpu, caller, *cap.object<Reply>(), contains(cap.rights(), Rights::grant));
    answer_empty(caller, mode); // last: the registers held the message until now
}

Sent send(Cpu& cpu, CPtr target, SendMode mode)
{
    Tcb& caller = *cpu.current;
    abi::MessageInfo const info = message_info(caller);
    auto const slot = lookup_slot(caller.slot(Tcb::cspace).cap(), target);
    if (!slot) {
        if (mode.blocking) fault_on_lookup(cpu, target, false, slot.error());
        return mode.blocking ? Sent::stop : Sent::done;
    }
    auto const extra = lookup_extra_caps(caller, info);
    if (!extra) {
        auto const [address, why] = extra.error();
        if (mode.blocking) fault_on_lookup(cpu, address, false, why);
        return mode.blocking ? Sent::stop : Sent::done;
    }
    Cap const& cap = (*slot)->cap();
    switch (cap.type()) {
    case CapType::endpoint:
        send_to_endpoint(cpu, cap, mode);
        return Sent::done;
    case CapType::notification:
        send_signal(cpu, cap, mode);
        return Sent::done;
    case CapType::reply:
        send_reply(cpu, cap, mode);
        return Sent::done;
    default:
        break;
    }
    return invoke_object(cpu, **slot, info, *extra, {mode.call, mode.first_phase});
}

// --- receiving ---

void receive_from_endpoint(Cpu& cpu, Cap const& cap, CPtr source, bool blocking, bool with_reply)
{
    Tcb& thread = *cpu.current;
    if (!contains(cap.rights(), Rights::read))
        return fault_on_lookup(cpu, source, true, missing_capability());
    Reply* reply = nullptr;
    if (with_reply) {
        CPtr const address = thread.context.r12;
        auto const slot = lookup_slot(thread.slot(Tcb::cspace).cap(), address);
        if (!slot) return fault_on_lookup(cpu, address, true, slot.error());
        if (!(*slot)->cap().is(CapType::reply))
            return fault_on_lookup(cpu, address, true, missing_capability());
        reply = (*slot)->cap().object<Reply>();
    }
    receive_ipc(cpu, thread, *cap.object<Endpoint>(), blocking,
                contains(cap.rights(), Rights::grant), reply);
}

void receive(Cpu& cpu, bool blocking, bool with_reply)
{
    Tcb& thread = *cpu.current;
    CPtr const source = thread.context.rdi;
    auto const slot = lookup_slot(thread.slot(Tcb::cspace).cap(), source);
    if (!slot) return fault_on_lookup(cpu, source, true, slot.error());
    Cap const& cap = (*slot)->cap();
    if (cap.is(CapType::endpoint))
        return receive_from_endpoint(cpu, cap, source, blocking, with_reply);
    if (cap.is(CapType::notification) && contains(cap.rights(), Rights::read)) {
        Notification& ntfn = *cap.object<Notification>();
        // Only the thread that a notification is bound to may wait on it.
        if (ntfn.bound_tcb == nullptr || ntfn.bound_tcb == &thread)
            return wait_signal(cpu, thread, ntfn, blocking);
    }
    fault_on_lookup(cpu, source, true, missing_capability());
}

/// Both phases of the combined calls; the message is sent without blocking.
void send_receive(Cpu& cpu, CPtr target, bool with_reply)
{
    SendMode const mode{.blocking = false, .call = false, .may_donate = true, .first_phase = true};
    if (send(cpu, target, mode) == Sent::done) receive(cpu, true, with_reply);
}

void unknown_syscall(Cpu& cpu, i64 number)
{
    Fault fault;
    fault.kind = abi::FaultLabel::unknown_syscall;
    fault.word[0] = u64(number);
    raise_fault(cpu, *cpu.current, fault);
}

/// Not inlined, here and below: what one system call keeps in registers is no business of others.
[[gnu::noinline]] void dispatch(Cpu& cpu)
{
    using S = abi::Syscall;
    constexpr SendMode send_mode{
        .blocking = true, .call = false, .may_donate = false, .first_phase = false};
    constexpr SendMode nb_send_mode{
        .blocking = false, .call = false, .may_donate = false, .first_phase = false};
    Context const& c = cpu.current->context;
    auto const number = S(c.rdx);
    trace(cpu.events, Event::syscall, {.thread = cpu.current, .value = u32(c.rdx)});
    if ((cpu.current->flags & Tcb::foreign) != 0) [[unlikely]]
        return unknown_syscall(cpu, i64(c.rdx));
    switch (number) {
    case S::call:
        send(cpu, c.rdi, call_mode);
        break;
    case S::reply_recv:
        send_receive(cpu, c.r12, true);
        break;
    case S::nb_send_recv:
        send_receive(cpu, c.r13, true);
        break;
    case S::nb_send_wait:
        send_receive(cpu, c.r12, false);
        break;
    case S::send:
        send(cpu, c.rdi, send_mode);
        break;
    case S::nb_send:
        send(cpu, c.rdi, nb_send_mode);
        break;
    case S::recv:
        receive(cpu, true, true);
        break;
    case S::nb_recv:
        receive(cpu, false, true);
        break;
    case S::wait:
        receive(cpu, true, false);
        break;
    case S::nb_wait:
        receive(cpu, false, false);
        break;
    case S::yield:
        yield(cpu);
        break;
    default:
        if (!debug_syscall(cpu, number)) unknown_syscall(cpu, i64(c.rdx));
    }
}

/// What every entry has in common. `work` runs only when the current thread has budget left; a
/// thread that had none repeats what brought it here once it has.
template <class Work> void enter(Cpu& cpu, Work&& work)
{
    update_time(cpu);
    if (check_budget(cpu))
        work();
    else if (cpu.current->is_runnable())
        cpu.current->state = ThreadState::restart;
    schedule(cpu);
}

} // namespace

namespace {

// Shortcuts, and the slow path if they decline. Each is a function of its own, so that none saves
// registers for another; the two that matter most have everything they call inside.

template <auto fast> [[gnu::noinline]] void try_first(Cpu& cpu, CPtr target, abi::MessageInfo info)
{
    if (!fast(cpu, target, info)) [[unlikely]]
        handle_slow_syscall(cpu);
}
template <auto fast, auto second>
[[gnu::noinline, gnu::flatten]] void try_fast(Cpu& cpu, CPtr target, abi::MessageInfo info)
{
    if (!fast(cpu, target, info)) [[unlikely]]
        try_first<second>(cpu, target, info);
}
bool call_with_buffer(Cpu& cpu, CPtr target, abi::MessageInfo info)
{
    return fast_path::call<fast_path::MessageSize::buffer>(cpu, target, info) ||
           call_method(cpu, target, info);
}

[[gnu::noinline]] void try_yield(Cpu& cpu)
{
    if (!fast_path::yield_to_equal(cpu)) handle_slow_syscall(cpu);
}

} // namespace

void handle_syscall(Cpu& cpu, CPtr target, u64 info_word, i64 number)
{
    using S = abi::Syscall;
    using enum fast_path::MessageSize;
    abi::MessageInfo const info{info_word};
    if (info.is_plain(message_registers)) {
        if (S(number) == S::call)
            return try_fast<fast_path::call<registers>, call_method>(cpu, target, info);
        if (S(number) == S::reply_recv)
            return try_fast<fast_path::reply_recv<registers>, fast_path::reply_recv_apart>(
                cpu, target, info);
        if (S(number) == S::send || S(number) == S::nb_send)
            return try_first<fast_path::send>(cpu, target, info);
        if (S(number) == S::yield) return try_yield(cpu);
    } else if (S(number) == S::call) {
        if (!info.is_plain(abi::msg_max_length)) return try_first<call_method>(cpu, target, info);
        return try_first<call_with_buffer>(cpu, target, info);
    } else if (S(number) == S::reply_recv && info.is_plain(abi::msg_max_length)) {
        return try_first<fast_path::reply_recv<buffer>>(cpu, target, info);
    }
    handle_slow_syscall(cpu);
}

[[gnu::noinline]] void handle_slow_syscall(Cpu& cpu)
{
    enter(cpu, [&] { dispatch(cpu); });
}

void handle_slow_fault(Cpu& cpu, Fault const& fault)
{
    enter(cpu, [&] { raise_fault(cpu, *cpu.current, fault); });
}

void handle_fault(Cpu& cpu, Fault const& fault)
{
    if (!fast_path::fault(cpu, fault)) handle_slow_fault(cpu, fault);
}

void handle_page_fault(Cpu& cpu, u64 address, u64 error_code)
{
    constexpr u64 instruction_fetch = bit(4); // Intel SDM vol. 3A, "Page-Fault Exceptions"
    Fault fault;
    fault.kind = abi::FaultLabel::vm_fault;
    fault.word[0] = address;
    fault.word[1] = (error_code & instruction_fetch) != 0;
    fault.word[2] = error_code;
    handle_fault(cpu, fault);
}

void handle_user_exception(Cpu& cpu, u64 vector, u64 error_code)
{
    Fault fault;
    fault.kind = abi::FaultLabel::user_exception;
    fault.word[0] = vector;
    fault.word[1] = error_code;
    handle_fault(cpu, fault);
}

void handle_timer(Cpu& cpu)
{
    update_time(cpu);
    check_budget(cpu);
    cpu.reprogram_timer = true; // the deadline is used up
    schedule(cpu);
}

void handle_interrupt(Cpu& cpu, unsigned irq)
{
    if (!fast_path::interrupt(cpu, irq)) handle_slow_interrupt(cpu, irq);
}

void handle_slow_interrupt(Cpu& cpu, unsigned irq)
{
    update_time(cpu);
    check_budget(cpu);
    deliver_irq(cpu, irq);
    schedule(cpu);
}

void handle_spurious(Cpu& cpu)
{
    update_time(cpu);
    check_budget(cpu);
    schedule(cpu);
}

} // namespace mk
