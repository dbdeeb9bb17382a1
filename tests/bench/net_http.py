#!/usr/bin/env python3
"""HTTP requests in a second at 1 to 1,000 connections: wrk against servers/http of the default
profile, a release build, over a tap in a network namespace of its own. It compares nothing: rates
depend on the machine, and wrk has one of its CPUs. With --update the table and the curve in
docs/architecture/network-performance.md are written anew.
"""
import argparse
from pathlib import Path
import re
import statistics
import sys

import report
sys.path[1:1] = [str(Path(__file__).resolve().parents[2] / 'scripts/lib'),
                 str(Path(__file__).resolve().parents[1] / 'system/net')]
import net_page  # noqa: E402
import project  # noqa: E402
import network_guest  # noqa: E402
import rig  # noqa: E402
import wire  # noqa: E402
sys.path.insert(0, str(Path(__file__).resolve().parent / 'sched'))
import svg  # noqa: E402

CONNECTIONS = (1, 3, 10, 30, 100, 300, 1000)
ROUNDS, SECONDS = 5, 2
PATHS = {'/api/memory': 'JSON, made at most four times a second', '/': 'the page'}
_RATE = re.compile(r'^Requests/sec:\s+([0-9.]+)$', re.M)
_LATENCY = re.compile(r'^\s+(50|99)%\s+([0-9.]+)(us|ms|s)$', re.M)
_MS = {'us': 0.001, 'ms': 1.0, 's': 1000.0}


class Failure(Exception):
    """wrk has met errors, or said nothing that can be read; the text says what."""


def read(text):
    """(requests in a second, milliseconds in which half of them, 99 % of them were answered)."""
    rate, latency = _RATE.search(text), dict((m[1], float(m[2]) * _MS[m[3]])
                                             for m in _LATENCY.finditer(text))
    if not rate or set(latency) != {'50', '99'} or 'Socket errors' in text or 'Non-2xx' in text:
        raise Failure(text)
    return float(rate[1]), latency['50'], latency['99']


def measure(guest):
    """{path: {connections: (requests in a second, median and 99th percentile in ms)}}, medians of
    rounds in which all are asked for."""
    samples = {path: {count: [] for count in CONNECTIONS} for path in PATHS}
    for number in range(ROUNDS):
        for path in PATHS:
            for count in CONNECTIONS:
                status, text = guest.host('wrk', '--latency', '-t', '1', '-c', str(count), '-d', f'{SECONDS}s',
                                          '--timeout', '20s', f'http://{guest.address[0]}{path}')
                if status != 0:
                    raise Failure(text)
                samples[path][count].append(read(text))
        report.comment(f'round {number + 1} of {ROUNDS}')
    return {path: {count: tuple(map(statistics.median, zip(*each))) for count, each in counts.items()}
            for path, counts in samples.items()}


def table(figures):
    lines = ['| connections |' + ''.join(f' `{path}`, requests/s | half in, ms | 99 % in, ms |'
                                         for path in figures), '|' + '---|' * (1 + 3 * len(figures))]
    for count in CONNECTIONS:
        cells = ''.join(' {:,.0f} | {:.1f} | {:.1f} |'.format(*each[count]) for each in figures.values())
        lines.append(f'| {count:,} |{cells}')
    return '\n'.join(lines)


def draw(figures):
    svg.curves(net_page.PLOTS / 'http.svg', 'HTTP: requests in a second, by connections', 'connections',
               'requests/s', {f'{path} ({PATHS[path]})': [(count, each[count][0]) for count in CONNECTIONS]
                              for path, each in figures.items()})


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--update', action='store_true', help='write table and curve anew')
    parser.add_argument('--build', metavar='DIR', help='take what is built there, build nothing')
    options = parser.parse_args(arguments)
    build = Path(options.build or project.build_dir(release=True))
    try:
        wire.own_network()
        if not options.build:
            project.build(build, release=True, targets=project.profile_targets('default'))
        archive = project.boot_archive(build, 'default')
        with network_guest.wires() as (net,), network_guest.NetworkGuest(
                [net], ['virtio'], build, archive) as guest:
            guest.begin()
            guest.configured()
            figures = measure(guest)
    except (Failure, wire.Impossible, rig.Lost, project.ProjectError) as failure:
        report.comment(str(failure))
        return 1
    print(table(figures))
    if options.update:
        net_page.replace('http', table(figures))
        draw(figures)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
