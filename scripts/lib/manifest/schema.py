"""What may stand in a manifest and in system.toml: every key with its type and range. Whatever is
read here is well formed; whether it fits together is wiring.py's and check.py's business.
"""
from dataclasses import dataclass, field
import re
import sys

from manifest import network
from manifest.fields import (Table, boolean, function, list_of, microseconds, name, number, one_of,
                             power_of_two, shared_size, size, text)

KINDS = ('trusted', 'server', 'driver')  # composition::Kind
RIGHTS = ('monitor', 'resident', 'injector', 'loader', 'uploader', 'observer')
POLICIES = ('always', 'on_fault', 'never')  # composition::Restart
PLATFORM_IDS = ('com1', 'ps2', 'hpet', 'rtc', 'framebuffer')
INSTANCE_NAME = 14  # "NAME.ALIAS" must fit 23 characters
ALIAS_NAME, NEED_NAME, FILE_NAME, PROFILE_NAME = 8, 12, 23, 15
HEARTBEAT_US = 500_000
ANY = 0xffff_ffff
MATCH_DEVICES = 48
U32 = 0xffff_ffff


@dataclass
class Use:
    alias: str
    protocol: str
    optional: bool
    line: int


@dataclass
class Need:
    name: str
    kind: str
    line: int
    index: int = 0
    first: int = 0
    last: int = 0
    address_bits: int = 0


@dataclass
class Step:
    """One step of [restart] quiesce."""
    op: str
    bar: int
    offset: int
    value: int
    mask: int


@dataclass
class Match:
    bus: str = 'none'
    vendor: int = ANY
    devices: tuple = ()
    class_code: int = 0
    class_mask: int = 0
    id: str = ''


@dataclass
class Budget:
    memory: int = 256 << 10
    objects: int = 16 << 10
    slots: int = 64
    budget_us: int = 10000
    period_us: int = 10000
    priority: int = 100
    feedback: bool = False


@dataclass
class Manifest:
    document: object
    name: str
    kind: str
    about: str
    provides: dict  # protocol: line
    uses: list
    match: Match
    needs: list
    keep: int  # bytes of memory that outlives it
    pools: dict  # alias: bytes, or the alias whose pool it is
    network: network.Network
    budget: Budget
    policy: str
    max_per_min: int
    heartbeat_us: int
    quiesce: list
    rights: set

    @property
    def path(self):
        return self.document.path

    def line(self, *path):
        return self.document.line(*path)

    def pool(self, alias):
        """(alias that brings it, bytes) of the pool for an edge; 0 bytes: none."""
        pool = self.pools.get(alias)
        return (pool, self.pools.get(pool)) if isinstance(pool, str) else (alias, pool or 0)


@dataclass
class Component:
    """One [[component]] of system.toml: an instance of a program."""
    document: object
    index: int
    name: str
    program: str
    profiles: list
    uses: dict
    autostart: bool
    function: int
    budget: dict = field(default_factory=dict)

    def line(self, *path):
        """Of a key, or of its name: tables begin a line too early for a reader to know which."""
        return self.document.line('component', self.index, *(path or ('name',)))


def use(value):
    match = re.fullmatch(r'(?:([^:?]*):)?([^:?]*)(\?)?', text(value))
    if not match:
        raise ValueError(f'"{value}" must be "protocol", "alias:protocol", or that with a "?"')
    alias = name(ALIAS_NAME)(match[1] or match[2])
    return Use(alias, match[2], match[3] is not None, 0)


