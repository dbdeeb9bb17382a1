#!/usr/bin/env python3
"""Measures the kernel's operations in instructions, on a release kernel: boots the benchmark twice
with --icount, checks that both runs give the same figures and that none has grown by more than 2 %
since tests/bench/baseline.json, and prints them as a table beside the targets.

After a change that was meant to cost or to save: run with --update and commit the new baseline. A
missed target is shown and fails nothing. The figures are the same on every machine, but another
compiler or other build options give others. Output is TAP (the table is its comments), because
scripts/test runs this too. The baseline's table stands in README.md as well; --update writes both.
How one figure is measured: stopwatch.hpp.
"""
import argparse
import json
from pathlib import Path
import re
import subprocess
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'scripts/lib'))
import project  # noqa: E402
from boot_time import kernel_entered  # noqa: E402
from report import TOLERANCE, comment, result  # noqa: E402
from targets import ISOLATED, ISOLATION_SWITCH, ROWS, render  # noqa: E402

BASELINE = Path(__file__).resolve().parent / 'baseline.json'
README = project.ROOT / 'README.md'
# The table in the README is what stands between these.
TABLE = re.compile(r'(?<=<!-- bench -->\n).*(?=<!-- bench end -->)', re.S)
BEGIN, END = 'bench-json-begin', 'bench-json-end'


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--update', action='store_true', help='write the baseline anew')
    parser.add_argument('--build', metavar='DIR', help='take what is built there, build nothing')
    parser.add_argument('--timeout', default='100', metavar='SECONDS', help='of one run')
    return parser.parse_args(arguments)


class Failure(Exception):
    """The benchmark gave no figures to judge; the text says why."""


def run_guest(options, switch):
    """The figures that one run of the guest prints, {name: {"min": n, "median": n}}."""
    command = [project.ROOT / 'scripts/guest-test', '--build', options.build, '--icount',
               '--timeout', options.timeout, '--root-server', bench_elf(options)]
    command += ['--cmdline', switch] if switch else []
    result = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE)
    # What is not TAP comes as comments.
    lines = [line.removeprefix('# ') for line in result.stdout.decode().splitlines()]
    if result.returncode != 0 or BEGIN not in lines or END not in lines:
        raise Failure('\n'.join(lines[-40:] + [f'it ended with status {result.returncode}']))
    return json.loads('\n'.join(lines[lines.index(BEGIN) + 1:lines.index(END)]))


def bench_elf(options):
    return Path(options.build) / 'tests/bench/kernel-bench.elf'


def one_value(value):
    return {'min': value, 'median': value}


def kernel_bytes(options):
    """(bytes of the kernel's code, bytes of code and constants, which `size` calls text)."""
    kernel = str(project.kernel_elf(Path(options.build)))

    def size(*how):
        output = subprocess.run(['size', *how, kernel], check=True, stdout=subprocess.PIPE).stdout
        return [line.split() for line in output.decode().splitlines()]

    code = [int(line[1]) for line in size('-A') if line[:1] == ['.text']]
    return code[0], int(size()[1][0])


def measure(options):
    """All figures of one configuration after the other."""
    figures = {}
    for prefix, switch in (('', None), (ISOLATED, ISOLATION_SWITCH)):
        entered = kernel_entered(options.build, bench_elf(options), switch)
        if entered is None:
            raise Failure('the kernel was not entered')
        measured = run_guest(options, switch)
        # The guest knows when the root server began; the rest is the firmware's and the loader's.
        measured['boot'] = one_value(measured['boot']['min'] - entered)
        figures.update({prefix + name: figure for name, figure in measured.items()})
    figures['code_bytes'], figures['text_bytes'] = map(one_value, kernel_bytes(options))
    missing = [row.figure for row in ROWS if row.figure not in figures]
    if missing:
        raise Failure('no figure for ' + ', '.join(missing))
    return figures


def compare(figures, baseline):
    """Comments what differs from the baseline; returns what is worse or not in both."""
    worse = [f'{name}: in one of the two only' for name in sorted(set(baseline) ^ set(figures))]
    for name, figure in figures.items():
        for key in ('min', 'median'):
            now, before = figure[key], baseline.get(name, {}).get(key)
            if before is not None and now != before:
                comment(f'{name}, {key}: {now}, baseline {before}, {now / before - 1:+.1%}')
                if now > before * (1 + TOLERANCE):
                    worse.append(f'{name} ({key})')
    return worse


def update(figures):
    BASELINE.write_text(json.dumps(figures, indent=2) + '\n')
    README.write_text(TABLE.sub(lambda _: render(figures) + '\n', README.read_text()))
    comment(f'wrote {BASELINE.relative_to(project.ROOT)} and the table in {README.name}')


def check(options):
    """The test. Returns whether all is well."""
    print('TAP version 13\n1..4', flush=True)
    try:
        figures, again = measure(options), measure(options)
    except Failure as failure:
        comment(str(failure))
        print('Bail out! the benchmark did not run to its end')
        return False
    result(1, True, f'{len(figures)} figures, every row of the table')
    different = [f'{name}: {figures.get(name)}, then {again.get(name)}'
                 for name in sorted(set(figures) | set(again))
                 if figures.get(name) != again.get(name)]
    good = result(2, not different, 'two runs with --icount give the same figures',
                  '\n'.join(different))
    if options.update and good:
        update(figures)
    baseline = json.loads(BASELINE.read_text())
    worse = compare(figures, baseline)
    good &= result(3, not worse, f'no figure is {TOLERANCE:.0%} above the baseline, or not in it',
                   '\n'.join(worse + ['meant so? tests/bench/run.py --update']))
    good &= result(4, TABLE.search(README.read_text())[0] == render(baseline) + '\n',
                   'the table in README.md is the baseline\'s', 'tests/bench/run.py --update')
    comment(render(figures))
    return good


def main(arguments):
    options = parse(arguments)
    if not options.build:
        options.build = str(project.build_dir(release=True))
        project.build(Path(options.build), release=True)
    return 0 if check(options) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
