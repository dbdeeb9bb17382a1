// TCB methods on user registers. Source: seL4 manual, "seL4_TCB"; libsel4 interface description.
#include "api/decode.hpp"
#include "api/tcb_arguments.hpp"
#include "arch/arch.hpp"
#include "ipc/thread.hpp"
#include "ipc/transfer.hpp"
#include "object/registers.hpp"
#include "sched/scheduler.hpp"

namespace mk {
namespace {

constexpr unsigned frame_registers = 18; // all but fs_base and gs_base

struct ReadPlan {
    Tcb* source;
    u32 count;
    bool suspend;
};

Performed perform_read_registers(Cpu& cpu, Tcb& caller, ReadPlan const& plan)
{
    if (plan.suspend) suspend(cpu, *plan.source);
    arch::save_live_state(*plan.source);
    abi::IpcBuffer* const buffer = ipc_buffer(caller, true);
    unsigned length = 0;
    while (length < plan.count &&
           put_word(caller, buffer, length, read_register(plan.source->context, length)))
        ++length;
    return Performed::reply(u8(length));
}

struct WritePlan {
    Tcb* target;
    u32 count;
    bool resume;
    u64 value[user_register_count];
};

void perform_write_registers(Cpu& cpu, Tcb&, WritePlan const& plan)
{
    arch::drop_live_state(*plan.target);
    plan.target->context.settle();
    for (unsigned i = 0; i < plan.count; ++i)
        write_register(plan.target->context, i, plan.value[i]);
    plan.target->context.rip = plan.target->context.fault_ip;
    if (plan.resume) restart(cpu, *plan.target);
}

struct CopyPlan {
    Tcb *source, *target;
    bool suspend_source, resume_target, frame, integer;
};

void perform_copy_registers(Cpu& cpu, Tcb&, CopyPlan const& plan)
{
    if (plan.suspend_source) suspend(cpu, *plan.source);
    if (plan.resume_target) restart(cpu, *plan.target);
    arch::save_live_state(*plan.source);
    arch::drop_live_state(*plan.target);
    unsigned const begin = plan.frame ? 0 : frame_registers;
    unsigned const end = plan.integer ? user_register_count : frame_registers;
    for (unsigned i = begin; i < end; ++i)
        write_register(plan.target->context, i, read_register(plan.source->context, i));
    if (plan.target == cpu.current) arch::refresh(cpu, *plan.target);
}

struct TlsPlan {
    Tcb* target;
    u64 base;
};

void perform_set_tls_base(Cpu& cpu, Tcb&, TlsPlan const& plan)
{
    constexpr unsigned fs_base = 18;
    arch::drop_live_state(*plan.target);
    write_register(plan.target->context, fs_base, plan.base);
    if (plan.target == cpu.current) arch::refresh(cpu, *plan.target);
}

} // namespace

/// Reads the first `count` registers of a thread, in the order of seL4_UserContext.
/// Words: flags (bit 0: suspend the thread first), count. Answer: the registers. Errors, in this
/// order: range (1, 20) (count), illegal_operation (on oneself).
Checked<Plan> decode_tcb_read_registers(Invocation const& in)
{
    u64 const count = in.word(1);
    if (count < 1 || count > user_register_count)
        return SyscallError::range(1, user_register_count);
    if (&target_tcb(in) == in.caller) return SyscallError::illegal_operation();
    return Plan::of<perform_read_registers>(
        ReadPlan{&target_tcb(in), u32(count), (in.word(0) & 1) != 0});
}

/// Writes the first `count` registers of a thread; more than 20 are ignored. Flags and addresses
/// that would be dangerous to load are made harmless.
/// Words: flags (bit 0: resume the thread afterwards), count, then the registers. Errors, in this
/// order: truncated_message (fewer words than count), illegal_operation (on oneself).
Checked<Plan> decode_tcb_write_registers(Invocation const& in)
{
    constexpr unsigned first_value = 2;
    u64 const count = in.word(1);
    if (in.length - first_value < count) return SyscallError::truncated();
    if (&target_tcb(in) == in.caller) return SyscallError::illegal_operation();
    WritePlan plan{};
    plan.target = &target_tcb(in);
    plan.count = u32(count < user_register_count ? count : user_register_count);
    plan.resume = (in.word(0) & 1) != 0;
    for (unsigned i = 0; i < plan.count; ++i) plan.value[i] = in.word(first_value + i);
    return Plan::of<perform_write_registers>(plan);
}

/// Copies registers from another thread.
/// Words: flags (bit 0: suspend the source, 1: resume the target, 2: copy rip to r15, 3: copy
/// fs_base and gs_base). Capabilities: source TCB. Errors: invalid_capability 1 (no TCB).
Checked<Plan> decode_tcb_copy_registers(Invocation const& in)
{
    Cap const& source = in.caps[0]->cap();
    if (!source.is(CapType::tcb)) return SyscallError::invalid_capability(1);
    u64 const flags = in.word(0);
    return Plan::of<perform_copy_registers>(CopyPlan{source.object<Tcb>(), &target_tcb(in),
                                                     (flags & 1) != 0, (flags & 2) != 0,
                                                     (flags & 4) != 0, (flags & 8) != 0});
}

/// Sets a thread's fs_base.
/// Words: address. Errors: none.
Checked<Plan> decode_tcb_set_tls_base(Invocation const& in)
{
    return Plan::of<perform_set_tls_base>(TlsPlan{&target_tcb(in), in.word(0)});
}

} // namespace mk
