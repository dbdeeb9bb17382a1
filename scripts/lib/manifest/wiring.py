"""Puts a profile together: which instances there are, and who serves whom. An edge is one client's
use of one server's protocol. What cannot be wired becomes a problem at the line that asks for it.
"""
from dataclasses import dataclass, replace
from pathlib import Path

from manifest import network, schema, toml
from manifest.fields import Table
from manifest.toml import Problem

PLACES = ('servers/**/server.toml', 'drivers/**/driver.toml',
          'tests/system/programs/*/server.toml', 'tests/system/programs/*/driver.toml')
LESSON = 'servers/lesson/'  # the first lesson starts its programs by itself
TEST_PROGRAMS = 'tests/'  # in profile test only
TRUSTED_ORDER = ('root', 'memory-manager', 'device-manager', 'supervisor')


@dataclass(eq=False)
class Instance:
    component: schema.Component
    manifest: schema.Manifest
    budget: schema.Budget
    index: int = 0

    @property
    def name(self):
        return self.component.name

    @property
    def trusted(self):
        return self.manifest.kind == 'trusted'


@dataclass(eq=False)
class Edge:
    client: Instance
    server: Instance
    use: schema.Use
    protocol: schema.Protocol
    pool: int
    pool_alias: str  # the use that brings it
    number: int = 0  # of the client among those of this server's protocol

    @property
    def shared(self):
        """Bytes of the object that the two share."""
        arena = self.client.manifest.network.arena
        if self.protocol.name == network.PROTOCOL and arena:
            return network.ARENA_OFFSET + arena
        return self.protocol.shared


@dataclass
class Composition:
    document: object  # system.toml
    profile: str
    memory: int  # bytes of the profile's least machine
    protocols: dict
    instances: list
    edges: list

    def named(self, name):
        return next((each for each in self.instances if each.name == name), None)

    def uses(self, instance):
        return [edge for edge in self.edges if edge.client is instance]

    def clients(self, instance, protocol=None):
        return [edge for edge in self.edges if edge.server is instance
                and protocol in (None, edge.protocol.name)]