def read_manifest(document, problems):
    """A Manifest, or None when too little of it is there."""
    top = Table(document, document.data, (), problems)
    program = top.table('program')
    manifest = Manifest(
        document, program.take('name', name(FILE_NAME)), program.take('kind', one_of(*KINDS)),
        program.take('about', text), _provides(program), _uses(program), Match(), [], 0, {},
        network.Network(), Budget(), 'always', 30, HEARTBEAT_US, [], set())
    program.finish()
    needs = top.table('needs')
    manifest.keep = needs.take('keep', shared_size, 0)
    if manifest.kind == 'driver':
        manifest.match = _match(top.table('match'))
        manifest.needs = _needs(needs)
    needs.finish()
    pools = top.table('pools')
    for alias in list(pools.data):
        manifest.pools[alias] = pools.take(alias, _pool)
        if alias not in [each.alias for each in manifest.uses]:
            pools.complain('is not among "uses"', alias)
    if 'network' in top.data:
        manifest.network = network.read(top.table('network'))
    budget = top.table('budget')
    read_budget(budget, manifest.budget)
    restart = top.table('restart')
    trusted = manifest.kind == 'trusted'
    manifest.policy = restart.take('policy', one_of(*POLICIES), 'never' if trusted else 'always')
    manifest.max_per_min = restart.take('max_per_min', number(0, 1000), 30)
    manifest.heartbeat_us = restart.take('heartbeat', microseconds, 0 if trusted else HEARTBEAT_US)
    if trusted and (manifest.policy != 'never' or manifest.heartbeat_us):
        restart.complain('the trusted base is never restarted and not watched')
    manifest.quiesce = [_step(each) for each in restart.tables('quiesce', 8)]
    restart.finish()
    rights = top.table('rights')
    manifest.rights = {right for right in RIGHTS
                       if rights.take(right, boolean, False)}
    rights.finish()
    top.finish()
    return manifest if manifest.name and manifest.kind else None


def _provides(program):
    names = program.take('provides', list_of(text, 16), [])
    if len(set(names)) != len(names):
        program.complain('a protocol is there twice', 'provides')
    return {each: program.line('provides', index) for index, each in enumerate(names)}


def _uses(program):
    uses = program.take('uses', list_of(use, 32), [])
    for index, each in enumerate(uses):
        each.line = program.line('uses', index)
        if each.alias in [other.alias for other in uses[:index]]:
            program.complain(f'"{each.alias}" is there twice: give one an alias', 'uses', index)
    return uses


def _pool(value):
    """A size, or the alias whose pool it is."""
    if isinstance(value, str) and value[:1].isalpha():
        return name(ALIAS_NAME)(value)
    return shared_size(value)


def _match(table):
    bus = table.take('bus', one_of('pci', 'platform'))
    match = Match(bus or 'none')
    if bus == 'platform':
        match.id = table.take('id', one_of(*PLATFORM_IDS)) or ''
    elif bus == 'pci':
        match.vendor = table.take('vendor', number(0, 0xfffe), ANY)
        match.devices = table.take('device', list_of(number(0, 0xfffe), MATCH_DEVICES), ())
        match.class_code = table.take('class', number(0, 0xffffff), None)
        match.class_mask = table.take('class_mask', number(1, 0xffffff),
                                      0 if match.class_code is None else 0xffffff)
        match.class_code = match.class_code or 0
        if match.vendor == ANY and not match.class_mask:
            table.complain('"vendor" or "class" must say which device')
    table.finish()
    return match


def _needs(table):
    needs = []
    for key, read in (('ports', _port_need), ('bar', _bar_need), ('irq', _irq_need),
                      ('mmio', _mmio_need), ('dma', _dma_need)):
        for row in table.tables(key, 8):
            need = Need(row.take('name', name(NEED_NAME)) or '', '', row.line())
            read(row, need)
            row.finish()
            if need.name in [other.name for other in needs]:
                row.complain(f'"{need.name}" is there twice')
            needs.append(need)
    if len(needs) > 8:
        table.complain(f'{len(needs)} needs: at most 8')
    return needs


def _port_need(row, need):
    need.kind = 'ports'
    need.first = row.take('first', number(1, 0xffff)) or 0
    need.last = row.take('last', number(1, 0xffff)) or 0
    if need.last < need.first:
        row.complain('"last" is below "first"')


def _bar_need(row, need):
    need.kind = 'bar'
    need.index = row.take('index', number(0, 5)) or 0
    need.first = row.take('min_size', size) or 0


