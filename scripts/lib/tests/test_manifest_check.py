"""scripts/manifest check: everything that must be refused is, with the file and the line."""
import random
import re
import unittest

from manifest import check, layout
from manifest.wiring import Sources
import project
from tests.manifest_tree import FILES, WithTree, program

SYSTEM = 'sysroot/etc/system.toml'
SHELL = 'servers/shell/server.toml'
LOG = 'servers/log/server.toml'
UART = 'drivers/serial/uart/driver.toml'
DISK = 'drivers/block/disk/driver.toml'
CONSOLE = 'servers/console/server.toml'
SUPERVISOR = 'servers/supervisor/server.toml'


class WellFormed(WithTree):
    def test_the_small_system_is_good(self):
        self.assertEqual(self.problems(), [])

    def test_not_toml(self):
        self.replace(LOG, 'kind =', 'kind')
        self.assert_problem(LOG, 'kind', 'not TOML')

    def test_unknown_keys(self):
        for name, old, new in ((LOG, 'kind =', 'colour = 1\nkind ='),
                               (LOG, '[budget]', '[colour]\n[budget]'),
                               (DISK, 'min_size', 'colour = 1, min_size'),
                               (DISK, 'op = "poll8"', 'colour = 1, op = "poll8"'),
                               (SYSTEM, 'program = "uart"', 'colour = 1\nprogram = "uart"'),
                               (SYSTEM, 'budget = {', 'budget = { colour = 1, ')):
            with self.subTest(new):
                self.setUp()
                self.replace(name, old, new)
                self.assert_problem(name, 'colour', 'colour: unknown key')

    def test_wrong_types_and_ranges(self):
        for name, old, new, text in (
                (LOG, '"About log"', '7', 'must be a string'),
                (LOG, 'priority = 150', 'priority = "high"', 'must be a number'),
                (LOG, 'priority = 150', 'priority = 256', '256 is not within 1 to 255'),
                (LOG, 'priority = 150', 'memory = 64', 'must be a size as a string'),
                (LOG, 'priority = 150', 'memory = "1023"', 'must be a size as a string'),
                (LOG, 'priority = 150', 'memory = "6K"', 'must be a multiple of 4K'),
                (LOG, 'priority = 150', 'objects = "12K"', 'must be a power of two'),
                (LOG, 'priority = 150', 'feedback = 1', 'must be true or false'),
                (LOG, 'priority = 150', 'budget_us = 20000', 'is above "period_us"'),
                (LOG, 'kind = "server"', 'kind = "daemon"', 'none of trusted, server, driver'),
                (LOG, '[budget]', '[restart]\nheartbeat = 50\n[budget]', 'must be a time'),
                (LOG, '[budget]', 'dma = []\n[budget]', 'unknown key'),
                (DISK, 'vendor = 0x1af4', '', '"vendor" or "class" must say which device'),
                (DISK, 'op = "poll8"', 'op = "read8"', 'none of write8'),
                (DISK, 'value = 0 }]', 'value = 256 }]', '256 is not within 0 to 255'),
                (UART, 'last = 0x3ff', 'last = 0x3f0', '"last" is below "first"'),
                (UART, 'id = "com1"', 'id = "com9"', 'none of com1'),
                (SYSTEM, '"00:11.0"', '"11.0"', 'must be a PCI function'),
                (SYSTEM, '[profile.small]\nmemory = "64M"', '[profile.small]\nmemory = "64"',
                 'must be a size as a string')):
            with self.subTest(text):
                self.setUp()
                self.replace(name, old, new)
                where = new.strip('\n').split('\n')[-1] if new else '[match]'
                at = where if '[budget]' not in where else new.split('\n')[-2]
                self.assert_problem(name, at, text)

    def test_what_is_left_out_is_as_the_docs_say(self):
        text = (project.ROOT / 'docs/architecture/system.md').read_text()
        said = dict(re.findall(r'^(\w+) +=(.*?)(?:#.*)?$', text[text.index('[budget]'):], re.M))
        manifest = self.composition().named('console').manifest
        self.assertEqual((manifest.policy, manifest.max_per_min, manifest.heartbeat_us),
                         (said['policy'].strip(' "'), int(said['max_per_min']),
                          int(said['heartbeat'].strip(' "ms')) * 1000))

    def test_missing_key(self):
        self.replace(LOG, 'about = "About log"\n', '')
        self.assert_problem(LOG, '[program]', '"about" is missing')

    def test_names(self):
        for old, new, text in (
                ('name = "console"', 'name = "a-console-too-long"', 'at most 14'),
                ('name = "console"', 'name = "Console"', 'small letters')):
            with self.subTest(new):
                self.setUp()
                self.replace(SYSTEM, old, new + '\nprogram = "console"')
                self.assert_problem(SYSTEM, new, text)
        self.setUp()
        self.replace(SHELL, '"log"', '"first-log:log"')
        self.assert_problem(SHELL, 'uses', 'too long: at most 8')
        self.setUp()
        self.replace(DISK, '"bar4"', '"control-registers"')
        self.assert_problem(DISK, 'control-registers', 'too long: at most 12')

    def test_a_program_is_called_as_its_folder(self):
        self.replace(LOG, 'name = "log"', 'name = "logger"')
        self.assert_problem(LOG, 'name =', 'must be called as its folder, log')

    def test_the_trusted_base_is_not_watched(self):
        self.replace(SUPERVISOR, '[budget]', '[restart]\npolicy = "always"\n[budget]')
        self.assert_problem(SUPERVISOR, '[restart]', 'is never restarted')