class Sources:
    """All that is written down: protocols, manifests, system.toml. Problems are collected."""

    def __init__(self, root, system=None):
        self.root, self.problems, self.files = Path(root), [], []
        self.protocols = self._read('libs/protocol/protocols.toml', schema.read_protocols) or {}
        self.manifests = {}
        for path in sorted({path for place in PLACES for path in self.root.glob(place)}):
            shown = path.relative_to(self.root).as_posix()
            if shown.startswith(LESSON):
                continue
            manifest = self._read(shown, schema.read_manifest)
            if manifest:
                self._add(manifest, path)
        self.system = self._read(system or 'sysroot/etc/system.toml', schema.read_system)
        for component in self.system.components if self.system else ():
            self._check_component(component)

    def problem(self, where, line, text):
        self.problems.append(Problem(getattr(where, 'path', where), line, text))

    def _read(self, shown, read):
        self.files.append(shown)
        try:
            document = toml.load(self.root / shown, shown)
        except Problem as problem:
            self.problems.append(problem)
            return None
        return read(document, self.problems)

    def _add(self, manifest, path):
        line = manifest.line('program', 'name')
        if manifest.name != path.parent.name:
            self.problem(manifest, line, f'"{manifest.name}" must be called as its folder, '
                         f'{path.parent.name}')
        if (manifest.kind == 'driver') != (path.name == 'driver.toml'):
            self.problem(manifest, line, f'a {manifest.kind} is not described by {path.name}')
        if other := self.manifests.get(manifest.name):
            self.problem(manifest, line, f'"{manifest.name}" is also in {other.path}')
        self.manifests[manifest.name] = manifest
        for protocol, at in manifest.provides.items():
            self._check_protocol(manifest, protocol, at)
            trusted = protocol in self.protocols and self.protocols[protocol].trusted
            if trusted and trusted != manifest.name:
                self.problem(manifest, at, f'only {trusted} provides {protocol}')
        for use in manifest.uses:
            self._check_protocol(manifest, use.protocol, use.line)
            if use.alias in manifest.provides:
                self.problem(manifest, use.line, f'"{use.alias}" is also what it provides: give '
                             'the one it uses an alias')
        for alias, pool in manifest.pools.items():
            self._check_pool(manifest, alias, pool)
        self._check_network(manifest)

    def _check_pool(self, manifest, alias, pool):
        line = manifest.line('pools', alias)
        use = next((each for each in manifest.uses if each.alias == alias), None)
        protocol = use and self.protocols.get(use.protocol)
        if protocol and not protocol.pool:
            self.problem(manifest, line, f'protocol {protocol.name} has no pool')
        if not isinstance(pool, str):
            return
        if pool not in manifest.pools:
            self.problem(manifest, line, f'there is no pool "{pool}" here')
        elif isinstance(manifest.pools[pool], str):
            self.problem(manifest, line, f'"{pool}" has no size of its own: name the pool that has')

    def _check_network(self, manifest):
        """The table belongs to one use of protocol net."""
        uses = [use for use in manifest.uses if use.protocol == network.PROTOCOL]
        if 'network' in manifest.document.data and len(uses) != 1:
            self.problem(manifest, manifest.line('network'), 'is for a program with one use of '
                         f'protocol {network.PROTOCOL}, this has {len(uses)}')

    def _check_protocol(self, manifest, protocol, line):
        if protocol not in self.protocols:
            self.problem(manifest, line, f'unknown protocol "{protocol}": '
                         'libs/protocol/protocols.toml lists them')

    def _check_component(self, component):
        system = self.system
        manifest = self.manifests.get(component.program)
        first = next(each for each in system.components if each.name == component.name)
        if first is not component:
            self.problem(system.document, component.line('name'),
                         f'"{component.name}" is there twice')
        for profile in component.profiles or ():
            if profile not in system.profiles:
                self.problem(system.document, component.line('profiles'),
                             f'there is no [profile.{profile}]')
        if manifest is None:
            self.problem(system.document, component.line('program'),
                         f'no manifest describes a program "{component.program}"')
            return
        if str(manifest.path).startswith(TEST_PROGRAMS) and component.profiles != ['test']:
            self.problem(system.document, component.line('profiles'),
                         f'{component.program} is a test program: profiles = ["test"]')
        for alias in component.uses:
            if alias not in [use.alias for use in manifest.uses]:
                self.problem(system.document, component.line('uses'),
                             f'{manifest.path} uses nothing called "{alias}"')
        if component.function != schema.ANY and manifest.match.bus != 'pci':
            self.problem(system.document, component.line('function'),
                         f'{component.program} is not for a PCI device')

    def compose(self, profile):
        """The Composition of a profile."""
        instances = []
        for component in self.system.components:
            manifest = self.manifests.get(component.program)
            if manifest and (component.profiles is None or profile in component.profiles):
                instances.append(Instance(component, manifest, self._budget(component, manifest)))
        composition = Composition(self.system.document, profile, self.system.profiles[profile],
                                  self.protocols, instances, [])
        for instance in instances:
            for use in instance.manifest.uses:
                self._wire(composition, instance, use)
        composition.instances = _in_order(composition)
        for index, instance in enumerate(composition.instances):
            instance.index = index
        counts = {}
        for edge in sorted(composition.edges, key=lambda edge: edge.client.index):
            key = edge.server, edge.protocol.name
            edge.number = counts[key] = counts.get(key, -1) + 1
        return composition

    def _budget(self, component, manifest):
        budget = replace(manifest.budget)
        path = 'component', component.index, 'budget'
        schema.read_budget(Table(component.document, component.budget, path, self.problems),
                           budget)
        return budget

    def _wire(self, composition, client, use):
        protocol = self.protocols.get(use.protocol)
        if protocol is None:
            return
        providers = [each for each in composition.instances
                     if use.protocol in each.manifest.provides]
        chosen = client.component.uses.get(use.alias)
        if chosen is not None:
            providers = self._chosen(composition, client, use, chosen)
        if not providers and not use.optional:
            self.problem(client.manifest, use.line, f'profile {composition.profile}: nobody '
                         f'provides {use.protocol} for {client.name}')
        elif len(providers) > 1:
            names = ' and '.join(each.name for each in providers)
            self.problem(client.component.document, client.component.line(),
                         f'profile {composition.profile}: {names} provide {use.protocol} for '
                         f'{client.name}: choose by uses = {{ {use.alias} = "..." }}')
        elif providers:
            alias, pool = client.manifest.pool(use.alias)
            composition.edges.append(Edge(client, providers[0], use, protocol, pool, alias))

    def _chosen(self, composition, client, use, chosen):
        document, line = client.component.document, client.component.line('uses')
        component = next((each for each in self.system.components if each.name == chosen), None)
        if component is None:
            self.problem(document, line, f'there is no component "{chosen}"')
            return []
        manifest = self.manifests.get(component.program)
        if manifest and use.protocol not in manifest.provides:
            self.problem(document, line, f'{chosen} does not provide {use.protocol}')
            return []
        instance = composition.named(chosen)
        return [instance] if instance else []


def _in_order(composition):
    """The order in which programs are started: the trusted base, then servers before those that
    wait for them, drivers first where that leaves a choice."""
    rank = {name: number for number, name in enumerate(TRUSTED_ORDER)}
    waiting = sorted(composition.instances, key=lambda each: (
        not each.trusted, rank.get(each.name, len(rank)), each.manifest.kind != 'driver'))
    order = []

    def visit(instance, path):
        if instance in order or instance in path:
            return  # a cycle of calls is check.py's to report; one of rings has no first
        for edge in composition.uses(instance):
            if edge.protocol.waits and not instance.trusted:
                visit(edge.server, path + [instance])
        order.append(instance)

    for instance in waiting:
        visit(instance, [])
    return order
