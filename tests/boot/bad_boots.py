#!/usr/bin/env python3
"""Boots the real kernel where it cannot go on; prints TAP.

Each case has to end in one line `hypercore: panic: ...` on the serial line with status 1: no triple
fault, no silence. How each comes about: a CPU without a feature and too little memory by QEMU's
options, ACPI tables by files for the firmware (acpi_tables.py), root servers by spoilt ELF files, and
a bad handoff, which no loader makes, by gdb at the kernel's first instruction.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/gen"))
import acpi_tables as acpi  # noqa: E402
import cpio  # noqa: E402
import image  # noqa: E402
import images  # noqa: E402
from tap_output import Tap  # noqa: E402

PANIC = "^hypercore: panic: "
END = "\\n"
FEATURES = [("nx", None), ("syscall", "SYSCALL"), ("tsc", "a time-stamp counter"),
            ("apic", "a local APIC"), ("pge", "global pages"), ("pat", "PAT"), ("fxsr", "FXSAVE"),
            ("sse2", "SSE2")]


def cpu_cases():
    """NX and long mode are missed by the loaders already (tests/boot/loaders.py)."""
    for flag, name in FEATURES:
        if name:
            yield (f"a CPU without {name}", ["-cpu", f"max,-{flag}"],
                   f"{PANIC}this CPU lacks {name}{END}")


def acpi_cases(folder):
    sound = acpi.madt(acpi.LOCAL_APIC + acpi.IO_APIC)
    corrupt = f"{PANIC}MADT: corrupt: "

    def case(name, table, line, **how):
        place = folder / name.replace(" ", "-")
        place.mkdir()
        return name, acpi.arguments(place, table, **how), line

    yield case("a MADT with a wrong checksum", sound[:-1] + b"\1", f"{corrupt}wrong checksum{END}")
    yield case("a MADT with an entry of length 0", acpi.madt(b"\1\0" + acpi.IO_APIC),
               f"{corrupt}an entry has an impossible length{END}")
    yield case("a MADT with an entry that sticks out", acpi.madt(acpi.LOCAL_APIC + b"\1\x0d" + bytes(10)),
               f"{corrupt}an entry has an impossible length{END}")
    yield case("a MADT longer than memory", sound[:4] + b"\xff" * 4 + sound[8:],
               f"{corrupt}(impossible length|lies outside readable memory){END}")
    yield case("an RSDT with a wrong checksum", sound, f"{corrupt}wrong checksum{END}",
               root_is_sound=False)
    yield case("ACPI tables without a MADT", acpi.table(b"HPET", bytes(20)),
               f"{PANIC}no MADT among the ACPI tables{END}")


def root_server_cases(elf):
    """(name, ELF, line)"""
    first = images.program_headers(elf)[0]
    huge = images.with_last_segment_of(elf, 64 << 20)
    header = f"{PANIC}root server: "
    return [
        ("truncated in its header", elf[:40], f"{header}truncated: shorter than an ELF header{END}"),
        ("truncated in a segment", images.truncated_in_segment(elf),
         f"{header}truncated: a segment lies past"),
        ("that is no ELF", b"#!/bin/sh\n" * 10, f"{header}not an ELF file{END}"),
        ("with overlapping segments", images.overlapping(elf),
         f"{header}malformed ELF: overlapping segments{END}"),
        ("with its entry outside", images.patched(elf, 24, "<Q", 0),
         f"{header}malformed ELF: entry point outside"),
        ("above user addresses", images.patched(elf, first + 16, "<Q", 0xFFFF800000000000),
         f"{header}linked outside of user addresses{END}"),
        ("that needs more slots than there are", huge,
         f"{header}too large for the root CNode{END}"),
        ("that faults at once", images.faulting(elf),
         f"{PANIC}the root server faulted without a handler: exception 0x6 at 0x"),
        ("larger than memory", images.with_last_segment_of(elf, 24 << 20),
         f"{header}not enough memory{END}"),
    ]


def handoff_cases():
    """(name, what gdb does, line): rdi holds the physical address, and the loader's identity map
    is still there."""
    handoff = "((boot::Handoff*)$rdi)"
    wrong = f"{PANIC}the loader's handoff has "
    return [
        ("no handoff", "set $rdi = 0", f"{PANIC}no handoff from the loader{END}"),
        ("a handoff above 4 GiB", "set $rdi = 0x123456789000",
         f"{PANIC}no handoff from the loader{END}"),
        ("a handoff with bad magic", f"set {handoff}->magic = 1", f"{wrong}a wrong magic number{END}"),
        ("a handoff of another version", f"set {handoff}->version = 2",
         f"{wrong}another version of the structure{END}"),
        ("a handoff without modules", f"set {handoff}->module_count = 0",
         f"{wrong}no root server among the modules{END}"),
        ("a handoff with too many regions", f"set {handoff}->region_count = 257",
         f"{wrong}no or too many regions{END}"),
        ("a handoff with overlapping regions",
         f"set {handoff}->regions[1].base = {handoff}->regions[0].base",
         f"{wrong}memory regions that overlap or are not sorted{END}"),
        ("a module outside memory", f"set {handoff}->modules[0].size = -4096",
         f"{wrong}a module outside the memory for modules{END}"),
        ("an impossible framebuffer",
         f"set {handoff}->framebuffer = {{0xfd000000, 0xffffffff, 1, 1, 32, 0, 0, 0, 0}}",
         f"{wrong}an impossible framebuffer{END}"),
        ("no ACPI RSDP", f"set {handoff}->rsdp = 0", f"{PANIC}no ACPI RSDP{END}"),
        ("an RSDP in the wrong place", f"set {handoff}->rsdp = $rdi",
         f"{PANIC}ACPI RSDP: wrong signature{END}"),
        ("an RSDP outside memory", f"set {handoff}->rsdp = 0x7ffffffffff0",
         f"{PANIC}ACPI RSDP: corrupt: lies outside readable memory{END}"),
    ]


class Boots:
    """Boots by scripts/guest-test, and reports."""

    def __init__(self, options, tap, folder):
        self.options, self.tap, self.folder = options, tap, folder
        self.good_image = self.image("good", options.root_server.read_bytes())

    def image(self, name, root_server, kind="pvh"):
        """Made here and once, since most cases share it."""
        path = self.folder / f"{name}-{kind}"
        kernel = self.options.build / "microkernel/hypercore.elf"
        bundle = cpio.archive([("kernel.elf", kernel.read_bytes()), ("root-server", root_server)])
        image.make(kind, self.options.build, bundle, path)
        return path

    def boot(self, name, steps, path=None, arguments=()):
        chosen = [] if path is False else ["--image", str(path or self.good_image)]
        command = [str(ROOT / "scripts/guest-test"), "--build", str(self.options.build), *chosen,
                   "--timeout", "60",
                   *(f"--emulator-arg={each}" for each in arguments), *steps]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        self.tap.result(result.returncode == 0, name, result.stdout.decode(errors="replace"))

    def ends_with(self, name, line, path=None, arguments=(), before=()):
        self.boot(f"{name} ends in one line",
                  [*before, "--expect", line, "--expect-status", "1"], path, arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--root-server", required=True, type=pathlib.Path)
    options = parser.parse_args()
    elf = options.root_server.read_bytes()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        machines = [*cpu_cases(), *acpi_cases(folder)]
        servers, handoffs = root_server_cases(elf), handoff_cases()
        tap = Tap(len(machines) + len(servers) + len(handoffs) + 4)
        boots = Boots(options, tap, folder)
        for case, arguments, line in machines:
            boots.ends_with(case, line, arguments=arguments)
        for case, bad, line in servers:
            small = ["-m", "16"] if "larger than memory" in case else []
            boots.ends_with(f"a root server {case}", line, boots.image("bad", bad), small)
        for case, change, line in handoffs:
            # The breakpoint is in assembly, and gdb would take the names for that.
            boots.ends_with(case, line, before=["--gdb", "hbreak kernel_entry", "--gdb", "continue",
                                                "--gdb", "set language c++", "--gdb", change])
        # The image is made anew for its command line.
        boots.boot("an option with a value that it cannot have ends in one line", [
            "--root-server", str(options.root_server), "--firmware", "pvh",
            "--cmdline", "page-table-isolation=maybe",
            "--expect", f"{PANIC}page-table-isolation is on, off or auto{END}",
            "--expect-status", "1"], path=False)
        # What a bug in the kernel would look like: a system call with a wild pointer to the CPU's state.
        place = "^hypercore:   0x[0-9a-f]+ "
        boots.boot("a fault in the kernel is reported with registers and the names of functions", [
            "--gdb", "hbreak mk::debug_syscall", "--gdb", "continue", "--gdb", "set $rdi = 8",
            "--expect", f"{PANIC}page fault in the kernel, address 0x[0-9a-f]+, code 0x0{END}",
            "--expect", "^hypercore: rip 0xffffffff8[0-9a-f]+ rsp ", "--expect", "rdi 0x8 ",
            "--expect", f"^hypercore: backtrace:{END}",
            "--expect", f"{place}mk::debug_syscall\\+0x[0-9a-f]+{END}",
            "--expect", f"{place}syscall_stub\\+0x[0-9a-f]+{END}", "--expect-status", "1"])
        sound = acpi.arguments(folder, acpi.madt(acpi.LOCAL_APIC + acpi.IO_APIC))
        boots.boot("sound ACPI tables made in the same way are accepted",
                   ["--expect-status", "0"], arguments=sound)
        # OVMF has an RSDP of its own then, without tables. Here the line is on the screen as well.
        no_madt = f"{PANIC}no MADT among the ACPI tables"
        boots.boot("no ACPI under UEFI shows on the screen", [
            "--firmware", "uefi", "--stay", "--expect", no_madt + END, "--expect-screen",
            no_madt + "$"], boots.image("good", elf, "esp"), ["-machine", "q35,acpi=off"])
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
