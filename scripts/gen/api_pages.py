#!/usr/bin/env python3
"""Writes the method descriptions in docs/kernel-api from the kernel's own sources: the table of
methods (microkernel/api/methods.hpp) and the comment above each decoder (microkernel/api/decode_*.cpp);
and the pages of what seL4 does not have from the comments above the names of the extensions
(EXTENSION_SOURCES).

  api_pages.py          rewrites the text between the markers of every page
  api_pages.py --check  writes nothing; exit 1 and one line for each page that is not up to date

A page asks for the methods of some kinds of capability by a pair of markers:
    <!-- methods: frame page_table -->      <!-- end of methods -->
a page in docs/kernel-api/extensions for one extension, and their index for a table of them, by
    <!-- extension: tcb_set_foreign -->     <!-- end of extension -->
    <!-- extensions -->                     <!-- end of extensions -->
Invariant: every kind that has methods and every extension is asked for exactly once. What a comment
must look like: `parse_comment`; an extension's is Markdown, its links begin at the root. Tests: scripts/lib/tests/test_api_pages.py.
"""
import argparse
from collections import namedtuple
import os
from pathlib import Path
import re
import sys

ROOT = Path(__file__).resolve().parents[2]
API = 'microkernel/api'
PAGES = 'docs/kernel-api'
EXTENSION_SOURCES = ('libs/abi/extensions.hpp', 'microkernel/arch/x86_64/isolation.hpp')
FIELDS = ('Words', 'Capabilities', 'Answer', 'Errors', 'Rights')

Method = namedtuple('Method', 'kind label words caps decoder name')
Comment = namedtuple('Comment', 'file summary fields')
Extension = namedtuple('Extension', 'name type number lines')  # type: Label, u64 (chunk) or bool (switch)
MADE = '<!-- made by scripts/gen/api_pages.py; change the comments in the code -->'


class BadSource(Exception):
    """Something in the sources or pages that has to be put right by hand."""


def split_list(text):
    """Parts of a comma-separated list; commas in parentheses do not count."""
    parts, depth = [''], 0
    for char in text:
        depth += {'(': 1, ')': -1}.get(char, 0)
        if char == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def read_methods(text):
    """The rows of methods.hpp."""
    row = re.compile(r'Method\{CapType::(\w+),\s*([\w:{}]+?),\s*(\d+),\s*(\d+),\s*(\w+),\s*"([^"]+)"\}')
    rows = [Method(m[1], m[2], int(m[3]), int(m[4]), m[5], m[6]) for m in row.finditer(text)]
    if len(rows) != text.count('Method{CapType::'):
        raise BadSource(f'{API}/methods.hpp: a row of the table is written in a way not known here')
    return rows


def parse_comment(text):
    """Summary and fields of a decoder's comment: sentences, then `Words: ...`, `Capabilities: ...`,
    `Answer: ...`, `Errors: ...` or `Errors, in this order: ...`, `Rights: ...`, each at most once."""
    text = ' '.join(text.split())
    marks = list(re.finditer(r'(?:^|(?<=\. )|(?<=\) ))(%s)(, in this order)?: ' % '|'.join(FIELDS), text))
    summary = text[:marks[0].start()].strip() if marks else text
    fields = {}
    for mark, following in zip(marks, marks[1:] + [None]):
        value = text[mark.end():following.start() if following else len(text)].strip()
        if mark[1] in fields:
            raise BadSource(f'{mark[1]} twice in one comment: {text}')
        fields[mark[1]] = value
        fields['ordered'] = fields.get('ordered', False) or bool(mark[2])
    return summary, fields


def read_comments(sources):
    """Decoder name -> Comment. sources: path -> text."""
    found = {}
    head = re.compile(r'((?:^///[^\n]*\n)*)^(?:\[\[.*\]\] )?'
                      r'Checked<Plan> (decode_\w+)\(Invocation const\s?&', re.M)
    for path, text in sources.items():
        for match in head.finditer(text):
            lines = [line[3:].strip() for line in match[1].splitlines()]
            found[match[2]] = Comment(path, *parse_comment(' '.join(lines)))
    return found


def read_extensions(texts):
    """Name -> Extension of every label and chunk from 0x1000 on and every switch in the headers."""
    found = {}
    declared = re.compile(r'((?:^///[^\n]*\n)*)^(?:inline constexpr (Label|u64) (\w+)(?:\{| = )(0x[0-9a-f]+)\}?|'
                          r'extern "C" (bool) (\w+));', re.M)
    for text in texts:
        for match in declared.finditer(text):
            name = match[3] or match[6]
            if not match[1]:
                raise BadSource(f'{EXTENSION_SOURCES[0]}: {name} has no comment')
            lines = [line[4:] for line in match[1].splitlines()]
            found[name] = Extension(name, match[2] or match[5], match[4] and int(match[4], 16), lines)
    return found


