"""[network] and the pools of network cards: what is refused, what the server of protocol `net` finds
of it (read back by C++, as it does), and what is said about it.
"""
from pathlib import Path
import re
import shutil
import subprocess
import tempfile
import unittest

from manifest import binary, explain, fields, layout, network
import project
from tests.manifest_tree import WithTree, program

HERE = Path(__file__).resolve().parent
NET, WEB, SYSTEM = 'servers/net/server.toml', 'servers/web/server.toml', 'sysroot/etc/system.toml'
CARD = '''[match]
bus = "pci"
vendor = 0x8086
[needs]
bar = [{ name = "bar0", index = 0, min_size = "128K" }]'''
RULES = '''[network]
bind = [{ kind = "tcp", ports = "80" }]
reach = [{ kind = "tcp", to = "10.0.2.0/24", ports = "1-65535" },
         { kind = "udp", to = "any", ports = "53" },
         { kind = "udp", to = "2001:db8::/32", ports = "5353" },
         { kind = "tcp", to = "192.0.2.7", ports = "22" },
         { kind = "echo", to = "any" }]
sockets = 64
memory = "512K"
rate = "1500"
arena = "512K"
'''
ROWS = '''[[component]]
name = "em0"
program = "card"
[[component]]
name = "em1"
program = "card"
[[component]]
name = "net"
uses = { nic0 = "em0", nic1 = "em1" }
[[component]]
name = "web"
[[component]]
name = "lurker"
'''


class WithNetwork(WithTree):
    def setUp(self):
        super().setUp()
        self.write('drivers/net/card/driver.toml', program('card', 'driver', CARD, 200,
                                                           provides=['nic']))
        self.write(NET, program('net', 'server', '[pools]\nnic0 = "8M"\nnic1 = "nic0"', 150,
                                provides=['net'], uses=['nic0:nic', 'nic1:nic']))
        self.write(WEB, program('web', 'server', RULES, 120, uses=['net']))
        self.write('servers/lurker/server.toml', program('lurker', 'server', '', 120, uses=['net?']))
        self.write(SYSTEM, (self.root / SYSTEM).read_text() + ROWS)

    def grants(self, name):
        made = layout.Layout(self.composition())
        placed = next(each for each in made.placed if each.instance.name == name)
        return made, {each.name: each for each in placed.grants}


class Pools(WithNetwork):
    def test_one_object_mapped_once(self):
        made, net = self.grants('net')
        pools = [each for each in made.objects if each.name.startswith('net:')]
        self.assertEqual([(each.name, each.pages, each.contiguous) for each in pools],
                         [('net:nic0', 2048, True)])
        self.assertEqual((net['nic0.pool'].kind, net['nic1.pool'].kind), ('pool', 'number'))
        self.assertEqual(net['nic0.pool'].address, net['nic1.pool'].value)
        self.assertEqual(net['nic0.pool'].address % (2 << 20), 0)
        self.assertEqual(net['nic1.pool'].bytes, 8 << 20)

    def test_each_driver_gets_its_address(self):
        for name in ('em0', 'em1'):
            made, card = self.grants(name)
            pool = card['nic.0.pool']
            self.assertEqual((pool.kind, made.objects[pool.object].name, pool.bytes),
                             ('pool_dma', 'net:nic0', 8 << 20))

    def test_what_is_refused(self):
        for new, text in (('nic1 = "nic2"', 'there is no pool "nic2" here'),
                          ('nic1 = "nic1"', '"nic1" has no size of its own'),
                          ('nic1 = "17M"', 'is above 16M'), ('nic1 = "Nic"', 'small letters')):
            with self.subTest(new):
                self.setUp()
                self.replace(NET, 'nic1 = "nic0"', new)
                self.assert_problem(NET, new, text)
        self.setUp()
        self.replace(NET, 'nic0 = "8M"', 'nic0 = "nic1"')
        self.assert_problem(NET, 'nic0 = "nic1"', '"nic1" has no size of its own')

    def test_the_pool_counts_once(self):
        self.replace(NET, '"8M"', '"16M"')
        self.replace(SYSTEM, '[profile.test]\nmemory = "64M"', '[profile.test]\nmemory = "2M"')
        found = '\n'.join(self.problems())
        self.assertIn('largest: net:nic0 16384K, shell 2064K', found)
        total = int(re.search(r'test: budgets come to (\d+)K', found)[1])
        self.assertLess(total, 2 * 16384)

    def test_a_card_that_is_not_there(self):
        self.replace(NET, '"nic0:nic"', '"nic0:nic?"')
        self.replace(SYSTEM, 'name = "em0"\n', 'name = "em0"\nprofiles = ["small"]\n')
        _, net = self.grants('net')
        self.assertNotIn('nic0.pool', net)
        self.assertEqual((net['nic1.pool'].kind, net['nic1.pool'].bytes), ('pool', 8 << 20))


