"""Runs the benchmark (kernel-bench.elf) with --icount and logs, in the middle of each of its
operations, every instruction of one round with its registers: from that come the kernel's paths.

A Visit is one stay in the kernel, from its first instruction to the iretq or sysretq. What the CPU
itself touches (descriptors, page tables, the frame that an interrupt pushes) is not in it.
Breakpoints find the rounds (gdb_remote.py), QEMU's log has the instructions, machine_code.py says
what they touch. Whoever uses it: paths.py.
"""
from collections import Counter, OrderedDict
import contextlib
from pathlib import Path
import re
import socket
import struct
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
_FIGURE = re.compile(rb'^bench: (\w+) min=\d+ median=(\d+)', re.M)
USER_END = 1 << 47
VECTORS = 256
NOT_TRACED = (2, 8, 18)  # NMI, double fault, machine check: never on these paths
TIMER_VECTOR = 0xf0  # of the kernel's own timer
SYSCALLS = {-1: 'Call', -2: 'ReplyRecv', -3: 'NBSendRecv', -4: 'NBSendWait', -5: 'Send',
            -6: 'NBSend', -7: 'Recv', -8: 'NBRecv', -9: 'Wait', -10: 'NBWait', -11: 'Yield'}


def symbols(elf):
    """{name: (address, size)}, C++ names in full."""
    text = subprocess.run(['nm', '-S', '-C', str(elf)], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    found = re.findall(r'^([0-9a-f]+) (?:([0-9a-f]+) )?\w (.*)$', text, re.M)
    return {name: (int(address, 16), int(size or '0', 16)) for address, size, name in found}


def words(elf, start, end):
    """The 64-bit words at these addresses. [System V ABI, "ELF Header"]"""
    data = elf.read_bytes()
    headers, = struct.unpack_from('<Q', data, 32)
    size, count = struct.unpack_from('<HH', data, 54)
    for at in range(headers, headers + size * count, size):
        kind, _, offset, address, _, file_size = struct.unpack_from('<IIQQQQ', data, at)
        if kind == 1 and address <= start and end <= address + file_size:
            return struct.unpack_from(f'<{(end - start) // 8}Q', data, offset + start - address)
    raise ValueError('no segment holds these words')


def stub_offset(vector):
    """Where a vector's stub is in its set, as TrapStubs in arch/x86_64/descriptors.cpp has it."""
    if vector < 32:
        return 8 * vector
    block, number = divmod(vector - 32, 32)
    return 32 * 8 + block * (32 * 4 + 8) + number * 4


class Code:
    """The kernel's instructions and the places where user mode enters it."""

    def __init__(self, elf, isolated=False):
        self.elf = elf
        self.instructions, self.functions = disassemble(elf)
        names = symbols(elf)
        prefix = 'isolated_' if isolated else ''
        self.syscall = names[prefix + 'syscall_stub'][0]
        stubs = names[prefix + 'trap_stubs'][0]
        self.timer = stubs + stub_offset(TIMER_VECTOR)
        self.vectors = {stubs + stub_offset(vector): vector for vector in range(VECTORS)
                        if vector not in NOT_TRACED}
        if isolated:  # as the kernel does it at boot
            for site in words(elf, names['space_switches_start'][0], names['space_switches_end'][0]):
                self.instructions[site] = self.instructions[site].as_nop()
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


def trace(build, wanted='', isolation=None):
    """Boots the benchmark. ({operation: [Visit]}, {figure: median}), of the operations whose
    names match; the figures are the benchmark's own, of the same run. isolation: the option that
    switches page-table isolation on, if it shall be on."""
    bench = build / 'tests/bench/kernel-bench.elf'
    code = Code(Path(project.kernel_elf(build)), isolation is not None)
    settings = guest_test.parse(['--build', str(build), '--icount', '--root-server', str(bench),
                                 '--timeout', '600', '--cmdline', isolation or ''])
    checked(settings, gdb=True)
    output = bytearray()
    with scratch_folder() as scratch, socket.create_server(('127.0.0.1', 0)) as stub:
        image = guest_test.make_image(settings, scratch)
        with Guest(settings, image, scratch, gdb_socket=stub) as guest:
            guest.on_output.append(output.extend)
            with running(guest), Remote(stub.getsockname()[1]) as remote:
                paths = Tracer(remote, code, bench, scratch / 'cpu.log').run(wanted)
    figures = {name.decode(): int(median) for name, median in _FIGURE.findall(output)}
    return paths, figures
