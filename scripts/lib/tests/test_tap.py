"""tap.py: what counts as a complete stream, and everything that must not."""
import unittest

import tap


class Stream(unittest.TestCase):
    def problem(self, text):
        return tap.read(text).problem

    def test_complete(self):
        report = tap.read('TAP version 13\n1..3\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no disk\n')
        self.assertIsNone(report.problem)
        self.assertEqual((report.passed, report.failed, report.skipped),
                         (['a'], ['b'], ['c: no disk']))

    def test_plan_may_come_last(self):
        self.assertIsNone(self.problem('ok 1 - a\n1..1\n'))

    def test_short_of_the_plan(self):
        self.assertIn('2 tests planned, 1 seen', self.problem('1..2\nok 1 - a\n'))

    def test_more_than_the_plan(self):
        self.assertIn('1 tests planned, 2 seen', self.problem('1..1\nok 1\nok 2\n'))

    def test_no_plan(self):
        self.assertIn('no plan', self.problem('ok 1 - a\n'))

    def test_nothing(self):
        self.assertIn('no plan', self.problem(''))

    def test_two_plans(self):
        self.assertEqual(self.problem('1..1\nok 1\n1..1\n'), 'two plans')

    def test_number_repeated(self):
        self.assertIn('where 2 was due', self.problem('1..2\nok 1\nok 1\n'))

    def test_plan_of_nothing(self):
        self.assertEqual(self.problem('1..0\n'), 'a plan of no tests')
        self.assertIsNone(self.problem('1..0 # SKIP no such CPU\n'))

    def test_bail_out(self):
        self.assertIn('disk on fire', self.problem('1..1\nok 1\nBail out! disk on fire\n'))

    def test_todo_is_not_a_pass(self):
        report = tap.read('1..1\nnot ok 1 - later # TODO not there yet\n')
        self.assertEqual(report.passed, [])
        self.assertEqual(len(report.skipped), 1)

    def test_skipped_failure_is_a_failure(self):
        self.assertEqual(tap.read('1..1\nnot ok 1 - a # SKIP why\n').failed, ['a'])

    def test_words_that_only_look_like_tap(self):
        self.assertFalse(tap.is_tap('okay then'))
        self.assertEqual(tap.read('okay then\n').total, 0)
