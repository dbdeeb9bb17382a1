"""The command scripts/lint. Each rule is a function that yields Finding(s); each finding says
where, which rule, and what to do. The tables right below are the policy; the code is only reading.
Tests: tests/test_lint.py, one bad fixture for each rule. Next: lint_compile.py (rules that run tools).
"""
import argparse
from collections import namedtuple
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
import re
import statistics
import subprocess
import sys

import lint_compile
import source_text
import trusted_base

# Code lines (no blanks, no comments) each folder of the kernel may have, and all of them together,
# what only debug kernels contain included. The decoders of all objects are in api, beside the table
# that names them.
BUDGETS = {'api': 2300, 'cap': 800, 'object': 500, 'ipc': 1200, 'sched': 1180, 'vspace': 300,
           'boot': 900, 'debug': 450, 'check': 680, 'arch': 2130}
BUDGET_TOTAL = 10000
FILE_LINES = 400
FUNCTION_LINES = 60

# Include layers, lowest first: a file may include its own layer and those above it in this list,
# never one below it. The first pattern that fits a path decides, so exceptions stand in front of
# their folder. Files that fit no pattern are not checked.
LAYERS = (
    ('kit', ('libs/kit/*',)),
    ('abi', ('libs/abi/*', 'boot/handoff.hpp')),
    ('hw', ('libs/hw/*',)),
    # Forward declarations and what an architecture must provide (arch.hpp, and the headers that
    # generic code includes by their bare name): for everyone.
    ('arch interface', ('microkernel/sched/cpu_fwd.hpp', 'microkernel/arch/arch.hpp',
                        'microkernel/arch/x86_64/arch_context.hpp',
                        'microkernel/arch/x86_64/arch_layout.hpp',
                        'microkernel/arch/x86_64/paging_bits.hpp',
                        'microkernel/arch/x86_64/platform.hpp',
                        'microkernel/arch/x86_64/io_apic.hpp')),
    ('debug', ('microkernel/debug/*',)),
    ('cap', ('microkernel/cap/*', 'microkernel/cap/error.hpp')),
    ('vspace', ('microkernel/vspace/*', 'microkernel/arch/x86_64/kernel_space.hpp')),
    ('object', ('microkernel/object/*', 'microkernel/api/invocation.hpp')),
    ('ipc, sched', ('microkernel/ipc/*', 'microkernel/sched/*')),
    ('api', ('microkernel/api/*',)),
    # Debug kernels: looks at everything, and is called where a kernel entry ends.
    ('check', ('microkernel/check/*',)),
    # The rest of the architecture calls into all of the kernel (entry, traps); only the bring-up
    # order in boot includes it.
    ('arch/x86_64', ('microkernel/arch/x86_64/*', 'microkernel/boot/boot_memory.hpp')),
    ('boot', ('microkernel/boot/*',)),
)
# Where an #include is looked for, besides the including file's own folder.
INCLUDE_ROOTS = ('', 'libs', 'microkernel', 'microkernel/arch/x86_64', 'libs/abi/sel4')

CPP = ('.cpp', '.hpp', '.h', '.c')
CODE = CPP + ('.S', '.ld')
TEXT = CODE + ('.py', '.sh', '.md', '.build', '.txt', '.ini', '.toml', '.cfg', '')

# Places and hosts that exist on some machine only. Written so that this file does not match.
FOREIGN = (
    (re.compile(r'(?<![\w./\-])/(?:wor' r'k|roo' r't|far' r'm|hom' r'e)/[\w.]'),
     'a path of one machine'),
    (re.compile(r'\b(?:deb|security|snapshot|ftp)\.debian' r'\.(?:org|net)|\bpypi' r'\.org|'
                r'\bpythonhosted' r'\.org|\bcrates' r'\.io|\bregistry' r'\.npmjs|'
                r'\bproxy\.golang' r'\.org'),
     'the host of a package registry'),
)

Finding = namedtuple('Finding', 'path line rule text')


