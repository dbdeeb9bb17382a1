#!/usr/bin/env python3
"""Random system calls against the kernel in an emulator, with the kernel's own checks after every
kernel entry (check=every). The same seed gives the same run, instruction by instruction.

    tests/fuzz/kernel/run.py --seed 7                   # one run; TAP
    tests/fuzz/kernel/run.py --seed 7 --calls 12345     # its first calls only
    tests/fuzz/kernel/run.py --soak --log fuzz.txt      # new seeds until stopped

When a run fails, the calls that led there are printed, the last one at the end: since the kernel
checks itself after every entry, that is mostly the bad one.
"""
import argparse
import mmap
from pathlib import Path
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'scripts/lib'))
import project  # noqa: E402

HERE = Path(__file__).resolve().parent
MEMORY_MIB = 64
PARAMETERS = b'fuzz-parameters\0'
RING_MAGIC = struct.pack('<2Q', 0x66757a7a2d72696e, 0x672d686572652d21)
RING_SIZE, RECORD_WORDS = 512, 19
SYSCALLS = {-1: 'Call', -2: 'ReplyRecv', -3: 'NBSendRecv', -4: 'NBSendWait', -5: 'Send',
            -6: 'NBSend', -7: 'Recv', -8: 'NBRecv', -9: 'Wait', -10: 'NBWait', -11: 'Yield'}
DONE = re.compile(r'^ok 1 - random calls: (\d+)$', re.M)


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add('--seed', type=int, default=1, metavar='N', help='of the first run (default: 1)')
    add('--calls', type=int, default=300_000, metavar='N', help='of one run (default: 300000)')
    add('--runs', type=int, default=1, metavar='N', help='so many seeds (default: 1)')
    add('--soak', action='store_true', help='one seed after the other, until interrupted')
    add('--log', metavar='FILE', help='--soak: append a line for each run here')
    add('--last', type=int, default=24, metavar='N', help='calls to print of a failed run')
    add('--twice', action='store_true', help='repeat each run and compare what came out')
    add('--cmdline', default='check=every', metavar='TEXT', help='of the kernel')
    add('--build', metavar='DIR', help='take what is built there, build nothing')
    add('--emulator-arg', action='append', default=[], metavar='ARG',
        help='passed on, for example -gdb and tcp::1234')
    add('--timeout', default='600', metavar='SECONDS', help='of one run')
    return parser.parse_args(arguments)


def patched(original, seed, calls, to):
    """A copy of the root server that runs this seed."""
    data = bytearray(Path(original).read_bytes())
    at = data.index(PARAMETERS)
    if data.find(PARAMETERS, at + 1) != -1:
        raise project.ProjectError(f'{original}: the parameters are there twice')
    struct.pack_into('<2Q', data, at + len(PARAMETERS), seed, calls)
    to.write_bytes(data)


def method_names():
    """Label -> name, from the headers that define them."""
    names = {}
    for header in ('labels.hpp', 'extensions.hpp'):
        text = (project.ROOT / 'libs/abi' / header).read_text()
        for name, value in re.findall(r'(?:Label )?(\w+)(?: = |\{)(0x[0-9a-fA-F]+|\d+)[,}]', text):
            names.setdefault(int(value, 0), name)
    return names


def last_calls(memory, count):
    """The ring of the machine's memory as text, oldest call first."""
    with open(memory, 'rb') as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        at = data.find(RING_MAGIC)
        while at != -1 and at % 4096:
            at = data.find(RING_MAGIC, at + 1)
        if at == -1:
            return ['no ring of calls in memory']
        # Page by page: what the program sees as one piece is one in memory as well (boot loads it
        # so), since its image is contiguous.
        records = [struct.unpack_from(f'<{RECORD_WORDS}Q', data, at + 24 + 8 * RECORD_WORDS * i)
                   for i in range(RING_SIZE)]
    names = method_names()
    return [describe(record, names) for record in sorted(records) if record[0]][-count:]


