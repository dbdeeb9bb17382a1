"""The commands: `hypercore NAME`, and NAME alone where gdb has no command of that name. Each looks
at the kernel afresh (kernel.py), prints what it finds, and last, behind `!`, what is wrong.
"""
import gdb

from .kernel import Kernel, at, pointer
from .printers import TcbPrinter, describe_slot, enumerator, object_address, short

TCB_SLOTS = ('cspace', 'vspace', 'IPC buffer', 'fault handler', 'timeout handler', 'workplace')
MAX_PROBLEMS = 20
FIFO_LEVELS = 4  # of PriorityQueues; the queues behind them are the buckets of the last level
IN_FEEDBACK = 4  # of SchedContext::flags


class Command(gdb.Command):
    """A subclass names itself, and prints in `show`."""

    def __init__(self):
        super().__init__('hypercore ' + self.name, gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        try:
            kernel = Kernel()
            try:
                self.show(kernel, argument.strip())
            finally:
                for problem in kernel.problems[:MAX_PROBLEMS]:
                    print('! ' + problem)
                if (more := len(kernel.problems) - MAX_PROBLEMS) > 0:
                    print(f'! and {more} more')
        except gdb.error as error:
            # Without a kernel behind gdb, or where memory is too corrupt to begin.
            raise gdb.GdbError(f'hypercore {self.name}: {error}')


def context_words(address):
    """What a scheduling context adds to its thread's line."""
    if not address:
        return 'no context'
    sc = at(address, 'mk::SchedContext')
    words = f'context {address:#x}' + ('' if int(sc['refill_max']) else ' (not configured)')
    if int(sc['flags']) & IN_FEEDBACK:
        words += f", feedback level {int(sc['feedback']['level'])}"
    return words


def thread_line(kernel, thread):
    """One thread: who, where, what it runs on, what it waits for."""
    words = [TcbPrinter(thread).to_string(), context_words(pointer(thread['sc']))]
    state = short(thread['state'])
    if state in ('blocked_on_receive', 'blocked_on_send', 'blocked_on_notification'):
        words.append(f"on {pointer(thread['blocked_on']):#x}")
    if reply := pointer(thread['reply']):
        words.append(f'{"awaits" if state == "blocked_on_reply" else "offers"} reply {reply:#x}')
    if int(thread['fault']['kind']):
        words.append('fault ' + short(thread['fault']['kind']))
    if bound := pointer(thread['bound_notification']):
        words.append(f'bound to {bound:#x}')
    if pointer(thread.address) == kernel.current:
        words.append('current')
    return ', '.join(words)


class Threads(Command):
    """hypercore threads: every thread that a capability names or the CPU knows."""

    name = 'threads'

    def show(self, kernel, _argument):
        for address, thread in sorted(kernel.find().threads.items()):
            print(f'{address:#x}  {thread_line(kernel, thread)}')


class RunQueues(Command):
    """hypercore runqueues: who runs, who is ready, who waits for a refill.
Highest priority first, within one by level and bucket of the feedback class."""

    name = 'runqueues'

    def show(self, kernel, _argument):
        if kernel.current:
            print(f'now      {self.words(kernel.cpu["current"].dereference())}')
        domains = kernel.cpu['ready'].type.range()[1] + 1
        for domain, priority, queue, threads in kernel.ready_queues():
            where = f'domain {domain} ' if domains > 1 else ''
            if queue:
                where += f'level {queue} ' if queue < FIFO_LEVELS else \
                    f'level {FIFO_LEVELS} bucket {queue - FIFO_LEVELS} '
            for thread in threads:
                print(f'{priority:3}      {where}{self.words(thread)}')
        now, rate = int(kernel.cpu['now']), int(kernel.cpu['ticks_per_us']) or 1
        for thread in kernel.release_queue():
            sc = at(pointer(thread['sc']), 'mk::SchedContext')
            refills = (sc.address + 1).cast(gdb.lookup_type('mk::Refill').pointer())
            due = int(refills[int(sc['refill_head'])]['time']) - now
            print(f'release  in {due // rate} us: {self.words(thread)}')

    @staticmethod
    def words(thread):
        return f"{TcbPrinter(thread).to_string()}, {context_words(pointer(thread['sc']))}"


class Ipc(Command):
    """hypercore ipc: who waits on what, and where each scheduling context has to return to.
One line for each endpoint, notification, scheduling context, and reply object in no call stack."""

    name = 'ipc'

    def show(self, kernel, _argument):
        kernel.find()
        for address in kernel.objects('endpoint'):
            self.endpoint(kernel, address)
        for address in kernel.objects('notification'):
            self.notification(kernel, address)
        stacked = set()
        for address in kernel.objects('sched_context'):
            stacked |= self.context(kernel, address)
        for address in kernel.objects('reply'):
            thread = pointer(at(address, 'mk::Reply')['tcb'])
            if thread and address not in stacked and kernel.good(thread, f'reply {address:#x}'):
                self.reply(kernel, address, thread)

    @staticmethod
    def queue(kernel, head, what):
        return ', '.join(f"{kernel.name(pointer(thread.address))} ({int(thread['priority'])})"
                         for thread in kernel.waiting(head, what))

    def endpoint(self, kernel, address):
        if not kernel.good(address, 'endpoint'):
            return
        head = pointer(at(address, 'mk::Endpoint')['head_'])
        state = enumerator('mk::Endpoint::State', head & 3)
        waiting = self.queue(kernel, head & ~3, f'endpoint {address:#x}')
        print(f'endpoint {address:#x} {state}' + (f': {waiting}' if waiting else ''))

    def notification(self, kernel, address):
        if not kernel.good(address, 'notification'):
            return
        value = at(address, 'mk::Notification')
        words = [f"notification {address:#x} {short(value['state'])}"]
        if short(value['state']) == 'active':
            words.append(f"pending {int(value['pending']):#x}")
        if waiting := self.queue(kernel, pointer(value['head_']), f'notification {address:#x}'):
            words.append('for ' + waiting)
        if bound := pointer(value['bound_tcb']):
            words.append('bound to ' + kernel.name(bound))
        if context := pointer(value['sched_context']):
            words.append(f'lends context {context:#x}')
        print(', '.join(words))

    def context(self, kernel, address):
        """Prints a context's holder and call stack; answers the stack's replies."""
        if not kernel.good(address, 'sched_context'):
            return set()
        value = at(address, 'mk::SchedContext')
        stack, reply = [], pointer(value['reply'])
        while reply and kernel.good(reply, f'call stack of context {address:#x}'):
            if reply in stack:
                kernel.complain(f'call stack of context {address:#x}: reply {reply:#x} comes twice')
                break
            stack.append(reply)
            reply = pointer(at(reply, 'mk::Reply')['prev'])
        line = f"context {address:#x} of {kernel.name(pointer(value['tcb']))}"
        if stack:
            line += ', returns to ' + ', then '.join(
                f"{kernel.name(pointer(at(each, 'mk::Reply')['tcb']))} by reply {each:#x}"
                for each in stack)
        print(line)
        return set(stack)

    @staticmethod
    def reply(kernel, address, thread):
        waits = short(at(thread, 'mk::Tcb')['state']) == 'blocked_on_reply'
        print(f'reply {address:#x}: ' + (
            f'{kernel.name(thread)} awaits the answer, no context returns by it' if waits else
            f'offered by {kernel.name(thread)}'))


class Caps(Command):
    """hypercore caps [WHAT]: capabilities, with their neighbours in the derivation tree.
Without WHAT, the CNode at the root of the current thread's CSpace. WHAT is an expression: the number
of a slot in that CNode, or the address of a slot (if a CNode's capability is there: its slots; else
what was derived from it), or a thread (its own slots, and its CNode)."""

    name = 'caps'

    def show(self, kernel, argument):
        kernel.find()
        where = self.address(gdb.parse_and_eval(argument)) if argument else kernel.current
        if where in kernel.threads:
            self.thread(kernel, kernel.threads[where], argument)
            return
        if argument and where >> 47 == 0:
            root = self.root(kernel, kernel.threads.get(kernel.current))
            where = object_address(root.meta) + 32 * where if root else 0
        if where not in kernel.slots:
            kernel.complain(f'{where:#x} is neither a thread nor a slot with a capability'
                            if where else 'there is no current thread: name one')
        elif kernel.kind(kernel.slots[where]) == 'cnode':
            self.cnode(kernel, kernel.slots[where])
        else:
            self.derived(kernel, kernel.slots[where])

    @staticmethod
    def address(value):
        """Of an object, or what a pointer or number is."""
        if value.type.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_STRUCT):
            return pointer(value.address)
        return pointer(value)

    @staticmethod
    def root(kernel, thread):
        """The capability to a thread's CSpace root, if it is a CNode's."""
        slot = kernel.slots.get(pointer(thread['slots'].address)) if thread is not None else None
        if slot is None or kernel.kind(slot) != 'cnode':
            kernel.complain('the thread has no CSpace')
            return None
        return slot

    def thread(self, kernel, thread, with_own):
        base = pointer(thread['slots'].address)
        for number, name in enumerate(TCB_SLOTS if with_own else ()):
            if slot := kernel.slots.get(base + 32 * number):
                print(f'{name}: {describe_slot(*slot[1:])}')
        if root := self.root(kernel, thread):
            self.cnode(kernel, root)

    @staticmethod
    def cnode(kernel, slot):
        base, count = object_address(slot.meta), 1 << (slot.meta >> 9 & 0x7f)
        print(f'CNode at {base:#x}, {count} slots:')
        for address in sorted(a for a in kernel.slots if base <= a < base + 32 * count):
            print(f'{(address - base) // 32:#6x}  {describe_slot(*kernel.slots[address][1:])}')

    @staticmethod
    def derived(kernel, slot):
        """The slot, and behind it in the list those that the kernel itself calls its descendants."""
        print(f'{slot.address:#x}  {describe_slot(*slot[1:])}')
        seen, following = {slot.address}, kernel.slots.get(slot.next)
        while following and following.address not in seen and kernel.is_parent(slot, following):
            print(f'  {following.address:#x}  {describe_slot(*following[1:])}')
            seen.add(following.address)
            following = kernel.slots.get(following.next)


