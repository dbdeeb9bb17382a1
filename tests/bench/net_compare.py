"""Ours and Linux, the guests alternating: the tables of docs/architecture/network-performance.md.
Used by net.py.
"""
from collections import defaultdict
import statistics

import net_guests
from net_guests import CARDS, JOBS, NAMES
import report

ALTERNATIONS = 5
# 'plain': on a CPU that does not claim fast strings.
GUESTS = {'ours': lambda build: net_guests.Ours(build), 'linux': lambda build: net_guests.Linux(build),
          'plain': lambda build: net_guests.Linux(build, 'max,-erms')}
COUNTS = ('| card | what | ours | Linux | ... no fast strings | ... `rep` counted once | '
          'ours / Linux | ours / no fast strings | ours / once |')
RATES = '| card | what | ours | Linux | ... no fast strings | ours / Linux | ours / no fast strings |'
RECOVERY = '| card | faults | median, ms | 99 % in, ms | longest, ms |'


def titled(columns):
    """The first lines of a table."""
    return [columns, '|' + '---|' * (columns.count('|') - 1)]


def compare(build, cards):
    """{mark of the page: table}."""
    guests = {name: make(build) for name, make in GUESTS.items()}
    tables = {'linux': titled(COUNTS), 'rates': titled(RATES), 'recovery': titled(RECOVERY)}
    for card in cards:
        counts, rates, restarts = measure(guests, card)
        for job in JOBS:
            tables['linux'].append(count_row(card, job, counts))
            tables['rates'].append(rate_row(card, job, rates))
        tables['recovery'].append(recovery_row(card, restarts))
    return {mark: '\n'.join(lines) for mark, lines in tables.items()}


def measure(guests, card):
    """({guest: {job: [counts]}}, {guest: {job: [rates]}}, [ms from a driver's fault to an answer])."""
    counts, rates = ({name: defaultdict(list) for name in guests} for _ in range(2))
    restarts = []
    for number in range(ALTERNATIONS):
        for name, guest in guests.items():
            for job, value in guest.rates(card).items():
                rates[name][job].append(value)
            if name == 'ours':
                restarts += guest.restarts()
            for job, value in guest.instructions(card).items():
                counts[name][job].append(value)
        report.comment(f'{card}: run {number + 1} of {ALTERNATIONS}')
    return counts, rates, restarts


def count_row(card, job, counts):
    median = {name: statistics.median(each[0] for each in counts[name][job]) for name in counts}
    median['once'] = statistics.median(each[1] for each in counts['linux'][job])
    cells = [f'{median[name]:,.0f}' for name in ('ours', 'linux', 'plain', 'once')]
    cells += [f'{median["ours"] / median[name]:.2f}' for name in ('linux', 'plain', 'once')]
    return f'| {CARDS[card]} | {NAMES[job]} | {" | ".join(cells)} |'


def rate_row(card, job, rates):
    rate = {name: statistics.median(rates[name][job]) for name in rates}
    cells = [f'{rate[name]:,.0f}' for name in ('ours', 'linux', 'plain')]
    cells += [f'{rate["ours"] / rate[name]:.2f}' for name in ('linux', 'plain')]
    unit = 'Mbit/s' if job in ('send', 'receive') else '/s'
    return f'| {CARDS[card]} | {NAMES[job].removesuffix(", MiB")}, {unit} | {" | ".join(cells)} |'


def percentile(values, percent):
    """The least of the values that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def recovery_row(card, restarts):
    return (f'| {CARDS[card]} | {len(restarts)} | {statistics.median(restarts):.1f} | '
            f'{percentile(restarts, 99):.1f} | {max(restarts):.1f} |')


def recovery(restarts):
    """The same as a sentence."""
    return (f'from {len(restarts)} faults of its driver to an answer over the same connection, ms: '
            f'median {statistics.median(restarts):.1f}, longest {max(restarts):.1f}')
