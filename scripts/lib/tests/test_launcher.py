"""launcher.py, console.py and guest_test.py against an emulator that acts out what guests do
(fake_qemu.py), so that every ending is tried without booting anything.
"""
import argparse
import contextlib
import io
import os
from pathlib import Path
import shutil
import tempfile
import unittest
from unittest import mock

import bochs
from console import Input, Watch
import guest_test
import launcher
import options
from project import ProjectError
import qemu
import run

HERE = Path(__file__).resolve().parent


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    options.add_guest_options(parser)
    return parser.parse_args(arguments)


class WithFakeQemu(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix='hypercore-fake-')
        self.addCleanup(shutil.rmtree, folder)
        os.symlink(HERE / 'fake_qemu.py', Path(folder) / 'qemu-system-x86_64')
        path = f'{folder}:{os.environ["PATH"]}'
        patch = mock.patch.dict(os.environ, {'PATH': path})
        patch.start()
        self.addCleanup(patch.stop)

    def boot(self, scenario, *arguments, typed=b'', at_start=lambda guest: None, **settings):
        """(status, reason, serial output) of one run."""
        os.environ['FAKE_GUEST'] = scenario
        chosen = options.checked(parsed('--firmware', 'pvh', '--timeout', '20', *arguments))
        output = bytearray()
        with launcher.scratch_folder() as scratch:
            with launcher.Guest(chosen, scratch / 'image', scratch, **settings) as guest:
                guest.on_output.append(output.extend)
                guest.input.put(typed)
                at_start(guest)
                status = guest.run()
            self.process = guest.process
            self.scratch = scratch
        return status, guest.reason, bytes(output).decode()


class Endings(WithFakeQemu):
    def test_verdicts_of_the_guest(self):
        self.assertEqual(self.boot('success')[0], 0)
        self.assertEqual(self.boot('failure')[:2], (1, 'the guest reported failure'))
        self.assertEqual(self.boot('power-off')[:2], (0, 'the guest powered off'))

    def test_no_verdict_is_a_failure(self):
        for scenario in ('odd', 'host-kill'):
            status, reason, _ = self.boot(scenario)
            self.assertEqual(status, 1)
            self.assertIn('no verdict', reason)

    def test_emulator_error_is_shown(self):
        self.assertIn('no such device', self.boot('startup-error')[1])

    def test_panic_wins_over_a_good_exit(self):
        self.assertEqual(self.boot('panic')[:2], (1, 'hypercore: panic: out of luck'))
        self.assertEqual(self.boot('boot-failed')[0], 1)
        self.assertEqual(self.boot('panic-inside')[0], 0)

    def test_panic_that_hangs_is_ended(self):
        with mock.patch.object(launcher, 'PANIC_GRACE', 0.2):
            self.assertEqual(self.boot('panic-hang')[0], 1)

    def test_triple_fault(self):
        self.assertEqual(self.boot('triple')[:2], (1, 'triple fault'))
        self.assertEqual(self.boot('bios-triple')[0], 0)

    def test_timeout_leaves_nothing_behind(self):
        self.assertEqual(self.boot('silent', '--timeout', '0.5')[0], launcher.TIMEOUT_STATUS)
        self.assertIsNotNone(self.process.returncode)
        self.assertFalse(Path(f'/proc/{self.process.pid}').exists())
        self.assertFalse(self.scratch.exists())

    def test_missing_emulator(self):
        with mock.patch.dict(os.environ, {'PATH': '/nonexistent'}):
            with self.assertRaisesRegex(ProjectError, 'scripts/setup'):
                self.boot('success')


class SerialLine(WithFakeQemu):
    def test_input_waits_for_the_kernel_and_arrives_whole(self):
        typed = bytes(range(48, 123)) * 20 + b'end'
        status, _, output = self.boot('echo', typed=typed)
        self.assertEqual(status, 0)
        self.assertIn("early=b''", output)
        self.assertTrue(output.endswith(typed.decode()))

    def test_input_is_held_back_again_after_a_reset(self):
        status, _, output = self.boot('reset', typed=b'a', at_start=self.watch_reset)
        self.assertEqual(status, 0)
        self.assertIn("early=b''", output)
        self.assertTrue(output.endswith('second'), output)

    def watch_reset(self, guest):
        original = guest.qmp.on_reset

        def reset():
            original()
            guest.input.put(b'second')

        guest.qmp.on_reset = reset

    def test_output_reaches_a_descriptor_unchanged(self):
        with tempfile.TemporaryFile() as sink:
            self.assertEqual(self.boot('flood', output_fd=sink.fileno())[0], 0)
            sink.seek(0)
            self.assertEqual(sink.read(), b'x' * 1000000)

    def test_reader_that_goes_away_ends_the_run(self):
        reader, writer = os.pipe()
        os.close(reader)
        status, reason, _ = self.boot('flood', output_fd=writer)
        os.close(writer)
        self.assertEqual(status, 141)
        self.assertIn('nobody reads', reason)


