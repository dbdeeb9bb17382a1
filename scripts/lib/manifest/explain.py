"""What a program may touch, in plain words: derived from the same composition that is compiled, so
what is not said here it cannot reach.
"""
from manifest import network
from manifest.schema import ANY

_IRQ = {'irq_isa': 'ISA interrupt {first}', 'irq_hpet': 'the HPET\'s timer 0',
        'irq_pci': 'interrupt {index} of its PCI function (MSI-X, MSI or INTx)'}
_PLATFORM = {'com1': 'the first serial port', 'ps2': 'the PS/2 controller', 'hpet': 'the HPET',
             'rtc': 'the real-time clock', 'framebuffer': 'the framebuffer the loader told of'}
_ENDS = {'always': 'it is replaced', 'on_fault': 'it is replaced after a fault or hang, not after '
         'an exit', 'never': 'it stays ended, its clients are answered "absent"'}


def amount(size):
    """Bytes as a person writes them."""
    for unit, shift in (('GiB', 30), ('MiB', 20), ('KiB', 10)):
        if size >= 1 << shift and size % (1 << shift) == 0:
            return f'{size >> shift} {unit}'
    return f'{size} bytes'


def listed(words, none='nothing'):
    words = list(dict.fromkeys(words))
    return ', '.join(words) if words else none


def _device(instance):
    match, function = instance.manifest.match, instance.component.function
    if match.bus == 'none':
        return 'none'
    if match.bus == 'platform':
        return _PLATFORM[match.id]
    where = 'the first free PCI function' if function == ANY else \
        f'PCI function {function >> 8:02x}:{function >> 3 & 31:02x}.{function & 7}'
    ids = [] if match.vendor == ANY else [
        f'{match.vendor:04x}:{device:04x}' for device in match.devices] or [f'{match.vendor:04x}']
    if match.class_mask:
        ids.append(f'class {match.class_code:06x} (mask {match.class_mask:06x})')
    return f'{where}, if it is ' + ' or '.join(ids)


def _registers(needs):
    for need in needs:
        if need.kind == 'bar':
            yield f'BAR {need.index} (at least {amount(need.first)})'
        elif need.kind in ('hpet', 'framebuffer'):
            yield f'those of {_PLATFORM[need.kind]}'


def _dma(composition, instance):
    own = [f'{amount(need.first)} of its own' for need in instance.manifest.needs
           if need.kind == 'dma']
    pools = [f'the pool of {edge.client.name} ({amount(edge.pool)}, which it cannot see itself)'
             for edge in composition.clients(instance) if edge.pool]
    if any(need.kind == 'hpet' for need in instance.manifest.needs):
        return ('none of its own. DMA not contained: an HPET that interrupts by messages writes a word '
                'wherever its registers say')
    if instance.manifest.match.bus != 'pci' and not own:
        return 'none'
    return (listed(own + pools) + '. DMA not contained: no VT-d stands between its device and '
            'memory, so a faulty driver can have it write anywhere')


def _peers(composition, instance, call, ends):
    """NAME (PROTOCOL) at the other end of the edges that do, or do not, Call."""
    for edge in composition.edges:
        if edge.protocol.call == call:
            for mine, other in ((edge.client, edge.server), (edge.server, edge.client)):
                if mine is instance and (mine is edge.client) == (ends == 'client'):
                    yield f'{other.name} ({edge.protocol.name})'


def _calls(composition, instance):
    if instance.name == 'root':
        return 'memory-manager once, at the start, when nothing else runs'
    words = [] if instance.name == 'memory-manager' else ['memory-manager (memory)']
    if any(need.kind.startswith('irq') for need in instance.manifest.needs):
        words.append('device-manager (to acknowledge a shared interrupt)')
    return listed([*words, *_peers(composition, instance, True, 'client')], 'nobody')


def _callers(composition, instance):
    if instance.name == 'memory-manager':
        return 'everybody'
    return listed(_peers(composition, instance, True, 'server'), 'nobody')


def _pools(composition, instance):
    """Each once, with all whose devices reach it."""
    pools = {}
    for edge in composition.uses(instance):
        if edge.pool:
            pools.setdefault((edge.pool_alias, edge.pool), []).append(edge.server.name)
    for (_, size), servers in pools.items():
        last = servers.pop()
        whose = f'the devices of {", ".join(servers)} and {last} reach' if servers else \
            f'the device of {last} reaches'
        yield f'a pool of {amount(size)} that {whose}'


