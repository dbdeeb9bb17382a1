"""nics.py: which network cards a guest gets, what they are plugged into, which ports lead there."""
import argparse
import contextlib
import io
from pathlib import Path
import tempfile
import unittest

import bochs
import nics
import options
from project import ProjectError
import qemu
import run
from tests.test_launcher import WithFakeQemu, parsed


def checked(*arguments, otherwise=()):
    return options.checked(parsed('--firmware', 'pvh', *arguments), nics_otherwise=otherwise)


def command(*arguments, otherwise=()):
    chosen = checked(*arguments, otherwise=otherwise)
    return ' '.join(qemu.command(chosen, 'i', Path('/s'), 3, 4))


class Cards(unittest.TestCase):
    def test_none_unless_somebody_wants_one(self):
        self.assertNotIn('-netdev', command())
        self.assertNotIn('-netdev', command('--nic', 'none', otherwise=['virtio']))
        self.assertIn('virtio-net-pci', command(otherwise=['virtio']))
        self.assertNotIn('virtio-net-pci', command('--nic', 'e1000', otherwise=['virtio']))

    def test_each_has_its_function_and_address(self):
        words = command('--nic', 'virtio', '--nic', 'e1000', '--nic', 'e1000e')
        for part in ('virtio-net-pci,id=nic0,netdev=net0,mac=52:54:00:12:34:56,romfile=,'
                     'disable-legacy=on,mrg_rxbuf=on,addr=14.0',
                     'e1000,id=nic1,netdev=net1,mac=52:54:00:12:34:57,romfile=,addr=15.0',
                     'e1000e,id=nic2,netdev=net2,mac=52:54:00:12:34:58,romfile=,addr=16.0'):
            self.assertIn(part, words)

    def test_a_slot_of_its_own(self):
        words = command('--nic', 'e1000e', '--nic', 'virtio,hotplug,mac=52:54:00:00:00:01')
        for part in ('acpi-pci-hotplug-with-bridge-support=off',
                     'pcie-root-port,id=nicslot1,chassis=21,slot=21,addr=15.0',
                     'mac=52:54:00:00:00:01,romfile=,disable-legacy=on,mrg_rxbuf=on,bus=nicslot1'):
            self.assertIn(part, words)
        self.assertNotIn('bus=nicslot0', words)

    def test_networks_in_the_order_of_the_cards(self):
        words = command('--nic', 'virtio', '--nic', 'virtio', '--nic', 'virtio',
                        '--net', 'tap:tap-7', '--net', 'socket:fd=9')
        for part in ('tap,id=net0,ifname=tap-7,script=no,downscript=no', 'socket,id=net1,fd=9',
                     'user,id=net2,net=10.0.4.0/24', 'hostfwd=tcp:127.0.0.1:0-:80'):
            self.assertIn(part, words)

    def test_ports_of_the_guest(self):
        words = command('--nic', 'virtio', '--net', 'user:80,5001')
        self.assertIn('hostfwd=tcp:127.0.0.1:0-:80,hostfwd=tcp:127.0.0.1:0-:5001', words)

    def test_descriptors_that_qemu_inherits(self):
        chosen = checked('--nic', 'virtio', '--nic', 'virtio', '--net', 'user',
                         '--net', 'socket:fd=9')
        self.assertEqual(nics.descriptors(chosen), [9])

    def test_bad_words(self):
        for read, bad in ((nics.nic, ('rtl8139', 'virtio,slow', 'virtio,mac=1', '')),
                          (nics.net, ('', 'bridge', 'tap', 'tap:', 'tap:a,b', 'tap:' + 'x' * 16,
                                      'socket:', 'user:', 'user:0', 'user:65536', 'user:http'))):
            for word in bad:
                with self.subTest(word), self.assertRaises(argparse.ArgumentTypeError):
                    read(word)

    def test_what_cannot_be(self):
        for arguments in (['--nic', 'none', '--nic', 'virtio'], ['--net', 'user'],
                          ['--nic', 'virtio', '--net', 'user', '--net', 'user'],
                          ['--nic', 'virtio'] * 9,
                          ['--machine', 'pc', '--nic', 'virtio,hotplug']):
            with self.subTest(arguments), self.assertRaises(ProjectError):
                checked(*arguments)

    def test_twice_checked_is_the_same(self):
        chosen = checked('--nic', 'virtio', '--net', 'tap:a')
        before = nics.arguments(chosen)
        self.assertEqual(nics.arguments(options.checked(chosen)), before)

    def test_a_card_by_itself_where_there_is_a_network(self):
        for arguments, models in ((['--profile', 'default'], ['virtio']),
                                  (['--profile', 'minimal'], []), (['--profile', 'lesson'], []),
                                  (['--icount'], []), (['--root-server', 'x'], [])):
            self.assertEqual(run.standard_nics(parsed(*arguments)), models, arguments)


