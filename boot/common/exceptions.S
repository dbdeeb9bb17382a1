/* One stub of 16 bytes per exception: they differ in the vector only. */

    .section .text
    .code64
    .global boot_exception_stubs
    .balign 16
boot_exception_stubs:
    .set vector, 0
    .rept 32
    .balign 16
    movl $vector, %edi
    jmp common
    .set vector, vector + 1
    .endr
    .balign 16
common:
    cld
    movq %rsp, %rsi
    andq $-16, %rsp
    call boot_exception

    .section .note.GNU-stack, "", @progbits
