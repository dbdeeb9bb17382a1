"""What is refused of a composition that is wired: a cycle of calls, a server that does not come
before its client, too much memory, two owners of one device, the trusted base calling what may die.
"""
from manifest import layout, network, schema
from manifest.fields import PAGE
from manifest.toml import Problem
from manifest.wiring import TRUSTED_ORDER

APPLICATIONS = 100  # the priority up to which a program may take all the time there is
PLATFORM_NEEDS = {'hpet': "the HPET's registers", 'irq_hpet': "the HPET's interrupt",
                  'framebuffer': 'the framebuffer'}
CONFIGURATION_PORTS = (0xcf8, 0xcff)  # the device-manager's


def check(composition):
    """All problems of one profile."""
    if missing := _missing(composition):
        return [missing]
    return [*_cycles(composition), *_priorities(composition), *_trusted_calls(composition),
            *_limits(composition), *_rights(composition), *_slots(composition), *_memory(composition), *_network(composition),
            *_devices(composition), *layout.check(composition)]


def _missing(composition):
    names = [name for name in TRUSTED_ORDER if composition.named(name) is None]
    if not names:
        return None
    return Problem(composition.document.path, composition.document.line(
        'profile', composition.profile), f'profile {composition.profile} lacks '
        + ' and '.join(names))


def _at_use(composition, edge, text):
    return Problem(edge.client.manifest.path, edge.use.line,
                   f'profile {composition.profile}: {text}')


def _at_component(composition, instance, text, *keys):
    return Problem(instance.component.document.path, instance.component.line(*keys),
                   f'profile {composition.profile}: {text}')


def _cycles(composition):
    """One problem for each cycle in the order of calls, at the use that closes it."""
    calls = {instance: [edge for edge in composition.uses(instance) if edge.protocol.call]
             for instance in composition.instances}
    done = set()

    def visit(instance, path):
        if instance in done:
            return
        for edge in calls[instance]:
            if edge.server in path + [instance]:
                names = path[path.index(edge.server):] if edge.server in path else []
                circle = ' > '.join(each.name for each in [*names, instance, edge.server])
                yield _at_use(composition, edge, f'a cycle in the order of calls: {circle}')
            else:
                yield from visit(edge.server, path + [instance])
        done.add(instance)

    for instance in composition.instances:
        yield from visit(instance, [])


def _priorities(composition):
    """Whoever a client waits for must be above it. The trusted base's rings go to drivers below it,
    and it never waits for them."""
    for edge in composition.edges:
        if not edge.protocol.waits or (edge.client.trusted and not edge.protocol.call):
            continue
        client, server = edge.client, edge.server
        if server.budget.priority <= client.budget.priority:
            yield _at_use(composition, edge, f'{server.name} (priority {server.budget.priority}) '
                          f'must be above its client {client.name} ({client.budget.priority})')


    yield from _below_the_trusted_base(composition)


def _below_the_trusted_base(composition):
    """Everybody Calls the memory-manager, named or not; root does once, at the start, when nothing else
    runs. And whoever may hang must not keep the supervisor from noticing."""
    manager, supervisor = composition.named('memory-manager'), composition.named('supervisor')
    for client in composition.instances:
        above = supervisor if not client.trusted else manager
        if client not in (manager, composition.named('root')) \
                and client.budget.priority >= above.budget.priority:
            yield _at_component(composition, client, f'{above.name} (priority '
                                f'{above.budget.priority}) must be above '
                                f'{client.name} ({client.budget.priority})')


def _limits(composition):
    """A driver that spins and yet answers its heartbeat must leave time to those below it."""
    for each in composition.instances:
        budget, manifest = each.budget, each.manifest
        if manifest.kind == 'driver' and budget.priority > APPLICATIONS \
                and budget.budget_us >= budget.period_us:
            yield Problem(manifest.path, manifest.line('budget', 'budget_us'),
                          f'profile {composition.profile}: {each.name} is a driver above priority '
                          f'{APPLICATIONS}: "budget_us" ({budget.budget_us}) must be below '
                          f'"period_us" ({budget.period_us})')


def _trusted_calls(composition):
    for edge in composition.edges:
        if edge.client.trusted and edge.protocol.call and not edge.server.trusted:
            yield _at_use(composition, edge, f'{edge.client.name} is of the trusted base and may '
                          f'not Call {edge.server.name}, which can be restarted')


