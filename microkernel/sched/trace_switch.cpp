// See trace_switch.hpp. Called from sched/scheduler.cpp.
#include "sched/trace_switch.hpp"

#include "object/reply.hpp"

namespace mk {

// Details of Event::block, as the interface has them.
static_assert(u16(ThreadState::inactive) == u16(abi::BlockedOn::nothing));
static_assert(u16(ThreadState::blocked_on_receive) == u16(abi::BlockedOn::receive));
static_assert(u16(ThreadState::blocked_on_send) == u16(abi::BlockedOn::send));
static_assert(u16(ThreadState::blocked_on_reply) == u16(abi::BlockedOn::reply));
static_assert(u16(ThreadState::blocked_on_notification) == u16(abi::BlockedOn::notification));

namespace {

void const* waits_for(Tcb const& thread)
{
    if (thread.state == ThreadState::blocked_on_reply) return thread.reply;
    return thread.is_blocked() ? thread.blocked_on : nullptr;
}

} // namespace

void record_switch(Cpu& cpu, Tcb const& previous)
{
    if (previous.is_stopped())
        cpu.events.write(
            Event::block,
            {.thread = &previous, .object = waits_for(previous), .detail = u16(previous.state)});
    Tcb const& now = *cpu.current;
    cpu.events.write(Event::dispatch, {.thread = &now,
                                       .other = &previous,
                                       .object = now.sc,
                                       .detail = now.priority,
                                       .level = now.sc->feedback.level});
}

} // namespace mk
