/* Method stubs: untypeds, threads, CNodes.
 * Arguments, errors and rights: docs/kernel-api and abi/errors.hpp. */
#pragma once

#include <interfaces/invoke.h>

/* Makes num_objects objects of a type in the untyped; capabilities go to consecutive slots. */
LIBSEL4_INLINE seL4_Error seL4_Untyped_Retype(seL4_Untyped _service, seL4_Word type,
                                              seL4_Word size_bits, seL4_CNode root,
                                              seL4_Word node_index, seL4_Word node_depth,
                                              seL4_Word node_offset, seL4_Word num_objects)
{
    seL4_Word mr[4] = {type, size_bits, node_index, node_depth};
    seL4_SetCap(0, root);
    seL4_SetMR(4, node_offset);
    seL4_SetMR(5, num_objects);
    return hypercore_invoke(_service, UntypedRetype, 1, 6, mr);
}

/* Reads the first `count` registers; *regs stays as it was after an error. */
LIBSEL4_INLINE seL4_Error seL4_TCB_ReadRegisters(seL4_TCB _service, seL4_Bool suspend_source,
                                                 seL4_Uint8 arch_flags, seL4_Word count,
                                                 seL4_UserContext* regs)
{
    seL4_Word mr[4] = {(seL4_Word)(suspend_source & 1) | (seL4_Word)arch_flags << 8, count};
    seL4_Error error = hypercore_invoke(_service, TCBReadRegisters, 0, 2, mr);
    if (error != seL4_NoError) return error;
    for (seL4_Word i = 0; i < count; i++)
        (&regs->rip)[i] = i < 4 ? mr[i] : seL4_GetIPCBuffer()->msg[i];
    return error;
}

/* Sets the first `count` registers. */
LIBSEL4_INLINE seL4_Error seL4_TCB_WriteRegisters(seL4_TCB _service, seL4_Bool resume_target,
                                                  seL4_Uint8 arch_flags, seL4_Word count,
                                                  seL4_UserContext* regs)
{
    seL4_Word mr[4] = {(seL4_Word)(resume_target & 1) | (seL4_Word)arch_flags << 8, count,
                       regs->rip, regs->rsp};
    for (seL4_Word i = 2; i < count; i++) seL4_GetIPCBuffer()->msg[i + 2] = (&regs->rip)[i];
    return hypercore_invoke(_service, TCBWriteRegisters, 0, 22, mr);
}

/* Copies registers from another thread. */
LIBSEL4_INLINE seL4_Error seL4_TCB_CopyRegisters(seL4_TCB _service, seL4_TCB source,
                                                 seL4_Bool suspend_source, seL4_Bool resume_target,
                                                 seL4_Bool transfer_frame,
                                                 seL4_Bool transfer_integer, seL4_Uint8 arch_flags)
{
    seL4_Word mr[4] = {(seL4_Word)(suspend_source & 1) | (seL4_Word)(resume_target & 1) << 1 |
                       (seL4_Word)(transfer_frame & 1) << 2 |
                       (seL4_Word)(transfer_integer & 1) << 3 | (seL4_Word)arch_flags << 8};
    seL4_SetCap(0, source);
    return hypercore_invoke(_service, TCBCopyRegisters, 1, 1, mr);
}

/* CSpace, VSpace and IPC buffer in one call. */
LIBSEL4_INLINE seL4_Error seL4_TCB_Configure(seL4_TCB _service, seL4_CNode cspace_root,
                                             seL4_Word cspace_root_data, seL4_CPtr vspace_root,
                                             seL4_Word vspace_root_data, seL4_Word buffer,
                                             seL4_CPtr bufferFrame)
{
    seL4_Word mr[4] = {cspace_root_data, vspace_root_data, buffer};
    seL4_SetCap(0, cspace_root);
    seL4_SetCap(1, vspace_root);
    seL4_SetCap(2, bufferFrame);
    return hypercore_invoke(_service, TCBConfigure, 3, 3, mr);
}

/* Priority, at most the authority's maximum. */
LIBSEL4_INLINE seL4_Error seL4_TCB_SetPriority(seL4_TCB _service, seL4_TCB authority,
                                               seL4_Word priority)
{
    seL4_Word mr[4] = {priority};
    seL4_SetCap(0, authority);
    return hypercore_invoke(_service, TCBSetPriority, 1, 1, mr);
}

/* Maximum controlled priority, at most the authority's own. */
LIBSEL4_INLINE seL4_Error seL4_TCB_SetMCPriority(seL4_TCB _service, seL4_TCB authority,
                                                 seL4_Word mcp)
{
    seL4_Word mr[4] = {mcp};
    seL4_SetCap(0, authority);
    return hypercore_invoke(_service, TCBSetMCPriority, 1, 1, mr);
}

