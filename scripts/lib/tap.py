"""Reads TAP version 13 and judges it strictly: a plan exactly once, every number in order, as many
tests as planned. Whatever does not add up is a failure, because tests that did not run have not
passed. Used by scripts/guest-test (serial output) and scripts/test (results of meson tests).
"""
import re

_TEST = re.compile(r'(not )?ok\b(?:\s+(\d+))?\s*(?:-\s*)?([^#]*)(?:#\s*(.*))?$')
_PLAN = re.compile(r'1\.\.(\d+)\s*(?:#\s*(.*))?$')
_BAIL = re.compile(r'Bail out!\s*(.*)$')
_LINE = re.compile(r'(?:TAP version \d+|1\.\.\d+|(?:not )?ok\b|Bail out!|#)')


def is_tap(line):
    """Whether a line of serial output belongs to the TAP stream."""
    return _LINE.match(line) is not None


class Report:
    """What a stream said. `passed`, `failed`, `skipped`: names (with reasons); `problem`: why the
    stream as a whole cannot be believed, or None."""

    def __init__(self):
        self.passed, self.failed, self.skipped = [], [], []
        self.plan = None
        self.bail = None
        self._problems = []
        self._count = 0

    def feed(self, line):
        line = line.rstrip()
        if match := _PLAN.match(line):
            if self.plan is not None:
                self._problems.append('two plans')
            self.plan = int(match[1])
            if self.plan == 0 and (match[2] or '').lower().startswith('skip'):
                self.skipped.append('all: ' + match[2][4:].strip())
        elif match := _BAIL.match(line):
            self.bail = match[1] or 'without a reason'
        elif match := _TEST.match(line):
            self._test(match)

    def _test(self, match):
        self._count += 1
        if match[2] and int(match[2]) != self._count:
            self._problems.append(f'test number {match[2]} where {self._count} was due')
            self._count = int(match[2])
        name = match[3].strip() or f'test {self._count}'
        directive = (match[4] or '').strip()
        kind = directive.split(' ')[0].lower()
        if kind == 'skip' and not match[1]:
            self.skipped.append(f'{name}: {directive[4:].strip() or "no reason given"}')
        elif kind == 'todo':
            # Work that is not done is not a pass.
            self.skipped.append(f'{name}: to do {directive[4:].strip()}')
        else:
            (self.failed if match[1] else self.passed).append(name)

    @property
    def total(self):
        return len(self.passed) + len(self.failed) + len(self.skipped)

    @property
    def problem(self):
        if self.bail:
            return 'bailed out: ' + self.bail
        if self._problems:
            return self._problems[0]
        if self.plan is None:
            return 'no plan: the tests did not run to their end'
        if self.plan == 0:
            return None if self.skipped else 'a plan of no tests'
        if self.total != self.plan:
            return f'{self.plan} tests planned, {self.total} seen'
        return None


def read(text):
    report = Report()
    for line in text.splitlines():
        report.feed(line)
    return report
