"""The command scripts/trace: reads the kernel event ring as a program dumped it, or what the shell's
`trace N` printed (trace_fxt.py), and prints one line for each event, oldest first. The ring's layout is libs/abi/event_ring.hpp, from which the names of events
are read; a ring is not believed: what is not whole is left out and counted. Tests: tests/test_trace_events.py.
"""
import argparse
from collections import namedtuple
from pathlib import Path
import re
import struct
import sys

import trace_fxt

ROOT = Path(__file__).resolve().parents[2]
HEADER = struct.Struct('<8sIIQQII24x')  # alignas(64)
RECORD = struct.Struct('<QIBBHIIII')
MAGIC = b'HCEVENTS'

Ring = namedtuple('Ring', 'cpu ticks_per_us written events')
Event = namedtuple('Event', 'number time kind level detail thread other object value')


class NoRing(Exception):
    """The file holds no event ring that is known here."""


def kinds(text):
    """Number -> name of every event, from the interface header."""
    body = re.search(r'enum class Event : u8 \{(.*?)\};', text, re.S)[1]
    return {int(number): name for name, number in re.findall(r'(\w+) = (\d+),', body)}


def memory(data):
    """The dumped bytes: the file itself, or what lines `event-ring: HEX` of a serial log say."""
    if data.startswith(MAGIC):
        return data
    lines = re.findall(rb'^.*?event-ring: *((?:[0-9a-f]{2})+)\s*$', data, re.M)
    return bytes.fromhex(b''.join(lines).decode())


def read(data):
    """The ring in `data`, with the events that are whole, in order."""
    data = memory(data)
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise NoRing('no event ring: the file begins neither with one nor has lines "event-ring: ..."')
    _, version, size, capacity, written, cpu, ticks = HEADER.unpack_from(data)
    if version != 1 or size != RECORD.size:
        raise NoRing(f'version {version} with records of {size} bytes: not known here')
    if capacity == 0 or HEADER.size + capacity * size > len(data):
        raise NoRing(f'{capacity} records are more than the file holds')
    events = []
    for number in range(max(0, written - capacity), written):
        time, sequence, *rest = RECORD.unpack_from(data, HEADER.size + number % capacity * size)
        if sequence == (number + 1) & 0xffffffff:
            events.append(Event(number, time, *rest))
    return Ring(cpu, ticks, written, events)


def table(ring, names):
    """Lines of text. Times are microseconds since the first event shown."""
    yield (f'cpu {ring.cpu}, {ring.written} events, {ring.written - len(ring.events)} of them lost')
    yield f'{"us":>12}  {"event":<11}{"thread":>10}{"other":>10}{"object":>10}  detail level value'
    for e in ring.events:
        micro = (e.time - ring.events[0].time) / (ring.ticks_per_us or 1)
        name = names.get(e.kind, str(e.kind))
        yield (f'{micro:12.3f}  {name:<11}{e.thread:10x}{e.other:10x}{e.object:10x}'
               f'{e.detail:8}{e.level:6} {e.value:#x}')


def main(arguments):
    parser = argparse.ArgumentParser(prog='trace', description=__doc__.split('\n\n')[0])
    parser.add_argument('file', type=Path, help='the bytes of the ring\'s frame, or a serial log with '
                        'lines "event-ring: HEX" that together are those bytes; or a log of the '
                        'console after the shell\'s command trace')
    parser.add_argument('--fxt', type=Path, metavar='OUT', help='also writes the trace of the '
                        'shell\'s command as a file that Perfetto opens')
    options = parser.parse_args(arguments)
    names = kinds((ROOT / 'libs/abi/event_ring.hpp').read_text())
    try:
        data = options.file.read_bytes()
        if b'fxt-begin' in data or data.startswith(trace_fxt.MAGIC):
            print('\n'.join(trace_fxt.table(trace_fxt.read(data))))
            if options.fxt:
                options.fxt.write_bytes(trace_fxt.memory(data))
            return 0
        print('\n'.join(table(read(data), names)))
    except (NoRing, trace_fxt.NoTrace, OSError) as problem:
        print(f'trace: {problem}', file=sys.stderr)
        return 1
    return 0
