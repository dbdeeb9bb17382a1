"""Turns meson's test log into counts. Invariant: every chosen test ends up as at least one case,
and one that left no trace in the log is a failure.
"""
import json

import tap


class Totals:
    """Counts, and the names behind failures and skips."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []

    @property
    def failed(self):
        return len(self.failures)

    def fail(self, name, why):
        self.failures.append(f'failed: {name}: {why}')

    def skip(self, name, why):
        self.skips.append(f'skipped: {name}: {why}')

    def details(self):
        return self.skips + self.failures

    def line(self):
        return f'{self.passed} passed, {self.failed} failed, {len(self.skips)} skipped'


def _tap_test(name, entry, totals):
    report = tap.read(entry.get('stdout') or '')
    totals.passed += len(report.passed)
    for case in report.failed:
        totals.fail(name, case)
    for case in report.skipped:
        totals.skip(name, case)
    if entry['result'] == 'TIMEOUT':
        totals.fail(name, 'timeout')
    elif report.problem:
        totals.fail(name, report.problem)
    elif entry['returncode'] != 0 and not report.failed:
        totals.fail(name, f'all cases passed, but it ended with status {entry["returncode"]}')


def _plain_test(name, entry, totals):
    if entry['result'] == 'OK' and entry['returncode'] == 0:
        totals.passed += 1
    elif entry['result'] == 'SKIP':
        reason = (entry.get('stdout') or '').strip().splitlines()
        totals.skip(name, reason[-1] if reason else 'no reason given')
    else:
        totals.fail(name, f'{entry["result"]}, status {entry["returncode"]}')


def read_log(path):
    """Entries of meson's log by test name, which meson writes as `project:suite / name`."""
    if not path.exists():
        return {}
    entries = {}
    for line in path.read_text(errors='replace').splitlines():
        entry = json.loads(line)
        entries[entry['name'].split(' / ', 1)[-1]] = entry
    return entries


def times(tests, log):
    """(suite, number of its tests, seconds that they took together), the longest first: what each rig
    costs. Tests run side by side, so on N processors a run takes about an Nth of the sum."""
    entries = read_log(log)
    rows = {}
    for test in tests:
        suite = test['suite'][0].split(':')[-1]
        count, seconds = rows.get(suite, (0, 0.0))
        rows[suite] = count + 1, seconds + entries.get(test['name'], {}).get('duration', 0.0)
    return sorted(((suite, *row) for suite, row in rows.items()), key=lambda row: -row[2])


def collect(tests, log, totals):
    """Adds the result of every test of `tests` (as `meson introspect --tests` gives them)."""
    entries = read_log(log)
    names = [test['name'] for test in tests]
    for name in sorted({name for name in names if names.count(name) > 1}):
        totals.fail(name, 'two tests have this name')
    for test in tests:
        entry = entries.get(test['name'])
        if entry is None:
            totals.fail(test['name'], 'did not run')
        elif test['protocol'] == 'tap':
            _tap_test(test['name'], entry, totals)
        else:
            _plain_test(test['name'], entry, totals)
