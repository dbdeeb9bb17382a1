"""The command scripts/guest-test: boots a guest and turns what happens into TAP.

Without steps the guest itself speaks TAP on its serial line: its lines pass through, everything
else becomes a comment, and panic, silence, a missing plan, a wrong count, a bad exit or a timeout
fail. With steps (--expect, --send, --screenshot and so on, in the order given) each is one test.
Nothing is built here: meson's tests name what they need by `depends:`.
"""
import argparse
from pathlib import Path
import re
import socket
import subprocess
import sys
import time

sys.path.append(str(Path(__file__).resolve().parents[1] / 'gen'))
import font  # noqa: E402
from console import FATAL
import interrupts
from launcher import Guest, scratch_folder
from options import IMAGE_KINDS, add_guest_options, checked
import project
from project import ProjectError
import screen
import tap

DESCRIPTION = __doc__.split('\n\n', 1)[1]
# Serial output kept for matching and for the report of a failure.
_KEEP = 1 << 20
# What `^` and `$` take for the end of a line: CR LF, and what firmware does to the screen. Replaced
# by as many line ends as it has bytes, so that positions stay true.
_LINE_BREAK = re.compile(rb'\r\n|\x1b\[[0-9;?=]*[A-Za-z]')

# Steps that are no case of their own.
QUIET = ('send', 'gdb')
# Seconds until what is on the serial line has to be on the screen as well.
SCREEN_PATIENCE = 10
FONT = '/usr/share/grub/ascii.pf2'


class Step(argparse.Action):
    """Collects --expect, --send and their like into one list in their order."""

    def __call__(self, parser, options, value, option=None):
        options.steps = (options.steps or []) + [(self.dest, value)]


def pattern(text):
    try:
        return re.compile(text.encode(), re.M)
    except re.error as error:
        raise argparse.ArgumentTypeError(f'bad regular expression: {error}')


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog='scripts/guest-test', description=DESCRIPTION, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add_guest_options(parser)
    add = parser.add_argument
    add('--build', metavar='DIR', help='build folder (default: build/ or build-release/)')
    add('--image', metavar='FILE', help='boot this image instead of making one')
    add('--archive', metavar='FILE.cpio', help="boot archive (default: the build's, if any)")
    add('--kernel', metavar='FILE.elf', help="boot this kernel (default: the build's)")
    add('--expect', action=Step, type=pattern, metavar='REGEX',
        help='wait until the output after the last match has this; ^ and $ are lines, but the last '
             'line may be half there: end with \\n where all of it matters')
    add('--send', action=Step, metavar='TEXT', help='type this; escapes such as \\n are understood')
    add('--screenshot', action=Step, nargs=0, help='the screen must not be blank')
    add('--expect-screen', action=Step, type=pattern, metavar='REGEX',
        help='the text on the screen has this by now; ^ and $ are lines')
    add('--gdb', action=Step, metavar='COMMAND',
        help='a command for gdb; all of them run first, from the first instruction on, then gdb '
             'detaches')
    add('--expect-gdb', action=Step, type=pattern, metavar='REGEX',
        help='the output of gdb has this after the last match')
    add('--stay', action='store_true',
        help='a machine that the guest cannot end, so that there is a screen to look at')
    add('--expect-status', type=int, metavar='N',
        help='also wait for the end; the status must be N (as scripts/run would give it)')
    add('--reset-ok', action='store_true', help='the guest may reset the machine')
    add('--emulator-arg', action='append', default=[], metavar='ARG', help='passed on')
    # Most root servers of tests know nothing of the system and want none of its devices.
    parser.set_defaults(steps=None, timeout=60.0, profile='lesson')
    options = parser.parse_args(arguments)
    if options.emulator == 'qemu' and options.firmware is None:
        options.firmware = 'pvh'  # the quickest way in; scripts/run's default is for people
    if options.steps and options.expect_status is None and all(
            kind in QUIET for kind, _ in options.steps):
        parser.error('nothing is checked: add --expect, --expect-screen, --screenshot or '
                     '--expect-status')
    if options.stay and options.expect_status is not None:
        parser.error('--stay: there is no end to wait for')
    return options


