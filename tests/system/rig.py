"""What system tests written in Python share: a guest with a profile of the system at its prompt, seen
from outside only (serial line, QMP, screen, disk images), and TAP output.

    with rig.tap() as tap, rig.Session('default') as guest:
        tap.case('ps lists the shell', 'shell' in guest.command('ps').text)

Invariants: nothing waits for a time but only for what has to happen (each wait has a limit after
which the case fails with the last output); every emulator ends with its session.
"""
import argparse
import contextlib
from pathlib import Path
import sys
import time

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'scripts/lib'), str(ROOT / 'scripts/gen')]
import interrupts  # noqa: E402
from launcher import Guest, die_with_parent, scratch_folder  # noqa: E402
from options import IMAGE_KINDS, add_guest_options, checked  # noqa: E402
import project  # noqa: E402
from project import ProjectError  # noqa: E402
from shell_session import PATIENCE, Lost, ShellSession  # noqa: E402


def guest_options(words):
    """The options of scripts/run from a list of words, checked."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_guest_options(parser)
    return checked(parser.parse_args(words))


class Session(ShellSession):
    """One boot. `words`: options as scripts/run takes them; `machine`: arguments for the emulator;
    `archive`: instead of the profile's; without `can_end` there is no port by which the guest could end the
    emulator, only a power switch."""

    def __init__(self, profile='default', words=(), machine=(), build=None, archive=None, reset_ok=False,
                 can_end=True):
        words = list(words)
        if '--firmware' not in words and '--emulator' not in words:
            words += ['--firmware', 'pvh']
        self.options = guest_options(['--profile', profile, *words])
        self.directory = Path(build) if build else project.build_dir(self.options.release)
        self.archive = archive and Path(archive).absolute()
        self.can_end = can_end
        self.machine = list(machine)
        if self.options.emulator == 'qemu' and not reset_ok:
            self.machine.append('-no-reboot')
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self.scratch = self._stack.enter_context(scratch_folder())
            image = self.scratch / 'image'
            profile = self.options.profile
            project.make_image(IMAGE_KINDS[self.options.firmware], self.directory,
                               project.default_root_server(self.directory, profile), image,
                               self.archive or project.boot_archive(self.directory, profile),
                               self.options.cmdline)
            super().__init__(self._stack.enter_context(
                Guest(self.options, image, self.scratch, extra=self.machine, can_end=self.can_end)))
            return self
        except BaseException:
            self._stack.close()
            raise

    def __exit__(self, *_):
        self._stack.close()

    # --- the machine ---------------------------------------------------------------------------

    def qmp(self, name, /, **arguments):
        """The answer to a QMP command. Raises Lost when QEMU refuses."""
        answer = self.guest.qmp_command(name, time.monotonic() + 20, **arguments)
        if not answer or 'error' in answer:
            raise Lost(f'QMP {name}: {answer}')
        return answer['return']

    def event(self, name, patience=PATIENCE):
        """Waits for a QMP event and takes it."""
        events = self.guest.qmp.events
        self.wait(lambda: any(each['event'] == name for each in events), f'QMP event {name}', patience)
        return events.pop(next(i for i, each in enumerate(events) if each['event'] == name))

    def keys(self, *names):
        """Presses and releases keys one after the other, by QEMU's names; 'shift-a' is a chord."""
        for name in names:
            chord = [{'type': 'qcode', 'data': key} for key in name.split('-')]
            self.qmp('send-key', **{'keys': chord, 'hold-time': 20})

    def port(self, guest_port=80, card=0):
        """The port on 127.0.0.1 that leads to one of the guest (--net user)."""
        forwards = self.guest.forwards
        self.wait(lambda: forwards.ports, 'an answer about the forwarded ports')
        return forwards.ports[card, guest_port]

    def picture(self):
        """The screen as PPM."""
        path = self.scratch / 'screen.ppm'
        self.qmp('screendump', filename=str(path))
        return path.read_bytes()


class Tap:
    """Counts cases; the plan comes last."""

    def __init__(self):
        self.number = self.failed = 0

    def case(self, name, good, why=''):
        self.number += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.number} - {name}', flush=True)
        if not good:
            self.note(str(why) or 'not fulfilled')
        return bool(good)

    def skip(self, name, reason):
        self.number += 1
        print(f'ok {self.number} - {name} # SKIP {reason}', flush=True)

    def note(self, text):
        for line in text.splitlines():
            print('#', ''.join(c if c.isprintable() else '.' for c in line), flush=True)


@contextlib.contextmanager
def tap():
    """A TAP stream: what is lost on the way becomes a failed case, the plan closes it."""
    interrupts.install()
    stream = Tap()
    print('TAP version 13', flush=True)
    try:
        yield stream
    except ProjectError as error:  # Lost is one
        stream.case('the scenario comes to its end', False, error)
    print(f'1..{stream.number}', flush=True)
    if stream.failed:
        sys.exit(1)
