// TCB methods on the thread's CSpace, VSpace, IPC buffer and fault handler.
// Source: seL4 manual, "seL4_TCB"; libsel4 interface description.
#include "abi/ipc_buffer.hpp"
#include "api/decode.hpp"
#include "api/tcb_arguments.hpp"
#include "arch/arch.hpp"
#include "cap/derivation_tree.hpp"
#include "sched/scheduler.hpp"

namespace mk {
namespace {

/// A capability that goes into one of the TCB's slots. source null: leave the slot alone.
struct Part {
    Slot* source = nullptr;
    Cap cap{};
};

struct SpacePlan {
    Tcb* target;
    Part cspace, vspace, handler, buffer;
    u64 buffer_address;
    bool set_buffer;
};

void perform_set_space(Cpu& cpu, Tcb&, SpacePlan const& plan)
{
    Tcb& tcb = *plan.target;
    auto const set = [&](Tcb::SlotIndex i, Part const& part) {
        if (part.source != nullptr) install(cpu, tcb.slot(i), part.source, part.cap);
    };
    set(Tcb::fault_handler, plan.handler);
    set(Tcb::cspace, plan.cspace);
    set(Tcb::vspace, plan.vspace);
    if (plan.set_buffer) {
        install(cpu, tcb.slot(Tcb::ipc_buffer), plan.buffer.source, plan.buffer.cap);
        tcb.ipc_buffer_address = plan.buffer_address;
    }
    if (&tcb == cpu.current) arch::refresh(cpu, tcb);
}

/// Replacing the last capability to a CNode would have to empty it: that takes a Revoke first.
bool is_long_delete(Slot const& slot)
{
    CapType const t = slot.cap().type();
    bool const has_slots = t == CapType::cnode || t == CapType::tcb || t == CapType::zombie;
    return has_slots && DerivationTree::is_final(slot);
}

Checked<Part> checked_root(Slot& source, u64 data)
{
    if (data == 0) return Part{&source, TRY(derive_cap(source))};
    Cap const changed = update_cap_data(source.cap(), data, false);
    if (changed.is_null()) return SyscallError::illegal_operation();
    TRY(derive_cap(source));
    return Part{&source, changed};
}

Checked<Part> checked_cspace(Slot& source, u64 data)
{
    Part const part = TRY(checked_root(source, data));
    if (!part.cap.is(CapType::cnode)) return SyscallError::illegal_operation();
    return part;
}

Checked<Part> checked_vspace(Slot& source, u64 data)
{
    Part const part = TRY(checked_root(source, data));
    if (!part.cap.is(CapType::pml4) || !part.cap.is_mapped())
        return SyscallError::illegal_operation();
    return part;
}

/// A frame of RAM that holds the whole buffer; the copy keeps no mapping of its own.
Checked<Part> checked_buffer(Slot& source, u64 address)
{
    Cap const cap = TRY(derive_cap(source));
    if (!cap.is(CapType::frame) || cap.frame_is_device()) return SyscallError::illegal_operation();
    if (!is_aligned(address, abi::ipc_buffer_bits)) return SyscallError::alignment();
    return Part{&source, cap};
}

} // namespace

/// Sets CSpace, VSpace and IPC buffer together. Buffer address 0: no buffer; root data 0: as it is.
/// Words: guard of the CSpace root, data of the VSpace root (ignored), buffer address.
/// Capabilities: CSpace root, VSpace root, buffer frame. Errors, in this order: illegal_operation
/// and alignment_error (buffer: no frame of RAM, address not a multiple of 1024), illegal_operation
/// (the thread's present root is the last capability to a CNode), illegal_operation and
/// revoke_first (new roots: no CNode, no PML4 with an ASID, guard does not fit).
Checked<Plan> decode_tcb_configure(Invocation const& in)
{
    Tcb& tcb = target_tcb(in);
    SpacePlan plan{};
    plan.target = &tcb;
    plan.set_buffer = true;
    plan.buffer_address = in.word(2);
    if (plan.buffer_address != 0)
        plan.buffer = TRY(checked_buffer(*in.caps[2], plan.buffer_address));
    if (is_long_delete(tcb.slot(Tcb::cspace)) || is_long_delete(tcb.slot(Tcb::vspace)))
        return SyscallError::illegal_operation();
    plan.cspace = TRY(checked_cspace(*in.caps[0], in.word(0)));
    plan.vspace = TRY(checked_vspace(*in.caps[1], in.word(1)));
    return Plan::of<perform_set_space>(plan);
}

/// Sets fault handler, CSpace and VSpace. Root data 0 leaves the guard as it is.
/// Words: guard of the CSpace root, data of the VSpace root (ignored). Capabilities: fault endpoint
/// (may be null), CSpace root, VSpace root. Errors, in this order: illegal_operation (the thread's
/// present root is the last capability to a CNode), illegal_operation and revoke_first (new roots:
/// no CNode, no PML4 with an ASID, guard does not fit), invalid_capability 1 (handler). Rights: the
/// fault endpoint has write, and grant or grant-reply, else invalid_capability 1.
Checked<Plan> decode_tcb_set_space(Invocation const& in)
{
    Tcb& tcb = target_tcb(in);
    SpacePlan plan{};
    plan.target = &tcb;
    if (is_long_delete(tcb.slot(Tcb::cspace)) || is_long_delete(tcb.slot(Tcb::vspace)))
        return SyscallError::illegal_operation();
    plan.cspace = TRY(checked_cspace(*in.caps[1], in.word(0)));
    plan.vspace = TRY(checked_vspace(*in.caps[2], in.word(1)));
    plan.handler = {in.caps[0], TRY(checked_handler(*in.caps[0], 1))};
    return Plan::of<perform_set_space>(plan);
}

/// Sets the IPC buffer; address 0 takes it away.
/// Words: address. Capabilities: frame. Errors, in this order: illegal_operation (no frame, or
/// device memory), alignment_error (not a multiple of 1024).
Checked<Plan> decode_tcb_set_ipc_buffer(Invocation const& in)
{
    SpacePlan plan{};
    plan.target = &target_tcb(in);
    plan.set_buffer = true;
    plan.buffer_address = in.word(0);
    if (plan.buffer_address != 0)
        plan.buffer = TRY(checked_buffer(*in.caps[0], plan.buffer_address));
    return Plan::of<perform_set_space>(plan);
}

} // namespace mk