class Console(unittest.TestCase):
    def test_kernel_line_only_at_the_start_of_a_line(self):
        for text, runs in ((b'hypercore: ', True), (b'x\r\nhypercore: ', True),
                           (b'\x1b[0m\x1b[2Jhypercore: ', True), (b'x hypercore: ', False),
                           (b'hypercore:', False), (b'hypercorex: ', False)):
            watch = Watch()
            watch.feed(text)
            self.assertEqual(watch.kernel_runs, runs, text)

    def test_lines_cut_anywhere(self):
        text = b'noise\r\nhypercore: panic: all of it\r\nmore\r\n'
        for cut in range(len(text)):
            watch = Watch()
            watch.feed(text[:cut])
            watch.feed(text[cut:])
            self.assertEqual(watch.fatal_line, 'hypercore: panic: all of it')

    def test_pace(self):
        paced = Input(0.5)
        paced.put(b'ab')
        self.assertEqual(paced.next_chunk(10.0), b'a')
        paced.sent(1, 10.0)
        self.assertEqual(paced.next_chunk(10.4), b'')
        self.assertEqual(paced.next_chunk(10.5), b'b')

    def test_chunks_fit_a_uart(self):
        whole = Input()
        whole.put(b'x' * 100)
        self.assertEqual(len(whole.next_chunk(0)), 16)


class Options(unittest.TestCase):
    def test_sizes(self):
        self.assertEqual(parsed('--memory', '2G').memory, 2048)
        self.assertEqual(parsed('--memory', '512').memory, 512)
        for bad in ('1', '12K', '-5', ''):
            with self.assertRaises(argparse.ArgumentTypeError):
                options.memory_mib(bad)

    def test_defaults_of_the_firmware(self):
        self.assertEqual(options.checked(parsed()).firmware, 'uefi')
        self.assertEqual(options.checked(parsed('--emulator', 'bochs')).firmware, 'bios')

    def test_what_cannot_be(self):
        for arguments in (['--icount', '--cpus', '2'], ['--icount', '--accel', 'kvm'],
                          ['--emulator', 'bochs', '--firmware', 'pvh'],
                          ['--emulator', 'bochs', '--icount'],
                          ['--emulator', 'bochs', '--accel', 'kvm']):
            with self.subTest(arguments), self.assertRaises(ProjectError):
                options.checked(parsed(*arguments))

    def test_kvm_needs_the_cpu_and_the_device(self):
        with tempfile.NamedTemporaryFile('w') as flags, tempfile.NamedTemporaryFile() as device:
            flags.write('flags\t\t: fpu nosvmx sse\n')
            flags.flush()
            self.assertFalse(options.kvm_usable(flags.name, device.name))
            flags.write('flags\t\t: fpu vmx sse\n')
            flags.flush()
            self.assertTrue(options.kvm_usable(flags.name, device.name))
            self.assertFalse(options.kvm_usable(flags.name, '/nonexistent'))

    def test_icount_fixes_what_differs_between_runs(self):
        chosen = options.checked(parsed('--icount', '--firmware', 'pvh'))
        command = ' '.join(qemu.command(chosen, 'i', Path('/s'), 3, 4))
        for part in ('-accel tcg', '-icount shift=0,sleep=off', '-smp 1', 'clock=vm', '-seed 1'):
            self.assertIn(part, command)


class Devices(unittest.TestCase):
    def command(self, *arguments):
        with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as disk:
            disk.truncate(4096)
            each = [disk.name if argument == 'DISK' else argument for argument in arguments]
            chosen = options.checked(parsed('--firmware', 'pvh', *each))
            words = ' '.join(qemu.command(chosen, 'i', Path(folder), 3, 4))
            swap = Path(folder) / 'swap.img'
            return words, swap.read_bytes() if swap.exists() else b''

    def test_the_lesson_has_none(self):
        self.assertNotIn('virtio', self.command('--profile', 'lesson')[0])

    def test_disks_and_random_numbers(self):
        words = self.command('--profile', 'test', '--disk', 'DISK', '--disk', 'DISK')[0]
        for part in ('drive=disk0,serial=disk0,addr=10.0', 'drive=disk1,serial=disk1,addr=10.1',
                     'virtio-rng-pci,rng=rng0,addr=12.0'):
            self.assertIn(part, words)

    def test_the_swap_disk_says_that_it_is_one(self):
        words, swap = self.command('--swap', '16M')
        self.assertIn('drive=swap,serial=swap,addr=11.0', words)
        self.assertEqual((len(swap), swap[:17]), (16 << 20, b'HYPERCORE-SWAP01\0'))

    def test_what_cannot_be(self):
        with self.assertRaises(ProjectError):
            options.checked(parsed('--emulator', 'bochs', '--swap', '16M'))
        for bad in ('/nonexistent', '/dev/null'):
            with self.assertRaises(argparse.ArgumentTypeError):
                options.disk_file(bad)
        with tempfile.NamedTemporaryFile() as disk:
            disk.write(b'x' * 100)
            disk.flush()
            with self.assertRaises(argparse.ArgumentTypeError):
                options.disk_file(disk.name)


