#!/usr/bin/env python3
"""Traces the kernel's paths instruction by instruction, and prints for each what instructions alone
do not tell: CR3 loads, WRMSRs, serialising instructions, distinct cache lines of kernel data.
With --profile also where the instructions are spent, by function and by source line.

The benchmark (kernel-bench.elf) runs on a release kernel with --icount; in the middle of each of its
operations every kernel instruction of one round is logged with its registers. Counted are the
instructions from the first of the kernel to its iretq or sysretq; what the CPU itself touches
(descriptors, page tables, the frame that an interrupt pushes) is not.
"""
import argparse
from collections import Counter, OrderedDict
import contextlib
from pathlib import Path
import re
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'scripts/lib'))
import guest_test  # noqa: E402
from launcher import Guest, scratch_folder  # noqa: E402
from options import checked  # noqa: E402
import project  # noqa: E402
from gdb_remote import Remote  # noqa: E402
from machine_code import disassemble  # noqa: E402

LINE = 64
# Which round of an operation is traced: late enough for everything to have happened once.
ROUND = 12
_STATE = re.compile(r'\b(R\w\w?|CR3) *=([0-9a-f]{16})')
USER_END = 1 << 47
VECTORS = 256
NOT_TRACED = (2, 8, 18)  # NMI, double fault, machine check: never on these paths
TIMER_VECTOR = 0xf0  # of the kernel's own timer
SYSCALLS = {-1: 'Call', -2: 'ReplyRecv', -3: 'NBSendRecv', -4: 'NBSendWait', -5: 'Send',
            -6: 'NBSend', -7: 'Recv', -8: 'NBRecv', -9: 'Wait', -10: 'NBWait', -11: 'Yield'}


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', metavar='DIR', help='take what is built there, build nothing')
    parser.add_argument('--profile', action='store_true', help='instructions by function and line')
    parser.add_argument('--trace', action='store_true', help='every instruction')
    parser.add_argument('--only', metavar='REGEX', default='', help='operations whose names match')
    parser.add_argument('--top', type=int, default=25, metavar='N', help='lines of a profile')
    return parser.parse_args(arguments)


