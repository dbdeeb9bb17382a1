#!/usr/bin/env python3
"""Measures the kernel's operations in instructions: boots the benchmark twice with --icount, checks
that both runs give the same figures, and compares them with tests/bench/baseline.json.

Figures are guest instructions of the release build (build-release, brought up to date first), user
stubs included, the same on every machine; the compiler and the build options change them. A drift from
the baseline is reported; it fails only with --check, and only above 10 %. --update writes the
baseline anew. Output is TAP (the figures are its comments), because scripts/test runs this too.
"""
import argparse
import json
from pathlib import Path
import subprocess
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'scripts/lib'))
import project  # noqa: E402

HERE = Path(__file__).resolve().parent
BASELINE = HERE / 'baseline.json'
BEGIN, END = 'bench-json-begin', 'bench-json-end'
TOLERANCE = 0.10
# The least that has to be measured: a figure's name begins with one of these.
ASKED_FOR = ('call_reply_recv', 'signal', 'fault', 'yield', 'map', 'cnode_copy', 'retype', 'revoke')


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='fail when a figure grew above 10 %%')
    parser.add_argument('--update', action='store_true', help='write the baseline anew')
    parser.add_argument('--build', metavar='DIR', help='take what is built there, build nothing')
    parser.add_argument('--root-server', metavar='FILE.elf', help='default: the one that is built')
    parser.add_argument('--timeout', default='100', metavar='SECONDS', help='of one run')
    return parser.parse_args(arguments)


class Failure(Exception):
    """The benchmark gave no figures to judge; the text says why."""


def measure(options):
    """The figures of one run, {name: {"min": n, "median": n}}."""
    root_server = options.root_server or Path(options.build) / 'tests/bench/kernel-bench.elf'
    command = [project.ROOT / 'scripts/guest-test', '--build', options.build, '--icount',
               '--timeout', options.timeout, '--root-server', root_server]
    result = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE)
    # What is not TAP comes as comments.
    lines = [line.removeprefix('# ') for line in result.stdout.decode().splitlines()]
    if result.returncode != 0 or BEGIN not in lines or END not in lines:
        raise Failure('\n'.join(lines[-40:] + [f'it ended with status {result.returncode}']))
    figures = json.loads('\n'.join(lines[lines.index(BEGIN) + 1:lines.index(END)]))
    missing = [name for name in ASKED_FOR if not any(each.startswith(name) for each in figures)]
    if missing:
        raise Failure('no figure for ' + ', '.join(missing))
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
        comment(line)
    for name in sorted(set(baseline) - set(figures)):
        comment(f'{name}: in the baseline only')
        worse.append(name)
    return worse


def comment(text):
    print(''.join(f'# {line}\n' for line in text.splitlines()), end='', flush=True)


def result(number, good, name, why=''):
    print(f'{"ok" if good else "not ok"} {number} - {name}', flush=True)
    if not good:
        comment(why)
    return good


def main(arguments):
    options = parse(arguments)
    if not options.build:
        options.build = project.build_dir(release=True)
        project.build(options.build, release=True)
    print(f'TAP version 13\n1..{3 if options.check else 2}', flush=True)
    try:
        figures, again = measure(options), measure(options)
    except Failure as failure:
        comment(str(failure))
        print('Bail out! the benchmark did not run to its end')
        return 1
    result(1, True, f'{len(figures)} figures, every operation asked for')
    different = [f'{name}: {figures.get(name)}, then {again.get(name)}'
                 for name in sorted(set(figures) | set(again))
                 if figures.get(name) != again.get(name)]
    good = result(2, not different, 'two runs with --icount give the same figures',
                  '\n'.join(different))
    if options.update and good:
        BASELINE.write_text(json.dumps(figures, indent=2) + '\n')
        comment(f'wrote {BASELINE.relative_to(project.ROOT)}')
    worse = compare(figures, json.loads(BASELINE.read_text()) if BASELINE.exists() else {})
    if options.check:
        good &= result(3, not worse, 'no figure is 10 % above the baseline, or missing',
                       ', '.join(worse))
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