class Shell(WithFakeQemu):
    def run_commands(self, text):
        """(status, standard output) of scripts/run --exec."""
        os.environ['FAKE_GUEST'] = 'shell'
        chosen = run.parse(['--firmware', 'pvh', '--timeout', '20', '--exec', text])
        output = mock.Mock(buffer=io.BytesIO())
        with launcher.scratch_folder() as scratch, mock.patch.object(run.sys, 'stdout', output), \
                contextlib.redirect_stderr(io.StringIO()):
            status = run.execute(options.checked(chosen), scratch / 'image', scratch)
        return status, output.buffer.getvalue().decode()

    def test_output_and_status(self):
        self.assertEqual(self.run_commands('one; two words'), (0, 'done one\ndone two words\n'))

    def test_the_first_failure_is_the_status_and_all_are_run(self):
        self.assertEqual(self.run_commands('bad\none;'), (7, 'done bad\ndone one\n'))

    def test_a_guest_that_stays_on(self):
        with mock.patch.object(run, 'SWITCH_OFF_TIMEOUT', 0.5):
            self.assertEqual(self.run_commands('stay; one')[0], 1)

    def test_a_guest_that_ends(self):
        self.assertEqual(self.run_commands('one; crash; two')[0], 1)


class Bochs(unittest.TestCase):
    def text(self, *arguments, window=False):
        chosen = options.checked(parsed('--emulator', 'bochs', *arguments))
        return bochs.configuration(chosen, Path('/s/image'), Path('/s'), 4242, window)

    def test_configuration(self):
        text = self.text('--memory', '1G', '--cpus', '2')
        for line in ('guest=1024', 'count=2', 'dev=127.0.0.1:4242', 'type=cdrom, path=/s/image',
                     'display_library: term\n', 'panic: action=fatal, term=report\n'):
            self.assertIn(line, text)
        self.assertIn('type=disk, path=/s/image', self.text('--firmware', 'uefi'))
        self.assertIn('display_library: x\n', self.text(window=True))
        self.assertIn('panic: action=fatal\n', self.text(window=True))

    def test_paths_bochs_cannot_take(self):
        with self.assertRaises(ProjectError):
            bochs.command(parsed(), Path('/s/i'), Path('/a b'), 1)

    def test_endings(self):
        self.assertEqual(bochs.verdict(0, '')[0], 0)
        self.assertEqual(bochs.verdict(1, 'x ACPI control: soft power off y')[0], 0)
        self.assertEqual(bochs.verdict(1, 'Shutdown port: shutdown requested')[0], 1)
        self.assertEqual(bochs.verdict(1, '3rd (13) exception with no resolution'),
                         (1, 'triple fault'))
        self.assertIn('no verdict', bochs.verdict(1, '')[1])


class GuestTest(WithFakeQemu):
    def command(self, scenario, *arguments):
        os.environ['FAKE_GUEST'] = scenario
        text = io.StringIO()
        with contextlib.redirect_stdout(text), mock.patch.object(guest_test.interrupts, 'install'):
            status = guest_test.main(['--image', 'x', '--timeout', '20', *arguments])
        return status, text.getvalue().splitlines()

    def test_good_stream(self):
        status, lines = self.command('tap')
        self.assertEqual(status, 0)
        self.assertEqual(lines, ['# hypercore: hi', 'TAP version 13', '1..2', 'ok 1 - a',
                                 'ok 2 - b'])

    def test_bad_streams(self):
        for scenario, words in (('tap-short', '2 tests planned, 1 seen'), ('success', 'no plan'),
                                ('tap-lie', 'reported failure'), ('panic', 'out of luck'),
                                ('odd', 'no verdict')):
            status, lines = self.command(scenario)
            self.assertEqual(status, 1, scenario)
            self.assertTrue(lines[-1].startswith('Bail out!') and words in lines[-1], lines)

    def test_failed_case(self):
        status, lines = self.command('tap-fail')
        self.assertEqual((status, lines[-1]), (1, 'not ok 1 - a'))

    def test_steps(self):
        status, lines = self.command('echo', '--expect', '^hyper', '--send', r'a\nend',
                                     '--expect', r'a\nend', '--expect-status', '0')
        self.assertEqual(status, 0, lines)
        self.assertEqual([line[:4] for line in lines[1:]], ['1..3', 'ok 1', 'ok 2', 'ok 3'])

    def test_step_not_fulfilled(self):
        status, lines = self.command('success', '--expect', 'never')
        self.assertEqual(status, 1)
        self.assertIn('not ok 1 - expect never', lines)

    def test_wrong_status(self):
        status, lines = self.command('failure', '--expect-status', '0')
        self.assertEqual(status, 1)
        self.assertIn('not ok 1 - ends with status 0', lines)

    def test_nothing_checked_is_wrong_use(self):
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            self.command('success', '--send', 'x')
