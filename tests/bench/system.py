#!/usr/bin/env python3
"""Measures the whole system on a release build: the way to the prompt, page faults, starting a
program, drivers that are killed, reads of a disk, scrolling the screen. Instructions must not have
grown by more than 2 % since tests/bench/system_baseline.json; times, which depend on the machine,
are shown beside their targets and fail nothing.

After a change that was meant to cost or to save: run with --update, which names every row that grew
by more, and commit the new baseline and the table in docs/architecture/system-performance.md. With --linux it compares reads of a disk with
Debian's kernel (it fetches the package) and prints that table instead; with --update too, the page
gets it. Output is TAP, because scripts/test runs this. How: system_boot.py, system_guest.py,
system_disk.py.
"""
import argparse
import json
from pathlib import Path
import re
import sys

import run  # the one beside this file, so before scripts/lib is looked at
import project
import system_boot
import system_disk
import system_guest
from system_guest import Failure
from targets import Row, grown, verdict
sys.path.insert(0, str(Path(__file__).resolve().parent / 'peer'))
import linux  # noqa: E402

BASELINE = Path(__file__).resolve().parent / 'system_baseline.json'
PAGE = project.ROOT / 'docs/architecture/system-performance.md'
CLEARING = 512  # iterations of `rep stosq` that clear a page; each counts as an instruction
READ_ROUNDS = 3  # the least counts: while the disk is slow, the supervisor's clock ticks
PARTS = ('hashing', 'kernel', 'loader', 'firmware', 'root', 'memory-manager', 'device-manager',
         'supervisor', 'drivers', 'console')

ROWS = [Row(*each, '') for each in (
    ('hand-over by UEFI to the prompt, instructions', 'boot_uefi', 300_000_000),
    ('... by PVH', 'boot_pvh', 300_000_000),
    *((f'... of UEFI\'s: {part}', f'boot_uefi/{part}', None) for part in PARTS),
    ('demand-zero fault, mean, with clearing', 'fault_mean', 4_000),
    ('... without', 'fault_mean_uncleared', None),
    ('... the usual one: its frame is there, clean', 'fault_fresh', None),
    ('... of a frame that must be cleared again', 'fault_reused', 4_000),
    ('... of one that is for the first time', 'fault_reused_first', 4_000),
    ('Free of 500 pages, until it answers', 'free_500', None),
    ('spawn of a program to its first line', 'spawn', 150_000),
    ('kill of uart0 to a byte sent by its successor', 'restart_uart0', None),
    ('fault of uart0 to a byte sent by its successor', 'fault_uart0', None),
    ('kill of clock to a Call answered by its successor', 'restart_clock', None),
    ('Call of the entropy server for 8 bytes', 'entropy_get', None),
    ('read of 4 KiB from a virtio disk', 'read_4096', None),
    ('... of 128 KiB', 'read_131072', None),
    ('... of 1 MiB', 'read_1048576', None),
    ('scroll of 160 x 50 cells of text', 'scroll_text', None),
    ('... with another character in every cell', 'scroll_full', None),
)]
TIMES = [Row(*each, '') for each in (
    ('hand-over by UEFI to the prompt', 'boot_uefi_us', 1_000_000),
    ('... by PVH', 'boot_pvh_us', 1_000_000),
    ('kill of uart0 to a byte sent by its successor', 'restart_uart0', 20_000),
    ('kill of clock to a Call answered by its successor', 'restart_clock', 20_000),
    ('kill of disk0 to a sector read by its successor', 'restart_disk0', 20_000),
    ('scroll of text', 'scroll_text', 5_000),
    ('... with another character in every cell', 'scroll_full', 5_000),
)]


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--update', action='store_true', help='write baseline and page anew')
    parser.add_argument('--build', metavar='DIR', help='take what is built there, build nothing')
    parser.add_argument('--linux', action='store_true', help='compare reads of a disk with Linux')
    return parser.parse_args(arguments)


def build_all(directory):
    archives = [f'tests/bench/archive-{name}.cpio' for name in ('system-bench', 'block-bench')]
    project.build(directory, release=True,
                  targets=[*project.profile_targets('default'), *archives])


def boots(build, plugin, figures, times):
    for firmware in ('uefi', 'pvh'):
        counts, seconds = system_boot.measure(build, firmware, plugin)
        figures[f'boot_{firmware}'] = run.one_value(sum(counts.values()))
        times[f'boot_{firmware}_us'] = run.one_value(round(seconds * 1e6))
        if firmware == 'uefi':
            for part in PARTS:
                figures[f'boot_uefi/{part}'] = run.one_value(counts[part])


