"""A small system in a folder of its own, for the tests of scripts/manifest: what is right about it,
each test makes wrong by replacing words.
"""
from pathlib import Path
import shutil
import tempfile
import unittest

from manifest import check
from manifest.wiring import Sources
import project


def program(name, kind, body='', priority=100, budget='', **lists):
    if kind == 'driver':
        budget = f'budget_us = 9000\n{budget}'
    rows = [f'[program]\nname = "{name}"\nkind = "{kind}"\nabout = "About {name}"']
    rows += [f'{key} = {value!r}'.replace("'", '"') for key, value in lists.items()]
    return '\n'.join(rows) + f'\n{body}\n[budget]\npriority = {priority}\n{budget}\n'


UART = '''[match]
bus = "platform"
id = "com1"
[needs]
ports = [{ name = "ports0", first = 0x3f8, last = 0x3ff }]
irq = [{ name = "irq0", kind = "isa", line = 4 }]'''
DISK = '''[match]
bus = "pci"
vendor = 0x1af4
device = [0x1042]
[needs]
bar = [{ name = "bar4", index = 4, min_size = "16K" }]
irq = [{ name = "irq0", kind = "pci" }]
dma = [{ name = "dma", size = "8K" }]
[restart]
quiesce = [{ op = "write8", bar = "virtio-common", offset = 20, value = 0 },
           { op = "poll8", bar = "virtio-common", offset = 20, value = 0 }]'''
SYSTEM = '''[profile.small]
memory = "64M"
[profile.test]
memory = "64M"
[[component]]
name = "root"
[[component]]
name = "memory-manager"
uses = { swap = "disk1" }
[[component]]
name = "device-manager"
[[component]]
name = "supervisor"
[[component]]
name = "uart0"
program = "uart"
[[component]]
name = "disk0"
program = "disk"
function = "00:10.0"
[[component]]
name = "disk1"
program = "disk"
function = "00:11.0"
profiles = ["test"]
[[component]]
name = "console"
[[component]]
name = "log"
[[component]]
name = "shell"
uses = { block = "disk0" }
budget = { memory = "2M" }
'''
FILES = {
    'servers/root/server.toml': program('root', 'trusted', priority=255, provides=['root']),
    'servers/memory-manager/server.toml': program(
        'memory-manager', 'trusted', '[pools]\nswap = "64K"', 254, provides=['memory'],
        uses=['swap:block?']),
    'servers/device-manager/server.toml': program('device-manager', 'trusted', priority=252,
                                                  provides=['device']),
    'servers/supervisor/server.toml': program('supervisor', 'trusted', priority=250,
                                              provides=['monitor'], uses=['device', 'root']),
    'drivers/serial/uart/driver.toml': program('uart', 'driver', UART, 200, provides=['serial'],
                                               uses=['log?']),
    'drivers/block/disk/driver.toml': program('disk', 'driver', DISK, 200, provides=['block']),
    'servers/log/server.toml': program('log', 'server', '[needs]\nkeep = "16K"', 150,
                                       provides=['log', 'logread']),
    'servers/console/server.toml': program('console', 'server', '', 120, provides=['console'],
                                           uses=['serial', 'logread', 'clock?']),
    'servers/shell/server.toml': program(
        'shell', 'server', '[pools]\nblock = "128K"\n[rights]\nmonitor = true', 110,
        uses=['console', 'block', 'monitor', 'log']),
    'sysroot/etc/system.toml': SYSTEM,
}


class WithTree(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix='hypercore-manifest-'))
        self.addCleanup(shutil.rmtree, self.root)
        protocols = 'libs/protocol/protocols.toml'
        self.write(protocols, (project.ROOT / protocols).read_text())
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def replace(self, name, old, new):
        text = (self.root / name).read_text()
        self.assertIn(old, text)
        self.write(name, text.replace(old, new))

    def problems(self):
        """Everything that scripts/manifest check would print."""
        sources = Sources(self.root)
        for profile in sources.system.profiles if sources.system else ():
            if not sources.problems:
                composition = sources.compose(profile)
                sources.problems += [] if sources.problems else check.check(composition)
        return [str(each) for each in sources.problems]

    def composition(self, profile='test'):
        sources = Sources(self.root)
        result = sources.compose(profile)
        self.assertEqual([str(each) for each in sources.problems], [])
        return result

    def assert_problem(self, name, at, text):
        """One problem is in file `name`, in the first line that has `at`, and says `text`."""
        rows = (self.root / name).read_text().split('\n')
        line = next(number for number, row in enumerate(rows, 1) if at in row)
        found = self.problems()
        self.assertTrue(any(each.startswith(f'{name}:{line}: ') and text in each for each in found),
                        f'{name}:{line}: ...{text}... is not in\n' + '\n'.join(found))

