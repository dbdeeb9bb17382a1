"""lint.py: every rule finds its bad fixture, and says nothing about a good tree."""
import json
from pathlib import Path
import shutil
import subprocess
import tempfile
import unittest
from unittest import mock

import lint
import lint_compile
import source_text


class Fixture(unittest.TestCase):
    """A small tree in a temporary folder."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix='hypercore-lint-'))
        self.addCleanup(shutil.rmtree, self.root)

    def tree(self, **files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return lint.Tree(self.root, list(files))

    def one(self, findings, path, line, rule):
        findings = [lint.Finding(*finding) for finding in findings]
        self.assertEqual([(f.path, f.line, f.rule) for f in findings], [(path, line, rule)])
        return findings[0].text


class Lengths(Fixture):
    def test_budget_of_a_folder(self):
        limit = lint.BUDGETS['debug']
        tree = self.tree(**{'microkernel/debug/log.cpp': 'int a;\n' * (limit + 1)})
        text = self.one(lint.check_budgets(tree), 'microkernel/debug', 1, 'budget')
        self.assertIn(f'{limit + 1} code lines, {limit} allowed', text)

    def test_budget_counts_no_comments_and_blanks(self):
        text = 'int a; // why\n\n// comment\n/* more\n * of\n */\n' * 300
        self.assertEqual(list(lint.check_budgets(self.tree(**{'microkernel/debug/a.cpp': text}))), [])

    def test_budget_of_the_whole(self):
        tree = self.tree(**{f'microkernel/{folder}/a.S': 'nop\n' * limit
                            for folder, limit in lint.BUDGETS.items()})
        self.one(lint.check_budgets(tree), 'microkernel', 1, 'budget')

    def test_budget_of_the_whole_counts_what_only_debug_kernels_have(self):
        with mock.patch.object(lint, 'BUDGET_TOTAL', 20):
            tree = self.tree(**{'microkernel/cap/a.S': 'nop\n' * 11,
                                'microkernel/check/a.S': 'nop\n' * 10})
            text = self.one(lint.check_budgets(tree), 'microkernel', 1, 'budget')
        self.assertIn('21 code lines in all', text)

    def test_folder_without_budget(self):
        tree = self.tree(**{'microkernel/misc/a.cpp': 'int a;\n'})
        self.one(lint.check_budgets(tree), 'microkernel/misc', 1, 'budget')

    def test_long_file(self):
        tree = self.tree(**{'libs/a.cpp': '// c\n' + 'int a;\n' * 401})
        self.one(lint.check_file_length(tree), 'libs/a.cpp', 402, 'file-length')
        tree = self.tree(**{'libs/a.cpp': '// c\n' * 100 + 'int a;\n' * 400})
        self.assertEqual(list(lint.check_file_length(tree)), [])

    def test_long_function(self):
        body = '    a();\n' * 58
        for head in ('void f()\n{\n', 'namespace n {\nvoid f()\n{\n',
                     'struct S {\n    S(int e) : x_{e}, y_(1)\n    {\n'):
            with self.subTest(head):
                close = '}\n' * head.count('{\n')
                tree = self.tree(**{'a.cpp': head + body[:-9] + close})
                self.assertEqual(list(lint.check_function_length(tree)), [])
                tree = self.tree(**{'a.cpp': head + body + '    b();\n    c();\n' + close})
                findings = list(lint.check_function_length(tree))
                self.assertEqual(len(findings), 1, findings)
                self.assertEqual(findings[0].line, head.count('\n') - 1)

    def test_functions_are_told_from_other_braces(self):
        text = ('enum class E : u8 { a, b };\nconstexpr int t[] = {f(1), 2};\n'
                'extern "C" {\nvoid k(char c)\n{\n    if (c == \'{\') { g("}}"); }\n}\n}\n'
                'struct S {\n    int operator()(int v) const { return 1\'000; }\n};\n'
                'template <class T> auto h(T t) -> R<T, int>\n    requires(C<T>)\n{\n    return t;\n}\n')
        names = [(f.name, f.first, f.code) for f in source_text.functions(text)]
        self.assertEqual(names, [('k', 4, 4), ('operator', 10, 1), ('h', 12, 5)])


class Layers(Fixture):
    def test_upward_include(self):
        tree = self.tree(**{'microkernel/cap/slot.hpp': '#pragma once\n#include "object/tcb.hpp"\n',
                            'microkernel/object/tcb.hpp': '#pragma once\n'})
        text = self.one(lint.check_layers(tree), 'microkernel/cap/slot.hpp', 2, 'layers')
        self.assertIn('object, above cap', text)

    def test_generic_code_must_not_see_the_architecture(self):
        tree = self.tree(**{'microkernel/api/a.cpp': '#include "apic.hpp"\n',
                            'microkernel/arch/x86_64/apic.hpp': ''})
        self.one(lint.check_layers(tree), 'microkernel/api/a.cpp', 1, 'layers')

    def test_downward_includes_and_the_exceptions(self):
        tree = self.tree(**{
            'microkernel/object/tcb.cpp': '#include "cap/slot.hpp"\n#include "arch/arch.hpp"\n'
                                          '#include "kit/bits.hpp"\n#include <array>\n',
            'microkernel/cap/slot.hpp': '#include "cap/error.hpp"\n#include "sched/cpu_fwd.hpp"\n',
            'microkernel/cap/error.hpp': '', 'microkernel/sched/cpu_fwd.hpp': '',
            'microkernel/arch/arch.hpp': '', 'libs/kit/bits.hpp': ''})
        self.assertEqual(list(lint.check_layers(tree)), [])

    def test_kit_is_the_bottom(self):
        tree = self.tree(**{'libs/kit/a.hpp': '#include "abi/labels.hpp"\n',
                            'libs/abi/labels.hpp': ''})
        self.one(lint.check_layers(tree), 'libs/kit/a.hpp', 1, 'layers')


class Text(Fixture):
    def test_trailing_blanks(self):
        self.one(lint.check_text(self.tree(**{'a.md': 'x\ny \n'})), 'a.md', 2, 'trailing-blanks')

    def test_last_line(self):
        self.one(lint.check_text(self.tree(**{'a.py': 'x\ny'})), 'a.py', 2, 'last-line')

    def test_foreign(self):
        for word in ('/ho' + 'me/anna/x', 'see /wo' + 'rk/tree', 'https://deb.deb' + 'ian.org/x'):
            with self.subTest(word):
                self.one(lint.check_text(self.tree(**{'a.sh': f'{word}\n'})), 'a.sh', 1, 'foreign')
        good = 'net/wo' + 'rk/a.cpp and https://wiki.example/ho' + 'me/x\n'
        self.assertEqual(list(lint.check_text(self.tree(**{'a.sh': good}))), [])

    def test_pragma_once(self):
        self.one(lint.check_pragma_once(self.tree(**{'a.hpp': 'int a;\n'})), 'a.hpp', 1,
                 'pragma-once')


class Tools(Fixture):
    def commands(self):
        build = self.root / 'build'
        build.mkdir()
        (build / 'compile_commands.json').write_text(json.dumps([
            {'directory': str(build), 'file': '../a.cpp', 'output': 'a.o',
             'command': 'g++ -std=c++20 -MD -MQ a.o -MF a.d -o a.o -c ../a.cpp'}]))
        return build

    def headers(self, build, **files):
        tree = self.tree(**files)
        names = tree.named(('.hpp', '.h'))
        closure = {name: [target for _, target, _ in lint.includes(tree, name) if target]
                   for name in names}
        return list(lint_compile.check_headers(tree, names, closure, build, ('',), 1))

    def test_header_must_compile_alone(self):
        build = self.commands()
        bad = {'a.hpp': '#pragma once\n\ninline std::size_t a;\n', 'a.cpp': ''}
        text = self.one(self.headers(build, **bad), 'a.hpp', 3, 'header')
        self.assertIn('does not compile alone', text)
        # A finding is not cached; a fixed header is checked anew.
        self.one(self.headers(build, **bad), 'a.hpp', 3, 'header')
        good = dict(bad, **{'a.hpp': '#pragma once\n#include <cstddef>\ninline std::size_t a;\n'})
        self.assertEqual(self.headers(build, **good), [])

    def test_cache_sees_a_change_in_an_included_header(self):
        build = self.commands()
        files = {'a.hpp': '#pragma once\n#include "b.hpp"\ninline B b;\n',
                 'b.hpp': '#pragma once\nstruct B {};\n', 'a.cpp': ''}
        self.assertEqual(self.headers(build, **files), [])
        files['b.hpp'] = '#pragma once\n'
        self.one(self.headers(build, **files), 'a.hpp', 3, 'header')

    def test_format(self):
        shutil.copy(Path(lint.__file__).parents[2] / '.clang-format', self.root)
        tree = self.tree(**{'a.cpp': 'int a;\nint  b;\n', 'b.cpp': 'int a;\n'})
        self.one(lint_compile.check_format(tree, ['a.cpp', 'b.cpp']), 'a.cpp', 2, 'format')

    def test_static_constructor(self):
        build = self.root / 'build'
        (build / 'microkernel').mkdir(parents=True)
        tree = self.tree(**{'microkernel/a.cpp': 'struct A { A(); int x; };\nA a;\n'})
        self.one(lint_compile.check_kernel_elf(tree, build), 'microkernel/meson.build', 1,
                 'kernel-elf')
        source = self.root / 'microkernel/a.cpp'
        elf = build / 'microkernel' / 'hypercore.elf'
        subprocess.run(['g++', '-std=c++20', '-c', str(source), '-o', str(elf)],
                       check=True)
        self.one(lint_compile.check_kernel_elf(tree, build), 'microkernel', 1, 'constructors')
        source.write_text('constinit int a = 1;\n')
        subprocess.run(['g++', '-std=c++20', '-c', str(source), '-o', str(elf)],
                       check=True)
        self.assertEqual(list(lint_compile.check_kernel_elf(tree, build)), [])