def _rights(composition):
    for instance in composition.instances:
        manifest = instance.manifest
        for use in manifest.uses:
            if use.protocol == 'monitor' and not manifest.rights & {'monitor', 'observer'}:
                yield Problem(manifest.path, use.line, '"monitor" needs [rights] monitor = true, or observer = true')
            if use.protocol == 'guests' and 'uploader' not in manifest.rights:
                yield Problem(manifest.path, use.line, '"guests" needs [rights] uploader = true')
            if use.protocol == 'root' and not instance.trusted:
                yield Problem(manifest.path, use.line, 'only the trusted base may Call root')
        if 'injector' in manifest.rights and composition.profile != 'test':
            yield Problem(manifest.path, manifest.line('rights', 'injector'),
                          f'profile {composition.profile}: only profile test may have an injector')


def _slots(composition):
    """A slot for uploaded programs has its manifest's uses and no more, and is started for an upload."""
    for instance in composition.instances:
        manifest = instance.manifest
        if 'loader' not in manifest.rights:
            continue
        line = manifest.line('rights', 'loader')
        for wrong, text in ((manifest.kind != 'server', 'is for a server'),
                            (manifest.provides, 'is for a program that provides nothing'),
                            (manifest.keep, 'is for a program that keeps nothing'),
                            (manifest.rights != {'loader'}, 'goes with no other right')):
            if wrong:
                yield Problem(manifest.path, line, f'"loader" {text}')
        if instance.component.autostart:
            yield _at_component(composition, instance, f'{instance.name} has the right "loader": '
                                'autostart = false')


def memory_of(composition):
    """(bytes, what) of everything that is promised."""
    rows = [(each.budget.memory + each.budget.objects, each.name) for each in composition.instances]
    rows += [(need.first, f'{each.name} {need.name}') for each in composition.instances
             for need in each.manifest.needs if need.kind == 'dma']
    rows += [(shared.pages * PAGE, shared.name)
             for shared in layout.Layout(composition).objects]
    return sorted(rows, reverse=True)


def _memory(composition):
    rows = memory_of(composition)
    total = sum(size for size, _ in rows)
    if total > composition.memory:
        largest = ', '.join(f'{name} {size >> 10}K' for size, name in rows[:3])
        document = composition.document
        yield Problem(document.path, document.line('profile', composition.profile, 'memory'),
                      f'profile {composition.profile}: budgets come to {total >> 10}K, the machine '
                      f'has {composition.memory >> 10}K (largest: {largest})')


def _network(composition):
    """What clients of net may keep waiting lies in its pools."""
    for server in composition.instances:
        clients = composition.clients(server, network.PROTOCOL)
        promised = sum(edge.client.manifest.network.memory for edge in clients)
        pools = sum(pool for pool in server.manifest.pools.values() if isinstance(pool, int))
        if pools and promised > pools:
            largest = max(clients, key=lambda edge: edge.client.manifest.network.memory).client
            manifest = largest.manifest
            yield Problem(manifest.path, manifest.line('network', 'memory'),
                          f'profile {composition.profile}: clients of {server.name} may keep '
                          f'{promised >> 10}K waiting, its pools have {pools >> 10}K (largest: '
                          f'{largest.name} {manifest.network.memory >> 10}K)')


def _devices(composition):
    """No device, port or ISA interrupt has two owners."""
    ports, lines, registers, devices = [], {}, {}, {}
    for instance in composition.instances:
        match = instance.manifest.match
        device = match.id or instance.component.function
        if match.bus != 'none' and device != schema.ANY:
            if other := devices.get(device):
                shown = match.id or instance.component.document.data['component'][
                    instance.component.index]['function']
                yield _at_component(composition, instance, f'{instance.name} and {other.name} '
                                    f'both own {shown}', 'function')
            devices[device] = instance
        for need in instance.manifest.needs:
            problem = None
            if need.kind == 'ports':
                problem = _port_owner(ports, need, instance)
            elif need.kind == 'irq_isa':
                other = lines.setdefault(need.first, instance)
                if other is not instance:
                    problem = f'{other.name} owns ISA interrupt {need.first} as well'
            elif need.kind in PLATFORM_NEEDS:
                other = registers.setdefault(need.kind, instance)
                if other is not instance:
                    problem = f'{other.name} owns {PLATFORM_NEEDS[need.kind]} as well'
            if problem:
                yield Problem(instance.manifest.path, need.line,
                              f'profile {composition.profile}: {problem}')


def _port_owner(ports, need, instance):
    first, last = CONFIGURATION_PORTS
    if need.first <= last and first <= need.last:
        return f'ports {first:#x} to {last:#x} are PCI configuration, the device-manager\'s'
    for first, last, other in ports:
        if need.first <= last and first <= need.last:
            return f'{other.name} owns ports {first:#x} to {last:#x} as well'
    ports.append((need.first, need.last, instance))
    return None
