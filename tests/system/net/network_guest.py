"""A guest of net.toml on wires of a test's own (wire.py), at its prompt, and how to ask it."""
import contextlib
import json
import subprocess
import time

import wire
import rig

DRIVERS = {'virtio': 'virtio0', 'e1000e': 'e1000e0', 'e1000': 'e1000-0'}  # the first of each kind in net.toml
MAC = '52:54:00:12:34:{:02x}'
PATIENCE = 60.0


class NetworkGuest(rig.Session):
    """kinds: of its cards, the first of which is on the first wire and so on; hotplug: in slots."""

    def __init__(self, wires, kinds, build, archive, machine=(), hotplug=False, words=()):
        cards = [each + (',hotplug' if hotplug else '') for each in kinds]
        words = [*words, *(word for card, net in zip(cards, wires)
                           for word in ('--nic', card, '--net', f'tap:{net.tap}'))]
        super().__init__('test', words, machine, build, archive)
        self.wires, self.kinds = wires, kinds
        self.address = []

    def begin(self):
        """Waits for the prompt and for an address on each wire."""
        self.prompt(120)
        for net in self.wires:
            self.wait(net.lease, f'lease on {net.tap}', PATIENCE)
            self.address.append(net.lease())

    def configured(self, number=0):
        """Waits for both addresses of a card; returns its row of `net`."""
        row = {}

        def both():
            row.update(self.rows('net')[number])
            return row['state'] == 'up' and self.address6(number) in [
                wire.written_out(each.partition('/')[0]) for each in row['addresses'].split()]
        self.after(both, 'address by DHCP and by SLAAC')
        return row

    def mac(self, number=0):
        return MAC.format(0x56 + number)

    def rows(self, command):
        return json.loads(self.command(f'{command} --json').text)

    def program(self, name):
        return next(row for row in self.rows('ps') if row['name'] == name)

    def address6(self, number=0):
        """What a card of QEMU's makes of our prefix (RFC 4291, appendix A)."""
        return wire.written_out(f'fd77:0:0:{number:x}:5054:ff:fe12:34{0x56 + number:02x}')

    def link_local(self, number=0):
        return f'fe80::5054:ff:fe12:34{0x56 + number:02x}%{self.wires[number].tap}'

    # --- programs of the host, while the guest goes on -----------------------------------------

    def host(self, *command, patience=PATIENCE):
        """Runs a program here. Returns (status, output)."""
        with open(self.scratch / 'host.out', 'w+b') as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, preexec_fn=rig.die_with_parent)
            try:
                self.wait(lambda: process.poll() is not None, f'end of {" ".join(command)}', patience)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            output.seek(0)
            return process.returncode, output.read().decode(errors='replace')

    def pinged(self, address, *, size=56, count=3):
        """Whether each of `count` echo requests from here is answered; what ping said."""
        status, text = self.host('ping', '-n', '-c', str(count), '-i', '0.02', '-W', '5', '-s', str(size), address)
        return status == 0 and f' {count} received' in text, text

    def after(self, condition, what, patience=PATIENCE):
        """Asks at the prompt until it is so."""
        end = time.monotonic() + patience
        while not condition():
            if time.monotonic() > end:
                raise rig.Lost(f'{what} does not come\n{self.command("log").text}')

    def kill(self, name):
        """Kills a driver at the prompt, and waits for its successor."""
        before = int(self.program(name)['restarts'])
        self.command(f'kill {name}')
        self.after(lambda: self.program(name)['restarts'] > before and self.program(name)['state'] == 'running',
                   f'successor of {name}')


@contextlib.contextmanager
def wires(count=1, **options):
    """The wires in a network namespace; where there can be none, says why in a case that is skipped."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(wire.Wire(number, **options)) for number in range(count)]


def possible(tap):
    """Moves to a network of our own; False and a skipped case where that cannot be."""
    try:
        wire.own_network()
        return True
    except wire.Impossible as reason:
        tap.skip('network', reason)
        return False