class Forwards(WithFakeQemu):
    def test_what_qemu_says(self):
        forwards = nics.Forwards()
        forwards.learn(
            'Hub -1 (net0):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port\r\n'
            '  TCP[HOST_FORWARD]   8       127.0.0.1 42165       10.0.2.15    80     0     0\r\n'
            '  TCP[ESTABLISHED]    9       127.0.0.1 42166       10.0.2.15    80     0     0\r\n'
            '  TCP[HOST_FORWARD]   3       127.0.0.1 36891       10.0.2.15  5001     0     0\r\n'
            'Hub -1 (net2):\r\n'
            '  TCP[HOST_FORWARD]   9       127.0.0.1 42831       10.0.4.15    80     0     0\r\n')
        self.assertEqual(forwards.ports, {(0, 80): 42165, (0, 5001): 36891, (2, 80): 42831})
        self.assertEqual(forwards.urls(), ['http://127.0.0.1:42165/', 'http://127.0.0.1:42831/'])

    def test_the_launcher_asks_for_them(self):
        error = io.StringIO()
        with contextlib.redirect_stderr(error):
            self.assertEqual(self.boot('usernet', '--nic', 'virtio', at_start=run.show_urls)[0], 0)
        self.assertEqual(error.getvalue(),
                         'scripts/run: port 80 of the guest is http://127.0.0.1:42165/\n')


class InBochs(unittest.TestCase):
    def text(self, *arguments):
        chosen = options.checked(parsed('--emulator', 'bochs', *arguments))
        self.forwards, scripts = nics.Forwards(), ''
        with tempfile.TemporaryDirectory() as folder:
            text = bochs.configuration(chosen, Path('/image'), Path(folder), 4242, False,
                                       self.forwards)
            for path in sorted(Path(folder).iterdir()):
                scripts += path.read_text()
        return text, scripts

    def test_cards(self):
        text, scripts = self.text('--nic', 'e1000', '--nic', 'e1000', '--net', 'user',
                                  '--net', 'tap:tap-7')
        port = self.forwards.ports[0, 80]
        for part in ('chipset=i440fx, slot1=e1000, slot2=e1000\n', 'ethmod=slirp, script=/',
                     'e1000: card=1, enabled=1, mac=52:54:00:12:34:57, ethmod=tuntap, '
                     'ethdev=/dev/net/tun:tap-7'):
            self.assertIn(part, text)
        self.assertIn(f'hostfwd = tcp:127.0.0.1:{port}-10.0.2.15:80', scripts)

    def test_none(self):
        self.assertNotIn('e1000:', self.text()[0])
        self.assertIn('slot1=pcivga, slot2=e1000\n', self.text('--firmware', 'uefi')[0])

    def test_what_cannot_be(self):
        for arguments in (['--nic', 'virtio'], ['--nic', 'e1000e'], ['--nic', 'e1000,hotplug'],
                          ['--nic', 'e1000', '--net', 'socket:fd=3'], ['--nic', 'e1000'] * 4):
            with self.subTest(arguments), self.assertRaises(ProjectError):
                options.checked(parsed('--emulator', 'bochs', *arguments))


if __name__ == '__main__':
    unittest.main()