class Transcript:
    """All serial output, and where the last match ended."""

    def __init__(self):
        self.data = bytearray()
        self.position = 0

    def feed(self, data):
        self.data += data
        excess = min(len(self.data) - _KEEP, self.position)
        if excess > 0:
            del self.data[:excess]
            self.position -= excess

    def find(self, regex):
        """Whether the text after the last match has it; if so the position moves behind it."""
        text = _LINE_BREAK.sub(lambda each: b'\n' * len(each[0]), bytes(self.data))
        match = regex.search(text, self.position)
        if match:
            self.position = match.end()
        return match is not None

    def last_lines(self, count=25):
        return self.data.decode(errors='replace').splitlines()[-count:]


def comment(text):
    for line in text.splitlines() or ['']:
        print('#', ''.join(c if c.isprintable() else '.' for c in line), flush=True)


def run_tap(guest):
    """The guest speaks TAP. Returns whether all is well."""
    report = tap.Report()
    partial = bytearray()

    def take(data):
        partial.extend(data)
        *lines, rest = partial.split(b'\n')
        partial[:] = rest
        for line in lines:
            text = line.decode(errors='replace').rstrip('\r')
            if tap.is_tap(text):
                print(text, flush=True)
                report.feed(text)
            else:
                comment(text)

    guest.on_output.append(take)
    status = guest.run()
    if partial:
        take(b'\n')
    problem = None
    if report.bail is None:
        problem = guest.reason if status != 0 and not report.failed else report.problem
    if status != 0:
        comment(f'the guest ended with status {status}: {guest.reason}')
    if problem:
        print(f'Bail out! {problem}', flush=True)
    return not (problem or report.bail or report.failed or status)


