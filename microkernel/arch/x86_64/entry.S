/* Kernel entry and exit.
 *
 * Called from user mode; goes on in syscall_entry, user_trap, idle_trap (traps.cpp), then through
 * prepare_exit back to whatever thread is current.
 *
 * User registers are stored straight into the current TCB's Context (arch_context.hpp, asserted in
 * traps.cpp): TSS.RSP0 is the end of that Context, so the CPU pushes its frame there, and the stub
 * pushes the rest below. Only then the kernel stack is loaded; it is always empty at that moment.
 *
 * Safe exits. The kernel never uses GS (one CPU: its state has an absolute address), there is no
 * swapgs, and so no window in which a trap could see the wrong base. NMI, #DB, #MC and #DF have
 * stacks of their own and never touch the Context in the making. `sysretq` and `iretq` cannot
 * fault: selectors are constants, flags are sanitised where they are written, and prepare_exit
 * turns a non-canonical instruction pointer into a user exception before it gets there. */

    /* arch_context.hpp */
    .set CTX_R15, 0 * 8
    .set CTX_R14, 1 * 8
    .set CTX_R13, 2 * 8
    .set CTX_R12, 3 * 8
    .set CTX_R10, 5 * 8
    .set CTX_R9, 6 * 8
    .set CTX_R8, 7 * 8
    .set CTX_RBP, 8 * 8
    .set CTX_RDI, 9 * 8
    .set CTX_RSI, 10 * 8
    .set CTX_RDX, 11 * 8
    .set CTX_RBX, 13 * 8
    .set CTX_RAX, 14 * 8
    .set CTX_FAULT_IP, 15 * 8
    .set CTX_VECTOR, 19 * 8
    .set CTX_ERROR, 20 * 8
    .set CTX_RIP, 21 * 8
    .set CTX_CS, 22 * 8
    .set CTX_RFLAGS, 23 * 8
    .set CTX_RSP, 24 * 8
    .set CTX_SS, 25 * 8
    .set FAULT_IP_TO_PAD, 4 * 8
    .set VECTOR_SYSCALL, 0x100
    .set TRAP_FLAG, 0x100
    /* stacks.hpp */
    .set KERNEL_STACK_TOP, kernel_stacks + 4096 + 16384
    /* sched/cpu.hpp: mk::boot_cpu, whose first member is `current` */
    .set CURRENT, _ZN2mk8boot_cpuE

    .section .text.entry, "ax"
    .code64

    .macro push_registers_below_rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .endm

    .macro load_kernel_stack
    movq $KERNEL_STACK_TOP, %rsp
    xorl %ebp, %ebp             /* ends backtraces */
    .endm

/* From the loader: rdi = physical address of the handoff. */
    .global kernel_entry
kernel_entry:
    load_kernel_stack
    call kernel_main
    jmp exit_to_thread

/* `syscall`: rcx = user rip, r11 = user rflags, rsp = the user's, flags masked by SFMASK. What the
 * Context implies for a thread inside a system call is not stored (Context::settle). */
    .balign 64
    .global syscall_stub
syscall_stub:
    movq %rsp, user_rsp(%rip)
    movq CURRENT(%rip), %rsp
    movq %r15, CTX_R15(%rsp)
    movq %r14, CTX_R14(%rsp)
    movq %r13, CTX_R13(%rsp)
    movq %r12, CTX_R12(%rsp)
    movq %r10, CTX_R10(%rsp)
    movq %r9, CTX_R9(%rsp)
    movq %r8, CTX_R8(%rsp)
    movq %rbp, CTX_RBP(%rsp)
    movq %rdi, CTX_RDI(%rsp)
    movq %rsi, CTX_RSI(%rsp)
    movq %rdx, CTX_RDX(%rsp)
    movq %rbx, CTX_RBX(%rsp)
    movq %rax, CTX_RAX(%rsp)
    movq %rcx, CTX_RIP(%rsp)
    movq user_rsp(%rip), %rax
    movq %r11, CTX_RFLAGS(%rsp)
    movq %rax, CTX_RSP(%rsp)
    movq $VECTOR_SYSCALL, CTX_VECTOR(%rsp)
    load_kernel_stack
    call syscall_entry          /* (rdi, rsi, rdx) as the user has them */

/* Back to the current thread, user or idle. sysret takes rip from rcx and rflags from r11, as
 * `syscall` left them; it would trap one instruction late with TF, and cannot restore a frame that
 * somebody has written to. `syscall` proved rip: the highest user page is never mapped. */