def links_from(folder, text):
    """The text with its links, which begin at the root of the repository, as a page in `folder` has them."""
    return re.sub(r'\]\((?!\w+:)([^)#]+)', lambda link: '](' + os.path.relpath(link[1], folder), text)


def read_labels(texts):
    """Name -> number of everything that looks like a label in the given headers."""
    pairs = {}
    for text in texts:
        for name, value in re.findall(r'\b(\w+)(?: = (?:[\w:]+[({])?|\{)(\w+)[,;})]', text):
            number = int(value, 0) if value[0].isdigit() else pairs.get(value)
            if number is not None:
                pairs.setdefault(name, number)
    return pairs


def read_c_names(texts, enums):
    """Label number -> name of the C function in libs/abi/sel4 that invokes it."""
    numbers = read_labels(enums)
    for text in texts:
        for name, number in re.findall(r'#define (\w+) (0x[0-9a-f]+)ul\b', text):
            numbers[name] = int(number, 0)
    names = {}
    for text in texts:
        function = None
        for line in text.splitlines():
            if match := re.search(r'LIBSEL4_INLINE .*?\b(\w+)\(', line):
                function = match[1]
            if match := re.search(r'hypercore_invoke\(_service, (\w+),', line):
                if match[1] in numbers:
                    names[numbers[match[1]]] = function
    return names


def check_counts(method, comment):
    """The comment must name as many arguments as the table demands."""
    for field, need in (('Words', method.words), ('Capabilities', method.caps)):
        value = comment.fields.get(field, '').rstrip('.')
        count = len([part for part in split_list(value) if not part.startswith('then ')])
        if count != need:
            raise BadSource(f'{comment.file}: {method.decoder} lists {count} {field.lower()}, '
                            f'the table says {need}')


def numbered(value, first):
    return ', '.join(part if part.startswith('then ') else f'`{number}` {part}'
                     for number, part in enumerate(split_list(value.rstrip('.')), first))


def describe(method, comment, number, c_name, folder):
    """The section of one method, as lines."""
    called = f'`{c_name}`, ' if c_name else ''
    label = number if number < 0x1000 else hex(number)
    link = f'[{comment.file.rsplit("/", 1)[1]}]({os.path.relpath(comment.file, folder)})'
    yield f'### {method.name}'
    yield ''
    if comment.summary:
        yield comment.summary
        yield ''
    yield f'- {called}label {label}; checked by `{method.decoder}` in {link}'
    for field, first in (('Words', 0), ('Capabilities', 1)):
        if field in comment.fields:
            yield f'- {field}: {numbered(comment.fields[field], first)}'
    if 'Answer' in comment.fields:
        yield f'- Answer: {comment.fields["Answer"].rstrip(".")}'
    order = ', in this order' if comment.fields['ordered'] else ''
    yield f'- Errors{order}: {comment.fields["Errors"].rstrip(".")}'
    if 'Rights' in comment.fields:
        yield f'- Rights: {comment.fields["Rights"].rstrip(".")}'
    yield ''