class StepRun:
    """Carries out the steps, printing one TAP line for each."""

    def __init__(self, guest, options, scratch):
        self.guest, self.options, self.scratch = guest, options, scratch
        self.transcript, self.gdb_output = Transcript(), Transcript()
        guest.on_output.append(self.transcript.feed)
        self.number = 0
        self.fatal_expected = False

    def result(self, good, name, why=''):
        self.number += 1
        name = name.replace('#', '?').replace('\n', '\\n')
        print(f'{"ok" if good else "not ok"} {self.number} - {name}', flush=True)
        if not good:
            comment(why or 'not fulfilled')
            comment('last output of the guest:')
            comment('\n'.join(self.transcript.last_lines()))
        return good

    def expect(self, regex):
        found = []

        def seen():
            found[:] = found or ([True] if self.transcript.find(regex) else [])
            return bool(found)

        self.guest.run(until=seen)
        # The end of the guest may have come with the last output.
        good = bool(found) or seen()
        last_line = self.transcript.data[:self.transcript.position].splitlines()[-1:]
        self.fatal_expected |= good and any(FATAL.match(b'\n' + line) for line in last_line)
        return self.result(good, f'expect {regex.pattern.decode()}',
                           f'the guest ended first: {self.guest.reason}')

    def send(self, text):
        self.guest.input.put(text.encode().decode('unicode_escape').encode('latin-1'))
        return True

    def picture(self):
        """A screenshot, or None with the reason."""
        path = self.scratch / 'screen.ppm'
        answer = self.guest.qmp_command('screendump', time.monotonic() + 20, filename=str(path))
        if not answer or 'error' in answer:
            return None, f'QEMU gave no screenshot: {answer}'
        return path.read_bytes(), ''

    def screenshot(self, _):
        data, why = self.picture()
        if data is None:
            return self.result(False, 'screenshot', why)
        lines = screen.text_lines(data)
        return self.result(lines > 0, 'the screen is not blank', 'every pixel row has one colour')

    def expect_screen(self, regex):
        """Drawing may lag behind the serial line, so looks again until it is there."""
        name = f'the screen shows {regex.pattern.decode()}'
        deadline = time.monotonic() + SCREEN_PATIENCE
        while True:
            data, why = self.picture()
            if data is None:
                return self.result(False, name, why)
            text = '\n'.join(screen.read_text(data, font.load(FONT)))
            good = regex.search(text.encode()) is not None
            if good or time.monotonic() > deadline:
                return self.result(good, name, 'the screen:\n' + text.rstrip())
            self.guest.run(deadline=time.monotonic() + 0.1)

    def gdb(self, commands):
        """Runs gdb to its end; the guest goes on when gdb has detached."""
        port = self.guest.gdb_socket.getsockname()[1]
        arguments = [f'target remote :{port}', *commands, 'detach']
        with open(self.scratch / 'gdb.txt', 'w+b') as output, subprocess.Popen(
                ['gdb', '-batch', '-nx', str(kernel_path(self.options)),
                 *(part for each in arguments for part in ('-ex', each))],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT) as gdb:
            try:
                self.guest.run(until=lambda: gdb.poll() is not None)
                gdb.wait(timeout=10)  # the guest may have ended first: gdb notices
            finally:
                gdb.kill()
            output.seek(0)
            self.gdb_output.feed(output.read())
        comment('\n'.join(self.gdb_output.last_lines()))

    def expect_gdb(self, regex):
        return self.result(self.gdb_output.find(regex), f'gdb prints {regex.pattern.decode()}')

    def status(self, wanted):
        status = self.guest.run()
        return self.result(status == wanted, f'ends with status {wanted}',
                           f'status {status}: {self.guest.reason}')

    def run(self):
        """Steps up to the first that fails: the later ones have no meaning then."""
        tests = sum(kind not in QUIET for kind, _ in self.options.steps or [])
        tests += self.options.expect_status is not None
        print(f'TAP version 13\n1..{tests}', flush=True)
        steps = self.options.steps or []
        if gdb := [value for kind, value in steps if kind == 'gdb']:
            self.gdb(gdb)
        for kind, value in steps:
            if kind != 'gdb' and not getattr(self, kind)(value):
                return False
        wanted = self.options.expect_status
        if wanted is not None:
            return self.status(wanted)
        if self.guest.watch.fatal_line and not self.fatal_expected:
            print(f'Bail out! {self.guest.watch.fatal_line}')
            return False
        return True


def build_folder(options):
    return Path(options.build).absolute() if options.build else project.build_dir(options.release)


def kernel_path(options):
    return Path(options.kernel or project.kernel_elf(build_folder(options))).absolute()


def make_image(options, scratch):
    if options.image:
        return Path(options.image).absolute()
    directory = build_folder(options)
    root = Path(options.root_server or project.default_root_server(directory, options.profile))
    archive = Path(options.archive) if options.archive else project.boot_archive(
        directory, options.profile)
    image = scratch / 'image'
    project.make_image(IMAGE_KINDS[options.firmware], directory, root.absolute(), image,
                       archive and archive.absolute(), options.cmdline,
                       kernel_path(options))
    return image


def run(options):
    checked(options, gdb=any(kind == 'gdb' for kind, _ in options.steps or []))
    with scratch_folder() as scratch:
        image = make_image(options, scratch)
        extra = list(options.emulator_arg)
        if options.emulator == 'qemu' and not options.reset_ok:
            extra.append('-no-reboot')
        gdb = any(kind == 'gdb' for kind, _ in options.steps or [])
        with Guest(options, image, scratch, extra=extra, can_end=not options.stay,
                   gdb_socket=socket.create_server(('127.0.0.1', 0)) if gdb else None) as guest:
            if options.steps or options.expect_status is not None:
                return StepRun(guest, options, scratch).run()
            return run_tap(guest)


def main(arguments):
    interrupts.install()
    try:
        return 0 if run(parse(arguments)) else 1
    except ProjectError as error:
        print(f'Bail out! {error}', flush=True)
        return 1
    except interrupts.Interrupted as interrupt:
        return interrupt.status
