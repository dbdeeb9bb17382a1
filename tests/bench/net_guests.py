"""The two guests of the network benchmark: what each executes and how long it takes for the same
jobs, against the same program of the host. Used by net.py.
"""
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
JOBS = {'send': 64 * MIB, 'receive': 64 * MIB, 'udp': 2000, 'echo': 2000}
NAMES = {'send': 'TCP sent, MiB', 'receive': 'TCP received, MiB', 'udp': 'UDP transaction',
         'echo': 'TCP transaction'}
CARDS = {'virtio': 'virtio', 'e1000e': 'e1000e', 'e1000': '82540EM'}
_TRANSACTIONS = re.compile(r'^peer: (udp|echo) (\d+) transactions (\d+) lost ([0-9.]+) s', re.M)
_OUR_TRANSACTIONS = re.compile(r'^bench: (udp|echo) (\d+) transactions in (\d+) ticks', re.M)
_RESTART = re.compile(r'^bench: restart (\d+) ticks', re.M)
_SPAN = re.compile(r'^span (\d+) (\d+)$', re.M)


def per_unit(name, value):
    """Of a stream for each MiB, otherwise for each transaction."""
    return value / (JOBS[name] / MIB if name in ('send', 'receive') else JOBS[name])


def _stream_rates(jobs):
    """{job: Mbit/s}, as the host has seen it."""
    streams = {kind: (size, seconds) for kind, size, seconds in jobs}
    rates = {}
    for name, kind in (('send', net_link.SINK), ('receive', net_link.SOURCE)):
        size, seconds = streams.get(kind, (None, None))
        if size != JOBS[name]:
            raise Failure(f'the host has not seen the end of {name}')
        rates[name] = size * 8 / 1e6 / seconds
    return rates


def _instructions(counts):
    """{job: (instructions for each MiB or transaction, those without iterations of `rep`)}."""
    spans = [tuple(map(int, each)) for each in _SPAN.findall(counts.read_text())]
    if len(spans) != len(JOBS):
        raise Failure(f'{len(spans)} spans of {len(JOBS)}')
    return {name: tuple(round(per_unit(name, value)) for value in (every, every - repeated))
            for name, (every, repeated) in zip(JOBS, spans)}


def _plugged(card):
    """One card at the tap, as the launcher's options say it."""
    return SimpleNamespace(nic=[nics.nic(card)], net=[nics.net(f'tap:{net_link.TAP}')])


class Bench:
    """One kind of guest. _boot(card, machine) runs it once and returns what it printed;
    _transactions(output) are {job: (how many, seconds)} of it."""

    def __init__(self, build):
        self.build = Path(build)
        self.counter = linux.plugin(build, 'spans')
        self.program = linux.compiled(build, 'net_host')
        self.counts = self.build / 'peer' / f'{type(self).__name__}-spans'
        self.output = ''

    def rates(self, card, machine=()):
        """{job: Mbit/s or transactions in a second}."""
        with net_link.Host(self.program) as host:
            self.output = self._boot(card, list(machine))
        rates = _stream_rates(host.jobs)
        for name, (count, seconds) in self._transactions(self.output).items():
            if count != JOBS[name]:
                raise Failure(f'{name}: {count} transactions')
            rates[name] = count / seconds
        if missing := set(JOBS) - set(rates):
            raise Failure(f'no {", ".join(missing)}:\n{self.output[-2000:]}')
        return rates

    def instructions(self, card, blocks=False):
        """{job: (for each MiB or transaction, without iterations of `rep`)}."""
        which = f'{self.counter},out={self.counts}' + ',blocks=1' * blocks
        self.rates(card, ['-plugin', which, '-d', 'plugin,cpu_reset'])
        return _instructions(self.counts)


class Ours(Bench):
    """net-bench on our system."""

    def _boot(self, card, machine):
        words = ['--nic', card, '--net', f'tap:{net_link.TAP}']
        return system_guest.run(self.build, 'net-bench', words, machine)

    def _transactions(self, output):
        rate = system_guest.ticks_per_us(output) * 1e6
        return {name: (int(count), int(ticks) / rate)
                for name, count, ticks in _OUR_TRANSACTIONS.findall(output)}

    def restarts(self):
        """From each fault of the driver to the end of a transaction over the connection that was
        there, in milliseconds, of the last run."""
        rate = system_guest.ticks_per_us(self.output) * 1000
        return [int(ticks) / rate for ticks in _RESTART.findall(self.output)]


class Linux(Bench):
    """Debian's generic kernel."""

    def __init__(self, build, cpu='max'):
        super().__init__(build)
        self.kernel, self.initramfs = linux.make(build, 'net')
        self.cpu = cpu

    def _boot(self, card, machine):
        words = ' '.join(f'{name}:{amount}' for name, amount in JOBS.items())
        command = linux.machine(self.kernel, self.initramfs,
                                f'{net_link.GUEST} {net_link.HOST} {words}', self.cpu)
        result = subprocess.run([*command, *nics.arguments(_plugged(card)), *machine],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=300, check=False)
        output = result.stdout.decode(errors='replace').replace('\r', '')
        if 'peer: done' not in output:
            raise Failure(f'the peer did not come to its end:\n{output[-2000:]}')
        return output

    def _transactions(self, output):
        found = _TRANSACTIONS.findall(output)
        if any(int(lost) for _, _, lost, _ in found):
            raise Failure(f'datagrams were lost: {found}')
        return {name: (int(count), float(seconds)) for name, count, _, seconds in found}
