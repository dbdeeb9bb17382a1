"""What the documentation points at is there: relative links with their anchors, and paths in backticks
that begin with a folder of the project. The tables of the trusted base are true within 10 %."""
from pathlib import Path
import re
import subprocess
import sys
import unittest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / 'scripts/lib'))
import lint  # noqa: E402
import trusted_base  # noqa: E402

FOLDERS = ('.ci', 'boot', 'docs', 'drivers', 'libs', 'microkernel', 'scripts', 'servers', 'sysroot', 'tests')
# What a reader makes in the course of a page.
MADE = {'docs/howto/first-driver.md': 'drivers/misc/edu/', 'docs/labs/scheduler.md': 'tests/bench/sched/policies/lottery.py'}
_FENCE = re.compile(r'^```.*?^```', re.M | re.S)
_INDENTED = re.compile(r'(?<=\n\n)(?: {4}.*\n)+')
_LINK = re.compile(r'\]\(([^()\s]+)\)')
_CODE = re.compile(r'`([^`\n]+)`')
# A path; one with NAME or "..." in it stands for many.
_PATH = re.compile(r'(?:%s)/[\w./*-]+' % '|'.join(map(re.escape, FOLDERS)))


def prose(text):
    """The text without what is shown as typed or printed."""
    return _INDENTED.sub('', _FENCE.sub('', text))


def anchors(text):
    """Anchors of the headings, as GitHub makes them."""
    heads = re.findall(r'^#+ +(.*)$', _FENCE.sub('', text), re.M)
    plain = [re.sub(r'\]\([^)]*\)', '', head).lower() for head in heads]
    return {re.sub(r'[^\w\- ]', '', head).replace(' ', '-') for head in plain}


def broken_links(page, text, root=ROOT):
    """Links of a page (a path below root) that lead nowhere."""
    for target in _LINK.findall(prose(text)):
        if re.match(r'[a-z]+:', target):
            continue
        name, _, anchor = target.partition('#')
        there = (root / page).parent / name if name else root / page
        if not there.exists() or (anchor and there.suffix == '.md' and anchor not in anchors(there.read_text())):
            yield target


def broken_paths(text, root=ROOT):
    """Paths in backticks that are not there. `*` stands for anything; words behind a path are arguments."""
    for code in _CODE.findall(prose(text)):
        words = code.split()
        path = words[0].rstrip('/') if words else ''
        if not _PATH.fullmatch(path) or '...' in path or 'NAME' in path:
            continue
        # Names of host tests are paths without an ending.
        if not (list(root.glob(path)) if '*' in path else
                any((root / each).exists() for each in (path, path + '.hpp', f'tests/unit/{path}.cpp'))):
            yield path


def pages():
    listing = subprocess.run(['git', '-C', str(ROOT), 'ls-files', '*.md'], check=True, stdout=subprocess.PIPE)
    return [name for name in listing.stdout.decode().split('\n') if name]


class Docs(unittest.TestCase):
    def test_links_lead_somewhere(self):
        broken = [f'{page}: {target}' for page in pages()
                  for target in broken_links(page, (ROOT / page).read_text())]
        self.assertEqual(broken, [])

    def test_paths_in_backticks_exist(self):
        broken = [f'{page}: {path}' for page in pages() for path in broken_paths((ROOT / page).read_text())
                  if not path.startswith(MADE.get(page, ' '))]
        self.assertEqual(broken, [])

    def test_a_broken_link_is_found(self):
        text = '[a](start.md) [b](nowhere.md) [c](start.md#no-such-place) [d](https://x.y/z) [e](#here)\n# Here\n'
        self.assertEqual(list(broken_links('docs/new.md', text)), ['nowhere.md', 'start.md#no-such-place', '#here'])

    def test_a_broken_path_is_found(self):
        text = '`servers/log` `servers/lag` `servers/*/server.toml` `servers/*/x` `scripts/run --help` `kit/bits`\n'
        self.assertEqual(list(broken_paths(text)), ['servers/lag', 'servers/*/x'])

    def test_every_program_has_its_page(self):
        """authority, state on restart and failure modes; and the list of programs names it."""
        listed = (ROOT / 'docs/servers.md').read_text()
        for manifest in sorted([*ROOT.glob('servers/*/server.toml'), *ROOT.glob('drivers/*/*/driver.toml')]):
            page = manifest.parent / 'README.md'
            name = page.relative_to(ROOT).as_posix()
            with self.subTest(name):
                text = page.read_text().lower()
                self.assertIn('../' + name, listed)
                for word in ('authority', 'state on restart', 'failure modes'):
                    self.assertIn(word, text)


class TrustedBase(unittest.TestCase):
    def test_the_table_is_true_within_a_tenth(self):
        counted = trusted_base.lines(lint.Tree(ROOT), lint.includes)
        rows = re.findall(r'^\| ([\w -]+) \|.*\| ([\d,]+) \|$', (ROOT / 'docs/servers.md').read_text(), re.M)
        told = {name: int(number.replace(',', '')) for name, number in rows}
        self.assertEqual(set(told), set(counted))
        for name, number in counted.items():
            with self.subTest(name):
                self.assertLessEqual(abs(told[name] - number), number / 10, f'scripts/lint --stats: {number}')

    def test_what_only_others_use_is_not_counted(self):
        files = trusted_base.files(lint.Tree(ROOT), lint.includes)
        self.assertIn('libs/spawn/spawn.cpp', files['libraries'])
        self.assertIn('libs/sys/tcb.hpp', files['libraries'])
        self.assertNotIn('libs/virtio/queue.hpp', files['libraries'])


if __name__ == '__main__':
    unittest.main()
