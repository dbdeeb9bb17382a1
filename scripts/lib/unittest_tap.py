"""Runs the scripts' unit tests (scripts/lib/tests) and reports each as a line of TAP."""
from pathlib import Path
import sys
import unittest

HERE = Path(__file__).resolve().parent


class TapResult(unittest.TestResult):
    """Prints as it goes; the plan was printed before, so a run cut short is noticed."""

    def _line(self, good, test, suffix='', details=''):
        for line in details.splitlines():
            print('#', line)
        print(f'{"ok" if good else "not ok"} {self.testsRun} - '
              f'{test.id().removeprefix("tests.")}{suffix}', flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line(True, test)

    def addError(self, test, err):
        super().addError(test, err)
        self._line(False, test, details=self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line(False, test, details=self.failures[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line(True, test, f' # SKIP {reason}')

    def addSubTest(self, test, subtest, err):
        # Folded into the test itself: a failed part fails the whole, which unittest reports only
        # through this call.
        super().addSubTest(test, subtest, err)
        if err is not None:
            print('#', subtest.id(), str(err[1]).replace('\n', '\n# '))
            if not getattr(test, '_reported', False):
                test._reported = True
                self._line(False, test)


def main():
    sys.path.insert(0, str(HERE))
    suite = unittest.defaultTestLoader.discover(str(HERE / 'tests'), top_level_dir=str(HERE))
    print(f'TAP version 13\n1..{suite.countTestCases()}', flush=True)
    result = TapResult()
    suite.run(result)
    return 0 if result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