/* Priorities, scheduling context and fault endpoint in one call. */
LIBSEL4_INLINE seL4_Error seL4_TCB_SetSchedParams(seL4_TCB _service, seL4_TCB authority,
                                                  seL4_Word mcp, seL4_Word priority,
                                                  seL4_CPtr sched_context, seL4_CPtr fault_ep)
{
    seL4_Word mr[4] = {mcp, priority};
    seL4_SetCap(0, authority);
    seL4_SetCap(1, sched_context);
    seL4_SetCap(2, fault_ep);
    return hypercore_invoke(_service, TCBSetSchedParams, 3, 2, mr);
}

/* Where timeout faults go. */
LIBSEL4_INLINE seL4_Error seL4_TCB_SetTimeoutEndpoint(seL4_TCB _service, seL4_CPtr timeout_fault_ep)
{
    seL4_Word mr[4] = {0};
    seL4_SetCap(0, timeout_fault_ep);
    return hypercore_invoke(_service, TCBSetTimeoutEndpoint, 1, 0, mr);
}

/* Address and frame of the IPC buffer. */
LIBSEL4_INLINE seL4_Error seL4_TCB_SetIPCBuffer(seL4_TCB _service, seL4_Word buffer,
                                                seL4_CPtr bufferFrame)
{
    seL4_Word mr[4] = {buffer};
    seL4_SetCap(0, bufferFrame);
    return hypercore_invoke(_service, TCBSetIPCBuffer, 1, 1, mr);
}

/* Fault endpoint, CSpace and VSpace. */
LIBSEL4_INLINE seL4_Error seL4_TCB_SetSpace(seL4_TCB _service, seL4_CPtr fault_ep,
                                            seL4_CNode cspace_root, seL4_Word cspace_root_data,
                                            seL4_CPtr vspace_root, seL4_Word vspace_root_data)
{
    seL4_Word mr[4] = {cspace_root_data, vspace_root_data};
    seL4_SetCap(0, fault_ep);
    seL4_SetCap(1, cspace_root);
    seL4_SetCap(2, vspace_root);
    return hypercore_invoke(_service, TCBSetSpace, 3, 2, mr);
}

/* Stops the thread. */
LIBSEL4_INLINE seL4_Error seL4_TCB_Suspend(seL4_TCB _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, TCBSuspend, 0, 0, mr);
}

/* Lets the thread run; one that waits for IPC restarts its system call. */
LIBSEL4_INLINE seL4_Error seL4_TCB_Resume(seL4_TCB _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, TCBResume, 0, 0, mr);
}

/* Signals of this notification also wake the thread from its endpoint. */
LIBSEL4_INLINE seL4_Error seL4_TCB_BindNotification(seL4_TCB _service, seL4_CPtr notification)
{
    seL4_Word mr[4] = {0};
    seL4_SetCap(0, notification);
    return hypercore_invoke(_service, TCBBindNotification, 1, 0, mr);
}

/* Undoes BindNotification. */
LIBSEL4_INLINE seL4_Error seL4_TCB_UnbindNotification(seL4_TCB _service)
{
    seL4_Word mr[4] = {0};
    return hypercore_invoke(_service, TCBUnbindNotification, 0, 0, mr);
}

/* Sets fs_base. */
LIBSEL4_INLINE seL4_Error seL4_TCB_SetTLSBase(seL4_TCB _service, seL4_Word tls_base)
{
    seL4_Word mr[4] = {tls_base};
    return hypercore_invoke(_service, TCBSetTLSBase, 0, 1, mr);
}

/* Clears, then sets, feature flags; returns those in force. */
typedef struct seL4_TCB_SetFlags {
    int error;
    seL4_Word flags;
} seL4_TCB_SetFlags_t;
LIBSEL4_INLINE seL4_TCB_SetFlags_t seL4_TCB_SetFlags(seL4_TCB _service, seL4_Word clear,
                                                     seL4_Word set)
{
    seL4_Word mr[4] = {clear, set};
    seL4_TCB_SetFlags_t result;
    result.error = (int)hypercore_invoke(_service, TCBSetFlags, 0, 2, mr);
    result.flags = mr[0];
    return result;
}

/* Reserved for VT-x. */
LIBSEL4_INLINE seL4_Error seL4_TCB_SetEPTRoot(seL4_TCB _service, seL4_X86_EPTPML4 eptpml4)
{
    seL4_Word mr[4] = {0};
    seL4_SetCap(0, eptpml4);
    return hypercore_invoke(_service, TCBSetEPTRoot, 1, 0, mr);
}

