"""Network cards of a guest and what they are plugged into: the options --nic and --net, the words for
each emulator, and which ports of ours lead into the guest.

A card's network is its own: 10.0.2.0/24 for the first, 10.0.3.0/24 for the second and so on. The
emulator asks the system for a free port on 127.0.0.1 for each port of the guest that is forwarded.
"""
import argparse
from dataclasses import dataclass, field
import re
import socket

from project import ProjectError

MODELS = {'virtio': 'virtio-net-pci', 'e1000': 'e1000', 'e1000e': 'e1000e'}
MOST = 8
MOST_IN_BOCHS = 3  # slots of the i440FX, less the screen's and one for UEFI
FIRST_DEVICE = 0x14  # 00:14.0, 00:15.0 ..., or a root port there
WEB = 80
# Where slots are the chipset's own business and not the firmware's (ACPI).
NATIVE_SLOTS = ('-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off')


@dataclass
class Nic:
    model: str
    hotplug: bool = False
    mac: str = ''


@dataclass
class Net:
    kind: str = 'user'
    rest: str = ''  # a tap's name, options of a socket
    ports: tuple = (WEB,)  # of the guest, which lead there from ports of ours


@dataclass
class Forwards:
    """What QEMU says of its networks: {(card, port of the guest): port on 127.0.0.1}."""
    ports: dict = field(default_factory=dict)

    def learn(self, text):
        """From the monitor's answer to `info usernet`."""
        card = None
        for line in text.splitlines():
            if match := re.match(r'Hub -?\d+ \(net(\d+)\)', line):
                card = int(match[1])
            elif match := re.match(r'\s*TCP\[HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)\s+\S+\s+(\d+)', line):
                self.ports[card, int(match[2])] = int(match[1])

    def urls(self):
        return [f'http://127.0.0.1:{port}/' for (_, guest), port in sorted(self.ports.items())
                if guest == WEB]


def nic(text):
    """--nic MODEL[,hotplug][,mac=ADDRESS], or none."""
    model, *words = text.split(',')
    if text == 'none':
        return None
    if model not in MODELS:
        raise argparse.ArgumentTypeError(f'{model!r} is none of {", ".join(MODELS)}, none')
    result = Nic(model)
    for word in words:
        if word == 'hotplug':
            result.hotplug = True
        elif match := re.fullmatch(r'mac=([0-9a-f]{2}(?::[0-9a-f]{2}){5})', word):
            result.mac = match[1]
        else:
            raise argparse.ArgumentTypeError(f'{word!r} is neither hotplug nor mac=52:54:00:...')
    return result


def net(text):
    """--net user[:PORT,...], tap:NAME or socket:OPTIONS."""
    kind, separator, rest = text.partition(':')
    if kind == 'user':
        if not separator:
            return Net()
        if not re.fullmatch(r'[0-9]{1,5}(,[0-9]{1,5})*', rest):
            raise argparse.ArgumentTypeError(f'{rest!r}: ports of the guest, such as user:80,5001')
        ports = tuple(dict.fromkeys(int(each) for each in rest.split(',')))
        if not all(1 <= each <= 65535 for each in ports):
            raise argparse.ArgumentTypeError(f'{rest!r}: ports are 1 to 65535')
        return Net('user', '', ports)
    if kind == 'tap' and re.fullmatch(r'[\w.\-]{1,15}', rest):
        return Net('tap', rest, ())
    if kind == 'socket' and rest:
        return Net('socket', rest, ())
    raise argparse.ArgumentTypeError(f'{text!r} is none of user, tap:NAME, socket:...')


def add_options(parser):
    parser.add_argument('--nic', action='append', type=nic, metavar='MODEL',
                        help='a network card: virtio, e1000, e1000e or none; again for more, the '
                        'first at PCI function 00:14.0. MODEL,hotplug: in a slot of its own; '
                        'MODEL,mac=52:54:00:...')
    parser.add_argument('--net', action='append', default=[], type=net, metavar='NET',
                        help='where the cards are plugged in, in their order: user (default; '
                        'user:80,5001 forwards these ports of the guest), tap:NAME, or socket:... as '
                        'in qemu(1) behind -netdev socket')