def measure(build):
    """(figures in instructions, times in microseconds), by name."""
    blocks, count = (linux.plugin(build, name) for name in ('blocks', 'count'))
    figures, times = {}, {}
    boots(build, blocks, figures, times)
    disk = system_guest.disk_arguments(system_disk.make_disk(build))
    counted = system_guest.figures(system_guest.run(build, 'system-bench', ['--icount'], disk))
    for name in ('fault_fresh', 'fault_reused_first', 'fault_reused', 'free_500', 'spawn', 'restart_uart0',
                 'fault_uart0', 'restart_clock', 'entropy_get'):
        figures[name] = {key: counted[name][key] for key in ('min', 'median')}
    mean = counted['fault_fresh']['mean']
    figures['fault_mean'] = run.one_value(mean)
    figures['fault_mean_uncleared'] = run.one_value(mean - CLEARING)
    reads = system_disk.Ours(build, system_disk.make_disk(build), count)
    rounds = [reads.instructions() for _ in range(READ_ROUNDS)]
    for size, _ in system_disk.RUNS:
        figures[f'read_{size}'] = run.one_value(min(counts[size] for counts in rounds))
    screen = ['--firmware', 'uefi']
    times.update(system_guest.in_us(system_guest.run(build, 'system-bench', screen, disk)))
    scrolls = system_guest.figures(system_guest.run(
        build, 'system-bench', [*screen, '--icount'], disk))
    for name in ('scroll_text', 'scroll_full'):
        figures[name] = {key: scrolls[name][key] for key in ('min', 'median')}
    if missing := [row.figure for row in ROWS if row.figure not in figures] + [
            row.figure for row in TIMES if row.figure not in times]:
        raise Failure('no figure for ' + ', '.join(missing))
    return figures, times


def table(rows, figures, columns):
    """In Markdown; `columns` are keys of a figure beside the target and whether it is met."""
    cells = [('operation', *columns, 'target', 'met')]
    cells += [(row.title, *(f'{figures[row.figure].get(key, figures[row.figure]["median"]):,}'
                            for key in columns), *verdict(row, figures)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = ['| ' + ' | '.join(map(str.ljust, row, widths)) + ' |' for row in cells]
    lines.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    return '\n'.join(lines)


def between(mark):
    return re.compile(rf'(?<=<!-- {mark} -->\n).*?(?=<!-- {mark} end -->)', re.S)


def replace(mark, text):
    PAGE.write_text(between(mark).sub(lambda _: text + '\n', PAGE.read_text()))
    run.comment(f'wrote table "{mark}" of {PAGE.relative_to(project.ROOT)}')


def update(figures, times):
    """Writes baseline and page anew, and says what that hides."""
    for line in grown(ROWS, figures, json.loads(BASELINE.read_text()), run.TOLERANCE):
        run.comment(line)
    BASELINE.write_text(json.dumps(figures, indent=2) + '\n')
    replace('instructions', table(ROWS, figures, ('min', 'median')))
    replace('times', table(TIMES, times, ('min', 'median', 'p99')))


def check(options):
    """The test. Returns whether all is well."""
    print('TAP version 13\n1..3', flush=True)
    figures, times = measure(options.build)
    run.result(1, True, f'{len(figures)} figures and {len(times)} times, every row of the tables')
    if options.update:
        update(figures, times)
    baseline = json.loads(BASELINE.read_text())
    # Whose code it was depends on when interrupts come; their sum does not.
    worse = run.compare(*({name: it for name, it in each.items() if '/' not in name}
                          for each in (figures, baseline)))
    good = run.result(2, not worse, f'no figure is {run.TOLERANCE:.0%} above the baseline, or not '
                      'in it', '\n'.join(worse + ['meant so? tests/bench/system.py --update']))
    written = between('instructions').search(PAGE.read_text())
    good &= run.result(3, written[0] == table(ROWS, baseline, ('min', 'median')) + '\n',
                       f'the table in {PAGE.name} is the baseline\'s',
                       'tests/bench/system.py --update')
    run.comment(table(ROWS, figures, ('min', 'median')))
    run.comment(table(TIMES, times, ('min', 'median', 'p99')))
    return good


def main(arguments):
    options = parse(arguments)
    if not options.build:
        options.build = project.build_dir(release=True)
        build_all(options.build)
    try:
        if not options.linux:
            return 0 if check(options) else 1
        text = system_disk.compare(options.build, linux.plugin(options.build), run.comment)
    except (Failure, linux.PeerError) as failure:
        run.comment(str(failure))
        print('Bail out! the benchmark did not run to its end')
        return 1
    print(text)
    if options.update:
        replace('linux', text)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
