/* The last step of every loader: the state that boot/handoff.hpp promises, then the jump.
 *
 * boot_enter_kernel(rdi = page table root, rsi = entry point, rdx = handoff, rcx = stack top)
 * Called in long mode with this code mapped identically, before and after the switch. Position
 * independent, since the EFI loader is. */

    .set EFER, 0xc0000080
    .set EFER_NXE, 1 << 11
    .set CR0_FLAGS, 0x80010033      /* PG, WP, NE, ET, MP, PE */
    .set CR4_FLAGS, 0x00000020      /* PAE, and nothing a firmware may have left */
    .set CODE, 0x08
    .set DATA, 0x10

    .section .text
    .code64
    .global boot_enter_kernel
    .hidden boot_enter_kernel
boot_enter_kernel:
    cli
    cld
    movq %rcx, %r8
    movq %rdx, %r9
    movl $EFER, %ecx
    rdmsr
    orl $EFER_NXE, %eax
    wrmsr
    movl $CR4_FLAGS, %eax
    movq %rax, %cr4
    movl $CR0_FLAGS, %eax
    movq %rax, %cr0
    movq %rdi, %cr3

    movq %r8, %rsp
    subq $16, %rsp
    leaq gdt(%rip), %rax
    movw $(gdt_end - gdt - 1), 6(%rsp)
    movq %rax, 8(%rsp)
    lgdt 6(%rsp)
    addq $16, %rsp
    movl $DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs

    movq %r9, %rdi
    xorl %ebp, %ebp
    pushq $0                        /* no return address: aligns the stack as after a call */
    pushq $CODE
    pushq %rsi
    lretq

    .section .rodata
    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff        /* CODE: 64-bit, ring 0 */
    .quad 0x00cf93000000ffff        /* DATA: ring 0 */
gdt_end:

    .section .note.GNU-stack, "", @progbits
