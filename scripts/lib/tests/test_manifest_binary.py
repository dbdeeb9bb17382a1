"""The system description as Python writes it and as C++ reads it, and the archive around it."""
import hashlib
import io
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock
from contextlib import redirect_stderr

from manifest import binary, command, layout
from manifest.wiring import Sources
import project
from tests.manifest_tree import WithTree

sys.path.append(str(project.ROOT / 'scripts/gen'))
import cpio  # noqa: E402

HERE = Path(__file__).resolve().parent
ANY = 0xffffffff


def enumerators(header, name):
    """The names of an enum class of ours, in order."""
    body = re.search(rf'enum class {name} : \w+ {{(.*?)}}', header, re.S)[1]
    return tuple(re.findall(r'(\w+)(?: = \d+)?(?:,|$)', re.sub(r'//.*', '', body).strip() + ','))


class Numbers(unittest.TestCase):
    def test_enumerations_are_those_of_the_header(self):
        header = (project.ROOT / 'libs/composition/description.hpp').read_text()
        for name, ours in (('GrantKind', binary.GRANT_KINDS), ('NeedKind', binary.NEED_KINDS),
                           ('QuiesceKind', binary.QUIESCE_KINDS), ('Bus', binary.BUSES),
                           ('Kind', binary.KINDS), ('Restart', binary.POLICIES)):
            self.assertEqual(enumerators(header, name), ours, name)
        for bit, name in enumerate(binary.FLAGS):
            self.assertIn(f'flag_{name} = {1 << bit};', header)

    def test_areas_are_those_of_the_header(self):
        text = (project.ROOT / 'libs/program/layout.hpp').read_text().replace("'", '')
        values = {name: int(value, 16) for name, value in re.findall(r'(\w+) = (0x\w+)', text)}
        for name, ours in (('shared', layout.SHARED), ('shared_end', layout.SHARED_END),
                           ('device', layout.DEVICE), ('device_end', layout.DEVICE_END),
                           ('dma', layout.DMA), ('dma_end', layout.DMA_END)):
            self.assertEqual(values[name], ours, name)


