"""Loaded into gdb by the command that `scripts/run --gdb` prints: settings, pretty-printers for the
kernel's objects, and commands. It reads the private members of microkernel/cap/cap.hpp and slot.hpp,
so a change of their layout is a change here; test `gdb-printers` notices.
Next: docs/howto/debug.md.
"""
import gdb
import gdb.printing

WORD = (1 << 64) - 1
FRAME_SIZES = ('4K', '2M', '1G')
ZOMBIE_TCB = 0x7f


def enumerator(enum, number):
    """The name of a number of a scoped enumeration, without its scope."""
    return str(gdb.Value(number).cast(gdb.lookup_type(enum))).rsplit('::', 1)[-1]


def short(value):
    """The name of an enumerator that a member holds."""
    return str(value).rsplit('::', 1)[-1]


def mapping(data):
    return f'mapped at {data & ~0xfff:#x} in ASID {data & 0xfff}' if data & 0xfff else 'not mapped'


def untyped(aux, data):
    device = ' of device memory' if aux & 0x40 else ''
    return f'2^{aux & 0x3f} bytes{device}, {data & (1 << 48) - 1:#x} used'


def zombie(aux, data):
    return f'{data} slots of a {"TCB" if aux == ZOMBIE_TCB else "CNode"} left to empty'


# What the kinds of capability keep in `aux` and `data` (microkernel/cap/cap.hpp).
DETAILS = {
    'endpoint': lambda aux, data: f'badge {data:#x}',
    'notification': lambda aux, data: f'badge {data:#x}',
    'cnode': lambda aux, data: f'2^{aux} slots, guard {data >> 6:#x} of {data & 0x3f} bits',
    'zombie': zombie,
    'untyped': untyped,
    'frame': lambda aux, data: f'{FRAME_SIZES[aux & 3]}{" of a device" if aux & 4 else ""}, '
                               f'{mapping(data)}',
    'page_table': lambda aux, data: mapping(data),
    'page_directory': lambda aux, data: mapping(data),
    'pdpt': lambda aux, data: mapping(data),
    'pml4': lambda aux, data: f'ASID {data & 0xfff}',
    'asid_pool': lambda aux, data: f'from ASID {data & 0xffff}',
    'sched_context': lambda aux, data: f'2^{aux} bytes',
    'sched_control': lambda aux, data: f'of CPU {data}',
    'irq_handler': lambda aux, data: f'of interrupt {data}',
    'io_port': lambda aux, data: f'{data & 0xffff:#x} to {data >> 16 & 0xffff:#x}',
}
WITH_RIGHTS = ('endpoint', 'notification', 'reply', 'frame')


class CapPrinter:
    """endpoint at 0xffff8000..., rights wrgp, badge 0x7"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        meta, data = int(self.value['meta_']) & WORD, int(self.value['data_']) & WORD
        kind = enumerator('mk::CapType', meta & 0x1f)
        parts = [kind]
        if address := meta >> 16:
            # 48 bits, sign-extended.
            parts[0] += f' at {address | (0xffff << 48 if address >> 47 else 0):#x}'
        if kind in WITH_RIGHTS:
            rights = meta >> 5 & 15
            parts.append('rights ' + (''.join(
                letter for bit, letter in enumerate('wrgp') if rights >> bit & 1) or 'none'))
        if kind in DETAILS:
            parts.append(DETAILS[kind](meta >> 9 & 0x7f, data))
        return ', '.join(parts)


class SlotPrinter:
    """The capability, whether it is an original, and the neighbours in the derivation tree."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        prev, following = int(self.value['prev_']) & WORD, int(self.value['next_']) & WORD
        flags = (' original' if prev & 1 else '') + (' first-badged' if prev & 2 else '')
        links = f' [prev {prev & ~0x1f:#x}, next {following:#x}]' if prev or following else ''
        return CapPrinter(self.value['cap_']).to_string() + flags + links


class TcbPrinter:
    """'name' running, priority 100, at 0x401000; then what else tells where it stands."""

    MEMBERS = ('sc', 'reply', 'blocked_on', 'bound_notification', 'fault', 'ipc_buffer_address',
               'slots')

    def __init__(self, value):
        self.value = value

    def to_string(self):
        name = self.value['name'].string('latin-1').split('\0')[0]
        return (f"'{name}' {short(self.value['state'])}, priority {int(self.value['priority'])}, "
                f"at {int(self.value['context']['rip']) & WORD:#x}")

    def children(self):
        for name in self.MEMBERS:
            yield name, self.value[name]


class ReplyPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        following = int(self.value['next_']) & WORD
        above = f'top of the stack of context {following - 1:#x}' if following & 1 else \
            f'below {following:#x}' if following else 'in no stack'
        return f"of thread {self.value['tcb']}, {above}"


class EndpointPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        head = int(self.value['head_']) & WORD
        state = enumerator('mk::Endpoint::State', head & 3)
        return f'{state}, first {head & ~3:#x}' if head else state


class ReadyCommand(gdb.Command):
    """hypercore ready: the current thread, and those that are ready, highest priority first."""

    def __init__(self):
        super().__init__('hypercore ready', gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        cpu = gdb.parse_and_eval('mk::boot_cpu')
        # Before the first thread there is none.
        if int(cpu['current']):
            print(f"now  {TcbPrinter(cpu['current'].dereference()).to_string()}")
        table = cpu['ready'][int(cpu['domain'])]['table_']
        for priority in range(255, -1, -1):
            queues = table[priority]
            for queue in (q for q in range(36) if int(queues['filled']) >> q & 1):
                head = thread = queues['head'][queue]
                while True:
                    print(f'{priority:3}  {TcbPrinter(thread.dereference()).to_string()}')
                    thread = thread['sched_link']['next']
                    if thread == head:
                        break


class HypercoreHelp(gdb.Command):
    """hypercore: lists the commands this file adds."""

    def __init__(self):
        super().__init__('hypercore', gdb.COMMAND_USER, prefix=True)

    def invoke(self, _argument, _from_tty):
        gdb.execute('help hypercore')


def printers():
    collection = gdb.printing.RegexpCollectionPrettyPrinter('hypercore')
    for name, printer in (('Cap', CapPrinter), ('Slot', SlotPrinter), ('Tcb', TcbPrinter),
                          ('Reply', ReplyPrinter), ('Endpoint', EndpointPrinter)):
        collection.add_printer(name, f'^mk::{name}$', printer)
    return collection


# The kernel is one ELF without threads or libraries: no questions, and long values in full.
for setting in ('confirm off', 'pagination off', 'print pretty on', 'disassembly-flavor intel'):
    gdb.execute('set ' + setting)
gdb.printing.register_pretty_printer(None, printers(), replace=True)
HypercoreHelp()
ReadyCommand()
