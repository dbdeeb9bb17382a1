// Threads.
#pragma once

#include "abi/extensions.hpp"
#include "abi/user_context.hpp"
#include "sys/cnode.hpp"
#include "sys/endpoint.hpp"
#include "sys/sched_context.hpp"
#include "sys/vspace.hpp"

namespace sys {

class Tcb : public Cap {
public:
    using Cap::Cap;

    /// Sets CSpace, VSpace and IPC buffer. A guard word of 0 leaves the guard of `cspace` alone.
    /// @error invalid_capability  word 0: which one
    /// @error alignment_error     the buffer is not 1 KiB aligned
    Result<void> configure(CNode cspace, u64 guard, VSpace vspace, u64 buffer, Frame frame) const
    {
        return command(*this, abi::Label::tcb_configure, {guard, 0, buffer},
                       {cspace, vspace, frame});
    }
    /// Sets CSpace, VSpace and the endpoint faults go to (null: the thread stops when it faults).
    Result<void> set_space(Endpoint fault, CNode cspace, u64 guard, VSpace vspace) const
    {
        return command(*this, abi::Label::tcb_set_space, {guard, 0}, {fault, cspace, vspace});
    }
    Result<void> set_ipc_buffer(u64 address, Frame frame) const
    {
        return command(*this, abi::Label::tcb_set_ipc_buffer, {address}, {frame});
    }
    /// @error range_error  above the maximum controlled priority of `authority`
    Result<void> set_priority(Tcb authority, u8 priority) const
    {
        return command(*this, abi::Label::tcb_set_priority, {priority}, {authority});
    }
    Result<void> set_max_controlled_priority(Tcb authority, u8 priority) const
    {
        return command(*this, abi::Label::tcb_set_mc_priority, {priority}, {authority});
    }
    /// Both priorities, scheduling context and fault endpoint.
    /// @rights  fault: write, and grant or grant reply
    Result<void> set_sched_params(Tcb authority, u8 max_controlled, u8 priority,
                                  SchedContext context, Endpoint fault) const
    {
        return command(*this, abi::Label::tcb_set_sched_params, {max_controlled, priority},
                       {authority, context, fault});
    }
    /// Where the thread's timeout faults go; null: nowhere, it waits for its next budget.
    Result<void> set_timeout_endpoint(Endpoint endpoint) const
    {
        return command(*this, abi::Label::tcb_set_timeout_endpoint, {}, {endpoint});
    }
    Result<void> suspend() const { return command(*this, abi::Label::tcb_suspend); }
    Result<void> resume() const { return command(*this, abi::Label::tcb_resume); }
    /// Signals of the notification also end the thread's receiving on an endpoint.
    Result<void> bind_notification(Notification notification) const
    {
        return command(*this, abi::Label::tcb_bind_notification, {}, {notification});
    }
    Result<void> unbind_notification() const
    {
        return command(*this, abi::Label::tcb_unbind_notification);
    }
    Result<void> set_tls_base(u64 address) const
    {
        return command(*this, abi::Label::tcb_set_tls_base, {address});
    }
    /// Clears, then sets, flags (abi::tcb_flag_...). Returns those in force.
    Result<u64> set_flags(u64 clear, u64 set) const
    {
        return TRY(invoke(*this, abi::Label::tcb_set_flags, {clear, set})).word[0];
    }
    /// Extension: while on, every system call of the thread is an UnknownSyscall fault.
    Result<void> set_foreign(bool on) const
    {
        return command(*this, abi::tcb_set_foreign, {u64{on}});
    }

    /// Reads all registers, stopping the thread first if `suspend`.
    /// @error illegal_operation  on the calling thread itself
    Result<abi::UserContext> read_registers(bool suspend = false) const;
    /// Sets all registers and, if `resume`, lets the thread run.
    Result<void> write_registers(abi::UserContext const& context, bool resume) const;
    /// Copies registers of `source`: `frame` is rip, rsp, rflags and those the kernel saves for
    /// a system call, `integer` the others.
    Result<void> copy_registers(Tcb source, bool suspend_source, bool resume_target, bool frame,
                                bool integer) const
    {
        u64 const flags =
            u64{suspend_source} | u64{resume_target} << 1 | u64{frame} << 2 | u64{integer} << 3;
        return command(*this, abi::Label::tcb_copy_registers, {flags}, {source});
    }
};

inline Result<abi::UserContext> Tcb::read_registers(bool suspend) const
{
    auto const words =
        TRY(invoke(*this, abi::Label::tcb_read_registers, {u64{suspend}, abi::user_context_words}));
    abi::UserContext context{};
    u64* const to = &context.rip;
    for (u64 i = 0; i < abi::user_context_words; ++i)
        to[i] = i < abi::msg_registers ? words.word[i] : ipc_buffer().msg[i];
    return context;
}

inline Result<void> Tcb::write_registers(abi::UserContext const& c, bool resume) const
{
    return command(*this, abi::Label::tcb_write_registers, {u64{resume}, abi::user_context_words,
                                                            c.rip,       c.rsp,
                                                            c.rflags,    c.rax,
                                                            c.rbx,       c.rcx,
                                                            c.rdx,       c.rsi,
                                                            c.rdi,       c.rbp,
                                                            c.r8,        c.r9,
                                                            c.r10,       c.r11,
                                                            c.r12,       c.r13,
                                                            c.r14,       c.r15,
                                                            c.fs_base,   c.gs_base});
}

} // namespace sys
