#include "ipc/fault.hpp"
#include "ipc/endpoint_ipc.hpp"
#include "ipc/transfer.hpp"
#include "object/registers.hpp"
#include "sched/binding.hpp"

namespace mk {
namespace {

/// Registers of an UnknownSyscall message, as numbers of object/registers.hpp.
constexpr u8 syscall_registers[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 0, 1, 2};
constexpr unsigned exception_registers = 3; // rip, rsp, rflags

void send_fault(Cpu& cpu, Tcb& thread, Cap const& handler, bool may_donate)
{
    Rights const r = handler.rights();
    send_ipc(cpu, thread, *handler.object<Endpoint>(), handler.badge(),
             {.blocking = true,
              .call = false,
              .grant = contains(r, Rights::grant),
              .grant_reply = contains(r, Rights::grant_reply),
              .may_donate = may_donate});
}

/// Appends words to a message in the handler's registers and buffer.
struct MessageWriter {
    Tcb& to;
    abi::IpcBuffer* buffer;
    unsigned length = 0;
    void put(u64 word)
    {
        if (put_word(to, buffer, length, word)) ++length;
    }
};

void write_cap_fault(MessageWriter& out, Tcb const& faulter)
{
    LookupFailure const& f = faulter.fault.lookup;
    out.put(faulter.context.restart_ip());
    out.put(faulter.fault.word[0]);
    out.put(faulter.fault.in_receive);
    out.put(u64(f.kind));
    if (f.kind == abi::LookupFailure::invalid_root) return;
    out.put(f.bits_left);
    if (f.kind == abi::LookupFailure::missing_capability) return;
    out.put(f.found);
    if (f.kind == abi::LookupFailure::guard_mismatch) out.put(f.guard_size);
}

} // namespace

void raise_fault(Cpu& cpu, Tcb& thread, Fault const& fault)
{
    Cap const& handler = thread.slot(Tcb::fault_handler).cap();
    if (handler.is(CapType::endpoint)) {
        thread.fault = fault;
        send_fault(cpu, thread, handler, true);
    } else {
        thread.state = ThreadState::inactive;
        report_unhandled(thread, fault);
    }
}

bool has_timeout_handler(Tcb const& thread)
{
    return thread.slot(Tcb::timeout_handler).cap().is(CapType::endpoint);
}

void raise_timeout(Cpu& cpu, Tcb& thread)
{
    Fault fault;
    fault.kind = abi::FaultLabel::timeout;
    fault.word[0] = thread.sc->badge;
    thread.fault = fault;
    send_fault(cpu, thread, thread.slot(Tcb::timeout_handler).cap(), false);
}

unsigned write_fault_message(Cpu& cpu, Tcb& faulter, Tcb& handler)
{
    MessageWriter out{handler, ipc_buffer(handler, true)};
    Fault const& f = faulter.fault;
    Context& c = faulter.context;
    switch (f.kind) {
    case abi::FaultLabel::cap_fault:
        write_cap_fault(out, faulter);
        break;
    case abi::FaultLabel::unknown_syscall:
        for (unsigned const r : syscall_registers) out.put(read_register(c, r));
        out.put(f.word[0]);
        break;
    case abi::FaultLabel::user_exception:
        for (unsigned r = 0; r < exception_registers; ++r) out.put(read_register(c, r));
        out.put(f.word[0]);
        out.put(f.word[1]);
        break;
    case abi::FaultLabel::vm_fault:
        out.put(c.restart_ip());
        for (u64 const word : f.word) out.put(word);
        break;
    case abi::FaultLabel::timeout:
        out.put(f.word[0]);
        out.put(faulter.sc ? take_consumed_us(cpu, *faulter.sc) : 0);
        break;
    default:
        break;
    }
    return out.length;
}

bool apply_fault_reply(Tcb& faulter, Tcb const& handler)
{
    abi::MessageInfo const info = message_info(handler);
    abi::IpcBuffer const* const buffer = ipc_buffer(handler, false);
    auto const word = [&](unsigned i) {
        return i < message_registers ? message_register(handler.context, i) : buffer->msg[i];
    };
    // As many registers as the handler sent, in the order in which the message had them.
    auto const copy_in = [&](unsigned most, auto register_number) {
        unsigned const sent = buffer ? unsigned(info.length()) : message_registers;
        for (unsigned i = 0; i < most && i < sent && i < info.length(); ++i)
            write_register(faulter.context, register_number(i), word(i));
    };
    switch (faulter.fault.kind) {
    case abi::FaultLabel::unknown_syscall:
        copy_in(sizeof syscall_registers,
                [](unsigned i) -> unsigned { return syscall_registers[i]; });
        break;
    case abi::FaultLabel::user_exception:
        copy_in(exception_registers, [](unsigned i) { return i; });
        break;
    case abi::FaultLabel::timeout:
        copy_in(user_register_count - 1, [](unsigned i) { return i; });
        break;
    default:
        return true; // the fault is repeated if its cause is still there
    }
    return info.label() == 0;
}

} // namespace mk
