/* From the 32-bit state that PVH and multiboot2 promise (flat segments, paging off, interrupts
 * off) to loader_main(edi = eax, esi = ebx) in long mode, with the first 4 GiB mapped
 * identically. A CPU that cannot run the kernel gets one line on COM1 and on the VGA screen. */

    .set EFER, 0xc0000080
    .set EFER_LME, 1 << 8
    .set EFER_NXE, 1 << 11
    .set CR0_PG_WP, 0x80010000
    .set CR4_PAE, 1 << 5
    .set EFLAGS_ID, 1 << 21
    .set CPUID_LONG_MODE, 29        /* leaf 80000001h, edx */
    .set CPUID_NX, 20
    .set LARGE_PAGE, 0x83           /* present, writable, 2 MiB */
    .set TABLE, 0x03
    .set VGA_TEXT, 0xb8000
    .set COM1, 0x3f8

    .section .text.entry, "ax", @progbits
    .code32
    .global loader_entry32
loader_entry32:
    cli
    cld
    movl $stack_top, %esp
    movl %eax, %edi                 /* kept for loader_main */
    movl %ebx, %esi

    pushfl                          /* CPUID exists when EFLAGS.ID can be changed */
    popl %eax
    movl %eax, %ecx
    xorl $EFLAGS_ID, %eax
    pushl %eax
    popfl
    pushfl
    popl %eax
    xorl %ecx, %eax
    testl $EFLAGS_ID, %eax
    jz no_long_mode
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    btl $CPUID_LONG_MODE, %edx
    jnc no_long_mode
    btl $CPUID_NX, %edx
    jnc no_nx

    movl $(pml4), %eax              /* pml4 > pdpt > 4 directories of 512 pages of 2 MiB */
    movl $(pdpt + TABLE), (%eax)
    movl $pdpt, %ebx
    movl $(directories + TABLE), %eax
    movl $4, %ecx
1:  movl %eax, (%ebx)
    addl $4096, %eax
    addl $8, %ebx
    loop 1b
    movl $directories, %ebx
    movl $LARGE_PAGE, %eax
    movl $2048, %ecx
2:  movl %eax, (%ebx)
    addl $0x200000, %eax
    addl $8, %ebx
    loop 2b

    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $pml4, %eax
    movl %eax, %cr3
    movl $EFER, %ecx
    rdmsr
    orl $(EFER_LME | EFER_NXE), %eax
    wrmsr
    movl %cr0, %eax
    orl $CR0_PG_WP, %eax
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $0x08, $in_long_mode

    .code64
in_long_mode:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $stack_top, %esp
    movl %edi, %edi                 /* the upper halves are undefined after the switch */
    movl %esi, %esi
    xorl %ebp, %ebp
    call loader_main
3:  hlt
    jmp 3b

    .code32
no_long_mode:
    movl $text_no_long_mode, %esi
    jmp refuse
no_nx:
    movl $text_no_nx, %esi
refuse:                             /* esi: the line, zero terminated */
    movl $VGA_TEXT, %edi
    movw $(COM1 + 3), %dx           /* 115200 8N1 */
    movb $0x80, %al
    outb %al, %dx
    movw $COM1, %dx
    movb $1, %al
    outb %al, %dx
    incw %dx
    movb $0, %al
    outb %al, %dx
    movw $(COM1 + 3), %dx
    movb $0x03, %al
    outb %al, %dx
4:  lodsb
    testb %al, %al
    jz 7f
    movb %al, %bl
    movl $1000000, %ecx             /* never wait for ever */
    movw $(COM1 + 5), %dx
5:  inb %dx, %al
    testb $0x20, %al
    jnz 6f
    loop 5b
6:  movw $COM1, %dx
    movb %bl, %al
    outb %al, %dx
    movb $0x0f, %ah
    stosw
    jmp 4b
7:  movl $1000000, %ecx
    movw $(COM1 + 5), %dx
8:  inb %dx, %al
    testb $0x40, %al
    jnz 9f
    loop 8b
9:  movb $0x11, %al                 /* the same ending as stop_with_failure() */
    outb %al, $0xf4
    movl $text_shutdown, %esi
    movl $8, %ecx
    movw $0x8900, %dx
    rep outsb
10: cli
    hlt
    jmp 10b

    .section .rodata
text_no_long_mode:
    .asciz "hypercore: boot failed: CPU: no long mode (64-bit) here\r\n"
text_no_nx:
    .asciz "hypercore: boot failed: CPU: no execute-disable (NX) here\r\n"
text_shutdown:
    .ascii "Shutdown"
    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff        /* 64-bit code */
    .quad 0x00cf93000000ffff        /* data */
gdt_pointer:
    .word . - gdt - 1
    .long gdt

    .section .bss
    .balign 4096
pml4:
    .skip 4096
pdpt:
    .skip 4096
directories:
    .skip 4 * 4096
    .skip 65536
stack_top:

    .section .note.GNU-stack, "", @progbits
