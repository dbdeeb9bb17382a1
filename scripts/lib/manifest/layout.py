"""Gives out what a composition leaves open: slots of each CNode, bits of each notification, shared
objects and addresses. The result is what each program finds under which name, as records of the
system description (libs/composition/description.hpp); binary.py only packs them.
"""
from dataclasses import dataclass, field

from manifest import network
from manifest.fields import PAGE
from manifest.toml import Problem

NO_INDEX = 0xffff_ffff
SIGNAL = 1 << 63  # rpc::signal_bit
IRQ_BITS, USE_BITS, PROVIDE_BITS = range(0, 8), range(8, 28), range(28, 48)
# The supervisor's: a program wrote its status page; the trusted base has something for it to fetch.
STATUS_BIT, MEMORY_BIT, DEVICE_BIT = 48, 49, 50
SYSTEM_BIT, HEARTBEAT_BIT = 60, 61
# program::layout
SHARED, SHARED_END = 0x2000_0000, 0x8000_0000
DEVICE, DEVICE_END, DEVICE_WINDOW = 0x1_0000_0000, 0x2_0000_0000, 0x1000_0000
DMA, DMA_END = 0x2_0000_0000, 0x3_0000_0000
LARGE = 2 << 20  # what is as large as one is aligned for pages of this size
MAX_PROGRAMS, MAX_VALUES = 64, 500
# Protocols of the trusted base have kinds of their own: whoever makes the capability knows the badge.
CALL_KINDS = {'memory': 'memory', 'device': 'device', 'monitor': 'monitor', 'guests': 'monitor'}


@dataclass
class Object:
    name: str
    pages: int
    contiguous: bool


@dataclass
class Grant:
    name: str
    kind: str
    slot: int = 0
    peer: int = NO_INDEX
    object: int = NO_INDEX
    value: int = 0
    address: int = 0
    bytes: int = 0