class Wiring(WithTree):
    def test_unknown_protocol(self):
        self.replace(SHELL, '"log"', '"logs"')
        self.assert_problem(SHELL, 'uses', 'unknown protocol "logs"')
        self.setUp()
        self.replace(LOG, '"logread"', '"logreed"')
        self.assert_problem(LOG, 'provides', 'unknown protocol "logreed"')

    def test_nobody_provides(self):
        self.replace(CONSOLE, '"clock?"', '"clock"')
        self.assert_problem(CONSOLE, 'uses', 'nobody provides clock for console')

    def test_two_providers_and_no_choice(self):
        self.replace(SYSTEM, 'uses = { block = "disk0" }\n', '')
        self.assert_problem(SYSTEM, 'name = "shell"', 'profile test: disk0 and disk1 provide block '
                            'for shell: choose by uses = { block = "..." }')

    def test_bad_choices(self):
        for old, new, text in (('"disk0" }', '"disk7" }', 'there is no component "disk7"'),
                               ('"disk0" }', '"uart0" }', 'uart0 does not provide block'),
                               ('{ block = ', '{ blocks = ', 'uses nothing called "blocks"')):
            with self.subTest(new):
                self.setUp()
                self.replace(SYSTEM, old, new)
                self.assert_problem(SYSTEM, new, text)

    def test_an_optional_choice_that_is_not_in_the_profile_is_left_out(self):
        self.assertEqual(self.composition('small').uses(
            self.composition('small').named('memory-manager')), [])

    def test_components(self):
        for new, at, text in (
                ('name = "log"', 'name = "log"', '"log" is there twice'),
                ('name = "x"\nprogram = "lost"', '"lost"', 'no manifest describes'),
                ('name = "x"\nprogram = "log"\nprofiles = ["large"]', '"large"',
                 'there is no [profile.large]'),
                ('name = "x"\nprogram = "log"\nfunction = "00:01.0"', '"00:01.0"',
                 'not for a PCI device')):
            with self.subTest(text):
                self.setUp()
                self.write(SYSTEM, (self.root / SYSTEM).read_text() + f'[[component]]\n{new}\n')
                found = '\n'.join(self.problems())
                self.assertIn(text, found)
                rows = (self.root / SYSTEM).read_text().split('\n')
                line = max(number for number, row in enumerate(rows, 1) if at in row)
                self.assertIn(f'{SYSTEM}:{line}: ', found)

    def test_a_test_program_is_in_profile_test_only(self):
        self.write('tests/system/programs/victim/server.toml', program('victim', 'server'))
        self.write(SYSTEM, (self.root / SYSTEM).read_text() + '[[component]]\nname = "victim"\n')
        self.assertIn('victim is a test program: profiles = ["test"]', '\n'.join(self.problems()))

    def test_only_its_owner_provides_a_trusted_protocol(self):
        self.replace(LOG, '"logread"', '"memory"')
        self.assert_problem(LOG, 'provides', 'only memory-manager provides memory')

    def test_the_same_name_used_and_provided(self):
        self.replace(CONSOLE, '"serial"', '"console"')
        self.assert_problem(CONSOLE, 'uses', 'give the one it uses an alias')

    def test_pools(self):
        self.replace(SHELL, 'block = "128K"', 'log = "128K"')
        self.assert_problem(SHELL, 'log = "128K"', 'protocol log has no pool')
        self.setUp()
        self.replace(SHELL, 'block = "128K"', 'other = "128K"')
        self.assert_problem(SHELL, 'other', 'is not among "uses"')