def _irq_need(row, need):
    need.kind = 'irq_' + (row.take('kind', one_of('isa', 'pci', 'hpet')) or 'isa')
    if need.kind == 'irq_isa':
        need.first = row.take('line', number(0, 15)) or 0
    elif need.kind == 'irq_pci':
        need.index = row.take('index', number(0, 31), 0)


def _mmio_need(row, need):
    need.kind = row.take('kind', one_of('hpet', 'framebuffer')) or 'hpet'


def _dma_need(row, need):
    need.kind = 'dma'
    need.first = row.take('size', shared_size) or 0
    need.address_bits = row.take('address_bits', number(24, 64), 64)


def _step(row):
    def place(value):
        if isinstance(value, str):
            return {'virtio-common': 0xfe, 'ports': 0xff}[one_of('virtio-common', 'ports')(value)]
        return number(0, 5)(value)
    op = row.take('op', one_of('write8', 'write16', 'write32', 'poll8', 'poll16', 'poll32'))
    largest = (1 << int(re.sub(r'\D', '', op or '32'))) - 1
    step = Step(op, row.take('bar', place), row.take('offset', number(0, U32)),
                row.take('value', number(0, largest)), row.take('mask', number(0, largest), largest))
    row.finish()
    return step


BUDGET_KEYS = {
    'memory': size, 'objects': power_of_two, 'slots': number(4, 4096),
    'budget_us': number(100, 10_000_000), 'period_us': number(100, 10_000_000),
    'priority': number(1, 255), 'feedback': boolean}


def read_budget(table, budget):
    """Puts what the table has into a Budget."""
    for key, read in BUDGET_KEYS.items():
        setattr(budget, key, table.take(key, read, getattr(budget, key)))
    if budget.budget_us > budget.period_us:
        table.complain('is above "period_us"', 'budget_us')
    table.finish()


@dataclass
class System:
    document: object
    components: list
    profiles: dict  # name: bytes of memory


def read_system(document, problems):
    top = Table(document, document.data, (), problems)
    system = System(document, [], {})
    for row in top.tables('component', sys.maxsize):
        instance = row.take('name', name(INSTANCE_NAME))
        component = Component(
            document, row.path[1], instance, row.take('program', name(FILE_NAME), instance),
            row.take('profiles', list_of(name(PROFILE_NAME)), None), {},
            row.take('autostart', boolean, True), row.take('function', function, ANY),
            row.data.pop('budget', {}))
        uses = row.table('uses')
        component.uses = {alias: uses.take(alias, name(INSTANCE_NAME)) for alias in list(uses.data)}
        row.finish()
        if instance:
            system.components.append(component)
    profiles = top.data.pop('profile', {})
    for each in profiles if isinstance(profiles, dict) else ():
        row = Table(document, profiles[each], ('profile', each), problems)
        if len(each) > PROFILE_NAME:
            row.complain(f'is too long: at most {PROFILE_NAME} characters')
        system.profiles[each] = row.take('memory', size) or 0
        row.finish()
    top.finish()
    return system


@dataclass
class Protocol:
    name: str
    call: bool
    shared: int
    broadcast: int
    pool: bool
    signals: str
    trusted: str
    reads: bool  # the client only reads what is shared
    line: int

    @property
    def waits(self):
        """Whether a client waits for its server, so that the server must come first."""
        return self.call or self.signals == 'both'


def read_protocols(document, problems):
    protocols = {}
    for each, data in document.data.items():
        row = Table(document, data, (each,), problems)
        if len(each) > ALIAS_NAME:
            row.complain(f'is too long: at most {ALIAS_NAME} characters')
        protocols[each] = Protocol(
            each, row.take('call', boolean, False), row.take('shared', shared_size, 0),
            row.take('broadcast', shared_size, 0), row.take('pool', boolean, False),
            row.take('signals', one_of('both', 'to_client', 'to_server', 'none')),
            row.take('trusted', text, ''), row.take('reads', boolean, False), row.line())
        row.finish()
    return protocols
