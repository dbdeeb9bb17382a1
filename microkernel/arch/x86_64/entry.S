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
 * turns a non-canonical instruction pointer into a user exception before it gets there.
 *
 * Page-table isolation (isolation.hpp). User page tables then map of the kernel this file's text and
 * the trampoline (trampoline.hpp), nothing else: no Context, no stack. The way in loads the kernel's
 * CR3 before anything, the way out loads the user's behind everything. Both have one free register,
 * rsp, because nothing is on a stack: the frame that the CPU pushed or will pop lies in the
 * trampoline, at a constant address. Which stubs are used is decided once, by LSTAR and the IDT:
 * the plain ones have no instruction for it, and each isolated one is a plain one with macros around. */

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
    .set CTX_END, 26 * 8
    .set FAULT_IP_TO_PAD, 4 * 8
    .set VECTOR_SYSCALL, 0x100
    .set TRAP_FLAG, 0x100
    /* stacks.hpp */
    .set KERNEL_STACK_TOP, kernel_stacks + 4096 + 16384
    .set NMI_STACK_TOP, KERNEL_STACK_TOP + 4096 + 4096 + 4096 + 8192
    .set REPORT_STACK_TOP, NMI_STACK_TOP + 4096 + 8192
    /* trampoline.hpp; the frame on an entry stack ends at the stack's top */
    .set KERNEL_ROOT, trampoline
    .set USER_ROOT, trampoline + 1 * 8
    .set USER_RSP, trampoline + 2 * 8
    .set ROOT_AT_NMI, trampoline + 3 * 8
    .set TRAP_FRAME_END, trampoline + 64 + 256
    .set DEBUG_FRAME_END, TRAP_FRAME_END + 256
    .set NMI_FRAME_END, DEBUG_FRAME_END + 256
    .set FRAME_RIP, -5 * 8
    /* sched/cpu.hpp: mk::boot_cpu, whose first member is `current` */
    .set CURRENT, _ZN2mk8boot_cpuE

    .section .text.entry, "ax"
    .code64

/* rsp: from the vector in a Context to its start. */
    .macro push_registers
    subq $FAULT_IP_TO_PAD, %rsp
    pushq %rax
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
#if !HYPERCORE_RELEASE
    xorl %ebp, %ebp             /* ends backtraces */
#endif
    .endm

/* KERNEL_ROOT or USER_ROOT into CR3. rsp is lost. */
    .macro load_root which
    movq \which(%rip), %rsp
    movq %rsp, %cr3
    .endm

/* From the entry stack whose frame ends at `end` into the Context, down to the vector; rsp is there
 * then. No register changes, and no register's value is left behind. */
    .macro move_frame_to_context end
    movq CURRENT(%rip), %rsp
    addq $CTX_END, %rsp
    .irp word, 1, 2, 3, 4, 5, 6, 7  /* ss, rsp, rflags, cs, rip, error code, vector */
    pushq \end - \word * 8(%rip)
    .endr
    .endm

/* `syscall`: rcx = user rip, r11 = user rflags, USER_RSP = the user's rsp, flags masked by SFMASK.
 * What the Context implies for a thread inside a system call is not stored (Context::settle). */
    .macro handle_system_call
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
    movq USER_RSP(%rip), %rax
    movq %r11, CTX_RFLAGS(%rsp)
    movq %rax, CTX_RSP(%rsp)
    movq $VECTOR_SYSCALL, CTX_VECTOR(%rsp)
    load_kernel_stack
    call syscall_entry          /* (rdi, rsi, rdx) as the user has them */
    .endm

/* All that `sysretq` needs; rsp last. It takes rip from rcx and rflags from r11, as `syscall` left
 * them; it would trap one instruction late with TF, and cannot restore a frame that somebody has
 * written to: then to `by_iret`. `syscall` proved rip: the highest user page is never mapped. */
    .macro load_registers_for_sysret by_iret
    movq CURRENT(%rip), %rsp
    cmpl $VECTOR_SYSCALL, CTX_VECTOR(%rsp)
    jne \by_iret
    movq CTX_RFLAGS(%rsp), %r11
    testl $TRAP_FLAG, %r11d
    jnz \by_iret
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
    .endm