class ProgramFunction(gdb.Function):
    """$program(): the name of the program whose address space the CPU uses, as it stands in the pages that
    the program was started with; empty for a root server. For conditions: user breakpoints hit in every
    address space."""

    ARGUMENTS = 0x10000000  # program::layout::arguments
    MAGIC = b'hpcargs1'  # runtime::Arguments, whose name is behind 48 bytes
    NAME = slice(48, 128)

    def __init__(self):
        super().__init__('program')

    def invoke(self):
        try:
            words = gdb.selected_inferior().read_memory(self.ARGUMENTS, self.NAME.stop).tobytes()
        except gdb.error:
            return ''
        if not words.startswith(self.MAGIC):
            return ''
        return words[self.NAME].partition(b'\0')[0].decode(errors='replace')


class HypercoreHelp(gdb.Command):
    """hypercore: lists the commands for looking at the kernel's objects."""

    def __init__(self):
        super().__init__('hypercore', gdb.COMMAND_USER, prefix=True)

    def invoke(self, _argument, _from_tty):
        gdb.execute('help hypercore')


def register():
    HypercoreHelp()
    ProgramFunction()
    for command in (Caps, Threads, RunQueues, Ipc):
        command()
        try:
            gdb.execute(f'alias {command.name} = hypercore {command.name}')
        except gdb.error:
            pass  # loaded before, or a gdb that has a command of that name
