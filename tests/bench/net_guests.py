"""The two guests of the network benchmark: what each executes and how long it takes for the same
jobs, against the same program of the host. Used by net.py.
"""
from collections import namedtuple
from pathlib import Path
import re
import subprocess
import sys
from types import SimpleNamespace

import system_guest  # so scripts/lib is on the path
from system_guest import Failure
sys.path.insert(0, str(Path(__file__).resolve().parent / 'peer'))
import linux  # noqa: E402
import net_link  # noqa: E402
import nics  # noqa: E402

MIB = 1 << 20
# In the order in which both programs do them: bytes, or transactions.
Jobs = namedtuple('Jobs', 'send receive udp echo')
FULL, SHORT = Jobs(64 * MIB, 64 * MIB, 2000, 2000), Jobs(16 * MIB, 16 * MIB, 1000, 1000)
CARDS = {'virtio': 'virtio', 'e1000e': 'e1000e', 'e1000': '82540EM'}
_TRANSACTIONS = re.compile(r'^(?:peer|bench): (udp|echo) (\d+) transactions (\d+) lost ([0-9.]+) s',
                           re.M)
_SPAN = re.compile(r'^span (\d+) (\d+)$', re.M)


def per_unit(name, amount, value):
    """Of a stream for each MiB, otherwise for each transaction."""
    return value / (amount / MIB if name in ('send', 'receive') else amount)


def _rates(jobs, host, output):
    """{job: Mbit/s of a stream, or transactions in a second}."""
    streams = {kind: (size, seconds) for kind, size, seconds in host.jobs}
    rates = {}
    for name, kind in (('send', net_link.SINK), ('receive', net_link.SOURCE)):
        size, seconds = streams.get(kind, (None, None))
        if size != getattr(jobs, name):
            raise Failure(f'the host has not seen the end of {name}:\n{output[-2000:]}')
        rates[name] = size * 8 / 1e6 / seconds
    for name, count, lost, seconds in _TRANSACTIONS.findall(output):
        if int(count) != getattr(jobs, name) or int(lost) != 0:
            raise Failure(f'{name}: {count} transactions, {lost} of them lost')
        rates[name] = int(count) / float(seconds)
    if missing := set(Jobs._fields) - set(rates):
        raise Failure(f'no {", ".join(missing)}:\n{output[-2000:]}')
    return rates


def _instructions(jobs, counts):
    """{job: (instructions for each MiB or transaction, those without iterations of `rep`)}."""
    spans = [tuple(map(int, each)) for each in _SPAN.findall(counts.read_text())]
    if len(spans) != len(jobs):
        raise Failure(f'{len(spans)} spans of {len(jobs)}')
    return {name: tuple(round(per_unit(name, amount, value)) for value in (all_, all_ - repeated))
            for (name, amount), (all_, repeated) in zip(jobs._asdict().items(), spans)}


def _plugged(card):
    """One card at the tap, as the launcher's options say it."""
    return SimpleNamespace(nic=[nics.nic(card)], net=[nics.net(f'tap:{net_link.TAP}')])


class Bench:
    """One kind of guest. `boot` runs it once: a subclass says how."""

    def __init__(self, build):
        self.build = Path(build)
        self.counter = linux.plugin(build, 'spans')
        self.program = linux.compiled(build, 'net_host')
        self.counts = self.build / 'peer' / f'{type(self).__name__}-spans'

    def _run(self, card, jobs, machine=()):
        with net_link.Host(self.program) as host:
            output = self.boot(card, jobs, list(machine))
        return _rates(jobs, host, output)

    def rates(self, card, jobs):
        return self._run(card, jobs)

    def instructions(self, card, jobs, blocks=False):
        which = f'{self.counter},out={self.counts}' + ',blocks=1' * blocks
        self._run(card, jobs, ['-plugin', which, '-d', 'plugin'])
        return _instructions(jobs, self.counts)


class Linux(Bench):
    """Debian's generic kernel."""

    def __init__(self, build, cpu='max'):
        super().__init__(build)
        self.kernel, self.initramfs = linux.make(build, 'net')
        self.cpu = cpu

    def boot(self, card, jobs, machine):
        words = ' '.join(f'{name}:{amount}' for name, amount in jobs._asdict().items())
        command = linux.machine(self.kernel, self.initramfs,
                                f'{net_link.GUEST} {net_link.HOST} {words}', self.cpu)
        command += nics.arguments(_plugged(card))
        result = subprocess.run([*command, *machine], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                                check=False)
        output = result.stdout.decode(errors='replace').replace('\r', '')
        if 'peer: done' not in output:
            raise Failure(f'the peer did not come to its end:\n{output[-2000:]}')
        return output