class Description(WithTree):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix='hypercore-dump-'))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        subprocess.run(['g++', '-std=c++20', '-Wall', '-Wextra', '-Werror', '-I',
                        str(project.ROOT / 'libs'), '-o', str(cls.folder / 'dump'),
                        str(HERE / 'description_dump.cpp'),
                        str(project.ROOT / 'libs/composition/reader.cpp')], check=True)

    def dump(self, data):
        (self.folder / 'system').write_bytes(data)
        return subprocess.run([self.folder / 'dump', self.folder / 'system'], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.splitlines()

    def setUp(self):
        super().setUp()
        self.made = self.composition()
        self.layout = layout.Layout(self.made)
        self.digest = hashlib.sha256(b'disk').digest()
        self.rows = self.dump(binary.pack(self.made, {'disk': self.digest}))

    def rows_of(self, what):
        return [row.split()[1:] for row in self.rows if row.split()[0] == what]

    def test_header(self):
        self.assertEqual(self.rows[:2], ['reader: no fault', 'header test 1 1 1 1 2 3 0'])
        self.assertRegex(self.rows[-1], r'^text (\d+) \1$')

    def test_grants_and_objects(self):
        expected = [[grant.name, *map(str, (
            binary.GRANT_KINDS.index(grant.kind) + 1, grant.slot, grant.peer, grant.object,
            grant.value, grant.address, grant.bytes))]
            for placed in self.layout.placed for grant in placed.grants]
        self.assertEqual(self.rows_of('grant'), expected)
        self.assertEqual(self.rows_of('object'), [[each.name, str(each.pages),
                                                   str(int(each.contiguous))]
                                                  for each in self.layout.objects])

    def test_programs(self):
        by_name = {row[0]: [int(value) for value in row[1:]] for row in self.rows_of('program')}
        self.assertEqual(list(by_name), [each.name for each in self.made.instances])
        grants = needs = 0
        for placed in self.layout.placed:
            row = by_name[placed.instance.name]
            self.assertEqual(row[12:16], [grants, len(placed.grants), needs, len(placed.needs)])
            grants, needs = grants + len(placed.grants), needs + len(placed.needs)
        # driver, always, priority, 64 slots, autostart, 16K, no reply; budgets; 256K
        self.assertEqual(by_name['disk0'][:12],
                         [2, 0, 200, 6, 2, 14, 0, 9000, 10000, 500000, 64, 30])
        self.assertEqual(by_name['disk0'][17], 2)
        # server, monitor + autostart, its component's 2M
        self.assertEqual(by_name['shell'][:5] + by_name['shell'][10:11], [1, 0, 110, 6, 10, 512])
        self.assertEqual(by_name['supervisor'][:7], [0, 2, 250, 6, 2, 14, 1])

    def test_devices(self):
        programs = [row[0] for row in self.rows_of('program')]
        matches = dict(zip(programs, self.rows_of('match')))
        self.assertEqual(matches['disk1'], ['-', '1', str(0x1af4), str(0x1042), *['65535'] * 3,
                                            '0', '0', str(0x11 << 3)])
        self.assertEqual(matches['uart0'][:3], ['com1', '2', str(ANY)])
        self.assertEqual(matches['shell'][1], '0')
        self.assertIn(['disk', self.digest.hex()], self.rows_of('file'))
        ports = next(row for row in self.rows_of('need') if row[0] == 'ports0')
        self.assertEqual(ports[1:4] + ports[5:7], ['1', '0', '0', str(0x3f8), str(0x3ff)])
        dma = next(row for row in self.rows_of('need') if row[0] == 'dma')
        self.assertEqual(dma[1:4] + dma[5:], ['8', '0', '64', '8192', '0', str(layout.DMA)])
        self.assertEqual(self.rows_of('quiesce')[:2], [['-', '1', '254', '20', '0', '255'],
                                                       ['-', '4', '254', '20', '0', '255']])

    def test_the_repositorys_own_profiles(self):
        sources = Sources(project.ROOT)
        for profile in sources.system.profiles:
            with self.subTest(profile):
                self.assertEqual(self.dump(binary.pack(sources.compose(profile), {}))[0],
                                 'reader: no fault')


class Layout(WithTree):
    def grants(self, name):
        made = self.composition()
        placed = next(each for each in layout.Layout(made).placed if each.instance.name == name)
        return made, {each.name: each for each in placed.grants}, placed

    def test_both_ends_of_an_edge(self):
        made, shell, _ = self.grants('shell')
        _, disk, _ = self.grants('disk0')
        self.assertEqual(shell['block.shared'].object, disk['block.0.shared'].object)
        self.assertEqual(shell['block.pool'].object, disk['block.0.pool'].object)
        self.assertEqual((disk['block.0.pool'].address, disk['block.0.pool'].bytes), (0, 128 << 10))
        self.assertEqual(shell['block.signal'].value, 1 << 63 | disk['block.bit'].value)
        self.assertEqual(disk['block.0.signal'].value, 1 << 63 | shell['block.bit'].value)
        self.assertEqual(shell['block.peer'].value, made.named('disk0').index)
        self.assertEqual(disk['block.0.peer'].value, made.named('shell').index)
        self.assertEqual(disk['block.clients'].value, 1)

    def test_badges_of_calls(self):
        _, console, _ = self.grants('console')
        _, shell, _ = self.grants('shell')
        self.assertEqual(console['logread.call'].value, 1 << 16)  # second of what log provides
        self.assertEqual(shell['monitor.call'].kind, 'monitor')

    def test_a_server_that_is_called_knows_who_has_the_right_monitor(self):
        self.replace('servers/shell/server.toml', '"log"]', '"log", "logread"]')
        self.replace('sysroot/etc/system.toml', 'memory = "2M" }', 'memory = "2M", slots = 64 }')
        made, log, _ = self.grants('log')
        monitors = {log[f'logread.{n}.peer'].value: f'logread.{n}.monitor' in log for n in range(2)}
        self.assertEqual(monitors, {made.named('console').index: False, made.named('shell').index: True})

    def test_nothing_is_given_twice(self):
        made = self.composition()
        for placed in layout.Layout(made).placed:
            slots = [each.slot for each in placed.grants if each.slot]
            slots += [slot for _, slot, _ in placed.needs if slot]
            self.assertEqual(sorted(slots), list(range(1, placed.slots)))
            names = [each.name for each in placed.grants]
            self.assertEqual(len(names), len(set(names)))
            areas = sorted((each.address, each.bytes) for each in placed.grants if each.address)
            for (first, size), (second, _) in zip(areas, areas[1:]):
                self.assertLess(first + size, second)  # and a page between them
            bits = [each.value for each in placed.grants if each.name.endswith('.bit')]
            self.assertEqual(len(bits), len(set(bits)))

    def test_servers_come_before_their_clients(self):
        names = [each.name for each in self.composition().instances]
        self.assertEqual(names[:4], ['root', 'memory-manager', 'device-manager', 'supervisor'])
        self.assertEqual(names[4:7], ['uart0', 'disk0', 'disk1'])
        self.assertLess(names.index('log'), names.index('console'))
        self.assertLess(names.index('console'), names.index('shell'))


class Build(WithTree):
    def build(self, *programs):
        output = self.root / 'archive'
        error = io.StringIO()
        with mock.patch.object(command, 'ROOT', self.root), redirect_stderr(error):
            status = command.main(['build', '--profile', 'small', '--output', str(output),
                                   '--programs', *programs])
        return status, error.getvalue(), output.read_bytes() if output.exists() else b''

    def programs(self):
        folder = self.root / 'programs'
        for name in ('memory-manager', 'device-manager', 'supervisor', 'uart', 'disk', 'console',
                     'log', 'shell'):
            self.write(f'programs/{name}', f'text of {name}')
        return str(folder)

    def test_archive(self):
        status, error, data = self.build(self.programs())
        self.assertEqual((status, error), (0, ''))
        for name in ('memory-manager', 'shell'):
            self.assertEqual(data.index(f'text of {name}'.encode()) % 4096, 0)
        self.assertEqual(data.index(b'hyrcsys1') % 4096, 0)
        self.assertEqual(self.build(self.programs())[2], data)
        self.assertIn(hashlib.sha256(b'text of shell').digest(), data)

    def test_programs_by_name_and_missing_ones(self):
        folder = self.programs()
        (self.root / 'programs/shell').rename(self.root / 'elsewhere')
        self.assertIn('needs program "shell" (servers/shell/server.toml), which was not built',
                      self.build(folder)[1])
        self.assertEqual(self.build(folder, f'shell={self.root / "elsewhere"}')[0], 0)
        self.assertEqual(self.build(folder, 'nonsense')[0], 1)

    def test_problems_are_printed_with_their_place(self):
        self.replace('servers/log/server.toml', 'priority', 'colour')
        status, error, _ = self.build(self.programs())
        self.assertEqual(status, 1)
        self.assertRegex(error, r'^servers/log/server.toml:\d+: budget.colour: unknown key\n$')

    def test_every_member_lies_on_a_page(self):
        members = [('a' * length, bytes(size)) for length in (1, 2, 3, 30)
                   for size in (0, 1, 4095, 4096, 3900)]
        found = list(cpio.members(cpio.archive(members, page_aligned=True)))
        self.assertEqual([offset % 4096 for _, _, offset in found], [0] * len(members))
        self.assertEqual([(name, data) for name, data, _ in found], members)


if __name__ == '__main__':
    unittest.main()
