"""screen.py against pictures made here: text read back exactly, garbage seen as such."""
import unittest

import screen

# Two glyphs of two rows each, and the blank.
FONT = (2, {ord(' '): [0, 0], ord('a'): [0x81, 0x7e], ord('b'): [0xff, 0x01]})
INK, PAPER = b'\xd0\xd0\xd0', b'\x10\x14\x1c'


def picture(rows, width):
    """A PPM whose pixel rows are given as strings of '1' and '0'."""
    pixels = b''.join(INK if dot == '1' else PAPER for row in rows for dot in row)
    return b'P6\n%d %d\n255\n' % (width, len(rows)) + pixels


def text(lines, width):
    rows = []
    for line in lines:
        for y in range(FONT[0]):
            row = ''.join(f'{FONT[1][ord(c)][y]:08b}' for c in line)
            rows.append(row.ljust(width, '0'))
    return rows


class ReadText(unittest.TestCase):
    def test_lines_are_read_back(self):
        data = picture(text(['ab a', '', ' b'], 40), 40)
        self.assertEqual(screen.read_text(data, FONT), ['ab a', '', ' b'])

    def test_what_is_no_glyph_is_a_question_mark(self):
        rows = text(['ab'], 16)
        rows[0] = '0' + rows[0][1:]
        self.assertEqual(screen.read_text(picture(rows, 16), FONT), ['?b'])

    def test_pixels_beside_the_last_whole_cell_do_not_matter(self):
        rows = [row + '111' for row in text(['a'], 8)] + ['1' * 11]
        self.assertEqual(screen.read_text(picture(rows, 11), FONT), ['a'])

    def test_blank_and_not_blank(self):
        self.assertEqual(screen.text_lines(picture(['0' * 8] * 4, 8)), 0)
        self.assertEqual(screen.text_lines(picture(['1' * 8] * 4, 8)), 0)
        self.assertEqual(screen.text_lines(picture(text(['a'], 16), 16)), 2)

    def test_a_cut_picture_is_refused(self):
        with self.assertRaises(ValueError):
            screen.text_lines(picture(['0' * 8], 8)[:-1])


if __name__ == '__main__':
    unittest.main()
