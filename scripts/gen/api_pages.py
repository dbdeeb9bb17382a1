#!/usr/bin/env python3
"""Writes the method descriptions in docs/kernel-api from the kernel's own sources: the table of
methods (microkernel/api/methods.hpp) and the comment above each decoder (microkernel/api/decode_*.cpp).

  api_pages.py          rewrites the text between the markers of every page
  api_pages.py --check  writes nothing; exit 1 and one line for each page that is not up to date

A page asks for the methods of some kinds of capability by a pair of markers:
    <!-- methods: frame page_table -->      <!-- end of methods -->
Invariant: every kind that has methods is asked for exactly once. What a comment must look like:
`parse_comment`. Tests: scripts/lib/tests/test_api_pages.py.
"""
import argparse
from collections import namedtuple
from pathlib import Path
import re
import sys

ROOT = Path(__file__).resolve().parents[2]
API = 'microkernel/api'
PAGES = 'docs/kernel-api'
FIELDS = ('Words', 'Capabilities', 'Answer', 'Errors', 'Rights')

Method = namedtuple('Method', 'kind label words caps decoder name')
Comment = namedtuple('Comment', 'file summary fields')


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


def describe(method, comment, number, c_name):
    """The section of one method, as lines."""
    called = f'`{c_name}`, ' if c_name else ''
    label = number if number < 0x1000 else hex(number)
    link = f'[{comment.file.rsplit("/", 1)[1]}](../../{comment.file})'
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

    def section(self, method):
        comment = self.comments.get(method.decoder)
        if comment is None or 'Errors' not in comment.fields:
            raise BadSource(f'{API}: {method.decoder} has no comment with `Errors: ...`')
        check_counts(method, comment)
        name = re.findall(r'\w+', method.label)[-1]
        if name not in self.labels:
            raise BadSource(f'{API}/methods.hpp: the label {method.label} has no number in libs/abi')
        number = self.labels[name]
        return describe(method, comment, number, self.c_names.get(number))

    def fill(self, page, asked):
        """The page with fresh text between its markers; adds the kinds to `asked`."""
        def replace(match):
            kinds = match[2].split()
            for kind in kinds:
                if kind not in self.kinds:
                    raise BadSource(f'{PAGES}: no method has the kind {kind}')
                asked.append(kind)
            lines = ['<!-- made by scripts/gen/api_pages.py; change the comments in the code -->', '']
            for kind in kinds:
                for method in self.methods:
                    if method.kind == kind:
                        lines += self.section(method)
            return match[1] + '\n'.join(lines) + '\n' + match[3]

        return self.MARKERS.sub(replace, page)


def generate(root):
    """Path -> (text now, text as it should be) of every page."""
    generator, asked, pages = Generator(root), [], {}
    for path in sorted((root / PAGES).glob('*.md')):
        text = path.read_text()
        pages[path] = (text, generator.fill(text, asked))
    for kind in sorted(generator.kinds):
        if asked.count(kind) != 1:
            raise BadSource(f'{PAGES}: {asked.count(kind)} pages ask for the methods of {kind}, '
                            'one should')
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