def symbols(elf):
    """{name: (address, size)}, C++ names in full."""
    text = subprocess.run(['nm', '-S', '-C', str(elf)], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    found = re.findall(r'^([0-9a-f]+) (?:([0-9a-f]+) )?\w (.*)$', text, re.M)
    return {name: (int(address, 16), int(size or '0', 16)) for address, size, name in found}


class Code:
    """The kernel's instructions and the places where user mode enters it."""

    def __init__(self, elf):
        self.elf = elf
        self.instructions, self.functions = disassemble(elf)
        names = symbols(elf)
        self.syscall = names['syscall_stub'][0]
        stubs = names['trap_stubs'][0]
        self.timer = stubs + 16 * TIMER_VECTOR
        self.vectors = {stubs + 16 * vector: vector for vector in range(VECTORS)
                        if vector not in NOT_TRACED}
        self.entries = {self.syscall, *self.vectors}
        stack = names['kernel_stacks'][0]
        self.stacks = range(stack, stack + 0x8000)
        self.image = range(names['kernel_text_start'][0], names['kernel_image_end'][0])

    def entry_name(self, registers):
        if registers['rip'] == self.syscall:
            number = registers['rdx'] - (1 << 64) if registers['rdx'] >> 63 else registers['rdx']
            return SYSCALLS.get(number, f'syscall {number}')
        vector = self.vectors[registers['rip']]
        return f'exception {vector}' if vector < 32 else f'interrupt {vector}'

    def region(self, address):
        if address in self.stacks:
            return 'stack'
        return 'image' if address in self.image else 'objects'


class Visit:
    """One stay in the kernel, from the entry to the return to user mode."""

    def __init__(self, code, name):
        self.code, self.name = code, name
        self.addresses = []
        self.lines = {}  # number of a cache line: the region it is in

    def add(self, registers):
        address = registers['rip']
        instruction = self.code.instructions[address]
        # QEMU begins an instruction anew that turns out to access a device: it is logged twice.
        if self.addresses and address == self.addresses[-1] and not instruction.repeats:
            return
        self.addresses.append(address)
        for access in instruction.accesses(registers):
            for line in range(access.address // LINE,
                              (access.address + access.size - 1) // LINE + 1):
                self.lines.setdefault(line, self.code.region(access.address))

    def count(self, condition):
        return sum(condition(self.code.instructions[each]) for each in self.addresses)

    def figures(self):
        regions = Counter(self.lines.values())
        return OrderedDict(
            instructions=len(self.addresses),
            cr3_loads=self.count(lambda each: each.loads_cr3),
            wrmsr=self.count(lambda each: each.writes_msr),
            serialising=self.count(lambda each: each.serialises), lines=len(self.lines),
            lines_of_stack=regions['stack'], lines_of_image=regions['image'],
            lines_of_objects=regions['objects'])


class Tracer:
    """Runs the benchmark and collects the visits of one round of each operation."""

    def __init__(self, remote, code, bench, log):
        self.remote, self.code, self.log = remote, code, log
        names = symbols(bench)
        self.begin = names['bench::begin(char const*)'][0]
        self.next_round = names['bench::next_round()'][0]
        address, size = names['kt::(anonymous namespace)::run_watchdog()']
        self.watchdog = range(address, address + size)
        self.sample = names['bench::sample(unsigned long, unsigned long)'][0]
        self.end = names['bench::print_json()'][0]

    def run(self, wanted):
        """{operation: [Visit]} of the operations whose names match."""
        paths, name, rounds = OrderedDict(), None, 0
        self.remote.stop_at(self.begin)
        self.remote.stop_at(self.end)
        while self.remote.run():
            registers = self.remote.registers()
            if registers['rip'] == self.end:
                break
            if registers['rip'] == self.begin:
                name, rounds = self.remote.text(registers['rdi']), 0
                if re.search(wanted, name):
                    self.remote.stop_at(self.next_round)
                continue
            rounds += 1
            if rounds == ROUND:
                paths[name] = self.trace_round()
                self.remote.do_not_stop_at(self.next_round)
        return paths

    def trace_round(self):
        """What the kernel does until the benchmark takes the round's first sample."""
        start = self.log.stat().st_size
        self.remote.stop_at(self.sample)
        self.remote.monitor('singlestep on')
        self.remote.monitor('log cpu,nochain')
        self.remote.run()
        self.remote.monitor('log none')
        self.remote.monitor('singlestep off')
        self.remote.do_not_stop_at(self.sample)
        with open(self.log) as log:
            log.seek(start)
            return list(self.visits(log.read()))

    def is_foreign(self, registers):
        """Whether an entry is no part of an operation: the kernel's timer and the harness's watchdog,
        which it wakes. At each stop the guest's clock jumps to the next timer of any device."""
        return registers['rip'] == self.code.timer or (
            registers['rip'] == self.code.syscall and registers['rcx'] in self.watchdog)

    def visits(self, text):
        """The stays in the kernel that a log shows. What began before the log is left out."""
        visit = None
        for dump in text.split('RAX=')[1:]:
            registers = parse_state(dump)
            if visit and (registers['rip'] in self.code.entries or registers['rip'] < USER_END):
                yield visit
                visit = None
            if registers['rip'] in self.code.entries and not self.is_foreign(registers):
                visit = Visit(self.code, self.code.entry_name(registers))
            if visit:
                visit.add(registers)


def parse_state(dump):
    """The registers of one dump of QEMU's log, which begins behind `RAX=`."""
    return {name.lower(): int(value, 16) for name, value in _STATE.findall('RAX=' + dump[:600])}


@contextlib.contextmanager
def running(guest):
    """Carries the guest's serial line meanwhile, on which it would wait for a reader."""
    finished = threading.Event()
    carrier = threading.Thread(target=guest.run, kwargs={'until': finished.is_set})
    carrier.start()
    try:
        yield
    finally:
        finished.set()
        carrier.join()


def trace(options):
    build = Path(options.build)
    bench = build / 'tests/bench/kernel-bench.elf'
    code = Code(project.kernel_elf(build))
    settings = guest_test.parse(['--build', options.build, '--icount', '--root-server', str(bench),
                                 '--timeout', '600'])
    checked(settings, gdb=True)
    with scratch_folder() as scratch, socket.create_server(('127.0.0.1', 0)) as stub:
        image = guest_test.make_image(settings, scratch)
        with Guest(settings, image, scratch, gdb_socket=stub) as guest, running(guest), \
                Remote(stub.getsockname()[1]) as remote:
            return code, Tracer(remote, code, bench, scratch / 'cpu.log').run(options.only)


def distinct(visits):
    """One visit of each kind with how often it came, in the order of their first coming."""
    kinds = OrderedDict()
    for visit in visits:
        kinds.setdefault((visit.name, *visit.figures().items()), []).append(visit)
    return [(same[0], len(same)) for same in kinds.values()]


def print_table(paths):
    print(f'{"path":44}{"insns":>7}{"CR3":>5}{"WRMSR":>7}{"serial.":>9}{"lines":>7}'
          '  (stack + image + objects)')
    for name, visits in paths.items():
        for visit, times in distinct(visits):
            it = visit.figures()
            title = f'{name}: {visit.name}' + (f' (x{times})' if times > 1 else '')
            print(f'{title:44}{it["instructions"]:7}{it["cr3_loads"]:5}'
                  f'{it["wrmsr"]:7}{it["serialising"]:9}{it["lines"]:7}  ({it["lines_of_stack"]} + '
                  f'{it["lines_of_image"]} + {it["lines_of_objects"]})')


def inlined(elf, addresses):
    """{address: [(function, place), ...]}, innermost first, as the debug information knows them."""
    wanted = sorted(addresses)
    text = subprocess.run(['addr2line', '-e', str(elf), '-a', '-f', '-i', '-C'], check=True,
                          input='\n'.join(map(hex, wanted)).encode(),
                          stdout=subprocess.PIPE).stdout.decode()
    result, current = {}, None
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith('0x'):
            current = result[int(line, 16)] = []
        else:
            place = next(lines).split(' (disc')[0]
            current.append((line, re.sub(r'^.*/(?:microkernel|libs)/', '', place)))
    return result


def print_profile(code, name, visit, top):
    counts = Counter(visit.addresses)
    frames = inlined(code.elf, counts)
    functions, inner, places = Counter(), Counter(), Counter()
    for address, count in counts.items():
        functions[code.functions[address]] += count
        inner[frames[address][0][0]] += count
        places[frames[address][0][1]] += count
    print(f'\n== {name}: {visit.name}, {len(visit.addresses)} instructions')
    for title, table in (('by function', functions), ('with inlined functions apart', inner),
                         ('by line', places)):
        print(f'-- {title}')
        for what, count in table.most_common(top):
            print(f'{count:7} {what}')


def print_trace(code, name, visit):
    print(f'\n== {name}: {visit.name}')
    function = None
    for address in visit.addresses:
        if code.functions[address] != function:
            function = code.functions[address]
            print(f'{function}:')
        print(f'  {address:x}  {code.instructions[address].text}')


def main(arguments):
    options = parse(arguments)
    if not options.build:
        options.build = str(project.build_dir(release=True))
        project.build(Path(options.build), release=True)
    code, paths = trace(options)
    print_table(paths)
    for name, visits in paths.items():
        for visit, _ in distinct(visits):
            if options.profile:
                print_profile(code, name, visit, options.top)
            if options.trace:
                print_trace(code, name, visit)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
