// seL4's recorded answers to Retype, mappings, CNode and TCB methods, I/O port control.
// The names of the objects are those of the record; set-up: observed.hpp.
#include "observed.hpp"

namespace kt::observed {

void retype();
void mappings();
void cnodes();
void threads_and_ports();

namespace {

constexpr Slot CN = root_cnode, VS = root_vspace;

auto attributes(Word value)
{
    return static_cast<seL4_X86_VMAttributes>(value);
}

} // namespace

void retype()
{
    constexpr Word bits = 24;
    Slot const ut = make(seL4_UntypedObject, bits), dut = device_untyped(12);
    Word const last = Word{1} << boot_info().initThreadCNodeSizeBits;
    Slot slot = new_slots(3);
    ROW(seL4_Untyped_Retype(ut, 99, 0, CN, 0, 0, slot, 1), 1, 0, 0, 0, 0);
    ROW(seL4_Untyped_Retype(ut, 20, 0, CN, 0, 0, slot, 1), 1, 0, 0, 0, 0);
    ROW(seL4_Untyped_Retype(ut, seL4_CapTableObject, 0, CN, 0, 0, slot, 1), 1, 1, 0, 0, 0);
    ROW(seL4_Untyped_Retype(ut, seL4_SchedContextObject, 6, CN, 0, 0, slot, 1), 1, 1, 6, 0, 0);
    ROW(seL4_Untyped_Retype(ut, seL4_UntypedObject, 3, CN, 0, 0, slot, 1), 1, 1, 3, 0, 0);
    ROW(seL4_Untyped_Retype(ut, seL4_UntypedObject, 48, CN, 0, 0, slot, 1), 4, 0, 0x2f, 0, 0);
    ROW(seL4_Untyped_Retype(ut, seL4_UntypedObject, 64, CN, 0, 0, slot, 1), 4, 0, 0x2f, 0, 0);
    constexpr Word ep = seL4_EndpointObject;
    ROW(seL4_Untyped_Retype(ut, ep, 0, CN, 0, 0, slot, 257), 4, 1, 0x100, 0, 0);
    ROW(seL4_Untyped_Retype(ut, ep, 0, CN, 0, 0, slot, 0), 4, 1, 0x100, 0, 0);
    ROW(seL4_Untyped_Retype(ut, ep, 0, CN, 0, 0, last - 2, 5), 4, 1, 2, 0, 0);
    ROW(seL4_Untyped_Retype(ut, ep, 0, CN, 0, 0, 1, 1), 8, 2, 0, 0, 0);
    ROW(seL4_Untyped_Retype(ut, ep, 0, CN, 3, 0, slot, 1), 0);
    ++slot;
    ROW(seL4_Untyped_Retype(ut, ep, 0, CN, 3, 64, slot, 1), 6, 0, 2, 0x40, 0x40);
    ROW(seL4_Untyped_Retype(ut, ep, 0, CN, 3, 65, slot, 1), 4, 1, 0x40, 3, 0x41);
    ROW(seL4_Untyped_Retype(dut, ep, 0, CN, 0, 0, slot, 1), 1, 1, 0, 0, 0);
    ROW(seL4_Untyped_Retype(ut, seL4_UntypedObject, 40, CN, 0, 0, slot, 1), 10,
        (Word{1} << bits) - 16, 0x28, 0, 0);
}

void mappings()
{
    constexpr Word va = free_region;
    Slot const f = make(seL4_X86_4K), f2 = new_slots(), f3 = make(seL4_X86_4K);
    Slot const f4 = make(seL4_X86_4K), f5 = new_slots(), pml = make(seL4_X64_PML4Object);
    Slot const pdpt = make(seL4_X86_PDPTObject), pdd = make(seL4_X86_PageDirectoryObject);
    Slot const pt = make(seL4_X86_PageTableObject);
    seL4_CapRights_t const all = seL4_AllRights;
    auto const wb = attributes(0);
    ROW(seL4_X86_Page_Map(f, VS, va, all, wb), 6, 0, 2, 0x27, 0);
    ROW(seL4_X86_PageTable_Map(pt, VS, va, wb), 6, 0, 2, 0x27, 0);
    ROW(seL4_X86_PDPT_Map(pdpt, VS, va, wb), 0);
    ROW(seL4_X86_PDPT_Map(pdpt, VS, va, wb), 2, 0, 0, 0, 0);
    ROW(seL4_X86_Page_Map(f, VS, va, all, wb), 6, 0, 2, 0x1e, 0);
    ROW(seL4_X86_PageDirectory_Map(pdd, VS, va, wb), 0);
    ROW(seL4_X86_Page_Map(f, VS, va, all, wb), 6, 0, 2, 0x15, 0);
    ROW(seL4_X86_PageTable_Map(pt, VS, va + 4096, wb), 0);
    ROW(seL4_X86_Page_Map(f, VS, va + 1, all, wb), 5, va + 1, 0xf, 0, 0);
    ROW(seL4_X86_Page_Map(f, VS, 0x8000'0000'0000, all, wb), 1, 0, 0xf, 0, 0);
    ROW(seL4_X86_Page_Map(f, VS, 0x7fff'ffff'f000, all, wb), 1, 0, 0xf, 0, 0);
    ROW(seL4_X86_Page_Map(f, VS, va, all, wb), 0);
    ROW(seL4_X86_Page_Map(f, VS, va, seL4_CanRead, wb), 0);
    ROW(seL4_X86_Page_Map(f, VS, va + 4096, all, wb), 1, 0, 0xf, 0, 0);
    ROW(seL4_CNode_Copy(CN, f2, 64, CN, f, 64, all), 0);
    ROW(seL4_X86_Page_Map(f2, VS, va, all, wb), 0);
    ROW(seL4_X86_Page_Map(f2, VS, va + 4096, all, attributes(99)), 1, 0, 0xf, 0x63, 0);
    ROW(seL4_X86_Page_Map(f4, VS, va, all, wb), 0);
    ROW(seL4_X86_Page_Map(f4, VS, va + 8192, all, attributes(0x10063)), 1, 0, 0xf, 0x10063, 0);
    ROW(seL4_X86_Page_Map(f4, VS, va + 8192, seL4_NoRights, wb), 1, 0, 0, 0, 0);
    ROW(seL4_X86_Page_Map(f4, VS, va + 8192, seL4_CanWrite, wb), 1, 0, 1, 0, 0);
    ROW(seL4_CNode_Copy(CN, f5, 64, CN, f4, 64, all), 0);
    CHECK_EQ(seL4_X86_Page_GetAddress(f5).error, 0);
    ROW(seL4_X86_Page_Unmap(f5), 0);
    ROW(seL4_X86_Page_Unmap(f4), 0);
    ROW(seL4_X86_Page_Unmap(f4), 0);
    ROW(seL4_X86_Page_Map(f2, CN, va + 8192, all, wb), 2, 1, 0xf, 0, 0);
    ROW(seL4_X86_PageTable_Unmap(pt), 0);
    ROW(seL4_X86_Page_Map(f, VS, va, all, wb), 6, 0, 2, 0x15, 0);
    ROW(seL4_X86_Page_Map(f3, pml, va, all, wb), 2, 1, 0xf, 0, 0);
    ROW(seL4_X86_ASIDPool_Assign(6, pml), 0);
    ROW(seL4_X86_ASIDPool_Assign(6, pml), 2, 1, 0, 0, 0);
}

void cnodes()
{
    Slot const f = make(seL4_X86_4K), rep = make(seL4_ReplyObject), ep = make(seL4_EndpointObject);
    Slot const ut = make(seL4_UntypedObject, 12), pt = make(seL4_X86_PageTableObject);
    REQUIRE_OK(try_make(ut, seL4_EndpointObject, 0, new_slots())); // it has children
    Slot const T0 = own_tcb();
    Slot slot = new_slots(8);
    seL4_CapRights_t const all = seL4_AllRights;
    ROW(seL4_CNode_Copy(CN, slot, 64, CN, 0, 64, all), 6, 1, 2, 0x40, 0x40);
    ROW(seL4_CNode_Copy(CN, 1, 64, CN, f, 64, all), 8, 1, 0x40, f, 0x40);
    ROW(seL4_CNode_Copy(CN, slot, 0, CN, f, 64, all), 4, 1, 0x40, f, 0x40);
    ROW(seL4_CNode_Copy(CN, slot, 65, CN, f, 64, all), 4, 1, 0x40, f, 0x40);
    ROW(seL4_CNode_Copy(CN, slot, 32, CN, f, 64, all), 6, 0, 4, 0x20, 0);
    ROW(seL4_CNode_Copy(T0, slot, 64, CN, f, 64, all), 3, slot, 0x40, f, 0x40);
    ROW(seL4_CNode_Copy(CN, slot, 64, T0, f, 64, all), 6, 1, 1, f, 0x40);
    ROW(seL4_CNode_Copy(CN, slot, 64, CN, 4, 64, all), 3, slot, 0x40, 4, 0x40);
    ROW(seL4_CNode_Copy(CN, slot, 64, CN, rep, 64, all), 0);
    ++slot;
    ROW(seL4_CNode_Copy(CN, slot, 64, CN, ut, 64, all), 9, slot, 0x40, ut, 0x40);
    ROW(seL4_CNode_Copy(CN, slot, 64, CN, pt, 64, all), 3, slot, 0x40, pt, 0x40);
    ROW(seL4_CNode_Move(CN, slot, 64, CN, 0, 64), 6, 1, 2, 0x40, 0x40);
    ROW(seL4_CNode_Mint(CN, slot, 64, CN, ep, 64, all, 7), 0);
    ++slot;
    ROW(seL4_CNode_Mint(CN, slot, 64, CN, slot - 1, 64, all, 8), 3, slot, 0x40, slot - 1, 0x40);
    ROW(seL4_CNode_Rotate(CN, slot - 1, 64, 0, CN, slot - 1, 64, 0, CN, f, 64), 3, slot - 1, 0x40,
        0, slot - 1);
    ROW(seL4_CNode_Delete(CN, slot + 5, 64), 0);
    ROW(seL4_CNode_Revoke(CN, slot + 5, 64), 0);
}

void threads_and_ports()
{
    Slot const T0 = own_tcb(), f3 = make(seL4_X86_4K);
    ROW(seL4_TCB_SetSpace(T0, CN, CN, 0, VS, 0), 2, 1, 0, 0, 0);
    ROW(seL4_TCB_SetTimeoutEndpoint(T0, CN), 2, 1, 0, 0, 0);
    ROW(seL4_TCB_SetIPCBuffer(T0, 1, f3), 5, 1, 0, 0, 0);
    ROW(seL4_TCB_BindNotification(T0, CN), 3, 0, 0, 0, 0);
    ROW(seL4_TCB_UnbindNotification(T0), 3, 0, 0, 0, 0);
    Slot slot = new_slots(3);
    ROW(seL4_X86_IOPortControl_Issue(7, 5, 4, CN, slot, 64), 1, 1, 4, slot, 0x40);
    ROW(seL4_X86_IOPortControl_Issue(7, 0x3f8, 0x3ff, CN, slot, 64), 0);
    Slot const com1 = slot++;
    ROW(seL4_X86_IOPortControl_Issue(7, 0x3f8, 0x3ff, CN, slot, 64), 9, 0x3f8, 0x3ff, slot, 0x40);
    ROW(seL4_X86_IOPort_In8(com1, 0x400).error, 3, 0x400, 0, 0, 0);
    ROW(seL4_X86_IOPortControl_Issue(7, 0x10000, 0x10001, CN, slot, 64), 0);
    seL4_UserContext uc{};
    ROW(seL4_TCB_ReadRegisters(T0, 0, 0, 20, &uc), 3, 0, 0x14, 0, 0);
    Slot const t = make(seL4_TCBObject);
    ROW(seL4_TCB_Configure(t, CN, 0, VS, 0, 0, 0), 0);
    ROW(seL4_TCB_ReadRegisters(t, 0, 0, 21, &uc), 4, 1, 0x14, 0, 0);
    ROW(seL4_TCB_ReadRegisters(t, 0, 0, 0, &uc), 4, 1, 0x14, 0, 0);
    ROW(seL4_TCB_ReadRegisters(t, 0, 0, 20, &uc), 0);
    CHECK_EQ(uc.rflags, 0x202);
    ROW(seL4_TCB_Resume(t), 0);
    ROW(seL4_TCB_Suspend(t), 0);
}

} // namespace kt::observed
