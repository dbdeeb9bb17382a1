// IOPortControl.issue and IOPort in and out. No port is held back for the kernel: a driver may
// have the UART that the kernel prints on.
// Called through api/methods.hpp; goes on in object/io_port.cpp and arch.
// Source: seL4 manual, "I/O Ports" and the reference of X86_IOPortControl and X86_IOPort.
#include "api/decode.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "ipc/transfer.hpp"
#include "object/io_port.hpp"

namespace mk {

namespace {

struct IssuePlan {
    Slot* control;
    Slot* dest;
    u16 first, last;
};

void perform_issue(Cpu&, Tcb&, IssuePlan const& p)
{
    issue_io_ports(p.first, p.last);
    DerivationTree::insert_original(p.control, *p.dest, Cap::io_port(p.first, p.last));
}

struct AccessPlan {
    u16 port;
    u8 bytes;
    u32 data;
};

Performed perform_in(Cpu&, Tcb& caller, AccessPlan const& p)
{
    message_register(caller.context, 0) = arch::port_in(p.port, p.bytes);
    return Performed::reply(1);
}

void perform_out(Cpu&, Tcb&, AccessPlan const& p)
{
    arch::port_out(p.port, p.bytes, p.data);
}

/// All ports from the one named in word 0 (its low 16 bits) must be the capability's. `narrowest`:
/// the label for 8 bits; those for 16 and 32 follow it.
Checked<AccessPlan> decode_access(Invocation const& in, abi::Label narrowest)
{
    u16 const port = u16(in.word(0));
    unsigned const bytes = 1u << (in.label - u64(narrowest));
    bool const inside = port >= in.cap.first_port() && u32{port} + bytes - 1 <= in.cap.last_port();
    if (!inside) return SyscallError::illegal_operation();
    return AccessPlan{port, u8(bytes), u32(in.word(1))};
}

} // namespace

/// Makes the capability to a range of ports that nobody has.
/// Words: first, last (low 16 bits each), index, depth (low 8 bits). Capabilities: root. Errors, in
/// this order: invalid_argument 1 (last below first), revoke_first (a port is issued; answers first
/// and last), failed_lookup, range (1, 64) and delete_first (slot).
Checked<Plan> decode_io_port_issue(Invocation const& in)
{
    u16 const first = u16(in.word(0)), last = u16(in.word(1)); // higher bits are not looked at
    if (last < first) return SyscallError::invalid_argument(1);
    if (!io_ports_free(first, last)) return SyscallError::revoke_first(first, last);
    Slot* const dest = TRY(empty_target_slot(in.caps[0]->cap(), in.word(2), u8(in.word(3))));
    return Plan::of<perform_issue>(IssuePlan{in.slot, dest, first, last});
}

/// Reads as many bits as the name says: 8, 16 or 32.
/// Words: port (low 16 bits). Answer: value. Errors: illegal_operation (not all in the range).
Checked<Plan> decode_io_port_in(Invocation const& in)
{
    return Plan::of<perform_in>(TRY(decode_access(in, abi::Label::x86_io_port_in8)));
}

/// Writes as many bits as the name says: 8, 16 or 32.
/// Words: port (low 16 bits), value. Errors: illegal_operation (not all in the range).
Checked<Plan> decode_io_port_out(Invocation const& in)
{
    return Plan::of<perform_out>(TRY(decode_access(in, abi::Label::x86_io_port_out8)));
}

} // namespace mk
