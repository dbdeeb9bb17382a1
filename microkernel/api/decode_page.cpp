// Page (frame) methods: map, unmap, get_address.
// Called through api/methods.hpp; goes on in vspace/vspace.cpp.
// Source: seL4 manual, "Address Spaces and Virtual Memory" and the reference of X86_Page.
#include "abi/extensions.hpp"
#include "api/decode.hpp"
#include "api/vspace_argument.hpp"
#include "ipc/transfer.hpp"

namespace mk {

namespace {

struct PageMapPlan {
    Slot* slot;
    Cap mapped;
    u64* entry;
    u64 value;
};

void perform_page_map(Cpu&, Tcb&, PageMapPlan const& p)
{
    map_frame(p.mapped.mapped_address(), *p.entry, p.value);
    p.slot->update(p.mapped);
}

/// A capability maps one place at a time: while mapped, only that place's rights and attributes
/// may change. A mapping that is gone by now (its table was unmapped) still counts.
Checked<void> check_place(Cap const& frame, u16 asid, u64 vaddr)
{
    if (frame.is_mapped()) {
        if (frame.mapped_asid() != asid) return SyscallError::invalid_capability(1);
        if (frame.mapped_address() != vaddr) return SyscallError::invalid_argument(0);
    }
    if (!is_user_range(vaddr, bit(frame_bits(frame.frame_size()))))
        return SyscallError::invalid_argument(0);
    return {};
}

void perform_page_unmap(Cpu& cpu, Tcb&, Slot* const& slot)
{
    Cap const frame = slot->cap();
    unmap_frame(cpu, frame);
    slot->update(frame.unmapped());
}

Performed perform_get_address(Cpu&, Tcb& caller, Slot* const& slot)
{
    message_register(caller.context, 0) = slot->cap().address();
    return Performed::reply(1);
}

Checked<Plan> decode_map(Invocation const& in, bool executable)
{
    u64 const vaddr = in.word(0), attributes = in.word(2);
    Rights const wanted = Rights(in.word(1) & abi::rights_all);
    FrameSize const size = in.cap.frame_size();
    Cap const& vspace = in.caps[0]->cap();

    PageTable* const pml4 = vspace_of(vspace);
    u16 const asid = pml4 != nullptr ? vspace.mapped_asid() : TRY(vspace_asid(vspace));
    TRY(check_place(in.cap, asid, vaddr));
    if (pml4 == nullptr) return TRY(vspace_table(vspace)), SyscallError::invalid_capability(1);
    if (!is_aligned(vaddr, frame_bits(size))) return SyscallError::alignment();
    u64* const entry = TRY(find_entry(*pml4, vaddr, frame_bits(size)));
    // A frame may be replaced; a table must not be lost with all that is mapped through it.
    if (size != FrameSize::small && is_table(*entry)) return SyscallError::delete_first();

    u64 const value =
        frame_entry(in.cap.address(), size, in.cap.rights() & wanted, attributes, executable);
    return Plan::of<perform_page_map>(
        PageMapPlan{in.slot, in.cap.mapped_at(asid, vaddr), entry, value});
}

} // namespace

/// Maps a frame, or changes rights and attributes where it is mapped. What else is mapped there is
/// replaced. Effective rights are those of the capability and the word together.
/// Words: address, rights, attributes (memory type in bits 2..0, others ignored). Capabilities:
/// VSpace. Errors, in this order: invalid_capability 1 (no PML4 with an ASID, or the frame is
/// mapped in another one), invalid_argument 0 (mapped at another address, or not a user address),
/// failed_lookup and invalid_capability 1 (the ASID is gone or names another VSpace),
/// alignment_error, failed_lookup (a table is missing: its level 39, 30 or 21), delete_first (a
/// large frame where a table is).
Checked<Plan> decode_page_map(Invocation const& in)
{
    return decode_map(in, true);
}

/// Extension: as Page.map, and code does not run from the mapping.
/// Words: address, rights, attributes. Capabilities: VSpace. Errors: those of Page.map.
Checked<Plan> decode_page_map_execute_never(Invocation const& in)
{
    return decode_map(in, false);
}

/// Undoes the mapping, if there is one. Errors: none.
Checked<Plan> decode_page_unmap(Invocation const& in)
{
    return Plan::of<perform_page_unmap>(in.slot);
}

/// Answer: physical address of the frame. Errors: none.
Checked<Plan> decode_page_get_address(Invocation const& in)
{
    return Plan::of<perform_get_address>(in.slot);
}

} // namespace mk
