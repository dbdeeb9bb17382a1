#!/usr/bin/env python3
"""Boots the loaders with the probe kernel and with bad images; prints TAP.

  --machine pvh | bios | uefi | bochs   which loader on which machine

The emulator is driven by scripts/guest-test.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/gen"))
import cpio  # noqa: E402
import image  # noqa: E402
import images  # noqa: E402
from tap_output import Tap  # noqa: E402

KINDS = {"pvh": "pvh", "bios": "iso", "uefi": "esp", "bochs": "iso"}
FIRMWARE = {"pvh": "pvh", "bios": "bios", "uefi": "uefi", "bochs": "bios"}
LOADER = {"pvh": "pvh", "bios": "multiboot2", "uefi": "efi", "bochs": "multiboot2"}
# A firmware takes seconds to get to a loader. The checks behind the entry are the same code in
# all loaders, so PVH tries all bad images and the others these.
EVERYWHERE = {"kernel truncated in a segment", "kernel overlapping segments", "no bundle",
              "no memory for the kernel"}
# Bochs's text display ends the emulator on a 32-bit graphics mode: leave VBE out.
BOCHS = ["--emulator", "bochs", "--emulator-arg=vga: extension=none"]


class Machine:
    """Makes and boots images of one kind."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.image = folder / "image"

    def make(self, files):
        bundle = cpio.archive(files.items()) if isinstance(files, dict) else files
        image.make(KINDS[self.options.machine], self.options.build, bundle, self.image)

    def boot(self, *steps, memory="512M"):
        """Runs scripts/guest-test with these steps; returns (good, its output)."""
        machine = self.options.machine
        command = [str(ROOT / "scripts/guest-test"), "--firmware", FIRMWARE[machine],
                   "--image", str(self.image), "--memory", memory, "--timeout", "120",
                   *(BOCHS if machine == "bochs" else []), *steps]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        return result.returncode == 0, result.stdout.decode(errors="replace")

    def screen_of_failure(self):
        """Boots without a bundle, on a machine that stays up; returns (whether the failure is on the
        screen, output). PVH has the VGA's own text mode, whose font is not ours to read."""
        line = f"{images.FAILED}bundle: missing"
        look = ["--screenshot"] if self.options.machine == "pvh" else ["--expect-screen", line]
        return self.boot("--stay", "--expect", line, *look)


def good_line(machine):
    """What the probe kernel prints when all its checks hold."""
    framebuffer = {"bios": "0x[0-9a-f]+ width=0x400 height=0x300",
                   "uefi": "0x[0-9a-f]+ width=0x[0-9a-f]+ height=0x[0-9a-f]+"}.get(
                       machine, "0x0 width=0x0 height=0x0")
    return (f"^hypercore: probe loader={LOADER[machine]} regions=0x[0-9a-f]+ modules=0x2 "
            f"rsdp=0x[1-9a-f][0-9a-f]+ fb={framebuffer} kernel=0x[0-9a-f]+ "
            r"cmdline=\[one two\]$")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--machine", required=True, choices=sorted(KINDS))
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--probe", required=True, type=pathlib.Path)
    options = parser.parse_args()
    name = options.machine
    kernel = options.probe.read_bytes()
    bad = [case for case in images.bad_cases(kernel) if name == "pvh" or case[0] in EVERYWHERE]
    if name == "bochs":
        bad = bad[:1]
    sizes = ["512M", "5G"] if name in ("pvh", "uefi") else ["512M"]
    cpus = [("qemu32", "no long mode"), ("qemu64,-nx", "no execute-disable")] \
        if name == "pvh" else []
    with_screenshot = name != "bochs"

    tap = Tap(len(sizes) + len(bad) + len(cpus) + with_screenshot)
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(options, pathlib.Path(folder))
        machine.make(images.good_files(kernel))
        for size in sizes:
            good, output = machine.boot("--expect", good_line(name), "--expect-status", "0",
                                        memory=size)
            tap.result(good, f"{name}: the probe kernel finds the handoff right, {size}", output)
        for cpu, line in cpus:
            good, output = machine.boot("--emulator-arg=-cpu", f"--emulator-arg={cpu}", "--expect",
                                        f"{images.FAILED}CPU: {line}", "--expect-status", "1")
            tap.result(good, f"{name}: a CPU with {line} is refused", output)
        for case, files, line in bad:
            machine.make(files)
            good, output = machine.boot("--expect", line, "--expect-status", "1")
            tap.result(good, f"{name}: {case} ends in one line", output)
        if with_screenshot:
            machine.make(None)
            good, output = machine.screen_of_failure()
            tap.result(good, f"{name}: a failed boot shows on screen", output)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
