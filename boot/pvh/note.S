/* Tells QEMU (and Xen) where to enter this ELF: in 32-bit mode, ebx = address of hvm_start_info.
 * [Xen public headers, "elfnote.h"; Xen docs, "x86/HVM direct boot ABI"] */

    .set XEN_ELFNOTE_PHYS32_ENTRY, 18

    .section .note.pvh, "a", @note
    .balign 4
    .long 4                         /* size of the name */
    .long 8                         /* size of the value */
    .long XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad loader_entry32

    .section .note.GNU-stack, "", @progbits