class Generator:
    """Knows the sources; makes the text for one pair of markers."""

    MARKERS = re.compile(r'(<!-- methods: ([\w ]+?) -->\n).*?(<!-- end of methods -->)', re.S)
    EXTENSION = re.compile(r'(<!-- extension: (\w+) -->\n).*?(<!-- end of extension -->)', re.S)
    INDEX = re.compile(r'(<!-- extensions -->\n).*?(<!-- end of extensions -->)', re.S)

    def __init__(self, root):
        def read(pattern):
            return {str(path.relative_to(root)): path.read_text()
                    for path in sorted(root.glob(pattern))}

        self.methods = read_methods((root / API / 'methods.hpp').read_text())
        self.comments = read_comments(read(f'{API}/decode_*.cpp'))
        self.labels = read_labels([(root / 'libs/abi' / name).read_text()
                                   for name in ('labels.hpp', 'extensions.hpp')])
        stubs = {**read('libs/abi/sel4/interfaces/*.h'), **read('libs/abi/sel4/hypercore/*.h')}
        self.c_names = read_c_names(stubs.values(), read('libs/abi/sel4/sel4/**/invocation.h').values())
        self.kinds = {method.kind for method in self.methods}
        self.extensions = read_extensions((root / name).read_text() for name in EXTENSION_SOURCES)

    def number(self, method):
        name = re.findall(r'\w+', method.label)[-1]
        if name not in self.labels:
            raise BadSource(f'{API}/methods.hpp: the label {method.label} has no number in libs/abi')
        return self.labels[name]

    def section(self, method, folder=PAGES):
        comment = self.comments.get(method.decoder)
        if comment is None or 'Errors' not in comment.fields:
            raise BadSource(f'{API}: {method.decoder} has no comment with `Errors: ...`')
        check_counts(method, comment)
        number = self.number(method)
        return describe(method, comment, number, self.c_names.get(number), folder)

    def methods_of(self, extension):
        """The rows of the table that an extension's label is in."""
        if extension.type != 'Label':
            return []
        return [method for method in self.methods if self.number(method) == extension.number]

    def extension_lines(self, extension, folder):
        """What the page of an extension says: its number, its comment, its methods."""
        yield from (MADE, '')
        if extension.type == 'u64':
            yield from (f'Boot information id {extension.number:#x}.', '')
        yield from links_from(folder, '\n'.join(extension.lines)).splitlines()
        yield ''
        for method in self.methods_of(extension):
            yield from self.section(method, folder)

    def index_lines(self, pages):
        """A table of the pages in `pages` (path below PAGES -> text) that are about one extension."""
        yield from (MADE, '', '| page | number | methods | what it does |', '|---|---|---|---|')
        rows = []
        for path, text in pages.items():
            for match in self.EXTENSION.finditer(text):
                extension = self.extension(match[2])
                title = re.match(r'# (.*)', text)[1]
                number = {'Label': 'label', 'u64': 'boot information'}.get(extension.type)
                number = f'{number} {extension.number:#x}' if number else 'command line'
                methods = ', '.join(method.name for method in self.methods_of(extension))
                paragraph = ' '.join(extension.lines).split('  ')[0]
                first = links_from(PAGES, re.match(r'(.*?[.:])(?= |$)', paragraph)[1])
                rows.append((extension.type, extension.number,
                             f'| [{title}]({path}) | {number} | {methods} | {first.rstrip(":.")} |'))
        yield from (row for *_, row in sorted(rows, key=lambda row: (row[0] != 'Label', row[0] != 'u64', row[1] or 0)))

    def extension(self, name):
        if name not in self.extensions:
            raise BadSource(f'{PAGES}: there is no extension {name}')
        return self.extensions[name]

    def fill(self, page, asked, folder=PAGES, pages=()):
        """The page with fresh text between its markers; adds kinds and extensions to `asked`."""
        def methods(match):
            kinds = match[2].split()
            for kind in kinds:
                if kind not in self.kinds:
                    raise BadSource(f'{PAGES}: no method has the kind {kind}')
                asked.append(kind)
            lines = [MADE, '']
            for kind in kinds:
                for method in self.methods:
                    if method.kind == kind:
                        lines += self.section(method, folder)
            return match[1] + '\n'.join(lines) + '\n' + match[3]

        def extension(match):
            asked.append(match[2])
            lines = self.extension_lines(self.extension(match[2]), folder)
            return match[1] + '\n'.join(lines) + '\n' + match[3]

        def index(match):
            return match[1] + '\n'.join(self.index_lines(pages)) + '\n\n' + match[2]

        page = self.EXTENSION.sub(extension, self.MARKERS.sub(methods, page))
        return self.INDEX.sub(index, page)


def generate(root):
    """Path -> (text now, text as it should be) of every page."""
    generator, asked, pages = Generator(root), [], {}
    texts = {path: path.read_text() for path in sorted((root / PAGES).rglob('*.md'))}
    below = {path.relative_to(root / PAGES).as_posix(): text for path, text in texts.items()}
    for path, text in texts.items():
        folder = path.parent.relative_to(root).as_posix()
        pages[path] = (text, generator.fill(text, asked, folder, below))
    for kind in sorted(generator.kinds):
        if asked.count(kind) != 1:
            raise BadSource(f'{PAGES}: {asked.count(kind)} pages ask for the methods of {kind}, '
                            'one should')
    for name in sorted(generator.extensions):
        if asked.count(name) != 1:
            raise BadSource(f'{PAGES}: {asked.count(name)} pages are about the extension {name}, one should be')
    return pages


def main(arguments, root=ROOT):
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--check', action='store_true', help='write nothing, say which are stale')
    options = parser.parse_args(arguments)
    try:
        stale = {path: new for path, (old, new) in generate(root).items() if old != new}
    except BadSource as problem:
        print(problem)
        return 1
    for path, new in stale.items():
        if options.check:
            print(f'{path.relative_to(root)}: not up to date: run scripts/gen/api_pages.py')
        else:
            path.write_text(new)
            print(f'{path.relative_to(root)}: written')
    return 1 if options.check and stale else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