exit_to_thread:
    movq CURRENT(%rip), %rsp
    cmpl $VECTOR_SYSCALL, CTX_VECTOR(%rsp)
    jne exit_by_iret
    movq CTX_RFLAGS(%rsp), %r11
    testl $TRAP_FLAG, %r11d
    jnz exit_by_iret
    movq CTX_R15(%rsp), %r15
    movq CTX_R14(%rsp), %r14
    movq CTX_R13(%rsp), %r13
    movq CTX_R12(%rsp), %r12
    movq CTX_R10(%rsp), %r10
    movq CTX_R9(%rsp), %r9
    movq CTX_R8(%rsp), %r8
    movq CTX_RBP(%rsp), %rbp
    movq CTX_RDI(%rsp), %rdi
    movq CTX_RSI(%rsp), %rsi
    movq CTX_RDX(%rsp), %rdx
    movq CTX_RIP(%rsp), %rcx
    movq CTX_RBX(%rsp), %rbx
    movq CTX_RAX(%rsp), %rax
    movq CTX_RSP(%rsp), %rsp
    sysretq

exit_by_iret:
    load_kernel_stack
    call prepare_exit           /* rax = the Context of whoever is current now */
    movq %rax, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    leaq CTX_RIP - CTX_FAULT_IP(%rsp), %rsp
    iretq

/* Any other trap. rsp: vector, error code, rip, cs, rflags, rsp, ss. */
trap_common:
    testb $3, CTX_CS - CTX_VECTOR(%rsp)
    jz trap_in_kernel
    subq $FAULT_IP_TO_PAD, %rsp
    pushq %rax
save_rest:
    push_registers_below_rax
    movq CTX_RIP(%rsp), %rax
    movq %rax, CTX_FAULT_IP(%rsp)
    load_kernel_stack
    pushq $2
    popfq                       /* gates leave AC and DF as the user had them */
    call user_trap
    jmp exit_to_thread

/* Interrupts are on in the kernel only in the idle thread. Its frame is thrown away: it has
 * nothing to remember and starts afresh when nothing else can run. */
trap_in_kernel:
    cmpq $32, (%rsp)
    jb fault_in_kernel
    popq %rdi
    load_kernel_stack
    call idle_trap
    jmp exit_to_thread

/* A bug in the kernel, a double fault or a machine check: report and stop. */
fault_in_kernel:
    subq $FAULT_IP_TO_PAD, %rsp
    pushq %rax
    push_registers_below_rax
    movq %rsp, %rdi
    andq $-16, %rsp
    cld
    call kernel_fault
    ud2

/* #DB, on its own stack. From user mode: move the frame into the Context and go on as any trap.
 * In the kernel (`mov ss` before `syscall` can put one off until here): there is no breakpoint in
 * the kernel, so drop it and do not single-step on. */
debug_entry:
    testb $3, CTX_CS - CTX_VECTOR(%rsp)
    jz 1f
    pushq %rax
    movq CURRENT(%rip), %rax
    popq CTX_RAX(%rax)
    popq CTX_VECTOR(%rax)
    popq CTX_ERROR(%rax)
    popq CTX_RIP(%rax)
    popq CTX_CS(%rax)
    popq CTX_RFLAGS(%rax)
    popq CTX_RSP(%rax)
    popq CTX_SS(%rax)
    leaq CTX_RAX(%rax), %rsp
    movq (%rsp), %rax
    jmp save_rest
1:  andq $~TRAP_FLAG, CTX_RFLAGS - CTX_VECTOR(%rsp)
    addq $16, %rsp
    iretq

/* NMI, on its own stack, anywhere: uses nothing but that stack and goes back where it came from. */
nmi_entry:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    cld
    movq 11 * 8(%rsp), %rdi     /* interrupted rip */
    call nmi
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

/* The idle thread. */
    .global idle_loop
idle_loop:
    sti
    hlt
    jmp idle_loop

/* One stub of 16 bytes for every vector; those without an error code push 0 in its place. */
    .balign 16
    .global trap_stubs
trap_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && vector != 29 && vector != 30
    pushq $0
    .endif
    pushq $vector
    .if vector == 1
    jmp debug_entry
    .elseif vector == 2
    jmp nmi_entry
    .elseif vector == 8 || vector == 18
    jmp fault_in_kernel
    .else
    jmp trap_common
    .endif
    .set vector, vector + 1
    .endr
    .balign 16

    .section .bss.entry, "aw", @nobits
    .balign 8
user_rsp:
    .skip 8

    .section .note.GNU-stack, "", @progbits