class Tree:
    """The files under check: what git tracks (or would, were it added)."""

    def __init__(self, root, files=None):
        self.root = Path(root)
        self.files = sorted(files if files is not None else self._from_git())
        self._texts = {}

    def _from_git(self):
        listing = subprocess.run(
            ['git', '-C', str(self.root), 'ls-files', '-z', '--cached', '--others',
             '--exclude-standard'], check=True, stdout=subprocess.PIPE).stdout.decode()
        return [name for name in listing.split('\0') if name and (self.root / name).is_file()]

    def text(self, name):
        if name not in self._texts:
            self._texts[name] = (self.root / name).read_text(errors='replace')
        return self._texts[name]

    def named(self, suffixes, under=''):
        return [name for name in self.files
                if name.startswith(under) and PurePosixPath(name).suffix in suffixes]


def check_budgets(tree):
    """Code lines of the kernel, for each folder and in all."""
    counts = {}
    for name in tree.named(CODE, 'microkernel/'):
        parts = name.split('/')
        folder = parts[1] if len(parts) > 2 else '.'
        counts[folder] = counts.get(folder, 0) + len(source_text.code_lines(tree.text(name)))
    for folder, count in sorted(counts.items()):
        limit = BUDGETS.get(folder)
        if limit is None:
            yield Finding(f'microkernel/{folder}', 1, 'budget',
                          'this folder has no budget: move its files, or decide on one in '
                          'scripts/lib/lint.py')
        elif count > limit:
            yield Finding(f'microkernel/{folder}', 1, 'budget',
                          f'{count} code lines, {limit} allowed: move policy out of the kernel')
    total = sum(counts.values())
    if total > BUDGET_TOTAL:
        yield Finding('microkernel', 1, 'budget', f'{total} code lines in all, '
                      f'{BUDGET_TOTAL} allowed: move policy out of the kernel')


def check_file_length(tree):
    for name in tree.named(CODE):
        lines = source_text.code_lines(tree.text(name))
        if len(lines) > FILE_LINES:
            yield Finding(name, lines[FILE_LINES], 'file-length',
                          f'{len(lines)} code lines, {FILE_LINES} allowed: split it by concept')


def check_function_length(tree):
    for name in tree.named(CPP):
        if name.startswith('tests/unit/'):
            continue  # lists of checks and of rows, not steps of a computation
        for function in source_text.functions(tree.text(name)):
            if function.code > FUNCTION_LINES:
                yield Finding(name, function.first, 'function-length',
                              f'{function.name} has {function.code} code lines, {FUNCTION_LINES} '
                              'allowed: give its steps names of their own')


