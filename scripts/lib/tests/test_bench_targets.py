"""tests/bench/targets.py: what an update of a baseline must not hide."""
from pathlib import Path
import sys
import unittest

sys.path.append(str(Path(__file__).resolve().parents[3] / 'tests/bench'))
from targets import Row, grown  # noqa: E402

ROWS = [Row('a thing', 'thing', None, ''), Row('another', 'other', None, '')]


def figure(least, median):
    return {'min': least, 'median': median}


class Grown(unittest.TestCase):
    def lines(self, now, before):
        return grown(ROWS, now, before, 0.02)

    def test_what_grew_by_more_is_named(self):
        self.assertEqual(self.lines({'thing': figure(1030, 1010)}, {'thing': figure(1000, 1000)}),
                         ['grew: a thing (min), 1,000 to 1,030, +3.0%'])
        self.assertEqual(self.lines({'part/of': figure(2000, 3000)}, {'part/of': figure(1000, 1000)}),
                         ['grew: part/of (min), 1,000 to 2,000, +100.0%', 'grew: part/of (median), 1,000 to 3,000, +200.0%'])

    def test_the_rest_is_not(self):
        self.assertEqual(self.lines({'thing': figure(1020, 900), 'other': figure(5, 5)}, {'thing': figure(1000, 1000)}), [])


if __name__ == '__main__':
    unittest.main()
