"""Makes the images that tests/boot/loaders.py boots: good ones, and one for each way to be bad.

A case is (name, files, expected line). `files` maps names in the bundle to bytes, or is the
bundle itself, or None for no bundle at all. The probe kernel is the sound ELF that gets spoilt.
"""
import struct

import cpio

LOAD = 1
ELF_MACHINE, ELF_TYPE, ELF_CLASS = 18, 16, 4
FAILED = "^hypercore: boot failed: "


def program_headers(elf):
    """Offsets of the PT_LOAD headers of a 64-bit ELF."""
    table, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    offsets = [table + i * size for i in range(count)]
    return [at for at in offsets if struct.unpack_from("<I", elf, at)[0] == LOAD]


def faulting(elf):
    """The entry point is ud2: the program raises exception 6 at its first instruction."""
    entry, = struct.unpack_from("<Q", elf, 24)
    for at in program_headers(elf):
        offset, vaddr, _, size = struct.unpack_from("<4Q", elf, at + 8)
        if vaddr <= entry < vaddr + size:
            return patched(elf, offset + entry - vaddr, "<H", 0x0B0F)
    raise ValueError("no segment holds the entry point")


def patched(elf, at, layout, value):
    out = bytearray(elf)
    struct.pack_into(layout, out, at, value)
    return bytes(out)


def overlapping(elf):
    """The second segment begins where the first does."""
    first, second = program_headers(elf)[:2]
    address, = struct.unpack_from("<Q", elf, first + 16)
    return patched(elf, second + 16, "<Q", address)


def with_last_segment_of(elf, size):
    return patched(elf, program_headers(elf)[-1] + 40, "<Q", size)


def below_the_kernel(elf):
    """All segments and the entry moved from the kernel's addresses to 4 MiB."""
    distance = 0xFFFFFFFF80000000 - (4 << 20)
    for at in [24] + [header + 16 for header in program_headers(elf)]:
        elf = patched(elf, at, "<Q", struct.unpack_from("<Q", elf, at)[0] - distance)
    return elf


def truncated_in_segment(elf):
    """Ends one byte before the end of the last data that has to be loaded."""
    ends = [sum(struct.unpack_from("<Q", elf, at + field)[0] for field in (8, 32))
            for at in program_headers(elf)]
    return elf[:max(ends) - 1]


def good_files(kernel):
    return {"kernel.elf": kernel, "root-server": b"not looked at by the loaders " * 300,
            "boot-archive": cpio.archive([("motd", b"hello")]), "cmdline": b"one two"}


def bad_cases(kernel):
    """(name, bundle or files, expected regular expression) for each bad image."""
    good = good_files(kernel)

    def with_kernel(elf):
        return dict(good, **{"kernel.elf": elf})

    def without(name):
        return {key: data for key, data in good.items() if key != name}

    whole = cpio.archive(good.items())
    kernels = [
        ("truncated in its header", kernel[:40], "truncated: shorter than an ELF header"),
        ("truncated in a segment", truncated_in_segment(kernel), "truncated: a segment lies past"),
        ("no ELF", b"#!/bin/sh\n" * 10, "not an ELF file"),
        ("32-bit", patched(kernel, ELF_CLASS, "<B", 1), "malformed ELF: not a 64-bit file"),
        ("wrong machine", patched(kernel, ELF_MACHINE, "<H", 183), "wrong machine"),
        ("not executable", patched(kernel, ELF_TYPE, "<H", 3), "not a static executable"),
        ("overlapping segments", overlapping(kernel), "malformed ELF: overlapping segments"),
        ("linked too low", below_the_kernel(kernel), "linked below the kernel's addresses"),
        ("entry outside", patched(kernel, 24, "<Q", 0), "malformed ELF: entry point outside"),
        ("too large", with_last_segment_of(kernel, 1 << 30), "larger than 1 GiB"),
    ]
    cases = [(f"kernel {name}", with_kernel(elf), f"{FAILED}kernel\\.elf: {line}")
             for name, elf, line in kernels]
    return cases + [
        ("no memory for the kernel", with_kernel(with_last_segment_of(kernel, 900 << 20)),
         f"{FAILED}no memory: for the kernel image"),
        ("no kernel", without("kernel.elf"), f"{FAILED}kernel\\.elf: missing module"),
        ("no root server", without("root-server"), f"{FAILED}root-server: missing module"),
        ("no bundle", None, f"{FAILED}bundle: missing"),
        ("bundle truncated", whole[:len(whole) // 2], f"{FAILED}bundle: bad cpio archive: trunc"),
        ("bundle is no archive", b"\0" * 4096, f"{FAILED}bundle: bad cpio archive: not in newc"),
        ("bundle with a bad number", whole[:54] + b"0000zzzz" + whole[62:],
         f"{FAILED}bundle: bad cpio archive: a header has a bad number"),
        ("unknown entry", dict(good, surprise=b""), f"{FAILED}bundle: has an entry of unknown"),
        ("command line too long", dict(good, cmdline=b"x" * 1024),
         f"{FAILED}command line: longer than 1023 characters"),
    ]