_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+["<]([^">\n]+)[">]', re.M)


def includes(tree, name):
    """(line, path of the included file in the tree or None, as written) of each #include."""
    here = PurePosixPath(name).parent
    known = set(tree.files)
    for match in _INCLUDE.finditer(tree.text(name)):
        candidates = [str(here / match[1])] + [
            str(PurePosixPath(root) / match[1]) for root in INCLUDE_ROOTS]
        found = next((path for path in candidates if path in known), None)
        yield tree.text(name).count('\n', 0, match.start()) + 1, found, match[1]


def layer(name):
    """(rank, layer's name), or None. Exceptions (patterns without a trailing *) come first."""
    for exact in (True, False):
        for rank, (title, patterns) in enumerate(LAYERS):
            if any(fnmatch(name, each) for each in patterns if each.endswith('/*') != exact):
                return rank, title
    return None


def check_layers(tree):
    order = ' < '.join(title for title, _ in LAYERS)
    for name in tree.named(CODE):
        own = layer(name)
        if own is None:
            continue
        for line, target, written in includes(tree, name):
            other = layer(target) if target else None
            if other and other[0] > own[0]:
                yield Finding(name, line, 'layers',
                              f'"{written}" is in layer {other[1]}, above {own[1]}: move the '
                              f'declaration down, or the caller up ({order})')


def check_pragma_once(tree):
    for name in tree.named(('.hpp', '.h')):
        if not re.search(r'^#pragma once$', tree.text(name), re.M):
            yield Finding(name, 1, 'pragma-once', 'add #pragma once; a list that is included for '
                          'its rows, more than once, is an .inc file')


def check_text(tree):
    """Trailing blanks, missing last line end, machine paths and registry hosts."""
    for name in tree.files:
        if PurePosixPath(name).suffix not in TEXT:
            continue
        text = tree.text(name)
        if text and not text.endswith('\n'):
            yield Finding(name, text.count('\n') + 1, 'last-line', 'end the last line')
        for number, line in enumerate(text.split('\n'), 1):
            if line != line.rstrip():
                yield Finding(name, number, 'trailing-blanks', 'remove the blanks at the end')
            for regex, what in FOREIGN:
                if match := regex.search(line):
                    yield Finding(name, number, 'foreign', f'{match[0]!r} is {what}: it has no '
                                  'place in the repository')


RULES = (check_budgets, check_file_length, check_function_length, check_layers, check_pragma_once,
         check_text)


def statistics_lines(tree):
    """Figures for a reader: the kernel against its budgets, the trusted programs."""
    sizes = []
    folders = {}
    for name in tree.named(CODE, 'microkernel/'):
        count = len(source_text.code_lines(tree.text(name)))
        folders[name.split('/')[1]] = folders.get(name.split('/')[1], 0) + count
        if name.endswith(CPP):
            sizes += [function.code for function in source_text.functions(tree.text(name))]
    for folder, limit in BUDGETS.items():
        yield f'{folder:8} {folders.get(folder, 0):6} of {limit}'
    yield f'{"total":8} {sum(folders.values()):6} of {BUDGET_TOTAL}'
    if sizes:
        sizes.sort()
        yield (f'{len(sizes)} functions: median {statistics.median(sizes):g}, '
               f'p90 {sizes[int(len(sizes) * 0.9)]}, longest {sizes[-1]} code lines')
    parts = trusted_base.lines(tree, includes)
    yield 'trusted programs and their libraries:'
    yield from (f'{part:15} {count:6}' for part, count in parts.items())
    yield f'{"total":15} {sum(parts.values()):6}'


def run(tree, build=None, jobs=2):
    """All findings. build: a configured build folder for the rules that need flags or the kernel;
    None leaves out what compiles."""
    findings = [finding for rule in RULES for finding in rule(tree)]
    findings += [Finding(*row) for row in lint_compile.check_format(tree, tree.named(CPP))]
    if build is not None:
        closure = {name: [target for _, target, _ in includes(tree, name) if target]
                   for name in tree.named(CPP)}
        findings += [Finding(*row) for row in lint_compile.check_headers(
            tree, tree.named(('.hpp', '.h')), closure, build, INCLUDE_ROOTS, jobs)]
        findings += [Finding(*row) for row in lint_compile.check_kernel_elf(tree, build)]
    return findings


def main(arguments):
    parser = argparse.ArgumentParser(
        prog='scripts/lint', description='Checks line budgets, lengths of files and functions, '
        'include layers, that every header compiles alone, layout (clang-format 14), that the '
        'kernel has no static constructors, and that nothing of one machine is in the tree. '
        'One line for each finding: file:line: rule: what to do.')
    parser.add_argument('--build', metavar='DIR', help='build folder, for compiler flags and the '
                        'kernel (default: build, if it is there)')
    parser.add_argument('--no-build', action='store_true', help='only what needs no build folder')
    parser.add_argument('--stats', action='store_true', help='print the lengths of the kernel and of the trusted programs, and stop')
    options = parser.parse_args(arguments)
    root = Path(__file__).resolve().parents[2]
    tree = Tree(root)
    if options.stats:
        print('\n'.join(statistics_lines(tree)))
        return 0
    build = Path(options.build).absolute() if options.build else root / 'build'
    if options.no_build:
        build = None
    elif not (build / 'compile_commands.json').exists():
        if options.build:
            parser.error(f'{build} is not configured: run meson setup, or scripts/test')
        print('scripts/lint: no build folder: headers and the kernel ELF are not checked',
              file=sys.stderr)
        build = None
    findings = run(tree, build)
    for finding in findings:
        print(f'{finding.path}:{finding.line}: {finding.rule}: {finding.text}')
    print(f'lint: {len(tree.files)} files, {len(findings)} findings')
    return 1 if findings else 0
