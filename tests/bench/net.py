#!/usr/bin/env python3
"""The network benchmark, on a release build: TCP sent and received, UDP and TCP transactions, against
a program of this machine behind a tap in a network namespace of its own. It counts instructions
and compares them with tests/bench/net_baseline.json; rates, and how soon a driver's successor serves,
depend on the machine, are shown and fail nothing.

Instructions repeat only as well as batches do, which depend on how host and guest are scheduled:
each figure is the least of several runs, and TOLERANCE is what such figures were seen to differ by.
After a change that was meant to cost or to save: run with --update and commit the new baseline. With
--linux it compares with Debian's kernel in the same emulator (it fetches the package) and prints that
table instead; with --update too, docs/architecture/network-performance.md gets it. With --profile
CARD it prints where the instructions go. Output is TAP, because scripts/test runs this.
"""
import argparse
from collections import defaultdict
import json
from pathlib import Path
import statistics
import sys

import run  # the one beside this file, so before scripts/lib is looked at
import net_guests
import net_link
import net_profile
import project
from net_guests import CARDS, JOBS
from system_guest import Failure
sys.path.insert(0, str(Path(__file__).resolve().parent / 'peer'))
import linux  # noqa: E402

BASELINE = Path(__file__).resolve().parent / 'net_baseline.json'
PAGE = project.ROOT / 'docs/architecture/network-performance.md'
ROUNDS, TOLERANCE = 3, 0.15
ALTERNATIONS = 5
NAMES = {'send': 'TCP sent, MiB', 'receive': 'TCP received, MiB', 'udp': 'UDP transaction',
         'echo': 'TCP transaction'}


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--update', action='store_true', help='write baseline or page anew')
    parser.add_argument('--build', metavar='DIR', help='take what is built there, build nothing')
    parser.add_argument('--linux', action='store_true', help='compare with Linux')
    parser.add_argument('--profile', metavar='CARD', choices=CARDS, help='print whose they are')
    parser.add_argument('--cards', metavar='CARD,...', default='virtio,e1000e',
                        help='of ' + ', '.join(CARDS) + ' (default: virtio,e1000e)')
    return parser.parse_args(arguments)


def measure(build, cards):
    """({card/job: least instructions}, {card/restart: microseconds})."""
    figures, restarts = {}, {}
    ours = net_guests.Ours(build)
    for card in cards:
        rounds = [ours.instructions(card) for _ in range(ROUNDS)]
        for job in JOBS:
            values = [each[job][0] for each in rounds]
            figures[f'{card}/{job}'] = min(values)
            run.comment(f'{card} {job}: {", ".join(map(str, values))} instructions')
        restarts[card] = ours.restart()
    return figures, restarts


def check(options):
    """The test. Returns whether all is well."""
    print('TAP version 13\n1..2', flush=True)
    cards = options.cards.split(',')
    figures, restarts = measure(options.build, cards)
    for card, figure in restarts.items():
        run.comment(f'{card}: from a fault of its driver to an answer, us: {figure}')
    run.result(1, True, f'{len(figures)} figures')
    if options.update:
        BASELINE.write_text(json.dumps(figures, indent=2) + '\n')
    baseline = json.loads(BASELINE.read_text())
    worse = [f'{name}: {value}, baseline {baseline.get(name)}' for name, value in figures.items()
             if value > baseline.get(name, 0) * (1 + TOLERANCE)]
    return run.result(2, not worse, f'no figure is {TOLERANCE:.0%} above the baseline',
                      '\n'.join(worse + ['meant so? tests/bench/net.py --update']))


def compare(build, cards):
    """Lines of the table of both, the guests alternating."""
    peers = {'ours': net_guests.Ours(build), 'linux': net_guests.Linux(build),
             'plain': net_guests.Linux(build, 'max,-erms')}
    rows = []
    for card in cards:
        counts, rates = ({name: defaultdict(list) for name in peers} for _ in range(2))
        restarts = []
        for number in range(ALTERNATIONS):
            for name, peer in peers.items():
                for job, value in peer.rates(card).items():
                    rates[name][job].append(value)
                if name == 'ours':
                    restarts.append(peer.restart()['median'])
                for job, value in peer.instructions(card).items():
                    counts[name][job].append(value)
            run.comment(f'{card}: run {number + 1} of {ALTERNATIONS}')
        rows += [row(card, job, counts, rates) for job in JOBS]
        run.comment(f'{card}: median from fault to answer, us, of each run: {restarts}')
    return '\n'.join(TITLE + rows)


TITLE = ['| card | what | ours, instructions | Linux | ... no fast strings | ... `rep` counted once | '
         'ours / Linux | ours / no fast strings | ours, rate | Linux | ... no fast strings | '
         'ours / Linux |', '|' + '---|' * 12]


def row(card, job, counts, rates):
    median = {name: statistics.median(each[0] for each in counts[name][job]) for name in counts}
    once = statistics.median(each[1] for each in counts['linux'][job])
    rate = {name: statistics.median(rates[name][job]) for name in rates}
    return (f'| {CARDS[card]} | {NAMES[job]} | {median["ours"]:,.0f} | {median["linux"]:,.0f} | '
            f'{median["plain"]:,.0f} | {once:,.0f} | {median["ours"] / median["linux"]:.2f} | '
            f'{median["ours"] / median["plain"]:.2f} | {rate["ours"]:,.0f} | {rate["linux"]:,.0f} | '
            f'{rate["plain"]:,.0f} | {rate["ours"] / rate["linux"]:.2f} |')


def profile(build, card, most=25):
    ours = net_guests.Ours(build)
    ours.instructions(card, blocks=True)
    known = net_profile.programs(ours.build)
    for job, blocks in zip(JOBS, net_profile.spans(ours.counts.read_text())):
        table = net_profile.counts(blocks, known)
        print(f'== {CARDS[card]}, {NAMES[job]}')
        for title, part in (('by program', net_profile.by_program(table)), ('by function', table)):
            print(f'-- {title}')
            for key, count in part.most_common(most):
                name = key if isinstance(key, str) else ': '.join(key)
                print(f'{net_guests.per_unit(job, count):9,.0f} {name}')


def write(table):
    text = PAGE.read_text()
    begin, end = '<!-- linux -->\n', '<!-- linux end -->'
    head, rest = text.split(begin)
    PAGE.write_text(head + begin + table + '\n' + end + rest.split(end)[1])


def main(arguments):
    options = parse(arguments)
    try:
        net_link.enter()
        if not options.build:
            options.build = project.build_dir(release=True)
            project.build(options.build, release=True, targets=[
                *project.profile_targets('default'), 'tests/bench/archive-net-bench.cpio'])
        if options.profile:
            profile(options.build, options.profile)
            return 0
        if not options.linux:
            return 0 if check(options) else 1
        table = compare(options.build, options.cards.split(','))
    except (Failure, linux.PeerError, net_link.LinkError) as failure:
        run.comment(str(failure))
        print('Bail out! the benchmark did not run to its end')
        return 1
    print(table)
    if options.update:
        write(table)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