def _network(instance):
    """Only through protocol net, unless it is net itself or moves its frames."""
    manifest = instance.manifest
    if network.PROTOCOL in manifest.provides:
        return 'all of it, for itself and its clients'
    if 'nic' in manifest.provides:
        return 'the wire of its device, which sends what it is told'
    return network.explain(manifest.network)


def _shared(composition, instance):
    words = []
    for edge in composition.edges:
        size = edge.shared or edge.protocol.broadcast
        for mine, other in ((edge.client, edge.server), (edge.server, edge.client)):
            if mine is not instance or not size:
                continue
            read_only = (edge.protocol.broadcast or edge.protocol.reads) and mine is edge.client
            words.append(f'{amount(size)} with {other.name} ({edge.protocol.name}'
                         f'{", read-only" if read_only else ""})')
    words += _pools(composition, instance)
    if instance.manifest.keep:
        words.append(f'{amount(instance.manifest.keep)} that outlive it')
    if not instance.trusted:
        words.append('the system page (read-only)')
    return listed(words)


def _budget(instance):
    budget = instance.budget
    time = 'no limit of CPU time but its turn' if budget.budget_us == budget.period_us else \
        f'{budget.budget_us} us of CPU time in each {budget.period_us} us'
    return (f'{amount(budget.memory)} of memory, {amount(budget.objects)} of kernel objects, '
            f'{budget.slots} slots; {time}, at priority {budget.priority}'
            + (', time-shared by feedback' if budget.feedback else ''))


def _end(instance):
    manifest = instance.manifest
    if instance.trusted:
        return 'root prints what happened; nothing replaces it (root itself: the kernel panics)'
    words = [_ENDS[manifest.policy]]
    if manifest.policy != 'never':
        words.append(f'at most {manifest.max_per_min} times a minute')
    words.append(f'noticed as hung after {manifest.heartbeat_us // 1000} ms of CPU time without a '
                 'heartbeat' if manifest.heartbeat_us else 'a hang is not noticed')
    if manifest.match.bus == 'pci':
        steps = len(manifest.quiesce)
        words.append('its device is made quiet first: bus master and interrupts off'
                     + (f', {steps} writes or polls of the manifest' if steps else '')
                     + ', a reset if that does not do')
    return '; '.join(words)


def explain(composition, instance):
    """Lines about one instance."""
    manifest = instance.manifest
    needs = manifest.needs
    about = f'{instance.name}: {manifest.about}'
    rows = [
        ('what', f'{manifest.kind}, {manifest.path}, profile {composition.profile}'
         + ('' if instance.component.autostart else ', not started by itself')),
        ('rights', listed(sorted(manifest.rights), 'none besides what follows')),
        ('device', _device(instance)),
        ('ports', listed((f'{need.first:#x} to {need.last:#x}' for need in needs
                          if need.kind == 'ports'), 'none')),
        ('registers', listed(_registers(needs), 'none')),
        ('interrupts', listed((_IRQ[need.kind].format(**vars(need)) for need in needs
                               if need.kind in _IRQ), 'none')),
        ('DMA', _dma(composition, instance)),
        ('Calls', _calls(composition, instance)),
        ('Called by', _callers(composition, instance)),
        ('rings', listed([*_peers(composition, instance, False, 'client'),
                          *_peers(composition, instance, False, 'server')], 'with nobody')),
        ('network', _network(instance)),
        ('shared memory', _shared(composition, instance)),
        ('budget', _budget(instance)),
        ('when it dies', _end(instance))]
    if instance.name == 'root':
        rows[2:7] = [('hardware', 'everything, until it has handed it over; then the ports of COM1')]
    elif instance.name == 'memory-manager':
        rows[2:7] = [('hardware', 'all RAM')]
    elif instance.name == 'device-manager':
        rows[2:7] = [('hardware', 'all device memory, ports, interrupts, PCI configuration')]
    return [about, *(f'  {title + ":":15}{text}' for title, text in rows)]


def report(composition, name):
    """Lines about an instance, or about each instance of a program. Empty: there is none."""
    found = [each for each in composition.instances if name in (each.name, each.manifest.name)]
    return [line for each in found for line in [*explain(composition, each), '']][:-1]