class Rules(WithNetwork):
    def test_the_tree_is_good(self):
        self.assertEqual(self.problems(), [])

    def test_what_is_refused(self):
        for old, new, text in (
                ('kind = "tcp", ports = "80"', 'kind = "sctp", ports = "80"', 'none of tcp, udp'),
                ('kind = "tcp", ports = "80"', 'kind = "echo"', 'none of tcp, udp'),
                ('ports = "80"', 'ports = 80', 'must be a string'),
                ('ports = "80"', 'ports = "http"', 'must be a port or two'),
                ('ports = "80"', 'ports = "0"', 'ports are 1 to 65535'),
                ('ports = "80"', 'ports = "80-65536"', 'ports are 1 to 65535'),
                ('ports = "80"', 'ports = "90-80"', 'the last port is below the first'),
                (', ports = "80"', '', '"ports" is missing'),
                ('ports = "80"', 'ports = "80", to = "any"', 'to: unknown key'),
                ('to = "10.0.2.0/24", ', '', '"to" is missing'),
                ('"10.0.2.0/24"', '"10.0.2.0/33"', 'must be "any", an address'),
                ('"10.0.2.0/24"', '"10.0.2"', 'must be "any", an address'),
                ('"10.0.2.0/24"', '"example.org"', 'must be "any", an address'),
                ('"10.0.2.0/24"', '"10.0.2.1/24"', 'bits set behind the prefix: write "10.0.2.0/24"'),
                ('"2001:db8::/32"', '"2001:db8::1/32"', 'write "2001:db8::/32"'),
                ('"2001:db8::/32"', '"::/0"', 'takes in IPv4'),
                ('"2001:db8::/32"', '"::ffff:10.0.2.2"', 'takes in IPv4'),
                ('kind = "echo", to', 'kind = "echo", ports = "7", to', 'ports: unknown key'),
                ('sockets = 64', 'sockets = 5000', 'not within 0 to 4096'),
                ('memory = "512K"', 'memory = "511"', 'must be a size'),
                ('rate = "1500"', 'rate = 1500', 'must be a number of bytes as a string'),
                ('arena = "512K"', 'arena = "6K"', 'must be a multiple of 4K'),
                ('arena = "512K"', 'arena = "9M"', 'is above 8M'),
                ('sockets = 64', 'colour = 1', 'network.colour: unknown key')):
            with self.subTest(new):
                self.setUp()
                before = (self.root / WEB).read_text()
                self.replace(WEB, old, new)
                line = before[:before.index(old)].count('\n') + 1
                self.assertTrue(any(each.startswith(f'{WEB}:{line}: ') and text in each
                                    for each in self.problems()), self.problems())

    def test_more_than_fit(self):
        row = '{ kind = "tcp", ports = "80" }'
        self.replace(WEB, f'bind = [{row}]', f'bind = [{", ".join([row] * 33)}]')
        self.assert_problem(WEB, 'bind =', 'at most 32 tables')
        self.replace(WEB, ', '.join([row] * 33), ', '.join([row] * 28))
        self.assert_problem(WEB, '[network]', '33 rules, at most 32')

    def test_more_than_the_server_has_arguments_for(self):
        self.replace(WEB, '[network]\nbind = [', '[network]\nbind = ['
                     + '{ kind = "udp", ports = "1" }, ' * 20)
        self.write(SYSTEM, (self.root / SYSTEM).read_text() + ''.join(
            f'[[component]]\nname = "web{number}"\nprogram = "web"\n' for number in range(8)))
        self.assert_problem(SYSTEM, 'name = "net"', 'named values, at most 500')

    def test_rules_without_net(self):
        self.replace(WEB, 'uses = ["net"]', 'uses = ["log"]')
        self.assert_problem(WEB, '[network]', 'is for a program with one use of protocol net')
        self.replace(WEB, 'uses = ["log"]', 'uses = ["net", "more:net"]')
        self.assert_problem(WEB, '[network]', 'this has 2')

    def test_more_memory_than_the_pools_have(self):
        self.replace(WEB, 'memory = "512K"', 'memory = "9M"')
        self.assert_problem(WEB, 'memory = "9M"', 'may keep 9216K waiting, its pools have 8192K')