/* rsp: from the start of a Context to its fault_ip. */
    .macro pop_registers
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
    .endm

/* rsp: from the signed byte that a stub pushed to the vector, with 0 as the error code above. */
    .macro push_no_code
    pushq (%rsp)
    andq $0xff, (%rsp)
    movq $0, CTX_ERROR - CTX_VECTOR(%rsp)
    .endm

/* A trap from user mode; rsp: at the vector in the Context, which has the frame already. */
    .macro handle_user_trap
    push_registers
    movq CTX_RIP(%rsp), %rax
    movq %rax, CTX_FAULT_IP(%rsp)
    load_kernel_stack
    pushq $2
    popfq                       /* gates leave AC and DF as the user had them */
    call user_trap
    .endm

/* Interrupts are on in the kernel only in the idle thread. Its frame is thrown away: it has
 * nothing to remember and starts afresh when nothing else can run. rsp: at the vector. */
    .macro handle_trap_in_kernel
    cmpq $32, (%rsp)
    jb fault_in_kernel
    popq %rdi
    load_kernel_stack
    call idle_trap
    .endm

/* From the loader: rdi = physical address of the handoff. */
    .global kernel_entry
kernel_entry:
    load_kernel_stack
    call kernel_main
    testb $1, isolated(%rip)
    jnz isolated_exit
    jmp exit_to_thread

/* --- Without page-table isolation --- */

    .balign 64
    .global syscall_stub
syscall_stub:
    movq %rsp, USER_RSP(%rip)
    handle_system_call

/* Back to the current thread, user or idle. */
exit_to_thread:
    load_registers_for_sysret exit_by_iret
    sysretq

exit_by_iret:
    load_kernel_stack
    call prepare_exit           /* rax = the Context of whoever is current now */
exit_from_context:
    movq %rax, %rsp
    pop_registers
    leaq CTX_RIP - CTX_FAULT_IP(%rsp), %rsp
    iretq

/* Any other trap. rsp, from trap_with_code on: vector, error code, rip, cs, rflags, rsp, ss. */
trap_without_code:
    push_no_code
trap_with_code:
    testb $3, CTX_CS - CTX_VECTOR(%rsp)
    jz trap_in_kernel
trap_in_context:
    handle_user_trap
    jmp exit_to_thread

trap_in_kernel:
    handle_trap_in_kernel
    jmp exit_to_thread

/* #DB, on its own stack. From user mode: move the frame into the Context and go on as any trap. */
debug_entry:
    push_no_code
    testb $3, CTX_CS - CTX_VECTOR(%rsp)
    jz debug_in_kernel
    move_frame_to_context DEBUG_FRAME_END
    jmp trap_in_context

/* --- With page-table isolation --- */

    .balign 64
    .global isolated_syscall_stub
isolated_syscall_stub:
    movq %rsp, USER_RSP(%rip)
    load_root KERNEL_ROOT
    handle_system_call

isolated_exit:
    load_registers_for_sysret isolated_exit_by_iret
    movq %rsp, USER_RSP(%rip)
    load_root USER_ROOT
    movq USER_RSP(%rip), %rsp
    sysretq

/* The idle thread stays in the kernel's page tables. A user's frame goes into the trampoline, where
 * `iretq` finds it with the user's. */
isolated_exit_by_iret:
    load_kernel_stack
    call prepare_exit
    testb $3, CTX_CS(%rax)
    jz exit_from_context
    movq $TRAP_FRAME_END, %rsp
    .irp register, CTX_SS, CTX_RSP, CTX_RFLAGS, CTX_CS, CTX_RIP
    pushq \register(%rax)
    .endr
    movq %rax, %rsp
    pop_registers
    load_root USER_ROOT
    movq $TRAP_FRAME_END + FRAME_RIP, %rsp
    iretq

