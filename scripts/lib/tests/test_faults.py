"""tests/system/faults.py and x86_code.py: each class of faults changes what it says, and no length."""
from pathlib import Path
import random
import sys
import unittest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'tests/system'))
import faults  # noqa: E402
import x86_code  # noqa: E402

LISTING = '''
0000000000401000 <f>:
  401000:\t48 89 df             \tmov    %rbx,%rdi
  401003:\tbe 05 00 00 00       \tmov    $0x5,%esi
  401008:\te8 f3 0f 00 00       \tcall   402000 <g>
  40100d:\t8b 43 08             \tmov    0x8(%rbx),%eax
  401010:\t83 c0 01             \tadd    $0x1,%eax
  401013:\t75 eb                \tjne    401000 <f>
  401015:\tc3                   \tret
'''


class Faults(unittest.TestCase):
    def setUp(self):
        self.code = faults.Program(faults.parse(LISTING))

    def places(self, kind):
        return [hex(each.address) for each in self.code.places[kind]]

    def test_places(self):
        self.assertEqual(self.places('source'), ['0x401000'])
        self.assertEqual(self.places('destination'), ['0x401000', '0x401003', '0x40100d', '0x401010'])
        self.assertEqual(self.places('pointer'), ['0x40100d'])
        self.assertEqual(self.places('interface'), ['0x401003', '0x401000'])
        self.assertEqual(self.places('loop'), ['0x401013'])
        self.assertEqual(len(self.places('text')), 7)

    def test_blocks(self):
        self.assertEqual([hex(each) for each in self.code.blocks], ['0x401000', '0x40100d', '0x401015'])
        self.assertEqual(self.code.block_of(0x401010), 0x40100d)

    def test_a_seed_is_one_fault_and_lengths_stay(self):
        for kind in faults.CLASSES:
            for seed in range(50):
                it = self.code.fault(kind, seed)
                self.assertEqual(it, self.code.fault(kind, seed))
                self.assertEqual(len(it.before), len(it.after))
                self.assertNotEqual(it.before, it.after, kind)

    def test_changes(self):
        chance = random.Random(1)
        move = bytes.fromhex('4889df')
        for _ in range(20):
            source = x86_code.other_register(move, 'source', chance)
            self.assertEqual((source[2] ^ move[2]) & ~0x38, 0)
            destination = x86_code.other_register(move, 'destination', chance)
            self.assertEqual((destination[2] ^ move[2]) & ~0x07, 0)
        self.assertEqual(x86_code.inverted(bytes.fromhex('75eb')), bytes.fromhex('74eb'))
        self.assertEqual(x86_code.inverted(bytes.fromhex('0f8500000000')),
                         bytes.fromhex('0f8400000000'))
        self.assertIsNone(x86_code.loaded_register(bytes.fromhex('83c001')))
        self.assertEqual(x86_code.loaded_register(bytes.fromhex('4531c0')), 8)


if __name__ == '__main__':
    unittest.main()
