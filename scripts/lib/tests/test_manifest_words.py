"""What scripts/manifest tells people: explain and graph."""
import contextlib
import io
import re
import shutil
import unittest
from unittest import mock

from manifest import command, explain, graph
from tests.manifest_tree import WithTree


class Explain(WithTree):
    def lines(self, name, profile='test'):
        """{title: text} of one instance."""
        about, *rows = explain.report(self.composition(profile), name)
        return {'about': about, **dict(re.fullmatch(r'  ([^:]+): +(.*)', row).groups()
                                       for row in rows)}

    def test_a_driver_of_a_bus_master(self):
        said = self.lines('disk0')
        self.assertEqual(said['about'], 'disk0: About disk')
        self.assertEqual(said['device'], 'PCI function 00:10.0, if it is 1af4:1042')
        self.assertEqual(said['ports'], 'none')
        self.assertEqual(said['registers'], 'BAR 4 (at least 16 KiB)')
        self.assertIn('interrupt 0 of its PCI function', said['interrupts'])
        self.assertIn('8 KiB of its own, the pool of shell (128 KiB', said['DMA'])
        self.assertIn('DMA not contained', said['DMA'])
        self.assertEqual(said['Calls'], 'memory-manager (memory), '
                         'device-manager (to acknowledge a shared interrupt)')
        self.assertEqual(said['Called by'], 'nobody')
        self.assertEqual(said['rings'], 'shell (block)')
        self.assertIn('2 writes or polls of the manifest', said['when it dies'])

    def test_a_driver_without_dma(self):
        said = self.lines('uart')
        self.assertEqual(said['device'], 'the first serial port')
        self.assertEqual(said['ports'], '0x3f8 to 0x3ff')
        self.assertEqual(said['interrupts'], 'ISA interrupt 4')
        self.assertEqual(said['DMA'], 'none')

    def test_the_hpet_is_one_too(self):
        self.replace('drivers/serial/uart/driver.toml', 'ports =', 'mmio = [{ name = "hpet", kind = "hpet" }]\nports =')
        self.assertIn('DMA not contained', self.lines('uart')['DMA'])

    def test_servers_and_their_clients(self):
        said = self.lines('log')
        self.assertEqual(said['Called by'], 'console (logread)')
        self.assertIn('16 KiB that outlive it', said['shared memory'])
        said = self.lines('shell')
        self.assertEqual(said['rights'], 'monitor')
        self.assertIn('supervisor (monitor)', said['Calls'])
        self.assertIn('a pool of 128 KiB that the device of disk0 reaches', said['shared memory'])
        self.assertIn('2 MiB of memory, 16 KiB of kernel objects, 64 slots; no limit of CPU time',
                      said['budget'])

    def test_the_trusted_base(self):
        self.assertIn('everything, until', self.lines('root')['hardware'])
        said = self.lines('memory-manager')
        self.assertEqual((said['Calls'], said['Called by']), ('nobody', 'everybody'))
        self.assertIn('nothing replaces it', said['when it dies'])

    def test_a_program_is_each_of_its_instances(self):
        text = '\n'.join(explain.report(self.composition(), 'disk'))
        self.assertIn('disk0: ', text)
        self.assertIn('disk1: ', text)

    def test_an_unknown_name(self):
        error = io.StringIO()
        with mock.patch.object(command, 'ROOT', self.root), contextlib.redirect_stderr(error):
            self.assertEqual(command.main(['explain', 'nobody']), 1)
        self.assertIn('there is no program "nobody"; there are: console, device-manager, disk',
                      error.getvalue())


class Graph(WithTree):
    def test_edges_and_the_trusted_base(self):
        text = graph.dot(self.composition())
        self.assertIn('"shell" -> "console" [label="console", style=dashed];', text)
        self.assertIn('"console" -> "log" [label="logread", style=solid];', text)
        self.assertIn('"memory-manager" -> "disk1" [label="swap: block", style=dashed];', text)
        box = text[text.index('cluster_trusted'):text.index('  }')]
        for name in ('root', 'memory-manager', 'device-manager', 'supervisor'):
            self.assertIn(f'"{name}"', box)
        self.assertNotIn('"log"', box)

    @unittest.skipUnless(shutil.which('dot'), 'Graphviz is not installed')
    def test_svg(self):
        self.assertIn(b'<svg', graph.svg(self.composition()))

    def test_without_graphviz(self):
        error = io.StringIO()
        with mock.patch.object(command, 'ROOT', self.root), contextlib.redirect_stderr(error), \
                mock.patch.object(graph.subprocess, 'run', side_effect=FileNotFoundError):
            self.assertEqual(command.main(['graph', '--profile', 'test']), 1)
        self.assertIn('Graphviz is not installed: run scripts/setup', error.getvalue())


if __name__ == '__main__':
    unittest.main()
