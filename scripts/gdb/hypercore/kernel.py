"""Finds the kernel's objects from gdb. The kernel keeps no list of them: they are what capabilities
name. So: from the threads that the CPU knows, through their slots, the CNodes these name, and the
derivation tree's list that each slot is in, until nothing new turns up.

Memory may be corrupt when somebody looks here. Invariant: every walk ends, at a bound or where it
comes round; what is wrong goes into `problems` as a sentence, and what was found until then counts.
"""
from collections import namedtuple
import struct

import gdb

from .printers import WORD, enumerator, object_address

MAX_THREADS = 10_000  # in one queue
MAX_SLOTS = 200_000   # in all
MAX_RADIX = 16        # of a CNode that is looked through
SLOT_SIZE = 32

ISSUED_BY = {'irq_control': 'irq_handler', 'io_port_control': 'io_port'}
NAMED_BY_DATA = ('irq_handler', 'io_port', 'sched_control')

Slot = namedtuple('Slot', 'address meta data prev next')


def pointer(value):
    return int(value) & WORD


def at(address, type_name):
    """The object of this type at an address."""
    return gdb.Value(address).cast(gdb.lookup_type(type_name).pointer()).dereference()


class Kernel:
    """What was found in one look. Slots and threads: by address."""

    seen = set()  # threads of the last look

    def __init__(self):
        self.problems = []
        self.cpu = gdb.parse_and_eval('mk::boot_cpu')
        self.current = pointer(self.cpu['current'])
        self.idle = pointer(self.cpu['idle'].address)
        self.slots = {}
        self.threads = {}
        self._containers = []

    def complain(self, text):
        if text not in self.problems:
            self.problems.append(text)

    # --- reading ---

    def good(self, address, what):
        """Whether an address can be an object's: in the kernel's half and aligned."""
        if address >> 47 == 0x1ffff and address % 16 == 0:
            return True
        self.complain(f'{what}: {address:#x} is no address of an object')
        return False

    def read(self, address, length, what):
        try:
            return bytes(gdb.selected_inferior().read_memory(address, length))
        except gdb.error:
            self.complain(f'{what}: no memory at {address:#x}')
            return b''

    def walk(self, head, following, what, circular=False):
        """The threads of a queue from `head` on; `following` answers the next one's address. Ends at
        a null pointer or, when `circular`, where it began."""
        seen, address = set(), head
        while address and len(seen) < MAX_THREADS:
            if address in seen:
                if not (circular and address == head):
                    self.complain(f'{what}: {address:#x} comes twice')
                return
            if not self.good(address, what):
                return
            seen.add(address)
            thread = at(address, 'mk::Tcb')
            try:
                step = pointer(following(thread))
            except gdb.error:
                self.complain(f'{what}: no memory at {address:#x}')
                return
            yield thread
            address = step
        if address:
            self.complain(f'{what}: does not end after {MAX_THREADS} threads')

    # --- the queues of the CPU ---

    def ready_queues(self):
        """(domain, priority, queue, its threads) of each ready queue that is not empty."""
        for domain in range(self.cpu['ready'].type.range()[1] + 1):
            table = self.cpu['ready'][domain]['table_']
            if not pointer(table) or not self.good(pointer(table), 'table of ready queues'):
                continue
            for priority in range(255, -1, -1):
                queues = table[priority]
                filled, heads = int(queues['filled']), queues['head']
                for queue in range(heads.type.range()[1] + 1):
                    if not filled >> queue & 1:
                        continue
                    yield domain, priority, queue, self.walk(
                        pointer(heads[queue]), lambda thread: thread['sched_link']['next'],
                        f'ready queue {queue} of priority {priority}', circular=True)

    def release_queue(self):
        return self.walk(pointer(self.cpu['release_head']),
                         lambda thread: thread['sched_link']['next'], 'release queue')

    def waiting(self, head, what):
        return self.walk(head, lambda thread: thread['wait_link']['next'], what)

    # --- everything ---

    def find(self):
        """Fills `slots` and `threads`. Answers itself."""
        table = gdb.parse_and_eval('mk::irq_table.notification')
        self._containers.append((pointer(table.address), table.type.range()[1] + 1))
        if self.current and self.current != self.idle:
            self._add_thread(self.current, 'the CPU')
        for *_, threads in self.ready_queues():
            for thread in threads:
                self._add_thread(pointer(thread.address), 'a ready queue')
        for thread in self.release_queue():
            self._add_thread(pointer(thread.address), 'the release queue')
        self._look_through_all()
        for address in Kernel.seen:
            # When all wait, the CPU knows nobody. Capabilities to a thread lead to where it was.
            if not self.threads and self._looks_like_thread(address):
                self._add_thread(address, 'a thread seen before')
                self._look_through_all()
        Kernel.seen = set(self.threads)
        self._check_links()
        if not self.threads:
            self.complain('no thread is known: the kernel still boots, or all wait and none was '
                          'seen before (hbreak mk::schedule, continue, and look again)')
        return self

    def _look_through_all(self):
        while self._containers:
            self._look_through(*self._containers.pop())

    def _looks_like_thread(self, address):
        """Whether it has a CSpace and an address space, as all threads have that ever ran."""
        try:
            caps = [int(at(address, 'mk::Tcb')['slots'][n]['cap_']['meta_']) & 0x1f for n in (0, 1)]
        except gdb.error:
            return False
        return [enumerator('mk::CapType', kind) for kind in caps] == ['cnode', 'pml4']

    def _add_thread(self, address, what):
        if address in self.threads or not self.good(address, what):
            return
        thread = at(address, 'mk::Tcb')
        if not self.read(address, thread.type.sizeof, what):
            return
        self.threads[address] = thread
        self._containers.append((pointer(thread['slots'].address),
                                 thread['slots'].type.range()[1] + 1))

    def _look_through(self, address, count):
        """Every capability of an array of slots, and those linked to it."""
        data = self.read(address, count * SLOT_SIZE, 'slots')
        for offset in range(0, len(data), SLOT_SIZE):
            self._add_slot(Slot(address + offset, *struct.unpack_from('<4Q', data, offset)))

    def _add_slot(self, slot):
        pending = [slot]
        while pending:
            slot = pending.pop()
            if slot.address in self.slots or slot.meta & 0x1f == 0:
                continue
            if len(self.slots) >= MAX_SLOTS:
                return self.complain(f'more than {MAX_SLOTS} capabilities: the others are left out')
            self.slots[slot.address] = slot
            self._enter(slot)
            for neighbour in (slot.prev & ~0x1f, slot.next):
                if neighbour and neighbour not in self.slots:
                    what = f'link of the slot at {slot.address:#x}'
                    if self.good(neighbour, what):
                        if data := self.read(neighbour, SLOT_SIZE, what):
                            pending.append(Slot(neighbour, *struct.unpack('<4Q', data)))

    def _enter(self, slot):
        """What has slots itself will be looked through."""
        kind, address, aux = self.kind(slot), object_address(slot.meta), slot.meta >> 9 & 0x7f
        what = f'{kind} capability at {slot.address:#x}'
        if kind == 'tcb':
            self._add_thread(address, what)
        elif kind == 'cnode' and self.good(address, what):
            container = (address, 1 << min(aux, MAX_RADIX))
            if aux > MAX_RADIX:
                self.complain(f'{what}: only its first 2^{MAX_RADIX} slots are looked at')
            self._containers.append(container)

    def _check_links(self):
        for slot in self.slots.values():
            following = self.slots.get(slot.next)
            if slot.next and (following is None or following.prev & ~0x1f != slot.address):
                self.complain(f'derivation tree: the slot behind {slot.address:#x} does not point back')

    # --- what was found ---

    @staticmethod
    def kind(slot):
        return enumerator('mk::CapType', slot.meta & 0x1f)

    def objects(self, kind):
        """Addresses of the objects of a kind that some capability names, in order."""
        return sorted({object_address(slot.meta) for slot in self.slots.values()
                       if self.kind(slot) == kind})

    def is_parent(self, a, b):
        """DerivationTree::is_parent for two neighbours."""
        kind, other = self.kind(a), self.kind(b)
        if not a.prev & 1:
            return False
        if kind in ('untyped', 'frame'):
            aux = a.meta >> 9
            bits = aux & 0x3f if kind == 'untyped' else 12 + 9 * (aux & 3)
            # Objects are named by their place in the physical map, which begins at bit 47.
            base, inner = (object_address(slot.meta) & (1 << 47) - 1 for slot in (a, b))
            return (kind == 'untyped' or other == 'frame') and inner != 0 and \
                base <= inner < base + (1 << bits)
        if kind in ISSUED_BY:
            return other in (kind, ISSUED_BY[kind])
        if kind != other or object_address(a.meta) != object_address(b.meta):
            return False
        if kind in ('endpoint', 'notification'):
            return a.data == 0 or a.data == b.data and not b.prev & 2
        return kind not in NAMED_BY_DATA or a.data == b.data

    def name(self, address):
        """A thread for people: its name and address."""
        if not address:
            return 'nobody'
        if address == self.idle:
            return 'the idle thread'
        data = self.read(pointer(at(address, 'mk::Tcb')['name'].address), 48, 'a thread') \
            if self.good(address, 'a thread') else b''
        name = data.split(b'\0')[0].decode('latin-1')
        return f"'{name}'" if name.isprintable() and name else f'thread {address:#x}'
