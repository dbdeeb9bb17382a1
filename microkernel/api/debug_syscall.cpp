#include "api/debug_syscall.hpp"
#include "arch/arch.hpp"
#include "cap/cspace.hpp"
#include "debug/log.hpp"
#include "ipc/transfer.hpp"
#include "object/registers.hpp"
#include "sched/scheduler.hpp"

#include <cstring>
#include <iterator>

namespace mk {
namespace {

char const* state_name(ThreadState state)
{
    static constexpr char const* names[] = {"inactive",
                                            "running",
                                            "restart",
                                            "blocked on receive",
                                            "blocked on send",
                                            "blocked on reply",
                                            "blocked on notification",
                                            "idle"};
    static_assert(std::size(names) == usize(ThreadState::idle) + 1);
    return names[usize(state)];
}

void dump_thread(Tcb const& tcb)
{
    log("sched", "thread '", static_cast<char const*>(tcb.name), "' priority ", u64{tcb.priority},
        ", ", state_name(tcb.state), ", ip ", Hex{tcb.context.restart_ip()});
}

void dump_scheduler(Cpu const& cpu)
{
    log("sched", "domain ", u64{cpu.domain}, ", current:");
    dump_thread(*cpu.current);
    for (ReadyQueues const& ready : cpu.ready) ready.for_each(dump_thread);
    for (Tcb const* t = cpu.release_head; t != nullptr; t = t->sched_link.next) dump_thread(*t);
}

u64 identify(Tcb const& caller, CPtr address)
{
    auto const slot = lookup_slot(caller.slot(Tcb::cspace).cap(), address);
    return slot ? u64((*slot)->cap().type()) : 0;
}

/// Names the thread behind a TCB capability by the string in the caller's IPC buffer.
void name_thread(Tcb& caller)
{
    auto const slot = lookup_slot(caller.slot(Tcb::cspace).cap(), caller.context.rdi);
    abi::IpcBuffer const* const buffer = ipc_buffer(caller, false);
    if (!slot || !(*slot)->cap().is(CapType::tcb) || buffer == nullptr) return;
    Tcb& target = *(*slot)->cap().object<Tcb>();
    auto const* const text = reinterpret_cast<char const*>(buffer->msg);
    usize length = 0;
    while (length < sizeof target.name - 1 && text[length] != 0) ++length;
    std::memcpy(target.name, text, length);
    std::memset(target.name + length, 0, sizeof target.name - length);
}

[[noreturn]] void halt(Tcb const& caller)
{
    log("debug", "halt asked for by thread '", static_cast<char const*>(caller.name), "'");
    arch::halt(true);
}

} // namespace

bool debug_syscall(Cpu& cpu, abi::Syscall number)
{
    Tcb& caller = *cpu.current;
    if (number == abi::Syscall::set_tls_base) {
        arch::drop_live_state(caller);
        write_register(caller.context, 18, caller.context.rdi);
        arch::refresh(cpu, caller);
        return true;
    }
    if (HYPERCORE_RELEASE) return false;
    switch (number) {
    case abi::Syscall::debug_put_char:
        console_put(char(caller.context.rdi));
        return true;
    case abi::Syscall::debug_dump_scheduler:
        dump_scheduler(cpu);
        return true;
    case abi::Syscall::debug_halt:
        halt(caller);
    case abi::Syscall::debug_cap_identify:
        caller.context.rdi = identify(caller, caller.context.rdi);
        return true;
    case abi::Syscall::debug_snapshot:
        log("debug", "no snapshot of capabilities in this build");
        return true;
    case abi::Syscall::debug_name_thread:
        name_thread(caller);
        return true;
    // Caches need no flushing where instructions are counted; there is no kernel log to read.
    case abi::Syscall::benchmark_flush_caches:
    case abi::Syscall::benchmark_reset_log:
    case abi::Syscall::benchmark_set_log_buffer:
    case abi::Syscall::benchmark_finalize_log:
        caller.context.rdi = 0;
        return true;
    case abi::Syscall::benchmark_null_syscall:
        return true;
    default:
        return false;
    }
}

} // namespace mk
