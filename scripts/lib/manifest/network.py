"""[network] of a manifest: what a client of protocol `net` may bind and reach, and how much of the
network it may use. Read here, made into arguments of whoever provides `net`, and said in words. The
other end is net::Rule (libs/protocol/net.hpp): a test has that read what is written here.
"""
from dataclasses import dataclass, field
import ipaddress
import re

from manifest.fields import number, one_of, shared_size, size, text, volume

PROTOCOL = 'net'
ARENA_OFFSET = 112 << 10  # net::arena_offset
MAX_ARENA = 8 << 20
MAX_RULES, MAX_SOCKETS = 32, 4096
WORDS = ('bind', 'reach')  # net::Rule::What
KINDS = {'tcp': 6, 'udp': 17, 'echo': 1}
_SHOWN = {'tcp': 'TCP', 'udp': 'UDP', 'echo': 'echo requests (ping)'}
_MAPPED = ipaddress.IPv6Network('::ffff:0:0/96')  # IPv4 within IPv6


@dataclass
class Rule:
    """net::Rule. `to` is what the manifest says, for people."""
    what: str
    kind: str
    first: int = 0
    last: int = 0
    prefix: int = 0
    address: bytes = bytes(16)
    to: str = 'any'

    def arguments(self):
        """The three numbers that net::Rule::of takes."""
        a = (WORDS.index(self.what) | KINDS[self.kind] << 8 | self.prefix << 16
             | self.first << 32 | self.last << 48)
        return a, *(int.from_bytes(self.address[at:at + 8], 'little') for at in (0, 8))


@dataclass
class Network:
    """What is left out, and a manifest without the table, allows nothing."""
    rules: list = field(default_factory=list)
    sockets: int = 0
    memory: int = 0
    rate: int = 0
    arena: int = 0  # 0: what the protocol has

    def arguments(self):
        """(name, number) of everything the server finds about this client."""
        yield from (('sockets', self.sockets), ('memory', self.memory), ('rate', self.rate),
                    ('rules', len(self.rules)))
        for index, rule in enumerate(self.rules):
            yield from zip((f'{index}.{letter}' for letter in 'abc'), rule.arguments())


def ports(value):
    """(first, last) of "80" or "1024-65535"."""
    match = re.fullmatch(r'([0-9]{1,5})(?:-([0-9]{1,5}))?', text(value))
    if not match:
        raise ValueError(f'"{value}" must be a port or two with a "-", such as "80" or "1-65535"')
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= 65535 or not 1 <= last <= 65535:
        raise ValueError(f'"{value}": ports are 1 to 65535')
    if last < first:
        raise ValueError(f'"{value}": the last port is below the first')
    return first, last


def place(value):
    """(prefix, address, value) of "any", an address, or an address with the bits that count."""
    if text(value) == 'any':
        return 0, bytes(16), value
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(_fault(value)) from error
    if network.version == 4:
        return (_MAPPED.prefixlen + network.prefixlen,
                _MAPPED.network_address.packed[:12] + network.network_address.packed, value)
    if network.overlaps(_MAPPED):
        raise ValueError(f'"{value}" takes in IPv4: write "any", or IPv4 as "10.0.2.0/24"')
    return network.prefixlen, network.network_address.packed, value


def _fault(value):
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return f'"{value}" must be "any", an address, or one with a prefix such as "10.0.2.0/24"'
    return f'"{value}" has bits set behind the prefix: write "{network}"'


def _rule(row, what):
    # Nobody binds to echo: net answers those by itself.
    rule = Rule(what, row.take('kind', one_of(*(KINDS if what == 'reach' else ('tcp', 'udp'))))
                or 'tcp')
    if rule.kind != 'echo':
        rule.first, rule.last = row.take('ports', ports) or (0, 0)
    if what == 'reach':
        rule.prefix, rule.address, rule.to = row.take('to', place) or (0, bytes(16), 'any')
    row.finish()
    return rule


def _arena(value):
    result = size(value)
    if result > MAX_ARENA:
        raise ValueError(f'is above {MAX_ARENA >> 20}M')
    return result


def read(table):
    """A Network from the table."""
    network = Network()
    for what in WORDS:
        network.rules += [_rule(row, what) for row in table.tables(what, MAX_RULES)]
    if len(network.rules) > MAX_RULES:
        table.complain(f'{len(network.rules)} rules, at most {MAX_RULES}')
    network.sockets = table.take('sockets', number(0, MAX_SOCKETS), 16)
    network.memory = table.take('memory', shared_size, 256 << 10)
    network.rate = table.take('rate', volume, 0)
    network.arena = table.take('arena', _arena, 0)
    table.finish()
    return network


def _words(rule):
    if rule.kind == 'echo':
        shown = _SHOWN['echo']
    elif rule.first == rule.last:
        shown = f'{_SHOWN[rule.kind]} port {rule.first}'
    else:
        shown = f'{_SHOWN[rule.kind]} ports {rule.first} to {rule.last}'
    if rule.what == 'bind':
        return f'bind {shown}'
    to = 'any address' if rule.to == 'any' else rule.to
    return f'reach {to} by {shown}' if rule.kind != 'echo' else f'send {shown} to {to}'


def explain(network):
    """What a client may do, in plain words."""
    if not network.rules:
        return 'nothing'
    rate = f'{network.rate} bytes a second' if network.rate else 'no limit of bytes a second'
    return (f'may {", ".join(_words(rule) for rule in network.rules)}, and nothing else; '
            f'{network.sockets} sockets, {network.memory >> 10} KiB waiting to be sent or read, '
            f'{rate}')