isolated_trap_without_code:
    push_no_code
isolated_trap_with_code:
    testb $3, CTX_CS - CTX_VECTOR(%rsp)
    jz isolated_trap_in_kernel
    load_root KERNEL_ROOT
    move_frame_to_context TRAP_FRAME_END
isolated_trap_in_context:
    handle_user_trap
    jmp isolated_exit

isolated_trap_in_kernel:
    handle_trap_in_kernel
    jmp isolated_exit

isolated_debug_entry:
    push_no_code
    testb $3, CTX_CS - CTX_VECTOR(%rsp)
    jz debug_in_kernel
    load_root KERNEL_ROOT
    move_frame_to_context DEBUG_FRAME_END
    jmp isolated_trap_in_context

/* --- Both --- */

/* #DB in the kernel (`mov ss` before `syscall` can put one off until here): there is no breakpoint
 * in the kernel, so drop it and do not single-step on. Whichever CR3 is loaded stays. */
debug_in_kernel:
    andq $~TRAP_FLAG, CTX_RFLAGS - CTX_VECTOR(%rsp)
    addq $CTX_RIP - CTX_VECTOR, %rsp
    iretq

/* A bug in the kernel: report and stop. */
fault_in_kernel:
    push_registers
    movq %rsp, %rdi
    andq $-16, %rsp
report:
    cld
    call kernel_fault
    ud2

machine_check_entry:
    push_no_code

/* A double fault or a machine check, on stacks of their own and from anywhere, so with any CR3. The
 * stack holds the Context for the report, which is written on another one. */
fatal_entry:
    push_registers
    movq %rsp, %rdi
    load_root KERNEL_ROOT
    movq $REPORT_STACK_TOP, %rsp
    jmp report

/* NMI, on its own stack, anywhere: between any two instructions above, with any CR3. It uses nothing
 * but what is its own, and goes back where it came from with the CR3 that it found. No other NMI
 * comes before the iretq, and nothing else comes at all. */
nmi_entry:
    movq %cr3, %rsp
    movq %rsp, ROOT_AT_NMI(%rip)
    load_root KERNEL_ROOT
    movq $NMI_STACK_TOP - 8, %rsp  /* push_registers leaves it aligned for the call */
    push_registers
    cld
    movq NMI_FRAME_END + FRAME_RIP(%rip), %rdi
    call nmi
    pop_registers
    load_root ROOT_AT_NMI
    movq $NMI_FRAME_END + FRAME_RIP, %rsp
    iretq

/* The idle thread. */
    .global idle_loop
idle_loop:
    sti
    hlt
    jmp idle_loop

/* The stubs of one set, laid out as descriptors.cpp has them (TrapStubs). Each pushes its vector, as
 * a signed byte; the 0 in place of an error code is left to where it jumps. An exception jumps there
 * itself; 32 interrupts, 4 bytes each, share one far jump, so that both sets are in one page. */
    .macro set_of_trap_stubs debug, with_code, without_code
    .set vector, 0
    .rept 32
    .balign 8
    pushq $vector
    .if vector == 1
    jmp \debug
    .elseif vector == 2
    jmp nmi_entry
    .elseif vector == 8
    jmp fatal_entry
    .elseif vector == 18
    jmp machine_check_entry
    .elseif (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
    jmp \with_code
    .else
    jmp \without_code
    .endif
    .set vector, vector + 1
    .endr
    .rept 7
    .balign 8
    .rept 32
    pushq $vector - (vector & 0x80) * 2
    jmp 1f
    .set vector, vector + 1
    .endr
1:  jmp \without_code
    .endr
    .balign 8
    .endm

    .balign 8
    .global trap_stubs, isolated_trap_stubs
trap_stubs:
    set_of_trap_stubs debug_entry, trap_with_code, trap_without_code
isolated_trap_stubs:
    set_of_trap_stubs isolated_debug_entry, isolated_trap_with_code, isolated_trap_without_code

    .section .note.GNU-stack, "", @progbits
