"""The command scripts/test: builds, lints and tests everything, and counts every case.

The last line is `N passed, N failed, N skipped`. A build, the lint and a meson test without TAP
are one case each; a meson test that speaks TAP counts each of its cases. Invariant: only what
demonstrably ran to its end counts as passed (tap.py judges streams; tests missing from meson's
log fail). Next: results.py reads meson's log.
"""
import argparse
import json
import os
import subprocess
import sys
import time

import interrupts
import project
from project import ProjectError
from results import Totals, collect, times

DESCRIPTION = """\
Installs missing Debian packages, builds with GCC 12 (debug and release) and Clang 16, runs scripts/lint
and all tests. The last line counts every case: N passed, N failed, N skipped. Exit status 0 only when none failed."""
EPILOGUE = """\
One test by name, after a first scripts/test:   meson test -C build NAME --print-errorlogs
What exists:                                    meson test -C build --list"""
SOAK_REASON = 'long; run it with scripts/test --soak'


def parse():
    parser = argparse.ArgumentParser(
        prog='scripts/test', description=DESCRIPTION, epilog=EPILOGUE, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--suite', action='append', metavar='NAME',
                        help='only meson tests of this suite (may be repeated); no lint, no Clang')
    parser.add_argument('--soak', action='store_true',
                        help='also the long tests (suite soak); sets HYPERCORE_SOAK=1')
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 2, metavar='N',
                        help='parallel compilers and tests (default: one for each CPU)')
    return parser.parse_args()


def say(text):
    print(text, flush=True)


def step(totals, name, action):
    """Runs one build-like step as one case. Returns whether it went well."""
    say(f'== {name}')
    begin = time.monotonic()
    try:
        action()
    except ProjectError as error:
        totals.fail(name, str(error))
        say(f'== {name}: FAILED')
        return False
    totals.passed += 1
    say(f'== {name}: ok, {time.monotonic() - begin:.0f} s')
    return True


def lint(directory, built):
    # After a failed build the compiler flags there are stale: the build is already a failure.
    how = ['--build', str(directory)] if built else ['--no-build']
    if subprocess.run([sys.executable, 'scripts/lint', *how], cwd=project.ROOT).returncode:
        raise ProjectError('see the messages above')


def introspect(directory):
    """Every test meson knows, as its own description."""
    text = subprocess.run(['meson', 'introspect', '--tests', str(directory)], cwd=project.ROOT,
                          check=True, stdout=subprocess.PIPE).stdout
    return json.loads(text)


def wanted(test, options):
    """Whether this run should execute the test. meson prefixes suites with the project's name."""
    suites = {suite.split(':')[-1] for suite in test['suite']}
    if options.suite and not suites & set(options.suite):
        return False
    return options.soak or 'soak' not in suites


def run_meson_tests(options, directory, totals):
    tests = introspect(directory)
    chosen = [test for test in tests if wanted(test, options)]
    if not options.suite and not options.soak:
        for test in tests:
            if test not in chosen:
                totals.skip(test['name'], SOAK_REASON)
    if options.suite:
        known = {suite.split(':')[-1] for test in tests for suite in test['suite']}
        for name in set(options.suite) - known:
            totals.fail(f'suite {name}', f'no such suite; there are: {", ".join(sorted(known))}')
    if not chosen:
        return
    # A log of this run's own, so that two runs do not read each other's.
    base = f'testlog-{os.getpid()}'
    logs = directory / 'meson-logs'
    environment = dict(os.environ, HYPERCORE_SOAK='1' if options.soak else '0')
    say(f'== {len(chosen)} tests')
    # meson's own verdict is not needed: its log says more, and is checked to be complete.
    subprocess.run(['meson', 'test', '-C', str(directory), '--no-rebuild', '--logbase', base,
                    '--print-errorlogs', '--num-processes', str(options.jobs),
                    *sorted({test['name'] for test in chosen})],
                   cwd=project.ROOT, env=environment, stdin=subprocess.DEVNULL)
    collect(chosen, logs / f'{base}.json', totals)
    for suite, count, seconds in times(chosen, logs / f'{base}.json'):
        say(f'== suite {suite}: {count} tests, {seconds:.0f} s')
    # The readable log stays, under one name; the machine's is used up.
    for suffix, keep in (('.txt', logs / 'scripts-test.txt'), ('.json', None)):
        path = logs / (base + suffix)
        if path.exists():
            path.replace(keep) if keep else path.unlink()


def build(directory, options, compiler='gcc', release=False):
    # The host tests are built by the machine's GCC in either folder: once is enough.
    targets = ['all'] if compiler == 'gcc' and not release else []
    project.build(directory, release=release, compiler=compiler, targets=targets, jobs=options.jobs)


def run(options):
    totals = Totals()
    directory = project.build_dir()
    built = step(totals, 'build with GCC 12 (debug)', lambda: build(directory, options))
    if not options.suite:
        clang = project.build_dir(compiler='clang')
        step(totals, 'build with Clang 16 (debug)', lambda: build(clang, options, 'clang'))
        release = project.build_dir(release=True)  # what the benchmark measures
        step(totals, 'build with GCC 12 (release)', lambda: build(release, options, release=True))
        step(totals, 'lint', lambda: lint(directory, built))
    if built:
        run_meson_tests(options, directory, totals)
    else:
        totals.fail('tests', 'not run: the build failed')
    for line in totals.details():
        say(line)
    say(totals.line())
    return 1 if totals.failed else 0


def main():
    interrupts.install()
    options = parse()
    try:
        return run(options)
    except interrupts.Interrupted as interrupt:
        return interrupt.status


if __name__ == '__main__':
    sys.exit(main())
