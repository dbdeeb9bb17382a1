/* Method stubs: virtual CPUs and extended page tables (VT-x). The labels are reserved; the kernel
 * does not have the objects yet and answers IllegalOperation. Arguments, errors and rights:
 * docs/kernel-api and abi/errors.hpp. */
#pragma once

#include <interfaces/invoke.h>

LIBSEL4_INLINE seL4_Error seL4_X86_VCPU_SetTCB(seL4_X86_VCPU _service, seL4_TCB tcb)
{
    seL4_Word mr[4] = {0};
    seL4_SetCap(0, tcb);
    return hypercore_invoke(_service, X86VCPUSetTCB, 1, 0, mr);
}

typedef struct seL4_X86_VCPU_ReadVMCS {
    int error;
    seL4_Word value;
} seL4_X86_VCPU_ReadVMCS_t;
LIBSEL4_INLINE seL4_X86_VCPU_ReadVMCS_t seL4_X86_VCPU_ReadVMCS(seL4_X86_VCPU _service,
                                                               seL4_Word field)
{
    seL4_Word mr[4] = {field};
    seL4_X86_VCPU_ReadVMCS_t result;
    result.error = (int)hypercore_invoke(_service, X86VCPUReadVMCS, 0, 1, mr);
    result.value = mr[0];
    return result;
}

typedef struct seL4_X86_VCPU_WriteVMCS {
    int error;
    seL4_Word written;
} seL4_X86_VCPU_WriteVMCS_t;
LIBSEL4_INLINE seL4_X86_VCPU_WriteVMCS_t seL4_X86_VCPU_WriteVMCS(seL4_X86_VCPU _service,
                                                                 seL4_Word field, seL4_Word value)
{
    seL4_Word mr[4] = {field, value};
    seL4_X86_VCPU_WriteVMCS_t result;
    result.error = (int)hypercore_invoke(_service, X86VCPUWriteVMCS, 0, 2, mr);
    result.written = mr[0];
    return result;
}

LIBSEL4_INLINE seL4_Error seL4_X86_VCPU_EnableIOPort(seL4_X86_VCPU _service, seL4_X86_IOPort ioPort,
                                                     seL4_Word low, seL4_Word high)
{
    seL4_Word mr[4] = {low, high};
    seL4_SetCap(0, ioPort);
    return hypercore_invoke(_service, X86VCPUEnableIOPort, 1, 2, mr);
}

LIBSEL4_INLINE seL4_Error seL4_X86_VCPU_DisableIOPort(seL4_X86_VCPU _service, seL4_Word low,
                                                      seL4_Word high)
{
    seL4_Word mr[4] = {low, high};
    return hypercore_invoke(_service, X86VCPUDisableIOPort, 0, 2, mr);
}

LIBSEL4_INLINE seL4_Error seL4_X86_VCPU_WriteRegisters(seL4_X86_VCPU _service,
                                                       seL4_VCPUContext* regs)
{
    seL4_Word mr[4] = {regs->eax, regs->ebx, regs->ecx, regs->edx};
    seL4_SetMR(4, regs->esi);
    seL4_SetMR(5, regs->edi);
    seL4_SetMR(6, regs->ebp);
    return hypercore_invoke(_service, X86VCPUWriteRegisters, 0, 7, mr);
}

LIBSEL4_INLINE seL4_Error seL4_X86_EPTPDPT_Map(seL4_X86_EPTPDPT _service, seL4_X86_EPTPML4 eptpml4,
                                               seL4_Word gpa, seL4_X86_EPT_VMAttributes attr)
{
    seL4_Word mr[4] = {gpa, (seL4_Word)attr};
    seL4_SetCap(0, eptpml4);
    return hypercore_invoke(_service, X86EPTPDPTMap, 1, 2, mr);
}

LIBSEL4_INLINE seL4_Error seL4_X86_EPTPDPT_Unmap(seL4_X86_EPTPDPT _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, X86EPTPDPTUnmap, 0, 0, mr);
}

LIBSEL4_INLINE seL4_Error seL4_X86_EPTPD_Map(seL4_X86_EPTPD _service, seL4_X86_EPTPML4 eptpml4,
                                             seL4_Word gpa, seL4_X86_EPT_VMAttributes attr)
{
    seL4_Word mr[4] = {gpa, (seL4_Word)attr};
    seL4_SetCap(0, eptpml4);
    return hypercore_invoke(_service, X86EPTPDMap, 1, 2, mr);
}

LIBSEL4_INLINE seL4_Error seL4_X86_EPTPD_Unmap(seL4_X86_EPTPD _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, X86EPTPDUnmap, 0, 0, mr);
}

LIBSEL4_INLINE seL4_Error seL4_X86_EPTPT_Map(seL4_X86_EPTPT _service, seL4_X86_EPTPML4 eptpml4,
                                             seL4_Word gpa, seL4_X86_EPT_VMAttributes attr)
{
    seL4_Word mr[4] = {gpa, (seL4_Word)attr};
    seL4_SetCap(0, eptpml4);
    return hypercore_invoke(_service, X86EPTPTMap, 1, 2, mr);
}

LIBSEL4_INLINE seL4_Error seL4_X86_EPTPT_Unmap(seL4_X86_EPTPT _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, X86EPTPTUnmap, 0, 0, mr);
}
