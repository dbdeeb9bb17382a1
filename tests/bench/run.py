#!/usr/bin/env python3
"""Measures the kernel's operations in instructions: boots the benchmark twice with --icount, checks
that both runs give the same figures, and compares them with tests/bench/baseline.json.

Figures are guest instructions of the debug build (the benchmark prints by debug calls), user stubs
included, the same on every machine; the compiler and the build options change them. A drift from the baseline is reported; it fails only with
--check, and only above 10 %. --update writes the baseline anew.
"""
import argparse
import json
from pathlib import Path
import subprocess
import sys

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BASELINE = HERE / 'baseline.json'
BEGIN, END = 'bench-json-begin', 'bench-json-end'
TOLERANCE = 0.10


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='fail when a figure grew above 10 %%')
    parser.add_argument('--update', action='store_true', help='write the baseline anew')
    parser.add_argument('--root-server', metavar='FILE.elf', help='default: the one that is built')
    parser.add_argument('--timeout', default='300', metavar='SECONDS', help='of one run')
    return parser.parse_args(arguments)


def measure(options):
    """The figures of one run, {name: {"min": n, "median": n}}. Exits when there are none."""
    root_server = options.root_server or ROOT / 'build/tests/bench/kernel-bench.elf'
    command = [ROOT / 'scripts/run', '--headless', '--icount', '--firmware', 'pvh', '--timeout',
               options.timeout, '--root-server', root_server]
    result = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE)
    lines = result.stdout.decode(errors='replace').replace('\r', '').splitlines()
    bad = [line for line in lines if line.startswith(('not ok', 'Bail out'))]
    if result.returncode != 0 or bad or BEGIN not in lines or END not in lines:
        sys.stderr.write('\n'.join(lines[-40:]) + '\n')
        sys.exit(f'the benchmark did not run to its end (status {result.returncode})')
    figures = json.loads('\n'.join(lines[lines.index(BEGIN) + 1:lines.index(END)]))
    if not figures:
        sys.exit('the benchmark gave no figures')
    return figures


def compare(figures, baseline):
    """Prints one line for each figure; returns the names of those that grew too much."""
    worse = []
    for name, figure in figures.items():
        now, line = figure['median'], f'bench: {name} min={figure["min"]} median={figure["median"]}'
        before = baseline.get(name, {}).get('median')
        if before:
            change = now / before - 1
            if now != before:
                line += f'  baseline {before}, {change:+.1%}'
            if change > TOLERANCE:
                worse.append(name)
        else:
            line += '  not in the baseline'
        print(line)
    for name in sorted(set(baseline) - set(figures)):
        print(f'{name}: in the baseline only')
        worse.append(name)
    return worse


def main(arguments):
    options = parse(arguments)
    figures, again = measure(options), measure(options)
    if figures != again:
        for name in sorted(set(figures) | set(again)):
            if figures.get(name) != again.get(name):
                print(f'{name}: {figures.get(name)}, then {again.get(name)}', file=sys.stderr)
        sys.exit('two runs with --icount gave different figures')
    print(f'{len(figures)} figures, the same in two runs')
    if options.update:
        BASELINE.write_text(json.dumps(figures, indent=2) + '\n')
        print(f'wrote {BASELINE.relative_to(ROOT)}')
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    worse = compare(figures, baseline)
    if worse and options.check:
        sys.exit('above the baseline by more than 10 %, or missing: ' + ', '.join(worse))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
