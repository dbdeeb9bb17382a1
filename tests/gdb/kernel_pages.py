# Sourced by gdb when the kernel in QEMU is inside a system call: what the page tables that the CPU
# uses allow in the kernel's half, there and back in user mode. Prints lines that
# tests/gdb/meson.build expects.
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
    stacks = gdb.parse_and_eval("*(mk::Stacks*)$stacks")
    return [int(stacks[field]["guard"].address) & (1 << 64) - 1 for field in stacks.type.fields()]


def trampoline_pages():
    """What user mode has to have: the text of entry.S and the object `trampoline`."""
    def address(symbol):
        return int(gdb.parse_and_eval(f"(unsigned long)&{symbol}"))
    data = address("trampoline")
    size = int(gdb.parse_and_eval("sizeof(mk::trampoline)"))
    return {*range(address("kernel_text_start"), address("entry_text_end"), PAGE),
            *range(data, data + size, PAGE)}


def return_to_user():
    """Lets the kernel go on to the first instruction behind the system call."""
    user = int(gdb.parse_and_eval("mk::boot_cpu.current->context.rip"))
    gdb.execute(f"thbreak *{user:#x}", to_string=True)
    gdb.execute("continue", to_string=True)
    assert int(gdb.parse_and_eval("(unsigned long)$rip")) == user


def counts(pages):
    executable = [flags for flags in pages.values() if flags[0] != "X"]
    both = sum(flags[-1] == "W" for flags in executable)
    user = sum(flags[-2] == "U" for flags in pages.values())
    return f"executable: {len(executable)}, writable as well: {both}, user: {user}"


pages = kernel_pages()
mapped = sum(address in pages for address in guard_pages())
print(f"kernel pages: {len(pages)}, {counts(pages)}")
print(f"guard pages: {len(guard_pages())}, mapped: {mapped}")
return_to_user()
in_user_mode, trampoline = kernel_pages(), trampoline_pages()
if pages.keys() == in_user_mode.keys():
    print("user mode: as in the kernel")
else:
    others = sorted(in_user_mode.keys() - trampoline)
    which = f"more than the trampoline: {others[0]:#x}" if others else "the trampoline alone"
    print(f"user mode: {which}, {len(in_user_mode)} pages, {counts(in_user_mode)}")
made_global = {address for found in (pages, in_user_mode) for address, flags in found.items()
               if flags[1] == "G"}
print(f"global: {len(made_global)}, of them in the trampoline {len(made_global & trampoline)}")
