"""Sequential reads of one raw image by our driver's client and by Linux (peer/), one request at a
time: instructions per request, counted by a plugin, and throughput, in alternating runs. Used by
system.py; what Linux needs is fetched by peer/linux.py.
"""
import random
import re
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / 'peer'))
import linux  # noqa: E402
import system_guest  # noqa: E402
from system_guest import DISK_BYTES, Failure  # noqa: E402

# Bytes of a request, how many of them: as block-bench reads.
RUNS = ((4096, 2048), (128 << 10, 256), (1 << 20, 64))
ALTERNATIONS = 7
_RESULT = re.compile(r'^bench: (\d+) bytes (\d+) requests (\d+) ticks sum (\d+)$', re.M)


def make_disk(build):
    """A raw image of random bytes, in the build folder: a RAM file system has no O_DIRECT."""
    path = Path(build) / 'peer' / 'disk.img'
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.stat().st_size != DISK_BYTES:
        path.write_bytes(random.Random(1).randbytes(DISK_BYTES))
    return path


def _counting(plugin, counts):
    return ['-plugin', f'{plugin},out={counts}', '-d', 'plugin,cpu_reset']


def _per_request(counts):
    """{bytes: instructions per request} from the plugin's file: two marks around each run."""
    marks = [int(line) for line in counts.read_text().split()]
    if len(marks) != 2 * len(RUNS):
        raise Failure(f'{len(marks)} marks of {2 * len(RUNS)}')
    return {size: round((marks[2 * i + 1] - marks[2 * i]) / requests)
            for i, (size, requests) in enumerate(RUNS)}


class Ours:
    """block-bench on our system."""

    def __init__(self, build, disk, plugin):
        self.build, self.disk, self.plugin = build, disk, plugin
        self.counts = Path(build) / 'peer' / 'counts'

    def _run(self, machine=()):
        """({bytes: seconds}, {bytes: sum of what was read})."""
        text = system_guest.run(self.build, 'block-bench',
                                machine=[*system_guest.disk_arguments(self.disk), *machine])
        rate = system_guest.ticks_per_us(text) * 1e6
        found = [tuple(map(int, each.groups())) for each in _RESULT.finditer(text)]
        if [each[:2] for each in found] != list(RUNS):
            raise Failure(f'block-bench read something else:\n{text}')
        return ({size: ticks / rate for size, _, ticks, _ in found},
                {size: total for size, _, _, total in found})

    def instructions(self):
        self._run(_counting(self.plugin, self.counts))
        return _per_request(self.counts)

    def seconds(self):
        return self._run()


class Linux:
    """The same of Debian's generic kernel."""

    def __init__(self, build, disk, plugin):
        self.kernel, self.initramfs = linux.make(build)
        self.disk, self.plugin = disk, plugin
        self.counts = Path(build) / 'peer' / 'linux-counts'

    def _run(self, **counting):
        command = linux.command(self.kernel, self.initramfs, self.disk, RUNS, **counting)
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=300, check=False)
        output = result.stdout.decode(errors='replace').replace('\r', '')
        sums = {int(match[1]): int(match[4], 16) for match in linux.RESULT.finditer(output)}
        return {size: it[1] for size, it in linux.results(output).items()}, sums

    def instructions(self):
        self._run(count_plugin=self.plugin, counts=self.counts)
        return _per_request(self.counts)

    def seconds(self):
        return self._run()


def compare(build, plugin, note):
    """The table in Markdown of both. Raises Failure, also when they have not read the same."""
    disk = make_disk(build)
    peers = {'ours': Ours(build, disk, plugin), 'Linux': Linux(build, disk, plugin)}
    counts = {name: peer.instructions() for name, peer in peers.items()}
    rates = {name: {size: [] for size, _ in RUNS} for name in peers}
    for number in range(ALTERNATIONS):
        sums = []
        for name, peer in peers.items():
            seconds, read = peer.seconds()
            sums.append(read)
            for size, requests in RUNS:
                rates[name][size].append(size * requests / seconds[size] / 1e6)
        if sums[0] != sums[1]:
            raise Failure(f'the two have not read the same: {sums}')
        note(f'run {number + 1} of {ALTERNATIONS}')
    lines = ['| bytes of a read | ours, instructions | Linux | ours, MB/s | Linux | ours / Linux |',
             '|---|---|---|---|---|---|']
    for size, _ in RUNS:
        ours, theirs = (statistics.median(rates[name][size]) for name in ('ours', 'Linux'))
        lines.append(f'| {size:,} | {counts["ours"][size]:,} | {counts["Linux"][size]:,} | '
                     f'{ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} |')
    return '\n'.join(lines)
