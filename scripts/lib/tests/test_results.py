"""results.py and screen.py: nothing that did not run, or shows nothing, may pass."""
import json
from pathlib import Path
import tempfile
import unittest

import results
import screen


def entry(name, stdout='', result='OK', returncode=0):
    return {'name': f'hypercore:unit / {name}', 'stdout': stdout, 'result': result,
            'returncode': returncode}


def totals_of(tests, entries):
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / 'log.json'
        if entries is not None:
            log.write_text(''.join(json.dumps(each) + '\n' for each in entries))
        totals = results.Totals()
        results.collect([{'name': name, 'protocol': protocol} for name, protocol in tests], log,
                        totals)
        return totals


class Collect(unittest.TestCase):
    def one(self, protocol, **fields):
        return totals_of([('a/b', protocol)], [entry('a/b', **fields)])

    def test_cases_are_counted(self):
        totals = self.one('tap', stdout='1..3\nok 1\nok 2 - x # SKIP no disk\nnot ok 3 - y\n',
                          returncode=1, result='ERROR')
        self.assertEqual(totals.line(), '1 passed, 1 failed, 1 skipped')
        self.assertEqual(totals.details(), ['skipped: a/b: x: no disk', 'failed: a/b: y'])

    def test_died_early(self):
        totals = self.one('tap', stdout='ok 1 - a\n', returncode=-11, result='ERROR')
        self.assertEqual(totals.line(), '1 passed, 1 failed, 0 skipped')

    def test_bad_status_after_good_cases(self):
        # What the leak checker does: all cases passed, then the program ends with an error.
        self.assertEqual(self.one('tap', stdout='1..1\nok 1\n', returncode=1).failed, 1)

    def test_silence(self):
        self.assertEqual(self.one('tap').failed, 1)

    def test_timeout(self):
        self.assertEqual(self.one('tap', stdout='1..1\nok 1\n', result='TIMEOUT',
                                  returncode=-15).failed, 1)

    def test_plain(self):
        self.assertEqual(self.one('exitcode').line(), '1 passed, 0 failed, 0 skipped')
        self.assertEqual(self.one('exitcode', result='FAIL', returncode=1).failed, 1)
        skipped = self.one('exitcode', stdout='no such device\n', result='SKIP', returncode=77)
        self.assertEqual(skipped.details(), ['skipped: a/b: no such device'])

    def test_not_in_the_log(self):
        self.assertEqual(totals_of([('a', 'tap')], []).failed, 1)
        self.assertEqual(totals_of([('a', 'exitcode')], None).failed, 1)

    def test_times_of_each_suite(self):
        tests = [{'name': name, 'suite': [f'hypercore:{suite}']}
                 for name, suite in (('a', 'unit'), ('b', 'system'), ('c', 'system'), ('d', 'unit'))]
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / 'log.json'
            log.write_text(''.join(json.dumps({**entry(name), 'duration': seconds}) + '\n'
                                   for name, seconds in (('a', 0.5), ('b', 30.0), ('c', 12.25))))
            self.assertEqual(results.times(tests, log), [('system', 2, 42.25), ('unit', 2, 0.5)])

    def test_same_name_twice(self):
        totals = totals_of([('a', 'exitcode')] * 2, [entry('a')])
        self.assertEqual(totals.failed, 1)


class Screen(unittest.TestCase):
    def test_blank_whatever_its_colour(self):
        for pixel in (b'\0\0\0', b'\x10\x20\x30'):
            self.assertEqual(screen.text_lines(b'P6\n4 2\n255\n' + pixel * 8), 0)

    def test_one_pixel(self):
        self.assertEqual(screen.text_lines(b'P6\n4 2\n255\n' + b'\0' * 23 + b'\1'), 1)

    def test_bad_files(self):
        for data in (b'', b'P5\n1 1\n255\n\0', b'P6\n2 2\n255\n\0', b'P6\n0 0\n255\n',
                     b'P6\n1 1\n65535\n\0\0\0'):
            with self.assertRaises(ValueError):
                screen.parse_ppm(data)