class Rules(WithTree):
    def test_cycle_of_calls(self):
        self.replace(LOG, 'provides', 'uses = ["clock"]\nprovides')
        self.write('servers/watch/server.toml', program('watch', 'server', priority=160,
                                                        provides=['clock'], uses=['logread']))
        self.write(SYSTEM, (self.root / SYSTEM).read_text() + '[[component]]\nname = "watch"\n')
        self.assert_problem(LOG, 'uses', 'a cycle in the order of calls: watch > log > watch')

    def test_rings_are_no_calls(self):
        self.replace(CONSOLE, '"clock?"', '"random?"')
        self.replace(UART, '"log?"', '"log?", "random"')
        self.replace(LOG, '"logread"', '"logread", "random"')
        self.replace(LOG, 'priority = 150', 'priority = 210')
        self.replace(LOG, 'provides', 'uses = ["serial?"]\nprovides')
        self.replace(UART, 'priority = 200', 'priority = 205')
        found = '\n'.join(self.problems())
        self.assertNotIn('cycle', found)
        self.assertIn('uart0 (priority 205) must be above its client log (210)', found)

    def test_priority_of_a_server(self):
        self.replace(CONSOLE, 'priority = 120', 'priority = 110')
        self.assert_problem(SHELL, 'uses', 'console (priority 110) must be above its client shell')

    def test_priority_of_the_trusted_base(self):
        self.replace(SUPERVISOR, 'priority = 250', 'priority = 254')
        self.assert_problem(SYSTEM, 'name = "supervisor"', 'memory-manager (priority 254) must be above '
                            'supervisor (254)')
        for priority in (250, 254):
            self.setUp()
            self.replace(LOG, 'priority = 150', f'priority = {priority}')
            self.assert_problem(SYSTEM, 'name = "log"', f'supervisor (priority 250) must be above log '
                                f'({priority})')

    def test_one_way_rings_ask_for_no_priority(self):
        self.replace(UART, 'priority = 200', 'priority = 220')  # it logs to `log`, at 150
        self.assertEqual(self.problems(), [])

    def test_a_driver_leaves_time_to_others(self):
        self.replace(DISK, 'budget_us = 9000', 'budget_us = 10000')
        self.assert_problem(DISK, 'budget_us', 'disk0 is a driver above priority 100: "budget_us" '
                            '(10000) must be below "period_us" (10000)')
        self.replace(DISK, 'budget_us = 10000\n', '')
        self.assert_problem(DISK, '[budget]', 'must be below "period_us"')
        self.replace(DISK, 'priority = 200', 'priority = 100')
        self.assertNotIn('must be below "period_us"', '\n'.join(self.problems()))

    def test_the_trusted_base_calls_nothing_restartable(self):
        self.replace(SUPERVISOR, '"root"', '"root", "logread"')
        self.assert_problem(SUPERVISOR, 'uses', 'may not Call log, which can be restarted')

    def test_the_trusted_base_is_complete(self):
        self.replace(SYSTEM, 'name = "supervisor"', 'name = "supervisor"\nprofiles = ["test"]')
        self.replace(SHELL, '"monitor", ', '')
        self.assert_problem(SYSTEM, '[profile.small]', 'profile small lacks supervisor')

    def test_rights(self):
        self.replace(SHELL, 'monitor = true', 'monitor = false')
        self.assert_problem(SHELL, 'uses', '"monitor" needs [rights] monitor = true, or observer = true')
        self.setUp()
        self.replace(SHELL, 'monitor = true', 'observer = true')
        self.assertEqual(self.problems(), [])
        self.setUp()
        self.replace(SHELL, '"monitor"', '"root"')
        self.assert_problem(SHELL, 'uses', 'only the trusted base may Call root')
        self.setUp()
        self.replace(SHELL, 'monitor = true', 'monitor = true\ninjector = true')
        self.assert_problem(SHELL, 'injector', 'only profile test may have an injector')

    def test_slots_and_who_fills_them(self):
        slot, system = 'servers/slot/server.toml', '[[component]]\nname = "slot"\nautostart = false\n'
        upload = 'servers/upload/server.toml'
        good = {slot: program('slot', 'server', '[rights]\nloader = true', 90, uses=['upload', 'log?']),
                upload: program('upload', 'server', '[rights]\nuploader = true', 110,
                                provides=['upload'], uses=['guests']),
                SYSTEM: FILES[SYSTEM] + system + '[[component]]\nname = "upload"\n',
                SUPERVISOR: FILES[SUPERVISOR].replace('"monitor"', '"monitor", "guests"')}

        def write():
            self.setUp()
            for name, text in good.items():
                self.write(name, text)
        write()
        self.assertEqual(self.problems(), [])
        placed = {each.instance.name: each for each in layout.Layout(self.composition()).placed}
        kinds = {grant.name: grant.kind for grant in placed['slot'].grants}
        self.assertEqual(kinds['upload.shared'], 'shared_read')
        self.assertEqual({grant.name: grant.kind for grant in placed['upload'].grants}['upload.0.shared'],
                         'shared')
        for name, old, new, at, text in (
                (upload, 'uploader = true', 'uploader = false', 'uses',
                 '"guests" needs [rights] uploader = true'),
                (SYSTEM, 'autostart = false', 'autostart = true', 'name = "slot"', 'autostart = false'),
                (slot, 'loader = true', 'loader = true\nmonitor = true', 'loader', 'goes with no other right'),
                (slot, '[rights]', '[needs]\nkeep = "4K"\n[rights]', 'loader', 'that keeps nothing'),
                (slot, 'uses =', 'provides = ["trial"]\nuses =', 'loader', 'that provides nothing')):
            with self.subTest(text):
                write()
                self.replace(name, old, new)
                self.assert_problem(name, at, text)

    def test_memory_of_the_machine(self):
        self.replace(SYSTEM, '[profile.test]\nmemory = "64M"', '[profile.test]\nmemory = "1M"')
        self.assert_problem(SYSTEM, 'memory = "1M"', 'the machine has 1024K (largest: shell 2064K')

    def second_uart(self, *replacements):
        """What is wrong when there is a second driver that differs from uart as told."""
        self.setUp()
        text = (self.root / UART).read_text().replace('"uart"', '"second"')
        for old, new in replacements:
            text = text.replace(old, new)
        self.write('drivers/serial/second/driver.toml', text)
        self.write(SYSTEM, (self.root / SYSTEM).read_text() + '[[component]]\nname = "second"\n')
        self.replace(SYSTEM, 'name = "console"', 'name = "console"\nuses = { serial = "uart0" }')
        return '\n'.join(self.problems())

    def test_two_owners(self):
        name, rows = 'drivers/serial/second/driver.toml', (self.root / UART).read_text().split('\n')
        line = {word: number for number, row in enumerate(rows, 1) for word in ('ports', 'irq')
                if row.startswith(word)}
        self.assertIn('second and uart0 both own com1', self.second_uart())
        self.assertIn(f'{name}:{line["ports"]}: profile small: uart0 owns ports 0x3f8 to 0x3ff',
                      self.second_uart(('com1', 'ps2'), ('line = 4', 'line = 1')))
        self.assertIn(f'{name}:{line["irq"]}: profile small: uart0 owns ISA interrupt 4',
                      self.second_uart(('com1', 'ps2'), ('0x3f', '0x2f')))
        for mine in ('mmio = [{ name = "there", kind = "hpet" }]',
                     'mmio = [{ name = "there", kind = "framebuffer" }]',
                     'irq = [{ name = "there", kind = "hpet" }]'):
            apart = (('com1', 'ps2'), ('0x3f', '0x2f'), ('"isa", line = 4', '"isa", line = 1'))
            self.assertEqual(self.second_uart(*apart), '')
            for name in (UART, 'drivers/serial/second/driver.toml'):
                text = (self.root / name).read_text()
                irq = next(row for row in text.split('\n') if row.startswith('irq'))
                self.write(name, text.replace(irq, mine))
            self.assertIn('uart0 owns the', '\n'.join(self.problems()), mine)
        self.setUp()
        self.replace(SYSTEM, '"00:11.0"', '"00:10.0"')
        self.assertIn('disk1 and disk0 both own 00:10.0', '\n'.join(self.problems()))

    def test_the_device_managers_ports(self):
        self.replace(UART, 'first = 0x3f8, last = 0x3ff', 'first = 0xcf0, last = 0xcf8')
        self.assert_problem(UART, 'ports =', "PCI configuration, the device-manager's")

    def test_slots(self):
        self.replace(SHELL, 'priority = 110', 'priority = 110\nslots = 6')
        self.assert_problem(SYSTEM, 'name = "shell"', 'shell: needs 8 slots, its budget has 6')

    def test_bits(self):
        uses = ', '.join(f'"b{number}:block"' for number in range(21))
        self.replace(SHELL, '"block"', uses)
        self.replace(SHELL, 'block = "128K"', '')
        chosen = ', '.join(f'b{number} = "disk0"' for number in range(21))
        self.replace(SYSTEM, 'block = "disk0"', chosen)
        self.assertIn('shell: uses 24 protocols, bits are there for 20', '\n'.join(self.problems()))

    def test_too_many_programs(self):
        self.write(SYSTEM, (self.root / SYSTEM).read_text() + ''.join(
            f'[[component]]\nname = "many{number}"\nprogram = "log"\n' for number in range(60)))
        self.replace(CONSOLE, '"logread", ', '')
        self.replace(SHELL, ', "log"]', ']')
        self.replace(UART, 'uses = ["log?"]', '')
        self.assertIn('programs, at most 64', '\n'.join(self.problems()))


