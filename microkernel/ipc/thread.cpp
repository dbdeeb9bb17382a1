#include "ipc/thread.hpp"
#include "ipc/endpoint_ipc.hpp"
#include "sched/binding.hpp"
#include "sched/release_queue.hpp"
#include "sched/scheduler.hpp"

namespace mk {

void suspend(Cpu& cpu, Tcb& tcb)
{
    cancel_ipc(tcb);
    // A running thread is past its last system call: a restart must not repeat that.
    tcb.context.settle();
    if (tcb.state == ThreadState::running) tcb.context.fault_ip = tcb.context.rip;
    tcb.state = ThreadState::inactive;
    dequeue(cpu, tcb);
    release_queue::remove(cpu, tcb);
    cancel_yield_to(tcb);
}

void restart(Cpu& cpu, Tcb& tcb)
{
    if (!tcb.is_stopped()) return;
    cancel_ipc(tcb);
    tcb.state = ThreadState::restart;
    note_unblock(cpu, tcb);
    if (tcb.sc != nullptr) resume(cpu, *tcb.sc);
    if (is_schedulable(tcb)) possible_switch_to(cpu, tcb);
}

} // namespace mk