def describe(record, names):
    number, worker, syscall, cap, info, reply, destination = record[:7]
    words, caps, answer = record[7:15], record[15:18], record[18]
    syscall -= (syscall >> 63) << 64
    label, length, count = info >> 12, info & 127, info >> 7 & 3
    text = (f'{number:7} worker {worker:2} {SYSCALLS.get(syscall, f"syscall {syscall}"):10} '
            f'cap {cap:#x} {names.get(label, label)}({", ".join(f"{w:#x}" for w in words[:length])})')
    if count:
        text += f' caps [{", ".join(f"{c:#x}" for c in caps[:count])}]'
    if syscall in (-2, -3, -4, -7, -8):
        text += f' r12 {reply:#x} r13 {destination:#x}'
    return text + (' -> did not return' if answer == 2**64 - 1 else f' -> {answer >> 12}')


def run(options, seed, scratch):
    """One run: (whether it was good, calls made, digest and the like, comments)."""
    root_server, memory = scratch / 'fuzz.elf', scratch / 'memory'
    patched(Path(options.build) / 'tests/fuzz/kernel/kernel-fuzz.elf', seed, options.calls,
            root_server)
    command = [project.ROOT / 'scripts/guest-test', '--build', options.build, '--icount',
               '--memory', MEMORY_MIB, '--timeout', options.timeout, '--cmdline', options.cmdline,
               '--root-server', root_server,
               '--emulator-arg=-object', f'--emulator-arg=memory-backend-file,id=ram,share=on,'
               f'size={MEMORY_MIB}M,mem-path={memory}',
               '--emulator-arg=-machine', '--emulator-arg=memory-backend=ram',
               *(f'--emulator-arg={argument}' for argument in options.emulator_arg)]
    result = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE)
    lines = [line.removeprefix('# ') for line in
             result.stdout.decode(errors='replace').splitlines()]
    text = '\n'.join(lines)
    told = [int(n) for n in re.findall(r'(?:fuzz: calls|random calls:) (\d+)', text)]
    digest = [line for line in lines if line.startswith(('fuzz: restarts', 'fuzz: capabilities'))]
    if result.returncode == 0 and DONE.search(text):
        return True, told[-1], digest, digest
    comments = [line for line in lines if line][-60:] + ['the last calls:']
    comments += last_calls(memory, options.last)
    return False, told[-1] if told else 0, digest, comments


def comment(lines):
    print(''.join(f'# {line}\n' for line in lines), end='', flush=True)


def soak(options, scratch):
    """Runs until interrupted; returns how many failed."""
    failed, seed = 0, options.seed
    while True:
        begin = time.monotonic()
        good, calls, _, comments = run(options, seed, scratch)
        line = (f'{time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())} seed {seed}: '
                f'{"ok" if good else "FAILED"}, {calls} calls, {time.monotonic() - begin:.0f} s')
        print(line, flush=True)
        if options.log:
            with open(options.log, 'a') as log:
                log.write(line + '\n' + ''.join(f'    {each}\n' for each in comments if not good))
        if not good:
            failed += 1
            comment(comments)
            print(f'replay: tests/fuzz/kernel/run.py --seed {seed} --calls {options.calls}',
                  flush=True)
        seed += 1


def once(options, scratch):
    print(f'TAP version 13\n1..{options.runs * (1 + options.twice)}', flush=True)
    number, all_good = 0, True

    def result(good, what):
        nonlocal number, all_good
        number, all_good = number + 1, all_good and good
        print(f'{"ok" if good else "not ok"} {number} - {what}', flush=True)

    for seed in range(options.seed, options.seed + options.runs):
        good, calls, digest, comments = run(options, seed, scratch)
        comment(comments)
        result(good, f'seed {seed}: {calls} random calls break no invariant of the kernel')
        if not options.twice:
            continue
        _, calls_again, digest_again, _ = run(options, seed, scratch)
        same = digest and (calls, digest) == (calls_again, digest_again)
        comment([] if same else [*digest, 'and then', *digest_again])
        result(same, f'seed {seed}: the same seed gives the same run')
    return 0 if all_good else 1


def main(arguments):
    options = parse(arguments)
    if not options.build:
        options.build = project.build_dir()
        project.build(options.build)
    scratch = Path(tempfile.mkdtemp(prefix='hypercore-fuzz-'))
    try:
        return (soak if options.soak else once)(options, scratch)
    except KeyboardInterrupt:
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
