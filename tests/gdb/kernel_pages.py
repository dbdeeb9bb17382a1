# Sourced by gdb while the kernel runs in QEMU: what the page tables that the CPU uses allow in the
# kernel's half. Prints two lines that tests/gdb/meson.build expects.
import re

import gdb

KERNEL_HALF = 1 << 47
PAGE = 4096
LINE = re.compile(r"^([0-9a-f]{16}): [0-9a-f]{16} (\S{9})$")  # flags: XGPDACTUW, X is execute-disable


def kernel_pages():
    """{address: flags} of every mapping in the kernel's half; large pages by their first address."""
    found = {}
    for line in gdb.execute("monitor info tlb", to_string=True).splitlines():
        match = LINE.match(line.strip())
        if match and int(match[1], 16) >= KERNEL_HALF:
            found[int(match[1], 16)] = match[2]
    return found


def guard_pages():
    stacks = gdb.parse_and_eval("kernel_stacks")
    return [int(stacks[field]["guard"].address) & (1 << 64) - 1 for field in stacks.type.fields()]


pages = kernel_pages()
executable = [flags for flags in pages.values() if flags[0] != "X"]
both = sum(flags[-1] == "W" for flags in executable)
user = sum(flags[-2] == "U" for flags in pages.values())
mapped = sum(address in pages for address in guard_pages())
print(f"kernel pages: {len(pages)}, executable: {len(executable)}, writable as well: {both}, user: {user}")
print(f"guard pages: {len(guard_pages())}, mapped: {mapped}")
