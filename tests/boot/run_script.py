#!/usr/bin/env python3
"""Runs scripts/run as a person would, with our root server and others; prints TAP.

The build folder is the script's own (build/, build-release/), and it builds what is missing there.
"""
import argparse
import pathlib
import re
import shlex
import subprocess
import sys

from tap_output import Tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PVH = ["--headless", "--firmware", "pvh", "--timeout", "90"]
# One of the kernel's last lines before the root server.
UP = rb"^hypercore: interrupts [0-9]+ I/O APIC"


def run(arguments, typed=b""):
    """(status, standard output, standard error)"""
    result = subprocess.run([str(ROOT / "scripts/run"), *arguments], input=typed,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return result.returncode, result.stdout.replace(b"\r", b""), result.stderr.decode()


def report(tap, name, result, status, *patterns):
    missing = [each for each in patterns if not re.search(each, result[1], re.M)]
    tap.result(result[0] == status and not missing, name,
               f"{result[1].decode(errors='replace')}\n{result[2]}\nstatus {result[0]}, "
               f"not found: {missing}")


def system(tap):
    typed = b"ps\npoweroff\n"
    report(tap, "the system under UEFI takes its input and powers off with status 0",
           run(["--headless", "--timeout", "120"], typed), 0, UP, rb"^shell +server +running")
    report(tap, "and in Bochs", run(["--emulator", "bochs", "--headless", "--timeout", "150"], typed),
           0, UP, rb"^shell +server +running")
    report(tap, "so does the lesson", run([*PVH, "--profile", "lesson"], b"ping 10\npoweroff\n"), 0,
           UP, rb"^10 round trips")
    report(tap, "end of input does not end the run; --timeout does with 124",
           run(["--headless", "--firmware", "pvh", "--timeout", "5"]), 124, UP, rb"^hypercore> ")


def deterministic(tap, root_server):
    arguments = [*PVH, "--icount", "--root-server", root_server]
    first, second = run(arguments), run(arguments)
    tap.result(first[0] == second[0] == 0 and first[1] == second[1] and b"ok 45" in first[1],
               "two runs with --icount print the same bytes",
               first[1].decode(errors="replace") + second[1].decode(errors="replace"))


def release(tap):
    result = run([*PVH, "--release"], b"poweroff\n")
    report(tap, "a release build boots to the prompt, which needs no debug call", result, 0, UP,
           rb"^hypercore> ")


def panic(tap, root_server):
    report(tap, "a panic ends with status 1",
           run([*PVH, "--root-server", root_server, "--", "-cpu", "max,-pat"]), 1,
           rb"^hypercore: panic: this CPU lacks PAT$")


def gdb(tap, root_server):
    """Takes the command that scripts/run prints, and does with it what it is for."""
    with subprocess.Popen([str(ROOT / "scripts/run"), *PVH, "--gdb", "--root-server", root_server],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as guest:
        command = None
        for line in guest.stderr:
            if line.startswith(b"  gdb "):
                command = shlex.split(line.decode())
                break
        steps = ["hbreak mk::debug_syscall", "continue", "bt", "detach"]
        said = "scripts/run printed no command for gdb"
        if command:
            result = subprocess.run([*command, "-batch", "-nx", *(x for s in steps for x in ("-ex", s))],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=ROOT,
                                    stderr=subprocess.STDOUT, timeout=80, check=False)
            said = result.stdout.decode(errors="replace")
        output = guest.stdout.read()
        status = guest.wait(timeout=100)
    backtrace = re.search(r"^#0 .*mk::debug_syscall \(cpu=.*debug_syscall\.cpp:[0-9]+\n(#.*\n)*"
                          r"#[0-9]+ .*syscall_stub", said, re.M)
    tap.result(backtrace is not None, "the command of --gdb attaches and shows where the kernel is", said)
    tap.result(status == 0 and b"ok 45" in output, "the guest goes on when gdb has detached",
               output.decode(errors="replace"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root-server", required=True, help="one that prints 45 TAP lines and ends")
    options = parser.parse_args()
    root_server = str(pathlib.Path(options.root_server).resolve())
    tap = Tap(9)
    system(tap)
    deterministic(tap, root_server)
    panic(tap, root_server)
    gdb(tap, root_server)
    release(tap)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
