/* The multiboot2 header: asks GRUB for a 32-bit entry, page-aligned modules and, if the machine
 * can, a linear framebuffer. [Multiboot2 specification, "The layout of Multiboot2 header"] */

    .set MAGIC, 0xe85250d6
    .set ARCHITECTURE_I386, 0       /* 32-bit protected mode */
    .set TAG_END, 0
    .set TAG_CONSOLE, 4
    .set TAG_FRAMEBUFFER, 5
    .set TAG_MODULE_ALIGN, 6
    .set OPTIONAL, 1
    .set KNOWS_TEXT_MODE, 2         /* without it GRUB refuses a machine without framebuffer */

    .section .multiboot2, "a", @progbits
    .balign 8
header:
    .long MAGIC
    .long ARCHITECTURE_I386
    .long header_end - header
    .long -(MAGIC + ARCHITECTURE_I386 + (header_end - header))

    .word TAG_CONSOLE, OPTIONAL
    .long 12
    .long KNOWS_TEXT_MODE
    .balign 8

    .word TAG_FRAMEBUFFER, OPTIONAL
    .long 20
    .long 1024, 768, 32             /* width, height, bits per pixel */
    .balign 8

    .word TAG_MODULE_ALIGN, OPTIONAL
    .long 8

    .word TAG_END, 0
    .long 8
header_end:

    .section .note.GNU-stack, "", @progbits