def checked(options, default=()):
    """Replaces the options by lists of the same length. default: models where nobody said any."""
    if options.nic is None:
        options.nic = [Nic(model) for model in default] if options.emulator == 'qemu' else []
    elif None in options.nic and len(options.nic) > 1:
        raise ProjectError('--nic none stands alone')
    options.nic = [each for each in options.nic if each]
    if len(options.net) > len(options.nic):
        raise ProjectError(f'{len(options.net)} times --net for {len(options.nic)} network cards')
    if len(options.nic) > MOST:
        raise ProjectError(f'at most {MOST} network cards')
    if options.machine != 'q35' and any(each.hotplug for each in options.nic):
        raise ProjectError('slots need PCI Express: leave --machine out')
    options.net = options.net + [Net()] * (len(options.nic) - len(options.net))
    if options.emulator == 'bochs':
        _check_bochs(options)


def _check_bochs(options):
    if any(each.model != 'e1000' or each.hotplug for each in options.nic):
        raise ProjectError('Bochs has one network card: --nic e1000')
    if any(each.kind == 'socket' for each in options.net):
        raise ProjectError('Bochs has no --net socket')
    if len(options.nic) > MOST_IN_BOCHS:
        raise ProjectError(f'at most {MOST_IN_BOCHS} network cards in Bochs')


def mac_of(card, number):
    return card.mac or f'52:54:00:12:34:{0x56 + number:02x}'


def _backend(network, number):
    if network.kind == 'user':
        words = [f'user,id=net{number},net=10.0.{2 + number}.0/24,'
                 f'ipv6-prefix=fec0:0:0:{number:x}::']
        return ','.join(words + [f'hostfwd=tcp:127.0.0.1:0-:{port}' for port in network.ports])
    if network.kind == 'tap':
        return f'tap,id=net{number},ifname={network.rest},script=no,downscript=no'
    return f'socket,id=net{number},{network.rest}'


def arguments(options):
    """Of QEMU. No boot ROMs: nobody boots from a network. virtio is the modern kind; offloads are on
    where the other end can take them (tap)."""
    words = list(NATIVE_SLOTS) if any(each.hotplug for each in options.nic) else []
    for number, (card, network) in enumerate(zip(options.nic, options.net)):
        where = f'addr={FIRST_DEVICE + number:x}.0'
        if card.hotplug:
            words += ['-device', f'pcie-root-port,id=nicslot{number},chassis={20 + number},'
                      f'slot={20 + number},{where}']
            where = f'bus=nicslot{number}'
        modern = ',disable-legacy=on,mrg_rxbuf=on' if card.model == 'virtio' else ''
        words += ['-netdev', _backend(network, number),
                  '-device', f'{MODELS[card.model]},id=nic{number},netdev=net{number},'
                  f'mac={mac_of(card, number)},romfile={modern},{where}']
    return words


def descriptors(options):
    """Numbers of the file descriptors that --net socket:fd=N names: QEMU inherits them."""
    return [int(match[1]) for each in options.net if each.kind == 'socket'
            for match in re.finditer(r'(?:^|,)fd=(\d+)', each.rest)]


def has_forwards(options):
    return any(each.ports for each in options.net)


# --- Bochs -----------------------------------------------------------------------------------------

def _free_port():
    """Bochs takes a number and does not say which port it got, so it may be gone when it starts."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


def bochs_lines(options, scratch, forwards):
    """Lines of its configuration; fills in the ports."""
    lines = []
    for number, (card, network) in enumerate(zip(options.nic, options.net)):
        line = f'e1000: card={number}, enabled=1, mac={mac_of(card, number)}'
        if network.kind == 'tap':
            lines.append(f'{line}, ethmod=tuntap, ethdev=/dev/net/tun:{network.rest}, script=none')
            continue
        script = scratch / f'slirp{number}.conf'
        rows = ['# slirp config', f'net = 10.0.{2 + number}.0', 'mask = 255.255.255.0',
                f'host = 10.0.{2 + number}.2', f'dhcpstart = 10.0.{2 + number}.15',
                f'dns = 10.0.{2 + number}.3']
        for port in network.ports:
            forwards.ports[number, port] = _free_port()
            rows.append(f'hostfwd = tcp:127.0.0.1:{forwards.ports[number, port]}'
                        f'-10.0.{2 + number}.15:{port}')
        script.write_text('\n'.join(rows) + '\n')
        lines.append(f'{line}, ethmod=slirp, script={script}')
    return lines
