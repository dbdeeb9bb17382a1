# Sourced by gdb when the kernel in QEMU is inside a system call, with page-table isolation on: NMIs
# that come while the user's page tables are loaded, also in the kernel. Prints where it sent them;
# tests/gdb/meson.build expects the kernel's lines about them.
import gdb

SYSRET_BYTES = 3


def address(expression):
    return int(gdb.parse_and_eval(f"(unsigned long){expression}"))


def run_to(place):
    gdb.execute(f"thbreak *{place:#x}", to_string=True)
    gdb.execute("continue", to_string=True)
    assert address("$rip") == place, f"stopped at {address('$rip'):#x}"


def is_mapped(data):
    return gdb.execute(f"monitor gva2gpa {data:#x}", to_string=True).strip() != "Unmapped"


current = address("mk::boot_cpu.current")
assert is_mapped(current)
for name, place in (("before sysretq", address("&isolated_exit_by_iret") - SYSRET_BYTES),
                    ("in user mode", address("mk::boot_cpu.current->context.rip")),
                    ("at the entry", address("&isolated_syscall_stub"))):
    run_to(place)
    print(f"NMI {name}, isolated: {'no' if is_mapped(current) else 'yes'}")
    gdb.execute("monitor nmi", to_string=True)
