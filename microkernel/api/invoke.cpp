#include "api/invoke.hpp"

#include "api/methods.hpp"
#include "sched/take_over.hpp"

namespace mk {

void reply_with_error(Tcb& caller, SyscallError const& error)
{
    abi::IpcBuffer* const buffer = ipc_buffer(caller, true);
    unsigned length = 0;
    while (length < error.length && put_word(caller, buffer, length, error.word[length])) ++length;
    set_badge(caller, 0);
    set_message_info(caller, abi::MessageInfo{u64(error.code), 0, 0, length});
}

namespace {

/// The words of a request. Its capabilities are not in it yet. Answers the caller's buffer if it
/// is needed and there.
[[gnu::always_inline]] inline abi::IpcBuffer const*
begin_invocation(Invocation& in, Cpu const& cpu, Slot& slot, abi::MessageInfo info)
{
    Tcb& caller = *cpu.current;
    unsigned length = unsigned(info.length());
    bool const needs_buffer = length > message_registers || info.extra_caps() > 0;
    abi::IpcBuffer const* const buffer = needs_buffer ? ipc_buffer(caller, false) : nullptr;
    if (buffer == nullptr && length > message_registers) length = message_registers;
    Context const& c = caller.context;
    in.slot = &slot;
    in.cap = slot.cap();
    in.label = info.label();
    in.length = length;
    in.mr[0] = c.r10;
    in.mr[1] = c.r8;
    in.mr[2] = c.r9;
    in.mr[3] = c.r15;
    in.buffer = buffer != nullptr ? buffer->msg : nullptr;
    in.cap_count = 0;
    in.caller = &caller;
    in.cpu = &cpu;
    return buffer;
}

void finish_invocation(Tcb& caller, Performed performed, bool call)
{
    if (performed.kind == Performed::Kind::preempted) return; // stays in `restart`
    if (caller.state != ThreadState::restart) return; // suspended, deleted or blocked itself
    if (call && performed.kind == Performed::Kind::done) {
        set_badge(caller, 0);
        set_message_info(caller, abi::MessageInfo{0, 0, 0, performed.length});
    }
    caller.state = ThreadState::running;
}

/// Objects that may switch threads or contexts cannot be invoked where a receive follows at once.
bool allowed_in_first_phase(CapType type)
{
    return type != CapType::tcb && type != CapType::sched_context && type != CapType::sched_control;
}

Checked<Plan> decode_object(Invocation const& in, bool first_phase)
{
    if (in.cap.is_null() || in.cap.is(CapType::zombie)) return SyscallError::invalid_capability(0);
    if (first_phase && !allowed_in_first_phase(in.cap.type()))
        return SyscallError::invalid_capability(0);
    return decode(in);
}

[[gnu::always_inline]] inline Sent invoke(Cpu& cpu, Invocation const& in, InvokeMode mode)
{
    Tcb& caller = *cpu.current;
    auto const plan = decode_object(in, mode.first_phase);
    if (!plan) {
        if (mode.call) reply_with_error(caller, plan.error());
        return Sent::done;
    }
    trace(cpu.events, Event::invocation,
          {.thread = &caller, .value = u32(in.label), .detail = u16(in.cap.type())});
    caller.state = ThreadState::restart; // until performed: a preempted call is repeated
    Performed const performed = (*plan).perform(cpu, caller);
    finish_invocation(caller, performed, mode.call);
    if (performed.kind == Performed::Kind::preempted) {
        update_time(cpu); // long work: what it took so far counts before anybody else runs
        check_budget(cpu);
        reschedule_required(cpu);
        return Sent::stop;
    }
    return caller.state == ThreadState::running ? Sent::done : Sent::stop;
}

constexpr u64 of_types(auto... types)
{
    return (bit(unsigned(types)) | ...);
}

} // namespace

Sent invoke_object(Cpu& cpu, Slot& slot, abi::MessageInfo info, ExtraCaps const& extra,
                   InvokeMode mode)
{
    Invocation in;
    begin_invocation(in, cpu, slot, info);
    in.cap_count = extra.count;
    for (unsigned i = 0; i < in.cap_count; ++i) in.caps[i] = extra.slot[i];
    return invoke(cpu, in, mode);
}

bool call_method(Cpu& cpu, CPtr target, abi::MessageInfo info)
{
    Tcb& caller = *cpu.current;
    Cap const& root = caller.slot(Tcb::cspace).cap();
    Slot* const slot = find_slot(root, target);
    if (domain_count > 1 || caller.flags != 0 || slot == nullptr) return false;
    u64 const type = bit(unsigned(slot->cap().type()));
    if ((type & of_types(CapType::endpoint, CapType::notification, CapType::reply)) != 0)
        return false;
    Invocation in;
    abi::IpcBuffer const* const buffer = begin_invocation(in, cpu, *slot, info);
    for (; buffer != nullptr && in.cap_count < info.extra_caps(); ++in.cap_count) {
        in.caps[in.cap_count] = find_slot(root, buffer->caps_or_badges[in.cap_count]);
        if (in.caps[in.cap_count] == nullptr) return false;
    }
    // Memory and ports have nothing to do with time: as for fast paths, the timer watches it.
    u64 const timeless = of_types(CapType::frame, CapType::untyped, CapType::page_table,
                                  CapType::page_directory, CapType::pdpt, CapType::io_port);
    if ((type & timeless) == 0 && !take_time(cpu)) return false;
    trace(cpu.events, Event::syscall, {.thread = &caller, .value = u32(caller.context.rdx)});
    invoke(cpu, in, {.call = true, .first_phase = false});
    schedule_at_leisure(cpu);
    return true;
}

} // namespace mk
