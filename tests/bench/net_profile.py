"""Where the instructions of the network benchmark go: by program and by function, from the blocks
that peer/spans.c counts. Whose a block is, is told by its address and bytes, since every program has
addresses of its own space. Used by net.py.
"""
from bisect import bisect_right
from collections import Counter
import re
import subprocess

import net_guests
from net_guests import JOBS, NAMES
from system_boot import segments

PROGRAMS = ('servers/net.elf', 'servers/supervisor.elf', 'servers/device-manager.elf',
            'servers/memory-manager.elf', 'servers/entropy.elf', 'drivers/*.elf',
            'tests/system/programs/net-bench.elf')


class Program:
    """Executable bytes of an ELF and its functions."""

    def __init__(self, name, path):
        self.name, self.segments = name, segments(path)[0]
        text = subprocess.run(['nm', '-C', '--defined-only', str(path)], check=True,
                              stdout=subprocess.PIPE).stdout.decode()
        found = sorted((int(address, 16), name) for address, name in
                       re.findall(r'^([0-9a-f]+) [tTwWuV] (.*)$', text, re.M))
        self.addresses = [address for address, _ in found]
        self.names = [name for _, name in found]

    def has(self, address, code):
        return any(start <= address and data[address - start:address - start + len(code)] == code
                   for start, data in self.segments)

    def function(self, address):
        at = bisect_right(self.addresses, address)
        return self.names[at - 1] if at else '?'


def programs(build):
    paths = [path for pattern in PROGRAMS for path in sorted(build.glob(pattern))]
    return [Program('kernel', build / 'microkernel/hypercore.elf'),
            *(Program(path.stem, path) for path in paths)]


def spans(text):
    """Of the plugin's file: a list of blocks (address, executions, instructions, bytes) for each
    span."""
    result = []
    for line in text.splitlines():
        if line.startswith('span '):
            result.append([])
        else:
            address, executions, instructions, code = line.split()
            result[-1].append((int(address, 16), int(executions), int(instructions),
                               bytes.fromhex(code)))
    return result


def counts(blocks, known):
    """{(program, function): instructions}; '?' is firmware and what has no ELF here."""
    result, cache = Counter(), {}
    for address, executions, instructions, code in blocks:
        key = address, code
        if key not in cache:
            owner = next((it for it in known if it.has(address, code)), None)
            cache[key] = (owner.name, owner.function(address)) if owner else ('?', '?')
        result[cache[key]] += executions * instructions
    return result


def by_program(table):
    result = Counter()
    for (program, _), count in table.items():
        result[program] += count
    return result


# In the order of the table's columns: which programs, and of net which functions.
_COPIES = re.compile(r'lwip_port_copy|net_server::Sockets::copy_out|kit::copy')
_POOL = re.compile(r'net_server::(Heap|PacketMemory)::|lwip_port_(allocate|free)')
LAYERS = ('client', 'net: sockets', 'net: copies', 'net: lwIP', 'net: pool', 'net: cards', 'driver', 'kernel',
          'the rest')
TITLE = ['| card | what | ' + ' | '.join(LAYERS) + ' | all |', '|' + '---|' * (3 + len(LAYERS))]
_OF_NET = (('net: copies', _COPIES), ('net: pool', _POOL),
           ('net: cards', re.compile(r'net_server::(Interface|Receive|Transmit|Merger|MulticastFilter|TcpFrame)::')),
           ('net: lwIP', re.compile(r'[a-z0-9_]+(\.\w+)*')))


def layer(program, function):
    """Which of LAYERS. What of net is a plain name of C is lwIP's; what is left of it serves sockets."""
    if program == 'net':
        return next((name for name, names in _OF_NET if names.match(function) and
                     (name != 'net: lwIP' or names.fullmatch(function))), 'net: sockets')
    if program == 'net-bench':
        return 'client'
    if program in ('virtio-net', 'e1000', 'e1000e'):
        return 'driver'
    return 'kernel' if program == 'kernel' else 'the rest'


def rows(title, build, spans_of_jobs):
    known, lines = programs(build), []
    for job, blocks in zip(JOBS, spans_of_jobs):
        result = Counter()
        for (program, function), count in counts(blocks, known).items():
            result[layer(program, function)] += count
        cells = [f'{net_guests.per_unit(job, value):,.0f}'
                 for value in (*(result[name] for name in LAYERS), sum(result.values()))]
        lines.append(f'| {title} | {NAMES[job]} | {" | ".join(cells)} |')
    return lines