class Hostile(WithTree):
    def test_words_replaced_at_random_never_do_more_than_be_refused(self):
        words = ('1', '-1', '1.5', '"x"', '""', '[]', '{}', 'true', '["a"]', '[{ a = 1 }]', '',
                 '99999999999999', '[[program]]', '"log"', 'x = 1', '{ a = 1 }')
        chance, refused = random.Random(1), 0
        for _ in range(200):
            name = chance.choice(list(FILES))
            place = chance.choice(list(re.finditer(r'"[^"]*"|[\w.]+|[\[\]{}=,]', FILES[name])))
            self.write(name, FILES[name][:place.start()] + chance.choice(words)
                       + FILES[name][place.end():])
            refused += bool(self.problems())
            self.write(name, FILES[name])
        self.assertGreater(refused, 150)


class TheSystem(unittest.TestCase):
    """The repository's own manifests."""

    def setUp(self):
        self.sources = Sources(project.ROOT)
        self.profiles = {name: self.sources.compose(name) for name in self.sources.system.profiles}

    def test_no_problem(self):
        found = self.sources.problems + [problem for each in self.profiles.values()
                                         for problem in check.check(each)]
        self.assertEqual([str(each) for each in found], [])

    def test_no_test_program_is_in_what_people_run(self):
        for name in ('minimal', 'default'):
            for each in self.profiles[name].instances:
                self.assertFalse(str(each.manifest.path).startswith('tests/'), each.name)
                self.assertNotIn('injector', each.manifest.rights, each.name)
        self.assertIn('idle', [each.name for each in self.profiles['test'].instances])


if __name__ == '__main__':
    unittest.main()