/* Deletes everything derived from the capability in the slot. */
LIBSEL4_INLINE seL4_Error seL4_CNode_Revoke(seL4_CNode _service, seL4_Word index, seL4_Uint8 depth)
{
    seL4_Word mr[4] = {index, (seL4_Word)depth};
    return hypercore_invoke(_service, CNodeRevoke, 0, 2, mr);
}

/* Empties the slot. */
LIBSEL4_INLINE seL4_Error seL4_CNode_Delete(seL4_CNode _service, seL4_Word index, seL4_Uint8 depth)
{
    seL4_Word mr[4] = {index, (seL4_Word)depth};
    return hypercore_invoke(_service, CNodeDelete, 0, 2, mr);
}

/* Cancels the sends that wait with the capability's badge. */
LIBSEL4_INLINE seL4_Error seL4_CNode_CancelBadgedSends(seL4_CNode _service, seL4_Word index,
                                                       seL4_Uint8 depth)
{
    seL4_Word mr[4] = {index, (seL4_Word)depth};
    return hypercore_invoke(_service, CNodeCancelBadgedSends, 0, 2, mr);
}

/* Copies with the given rights at most. */
LIBSEL4_INLINE seL4_Error seL4_CNode_Copy(seL4_CNode _service, seL4_Word dest_index,
                                          seL4_Uint8 dest_depth, seL4_CNode src_root,
                                          seL4_Word src_index, seL4_Uint8 src_depth,
                                          seL4_CapRights_t rights)
{
    seL4_Word mr[4] = {dest_index, (seL4_Word)dest_depth, src_index, (seL4_Word)src_depth};
    seL4_SetCap(0, src_root);
    seL4_SetMR(4, rights.words[0]);
    return hypercore_invoke(_service, CNodeCopy, 1, 5, mr);
}

/* Copies with rights and a badge, or a guard for a CNode. */
LIBSEL4_INLINE seL4_Error seL4_CNode_Mint(seL4_CNode _service, seL4_Word dest_index,
                                          seL4_Uint8 dest_depth, seL4_CNode src_root,
                                          seL4_Word src_index, seL4_Uint8 src_depth,
                                          seL4_CapRights_t rights, seL4_Word badge)
{
    seL4_Word mr[4] = {dest_index, (seL4_Word)dest_depth, src_index, (seL4_Word)src_depth};
    seL4_SetCap(0, src_root);
    seL4_SetMR(4, rights.words[0]);
    seL4_SetMR(5, badge);
    return hypercore_invoke(_service, CNodeMint, 1, 6, mr);
}

/* Moves. */
LIBSEL4_INLINE seL4_Error seL4_CNode_Move(seL4_CNode _service, seL4_Word dest_index,
                                          seL4_Uint8 dest_depth, seL4_CNode src_root,
                                          seL4_Word src_index, seL4_Uint8 src_depth)
{
    seL4_Word mr[4] = {dest_index, (seL4_Word)dest_depth, src_index, (seL4_Word)src_depth};
    seL4_SetCap(0, src_root);
    return hypercore_invoke(_service, CNodeMove, 1, 4, mr);
}

/* Moves and sets a badge or guard. */
LIBSEL4_INLINE seL4_Error seL4_CNode_Mutate(seL4_CNode _service, seL4_Word dest_index,
                                            seL4_Uint8 dest_depth, seL4_CNode src_root,
                                            seL4_Word src_index, seL4_Uint8 src_depth,
                                            seL4_Word badge)
{
    seL4_Word mr[4] = {dest_index, (seL4_Word)dest_depth, src_index, (seL4_Word)src_depth};
    seL4_SetCap(0, src_root);
    seL4_SetMR(4, badge);
    return hypercore_invoke(_service, CNodeMutate, 1, 5, mr);
}

/* Moves pivot to destination, then source to pivot. */
LIBSEL4_INLINE seL4_Error seL4_CNode_Rotate(seL4_CNode _service, seL4_Word dest_index,
                                            seL4_Uint8 dest_depth, seL4_Word dest_badge,
                                            seL4_CNode pivot_root, seL4_Word pivot_index,
                                            seL4_Uint8 pivot_depth, seL4_Word pivot_badge,
                                            seL4_CNode src_root, seL4_Word src_index,
                                            seL4_Uint8 src_depth)
{
    seL4_Word mr[4] = {dest_index, (seL4_Word)dest_depth, dest_badge, pivot_index};
    seL4_SetCap(0, pivot_root);
    seL4_SetCap(1, src_root);
    seL4_SetMR(4, (seL4_Word)pivot_depth);
    seL4_SetMR(5, pivot_badge);
    seL4_SetMR(6, src_index);
    seL4_SetMR(7, (seL4_Word)src_depth);
    return hypercore_invoke(_service, CNodeRotate, 2, 8, mr);
}