@dataclass
class Placed:
    """One program: what it is given."""
    instance: object
    grants: list = field(default_factory=list)
    needs: list = field(default_factory=list)  # (Need, slot, address)
    slots: int = 1  # slot 0 stays empty
    next_shared: int = SHARED
    next_device: int = DEVICE
    next_dma: int = DMA
    pools: dict = field(default_factory=dict)  # object: where it is mapped

    def slot(self):
        self.slots += 1
        return self.slots - 1

    def room(self, area, size):
        """The next address of an area, with an unmapped page behind it."""
        address = getattr(self, area)
        if size >= LARGE:
            address = -(-address // LARGE) * LARGE
        setattr(self, area, address + size + PAGE)
        return address

    def give(self, name, kind, **values):
        self.grants.append(Grant(name, kind, **values))

    def give_cap(self, name, kind, **values):
        self.give(name, kind, slot=self.slot(), **values)

    def give_number(self, name, value):
        self.give(name, 'number', value=value)


class Layout:
    def __init__(self, composition):
        self.composition, self.protocols = composition, composition.protocols
        self.objects = []
        self._edge_objects = {}
        self.placed = [Placed(each) for each in composition.instances]
        self.supervisor = composition.named('supervisor')
        self.system_page = self._object('system', PAGE)
        self.status = {each: self._object(f'{each.name}.status', PAGE)
                       for each in composition.instances if not each.trusted}
        self.kept = {each: self._object(f'{each.name}.keep', each.manifest.keep)
                     for each in composition.instances if each.manifest.keep}
        self._edges()
        for placed in self.placed:
            if placed.instance.name != 'root':  # it has the kernel's boot information instead
                self._place(placed)

    # --- bits ----------------------------------------------------------------------------------

    def use_bit(self, edge):
        """The bit of its client's notification by which the server of this edge signals."""
        return 1 << USE_BITS.start + self.composition.uses(edge.client).index(edge)

    def provide_bit(self, instance, protocol):
        return 1 << PROVIDE_BITS.start + list(instance.manifest.provides).index(protocol)

    # --- shared memory -------------------------------------------------------------------------

    def _object(self, name, size, contiguous=False):
        self.objects.append(Object(name, size // PAGE, contiguous))
        return len(self.objects) - 1

    def _edges(self):
        broadcasts, pools = {}, {}
        for edge in self.composition.edges:
            protocol = edge.protocol
            shared = pool = None
            if protocol.broadcast:
                key = edge.server, protocol.name
                if key not in broadcasts:
                    broadcasts[key] = self._object(f'{edge.server.name}.{protocol.name}',
                                                   protocol.broadcast)
                shared = broadcasts[key]
            elif edge.shared:
                shared = self._object(f'{edge.client.name}.{edge.use.alias}', edge.shared)
            if edge.pool:
                key = edge.client, edge.pool_alias
                if key not in pools:
                    pools[key] = self._object(f'{edge.client.name}:{edge.pool_alias}', edge.pool,
                                              True)
                pool = pools[key]
            self._edge_objects[edge] = shared, pool
        self._broadcasts = broadcasts

    def _map(self, placed, name, kind, number):
        size = self.objects[number].pages * PAGE
        placed.give(name, kind, object=number, address=placed.room('next_shared', size), bytes=size)

    # --- one program ---------------------------------------------------------------------------

    def _place(self, placed):
        instance = placed.instance
        placed.give_number('self', instance.index)
        provided = instance.manifest.provides
        if any(self.protocols[protocol].call for protocol in provided):
            placed.give_cap('endpoint', 'serve')
            placed.give_cap('reply0', 'reply')
        placed.give_cap('wake', 'wake')
        if instance.name != 'memory-manager':
            placed.give_cap('memory', 'memory', peer=self._index('memory-manager'))
        self._place_supervision(placed)
        if any(need.kind.startswith('irq') for need in instance.manifest.needs):
            # To acknowledge a line that the device-manager demultiplexes.
            placed.give_cap('device', 'device', peer=self._index('device-manager'))
        if instance in self.kept:
            self._map(placed, 'keep', 'shared', self.kept[instance])
        for edge in self.composition.uses(instance):
            if edge.protocol.name != 'memory':  # everybody has it
                self._place_use(placed, edge)
        for protocol in provided:
            self._place_provided(placed, protocol)
        self._place_needs(placed)

    def _index(self, name):
        return self.composition.named(name).index

    def _place_supervision(self, placed):
        instance = placed.instance
        if instance is self.supervisor:
            self._map(placed, 'system', 'shared', self.system_page)
            for each, number in self.status.items():
                self._map(placed, f'status.{each.index}', 'shared', number)
            for name, bit in (('status', STATUS_BIT), ('memory', MEMORY_BIT),
                              ('device', DEVICE_BIT)):
                placed.give_number(f'{name}.bit', 1 << bit)
            return
        bit = {'memory-manager': MEMORY_BIT, 'device-manager': DEVICE_BIT}.get(
            instance.name, STATUS_BIT)
        placed.give_cap('supervisor', 'signal', peer=self.supervisor.index, value=SIGNAL | 1 << bit)
        if not instance.trusted:
            self._map(placed, 'system', 'shared_read', self.system_page)
            self._map(placed, 'status', 'shared', self.status[instance])
            placed.give_number('system.bit', 1 << SYSTEM_BIT)
            if instance.manifest.heartbeat_us:
                placed.give_number('heartbeat.bit', 1 << HEARTBEAT_BIT)

    def _place_use(self, placed, edge):
        alias, protocol, server = edge.use.alias, edge.protocol, edge.server
        provide = list(server.manifest.provides).index(protocol.name)
        placed.give_number(f'{alias}.peer', server.index)
        if protocol.call:
            kind = CALL_KINDS.get(protocol.name, 'call')
            badge = edge.client.index if kind != 'call' else provide << 16 | edge.number
            placed.give_cap(f'{alias}.call', kind, peer=server.index, value=badge)
        if protocol.signals in ('both', 'to_server'):
            placed.give_cap(f'{alias}.signal', 'signal', peer=server.index,
                            value=SIGNAL | self.provide_bit(server, protocol.name))
        if protocol.signals in ('both', 'to_client'):
            placed.give_number(f'{alias}.bit', self.use_bit(edge))
        shared, pool = self._edge_objects[edge]
        if shared is not None:
            self._map(placed, f'{alias}.shared', 'shared_read' if protocol.broadcast or protocol.reads
                      else 'shared', shared)
        if pool is not None:
            self._place_pool(placed, f'{alias}.pool', pool)

    def _place_pool(self, placed, name, number):
        """Mapped once, also when several edges have it: the others say where."""
        if number in placed.pools:
            placed.give(name, 'number', value=placed.pools[number],
                        bytes=self.objects[number].pages * PAGE)
            return
        self._map(placed, name, 'pool', number)
        placed.pools[number] = placed.grants[-1].address

    def _place_provided(self, placed, name):
        instance = placed.instance
        if name in CALL_KINDS:
            return  # everybody may be a client; the badge says who
        clients = self.composition.clients(instance, name)
        placed.give_number(f'{name}.clients', len(clients))
        if self.protocols[name].signals in ('both', 'to_server'):
            placed.give_number(f'{name}.bit', self.provide_bit(instance, name))
        if (instance, name) in self._broadcasts:
            self._map(placed, f'{name}.shared', 'shared', self._broadcasts[instance, name])
        for edge in sorted(clients, key=lambda each: each.number):
            prefix = f'{name}.{edge.number}'
            placed.give_number(f'{prefix}.peer', edge.client.index)
            if edge.protocol.signals in ('both', 'to_client'):
                placed.give_cap(f'{prefix}.signal', 'signal', peer=edge.client.index,
                                value=SIGNAL | self.use_bit(edge))
            if edge.protocol.call and 'monitor' in edge.client.manifest.rights:
                placed.give_number(f'{prefix}.monitor', 1)
            shared, pool = self._edge_objects[edge]
            if shared is not None and not edge.protocol.broadcast:
                self._map(placed, f'{prefix}.shared', 'shared', shared)
            if pool is not None:
                placed.give(f'{prefix}.pool', 'pool_dma', object=pool, bytes=edge.pool)
            if name == network.PROTOCOL:
                for argument, value in edge.client.manifest.network.arguments():
                    placed.give_number(f'{prefix}.{argument}', value)

    def _place_needs(self, placed):
        bits = iter(IRQ_BITS)
        for need in placed.instance.manifest.needs:
            slot = address = 0
            if need.kind.startswith('irq'):
                slot, bit = placed.slot(), 1 << next(bits)
                placed.give_number(f'{need.name}.bit', bit)
                placed.give_cap(f'{need.name}.signal', 'own_signal', value=SIGNAL | bit)
            elif need.kind == 'ports':
                slot = placed.slot()
            elif need.kind == 'dma':
                address = placed.room('next_dma', need.first)
            else:  # registers of a size that only the device knows: a window of their own
                address = placed.next_device
                placed.next_device += DEVICE_WINDOW
            placed.needs.append((need, slot, address))


def check(composition):
    """What does not fit into the places there are."""
    def at(instance, text):
        return Problem(instance.component.document.path, instance.component.line(),
                       f'profile {composition.profile}: {instance.name}: {text}')

    instances = composition.instances
    if len(instances) > MAX_PROGRAMS:
        yield at(instances[MAX_PROGRAMS], f'{len(instances)} programs, at most {MAX_PROGRAMS}')
    for placed in Layout(composition).placed:
        instance = placed.instance
        if placed.slots > instance.budget.slots:
            yield at(instance, f'needs {placed.slots} slots, its budget has '
                     f'{instance.budget.slots}')
        if len(composition.uses(instance)) > len(USE_BITS):
            yield at(instance, f'uses {len(composition.uses(instance))} protocols, bits are there '
                     f'for {len(USE_BITS)}')
        values = sum(2 if grant.bytes else 1 for grant in placed.grants) + 3 * len(placed.needs)
        if values > MAX_VALUES:
            yield at(instance, f'{values} named values, at most {MAX_VALUES}')
        if placed.next_shared > SHARED_END:
            yield at(instance, 'its shared memory is larger than the place for it')
        if placed.next_dma > DMA_END:
            yield at(instance, 'its DMA memory is larger than the place for it')
        for grant in placed.grants:
            if len(grant.name + ('.size' if grant.bytes else '')) > 23:
                yield at(instance, f'"{grant.name}" is too long for a name of an argument')
