"""gen/api_pages.py: the pages in docs/kernel-api are up to date, and what it must not let through."""
import contextlib
import io
from pathlib import Path
import sys
import tempfile
import unittest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / 'scripts/gen'))
import api_pages  # noqa: E402

TABLE = 'Method{CapType::frame, abi::Label::x86_page_map, 2, 1, decode_page_map, "Page.map"},\n'
COMMENT = ('/// Maps it.\n/// Words: address, rights (low bits, the others\n/// are ignored). Capabilities: VSpace.\n'
           '/// Errors, in this order: alignment_error. Rights: none.\n')
DECODER = 'Checked<Plan> decode_page_map(Invocation const& in)\n{\n}\n'
PAGE = '# Frames\n<!-- methods: frame -->\nold\n<!-- end of methods -->\nmore\n'


class Pages(unittest.TestCase):
    def tree(self, table=TABLE, decoder=COMMENT + DECODER, page=PAGE):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        for name, text in (('microkernel/api/methods.hpp', table),
                           ('microkernel/api/decode_page.cpp', decoder),
                           ('libs/abi/labels.hpp', 'x86_page_map = 47,\n'),
                           ('libs/abi/extensions.hpp', ''), ('docs/kernel-api/frame.md', page)):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    def run_in(self, root, *arguments):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            status = api_pages.main(list(arguments), root)
        return status, said.getvalue()

    def test_repository_is_up_to_date(self):
        self.assertEqual(self.run_in(ROOT, '--check'), (0, ''))

    def test_writes_and_is_then_up_to_date(self):
        root = self.tree()
        self.assertEqual(self.run_in(root, '--check')[0], 1)
        self.assertEqual(self.run_in(root)[0], 0)
        text = (root / 'docs/kernel-api/frame.md').read_text()
        self.assertIn('### Page.map\n\nMaps it.\n\n- label 47;', text)
        self.assertIn('- Words: `0` address, `1` rights (low bits, the others are ignored)\n', text)
        self.assertIn('- Errors, in this order: alignment_error\n', text)
        self.assertTrue(text.startswith('# Frames\n') and text.endswith('-->\nmore\n'))
        self.assertEqual(self.run_in(root, '--check')[0], 0)

    def test_changed_comment_makes_the_page_stale(self):
        root = self.tree()
        self.run_in(root)
        source = root / 'microkernel/api/decode_page.cpp'
        source.write_text(source.read_text().replace('Maps it', 'Maps a frame'))
        status, said = self.run_in(root, '--check')
        self.assertEqual(status, 1)
        self.assertIn('frame.md: not up to date', said)

    def refused(self, words, **parts):
        status, said = self.run_in(self.tree(**parts))
        self.assertEqual(status, 1)
        self.assertIn(words, said)

    def test_decoder_without_comment(self):
        self.refused('decode_page_map has no comment', decoder=DECODER)

    def test_comment_with_another_number_of_words(self):
        self.refused('lists 2 words', table=TABLE.replace('2, 1', '3, 1'))

    def test_unknown_label(self):
        self.refused('has no number', table=TABLE.replace('x86_page_map', 'x86_page_swap'))

    def test_row_that_cannot_be_read(self):
        self.refused('written in a way', table=TABLE + 'Method{CapType::tcb, one_more},\n')

    def test_kind_on_no_page(self):
        self.refused('0 pages ask', page='# Frames\n')

    def test_kind_on_a_page_twice(self):
        self.refused('2 pages ask', page=PAGE + PAGE)

    def test_kind_without_methods(self):
        self.refused('no method has the kind', page=PAGE.replace('frame', 'frame endpoint'))
