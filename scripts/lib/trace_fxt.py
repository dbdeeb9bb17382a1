"""Reads what the shell's command `trace N` prints: kernel events in the Fuchsia trace format, as base64
between the lines `fxt-begin` and `fxt-end`, and shows them as a table. Not a general reader: it knows the
records that servers/shell/fxt.hpp writes and refuses others. Tests: tests/test_trace_fxt.py.
[Fuchsia trace format, "Record Types"]
"""
import base64
import binascii
from collections import namedtuple
import re
import struct

MAGIC = struct.pack('<Q', 0x0016547846040010)
METADATA, INITIALIZATION, STRING, EVENT, OBJECT, SCHEDULING = 0, 1, 2, 4, 7, 8
PROCESS, THREAD = 1, 2
STATES = {1: 'preempted', 3: 'blocked'}

Event = namedtuple('Event', 'time name thread other arguments')


class NoTrace(Exception):
    """The file holds no trace, or one that is not whole."""


class Trace:
    def __init__(self):
        self.ticks_per_second = 0
        self.strings = {0: ''}
        self.processes, self.threads = {}, {}  # number -> name
        self.events = []


def memory(data):
    """The trace in `data`: the file itself, or the last one that a log of the console holds."""
    if data.startswith(MAGIC):
        return data
    found = re.findall(rb'fxt-begin[^\n]*\n(.*?)fxt-end', data, re.S)
    if not found:
        raise NoTrace('no trace: the file does not begin with one and has no line "fxt-begin"')
    try:
        return base64.b64decode(b''.join(found[-1].split()), validate=True)
    except binascii.Error as problem:
        raise NoTrace(f'what lies between fxt-begin and fxt-end is no base64: {problem}') from None


def bits(word, low, count):
    return word >> low & (1 << count) - 1


class Reader:
    """The records of one trace, each a list of words, its header first."""

    def __init__(self, data):
        if len(data) % 8 != 0 or not data.startswith(MAGIC):
            raise NoTrace('no trace, or its end is missing')
        self.words = struct.unpack(f'<{len(data) // 8}Q', data)
        self.trace = Trace()

    def read(self):
        at = 0
        while at < len(self.words):
            size = bits(self.words[at], 4, 12)
            if size == 0 or at + size > len(self.words):
                raise NoTrace(f'record at word {at} goes over the end')
            self.record(list(self.words[at:at + size]))
            at += size
        return self.trace

    def string(self, reference):
        if reference not in self.trace.strings:
            raise NoTrace(f'string {reference} was not said before it is used')
        return self.trace.strings[reference]

    @staticmethod
    def text(words, length):
        if len(words) != (length + 7) // 8:
            raise NoTrace('a text is not as long as its record')
        return struct.pack(f'<{len(words)}Q', *words)[:length].decode(errors='replace')

    def record(self, words):
        kinds = {METADATA: self.metadata, INITIALIZATION: self.initialization, STRING: self.name,
                 EVENT: self.event, OBJECT: self.object, SCHEDULING: self.scheduling}
        kind = bits(words[0], 0, 4)
        if kind not in kinds:
            raise NoTrace(f'a record of type {kind}')
        try:
            kinds[kind](*words)
        except TypeError:
            raise NoTrace(f'a record of type {kind} with {len(words)} words') from None

    def metadata(self, *words):
        pass  # the magic number, and who wrote it

    def initialization(self, _, ticks):
        self.trace.ticks_per_second = ticks

    def name(self, header, *words):
        self.trace.strings[bits(header, 16, 15)] = self.text(words, bits(header, 32, 15))

    def object(self, header, number, *_):
        name = self.string(bits(header, 24, 16))
        kind = bits(header, 16, 8)
        (self.trace.processes if kind == PROCESS else self.trace.threads)[number] = name

    def event(self, header, time, _process, thread, *arguments):
        shown = {}
        if bits(header, 16, 4) != 0 or bits(header, 24, 8) != 0 or len(arguments) != bits(header, 20, 4):
            raise NoTrace('an event that is no instant with arguments of one word')
        for word in arguments:
            shown[self.string(bits(word, 16, 16))] = bits(word, 32, 32)
        self.trace.events.append(Event(time, self.string(bits(header, 48, 16)), thread, 0, shown))

    def scheduling(self, header, time, thread, *incoming):
        kind = bits(header, 60, 4)
        if kind == 1 and len(incoming) == 1:
            state = STATES.get(bits(header, 36, 4), 'in another state')
            event = Event(time, 'dispatch', incoming[0], thread, {'state': state})
        elif kind == 2 and not incoming:
            event = Event(time, 'wake', thread, 0, {})
        else:
            raise NoTrace(f'a scheduling record of kind {kind}')
        self.trace.events.append(event)


def read(data):
    return Reader(memory(data)).read()


def running(trace):
    """{thread: ticks that it ran}, from the first switch to the last event. 0 is the idle thread."""
    ran, switches = {}, [event for event in trace.events if event.name == 'dispatch']
    ends = [event.time for event in switches[1:]] + [event.time for event in trace.events[-1:]]
    for event, end in zip(switches, ends):
        ran[event.thread] = ran.get(event.thread, 0) + end - event.time
    return ran


def table(trace):
    """Lines of text: events, times in microseconds since the first, and who ran for how long."""
    def who(thread):
        return trace.threads.get(thread, f'{thread:x}') if thread else ''

    yield (f'{len(trace.events)} events, {len(trace.threads)} threads of '
           f'{len(trace.processes)} programs')
    yield f'{"us":>12}  {"event":<11} {"thread":<16} {"instead of":<16} details'
    for event in trace.events:
        micro = (event.time - trace.events[0].time) * 1e6 / (trace.ticks_per_second or 1)
        details = ' '.join(f'{key}={value:#x}' if isinstance(value, int) else f'{key}={value}'
                           for key, value in event.arguments.items())
        yield (f'{micro:12.3f}  {event.name:<11} {who(event.thread):<16} {who(event.other):<16} '
               f'{details}').rstrip()
    ran = running(trace)
    total = sum(ran.values()) or 1
    for thread, ticks in sorted(ran.items(), key=lambda each: -each[1]):
        yield (f'{ticks * 1e6 / (trace.ticks_per_second or 1):12.3f}  {"ran":<11} '
               f'{who(thread) or "idle":<16} {100 * ticks / total:.1f} %')
