"""png.py: what is written is read again, and nothing else."""
from pathlib import Path
import struct
import sys
import unittest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import png  # noqa: E402

PIXELS = bytes((0, 0, 0, 255, 255, 255, 0, 0, 0, 1, 2, 3, 0, 0, 0, 255, 255, 255))


class Png(unittest.TestCase):
    def test_written_and_read(self):
        data = png.encode(3, 2, PIXELS)
        self.assertEqual(data[:8], b'\x89PNG\r\n\x1a\n')
        self.assertEqual(struct.unpack('>II', data[16:24]), (3, 2))
        self.assertEqual(png.decode(data), (3, 2, PIXELS))

    def test_256_colours_and_one_more(self):
        many = b''.join(bytes((i & 0xff, i >> 8, 7)) for i in range(257))
        self.assertEqual(png.decode(png.encode(256, 1, many[:-3])), (256, 1, many[:-3]))
        with self.assertRaises(ValueError):
            png.encode(257, 1, many)

    def test_pixels_that_do_not_fill_the_picture(self):
        with self.assertRaises(ValueError):
            png.encode(3, 3, PIXELS)

    def test_another_form(self):
        data = bytearray(png.encode(3, 2, PIXELS))
        data[25] = 2  # true colour
        for bad in (bytes(data), b'P6 3 2 255\n' + PIXELS):
            with self.assertRaises(ValueError):
                png.decode(bad)


if __name__ == '__main__':
    unittest.main()
