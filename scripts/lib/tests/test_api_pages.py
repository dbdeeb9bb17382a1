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
EXTENSIONS = ('/// Puts it aside. More\n/// about [it](docs/kernel-api/frame.md#it), [them](docs/other.md).\n///\n///     an example\n'
              'inline constexpr Label page_put_aside{0x1000};\n'
              'inline constexpr u64 put_least = 1, put_most = 2;\n')
EXTENSION_PAGE = '# Putting aside\n<!-- extension: page_put_aside -->\n<!-- end of extension -->\n'
INDEX = '# All\n<!-- extensions -->\n<!-- end of extensions -->\nend\n'
PAGE = '# Frames\n<!-- methods: frame -->\nold\n<!-- end of methods -->\nmore\n'


class Pages(unittest.TestCase):
    def tree(self, table=TABLE, decoder=COMMENT + DECODER, page=PAGE, extensions='', **pages):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        for name, text in (('microkernel/api/methods.hpp', table),
                           ('microkernel/api/decode_page.cpp', decoder),
                           ('libs/abi/labels.hpp', 'x86_page_map = 47,\n'),
                           ('libs/abi/extensions.hpp', extensions),
                           ('microkernel/arch/x86_64/isolation.hpp', ''), ('docs/kernel-api/frame.md', page),
                           *((f'docs/kernel-api/{name}.md', text) for name, text in pages.items())):
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

    ASIDE = {'table': TABLE + 'Method{CapType::frame, abi::page_put_aside, 0, 0, decode_aside, "Page.put_aside"},\n',
             'decoder': COMMENT + DECODER + '/// Aside. Errors: none.\n' + DECODER.replace('page_map', 'aside'),
             'extensions': EXTENSIONS}

    def test_extension_has_its_comment_and_methods_on_a_page_of_its_own(self):
        root = self.tree(**self.ASIDE, all=INDEX, **{'extensions/aside': EXTENSION_PAGE})
        self.assertEqual(self.run_in(root)[0], 0)
        text = (root / 'docs/kernel-api/extensions/aside.md').read_text()
        self.assertIn('about [it](../frame.md#it), [them](../../other.md).\n\n    an example\n', text)
        self.assertIn('### Page.put_aside\n\nAside.\n\n- label 0x1000;', text)
        self.assertIn('[decode_page.cpp](../../../microkernel/api/decode_page.cpp)', text)
        index = (root / 'docs/kernel-api/all.md').read_text()
        self.assertIn('| [Putting aside](extensions/aside.md) | label 0x1000 | Page.put_aside | Puts it aside |\n', index)
        self.assertTrue(index.endswith('-->\nend\n'))
        self.assertEqual(self.run_in(root, '--check'), (0, ''))

    def test_changed_comment_of_an_extension_makes_its_page_and_the_index_stale(self):
        root = self.tree(**self.ASIDE, all=INDEX, **{'extensions/aside': EXTENSION_PAGE})
        self.run_in(root)
        header = root / 'libs/abi/extensions.hpp'
        header.write_text(header.read_text().replace('Puts it', 'Lays it'))
        status, said = self.run_in(root, '--check')
        self.assertEqual(status, 1)
        self.assertIn('aside.md: not up to date', said)
        self.assertIn('all.md: not up to date', said)

    def test_extension_on_no_page(self):
        self.refused('0 pages are about the extension page_put_aside', **self.ASIDE)

    def test_extension_on_two_pages(self):
        self.refused('2 pages are about', **self.ASIDE, one=EXTENSION_PAGE, two=EXTENSION_PAGE)

    def test_extension_without_comment(self):
        self.refused('page_put_aside has no comment',
                     extensions='inline constexpr Label page_put_aside{0x1000};\n')

    def test_unknown_extension(self):
        self.refused('there is no extension page_put_aside', one=EXTENSION_PAGE)
