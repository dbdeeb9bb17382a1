#!/usr/bin/env python3
"""The network benchmark, on a release build: TCP sent and received, UDP and TCP transactions, against
a program of this machine behind a tap in a network namespace of its own. It counts instructions
and compares them with tests/bench/net_baseline.json. Rates, and how soon a driver's successor
serves, depend on the machine, are shown and fail nothing.

How many instructions a MiB takes depends on how many frames come at a time, and so a little on how
the host schedules. So the least of several runs is compared with what is usual, the median of
ROUNDS runs; there are at most ROUNDS, and two when these show all that is asked.

After a change that was meant to cost or to save: run with --update and commit the new baseline. With
--linux it compares with Debian's kernel in the same emulator (it fetches the package) and prints
tables instead; with --layers it prints whose the instructions are, with --recovery how soon drivers
come back. With --update too, these write docs/architecture/network-performance.md. With --profile
CARD it prints instructions by function. Output is TAP, because scripts/test runs this. HTTP:
net_http.py.
"""
import argparse
import json
from pathlib import Path
import statistics
import sys

import report
import net_compare
import net_guests
import net_link
import net_page
import net_profile
import project
from net_guests import CARDS, JOBS
from system_guest import Failure
sys.path.insert(0, str(Path(__file__).resolve().parent / 'peer'))
import linux  # noqa: E402

BASELINE = Path(__file__).resolve().parent / 'net_baseline.json'
ROUNDS = 6
TOLERANCE = 0.05  # runs against a peer outside the emulator differ by up to 3 %, the Intel cards' more


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--update', action='store_true', help='write baseline or page anew')
    parser.add_argument('--build', metavar='DIR', help='take what is built there, build nothing')
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument('--linux', action='store_true', help='compare with Linux')
    kind.add_argument('--recovery', action='store_true', help='measure deaths of drivers alone')
    kind.add_argument('--layers', action='store_true', help='print whose the instructions are')
    kind.add_argument('--profile', metavar='CARD', choices=CARDS, help='print them by function')
    parser.add_argument('--cards', metavar='CARD,...', default=','.join(CARDS),
                        help=f'of them (default: {",".join(CARDS)})')
    return parser.parse_args(arguments)


def measure(guest, card, enough):
    """({card/job: {min, median} of instructions}, restarts in ms); enough: whether such figures are, so
    that no more runs are needed."""
    rounds, restarts, figures = [], [], {}
    while len(rounds) < ROUNDS and not (len(rounds) > 1 and enough(figures)):
        rounds.append(guest.instructions(card))
        restarts += guest.restarts()
        for job in JOBS:
            values = [each[job][0] for each in rounds]
            figures[f'{card}/{job}'] = {'min': min(values), 'median': round(statistics.median(values))}
    for job in JOBS:
        report.comment(f'{card} {job}: {", ".join(f"{each[job][0]:,}" for each in rounds)} instructions')
    return figures, restarts


def grown(figures, baseline):
    """A line for each figure that is above what is usual, or not in the baseline."""
    lines = []
    for name, figure in figures.items():
        usual = baseline.get(name, {}).get('median', 0)
        if figure['min'] > usual * (1 + TOLERANCE):
            lines.append(f'{name}: {figure["min"]:,} at least, {usual:,} usual')
    return lines


def check(options):
    """The test. Returns whether all is well."""
    print('TAP version 13\n1..2', flush=True)
    cards = options.cards.split(',')
    old = {name: figure for name, figure in json.loads(BASELINE.read_text()).items()
           if name.split('/')[0] in cards}
    guest, figures = net_guests.Ours(options.build), {}
    for card in cards:
        fresh, restarts = measure(guest, card, lambda figures: not options.update and not grown(figures, old))
        figures.update(fresh)
        report.comment(f'{card}: {net_compare.recovery(restarts)}')
    report.result(1, True, f'{len(figures)} figures')
    if options.update:
        BASELINE.write_text(json.dumps(figures, indent=2) + '\n')
        old = figures
    worse = grown(figures, old) + [f'{name}: not measured' for name in set(old) - set(figures)]
    return report.result(2, not worse, f'no figure is {TOLERANCE:.0%} above what is usual, or unknown',
                      '\n'.join(worse + ['meant so? tests/bench/net.py --update']))


def layers(options):
    """Of each card: whose the instructions are."""
    ours = net_guests.Ours(options.build)
    lines = net_profile.TITLE
    for card in options.cards.split(','):
        ours.instructions(card, blocks=True)
        spans = net_profile.spans(ours.counts.read_text())
        lines = lines + net_profile.rows(CARDS[card], ours.build, spans)
    table = '\n'.join(lines)
    print(table)
    if options.update:
        net_page.replace('layers', table)


def recovery(options):
    """Of each card: how soon a driver's successor serves. For a machine that has nothing else to do."""
    guest, lines = net_guests.Ours(options.build), net_compare.titled(net_compare.RECOVERY)
    for card in options.cards.split(','):
        restarts = []
        for _ in range(net_compare.ALTERNATIONS):
            guest.rates(card)
            restarts += guest.restarts()
        lines.append(net_compare.recovery_row(card, restarts))
    print('\n'.join(lines))
    if options.update:
        net_page.replace('recovery', '\n'.join(lines))


def profile(build, card, most=40):
    ours = net_guests.Ours(build)
    ours.instructions(card, blocks=True)
    known = net_profile.programs(ours.build)
    for job, blocks in zip(JOBS, net_profile.spans(ours.counts.read_text())):
        table = net_profile.counts(blocks, known)
        print(f'== {CARDS[card]}, {net_guests.NAMES[job]}')
        for title, part in (('by program', net_profile.by_program(table)), ('by function', table)):
            print(f'-- {title}')
            for key, count in part.most_common(most):
                name = key if isinstance(key, str) else ': '.join(key)
                print(f'{net_guests.per_unit(job, count):9,.0f} {name}')


def compare(options):
    tables = net_compare.compare(options.build, options.cards.split(','))
    for mark, table in tables.items():
        print(table)
        if options.update:
            net_page.replace(mark, table)


def main(arguments):
    options = parse(arguments)
    if reason := net_link.impossible():
        print(f'1..0 # SKIP {reason}')
        return 0
    try:
        if options.linux:  # fetched before we are in a namespace without a network
            linux.make(options.build or project.build_dir(release=True), 'net')
        net_link.enter()
        if not options.build:
            options.build = project.build_dir(release=True)
            project.build(options.build, release=True, targets=[
                *project.profile_targets('default'), 'tests/bench/archive-net-bench.cpio'])
        if options.profile:
            profile(options.build, options.profile)
        elif options.recovery:
            recovery(options)
        elif options.layers:
            layers(options)
        elif options.linux:
            compare(options)
        else:
            return 0 if check(options) else 1
    except (Failure, linux.PeerError, net_link.LinkError) as failure:
        report.comment(str(failure))
        print('Bail out! the benchmark did not run to its end')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
