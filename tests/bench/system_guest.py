"""Guests that measure themselves for system.py: boots a bench archive (tests/system/NAME.toml) on a
release build, reads the figures that its program prints on the serial line.
"""
from pathlib import Path
import re
import sys
import time

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'scripts/lib'))
import guest_test  # noqa: E402
from launcher import Guest, scratch_folder  # noqa: E402
from options import checked  # noqa: E402

DONE = b'bench: done'
_FIGURE = re.compile(r'^bench: (\w+) count=\d+ min=(\d+) median=(\d+) mean=(\d+) p99=(\d+)', re.M)
_CLOCK = re.compile(r'^hypercore: clock TSC (\d+) kHz', re.M)
DISK_BYTES = 64 << 20


class Failure(Exception):
    """A guest gave no figures to judge; the text says why."""


def archive(build, name):
    return Path(build) / f'tests/bench/archive-{name}.cpio'


def disk_arguments(disk):
    """A disk past the host's page cache, where sysroot/etc/system.toml has disk0."""
    return ['-blockdev', f'driver=file,node-name=disk,filename={disk},cache.direct=on',
            '-device', 'virtio-blk-pci,drive=disk,addr=10.0']


def run(build, name, words=(), machine=(), patience=60):
    """All that the guest prints until its program is done."""
    options = guest_test.parse(['--build', str(build), '--profile', 'test', '--archive',
                                str(archive(build, name)), '--timeout', str(patience), *words])
    output = bytearray()
    with scratch_folder() as scratch:
        image = guest_test.make_image(options, scratch)
        with Guest(checked(options), image, scratch, extra=list(machine)) as guest:
            guest.on_output.append(output.extend)
            guest.run(until=lambda: DONE in output)
            guest.qmp.send('quit')
            guest.run(deadline=time.monotonic() + 10)
    text = output.decode(errors='replace').replace('\r', '')
    if DONE not in output:
        raise Failure(f'{name} did not come to its end:\n' + '\n'.join(text.splitlines()[-20:]))
    return text


def figures(text):
    """{name: {min, median, mean, p99}} in TSC ticks."""
    return {match[1]: dict(zip(('min', 'median', 'mean', 'p99'), map(int, match.groups()[1:])))
            for match in _FIGURE.finditer(text)}


def ticks_per_us(text):
    match = _CLOCK.search(text)
    if not match:
        raise Failure('the kernel did not say how fast the TSC is')
    return int(match[1]) / 1000


def in_us(text):
    """The figures in microseconds."""
    rate = ticks_per_us(text)
    return {name: {key: round(value / rate) for key, value in figure.items()}
            for name, figure in figures(text).items()}