class Arguments(WithNetwork):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix='hypercore-network-'))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        subprocess.run(['g++', '-std=c++20', '-Wall', '-Wextra', '-Werror', '-I',
                        str(project.ROOT / 'libs'), '-o', str(cls.folder / 'dump'),
                        str(HERE / 'network_dump.cpp'),
                        str(project.ROOT / 'libs/composition/reader.cpp')], check=True)

    def dump(self):
        (self.folder / 'system').write_bytes(binary.pack(self.composition(), {}))
        return subprocess.run([self.folder / 'dump', self.folder / 'system', 'net'], text=True,
                              check=True, stdout=subprocess.PIPE).stdout.splitlines()

    def test_what_the_server_reads(self):
        mapped = '00' * 10 + 'ffff'
        rows = self.dump()
        start = rows.index(f'client web 64 {512 << 10} 1500 6')
        self.assertEqual(rows[start + 1:start + 7], [
            '0 6 0 80 80 ' + '00' * 16,
            f'1 6 120 1 65535 {mapped}0a000200',
            '1 17 0 53 53 ' + '00' * 16,
            '1 17 32 5353 5353 20010db8' + '00' * 12,
            f'1 6 128 22 22 {mapped}c0000207',
            '1 1 0 0 0 ' + '00' * 16])
        self.assertIn('client lurker 0 0 0 0', rows)

    def test_numbers_are_those_of_the_header(self):
        header = (project.ROOT / 'libs/protocol/net.hpp').read_text()
        self.assertIn(f'arena_offset = {network.ARENA_OFFSET >> 10} << 10;', header)
        self.assertIn(f'enum class What : u8 {{ {network.WORDS[0]} = 0, {network.WORDS[1]} = 1 }};',
                      header)
        units = (project.ROOT / 'servers/memory-manager/units.hpp').read_text()
        self.assertIn(f'max_object_bytes = {fields.MAX_OBJECT >> 20} << 20;', units)

    def test_the_arena_is_the_edges_memory(self):
        _, web = self.grants('web')
        _, lurker = self.grants('lurker')
        _, net = self.grants('net')
        self.assertEqual(web['net.shared'].bytes, (112 + 512) << 10)
        self.assertEqual(lurker['net.shared'].bytes, 256 << 10)
        self.assertEqual({net[f'net.{number}.shared'].bytes for number in (0, 1)},
                         {(112 + 512) << 10, 256 << 10})


class Explain(WithNetwork):
    def said(self, name):
        return '\n'.join(explain.report(self.composition(), name))

    def test_what_a_client_may(self):
        self.assertIn('network:       may bind TCP port 80, reach 10.0.2.0/24 by TCP ports 1 to '
                      '65535, reach any address by UDP port 53, reach 2001:db8::/32 by UDP port '
                      '5353, reach 192.0.2.7 by TCP port 22, send echo requests (ping) to any '
                      'address, and nothing else; 64 sockets, 512 KiB waiting to be sent or read, '
                      '1500 bytes a second', self.said('web'))

    def test_nothing(self):
        for name in ('lurker', 'shell'):
            self.assertIn('network:       nothing\n', self.said(name))

    def test_who_makes_the_network(self):
        self.assertIn('network:       all of it', self.said('net'))
        self.assertIn('a pool of 8 MiB that the devices of em0 and em1 reach', self.said('net'))
        self.assertIn('the pool of net (8 MiB', self.said('em1'))
        self.assertIn('network:       the wire of its device', self.said('em1'))


if __name__ == '__main__':
    unittest.main()
