"""tests/system/disk_check.py: finds every kind of bad sector in an image of block-test's."""
from pathlib import Path
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'tests/system'))
import disk_check  # noqa: E402


def sector(number, sequence):
    """As block_test::Sector::make; tests/unit/system/block_test.cpp has the same checksum."""
    words = [disk_check.MAGIC, number, sequence]
    word = (number + 1) * disk_check.PRIME & disk_check.WORD ^ sequence
    for _ in range(60):
        word = word * disk_check.PRIME & disk_check.WORD
        words.append(word)
    words.append(disk_check.checksum(words + [0]))
    return struct.pack('<64Q', *words)


class DiskCheck(unittest.TestCase):
    def problems(self, sectors, flushed):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'image'
            path.write_bytes(b''.join(sectors))
            return disk_check.check(path, flushed)

    def test_layout(self):
        self.assertEqual(struct.unpack('<64Q', sector(5, 9))[-1], 0x6b95c1b8e5a9e6f8)

    def test_good(self):
        image = [sector(n, 7 + n % 2) for n in range(disk_check.REGION)]
        self.assertEqual(self.problems(image, 7), [])

    def test_bad(self):
        image = [sector(n, 7) for n in range(disk_check.REGION)]
        image[3] = bytes(512)
        image[4] = sector(4, 6)
        image[5] = sector(5, 9)
        image[6] = sector(7, 7)
        image[8] = sector(8, 7)[:256] + sector(8, 8)[256:]
        image[9] = sector(9, 8)[:504] + sector(9, 7)[504:]
        found = self.problems(image, 7)
        self.assertEqual([line.split()[1] for line in found], ['3', '4', '5', '6', '8', '9'])
        self.assertEqual(sum('mixture' in line for line in found), 2)

    def test_short(self):
        self.assertEqual(self.problems([sector(0, 1)], 1), ['the image ends in sector 1'])


if __name__ == '__main__':
    unittest.main()
