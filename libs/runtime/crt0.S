// Entry of every program: rdi is the address of its boot information or argument page, everything
// else is undefined and there is no stack. Takes the one of user.ld and goes on in start.cpp.
    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    lea __stack_top(%rip), %rsp
    xor %ebp, %ebp              // ends every backtrace
    call runtime_start          // pushes 8 bytes: the alignment a C function expects
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
