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
import re
import sys
import time

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'scripts/lib'), str(ROOT / 'scripts/gen')]
import interrupts  # noqa: E402
from launcher import Guest, scratch_folder  # noqa: E402
from options import IMAGE_KINDS, add_guest_options, checked  # noqa: E402
import project  # noqa: E402
from project import ProjectError  # noqa: E402

PROMPT = re.compile(rb'hypercore(?:\[(\d+)\])?> $')
_CONTROL = re.compile(rb'\x1b\[[0-9;?=]*[A-Za-z]|\r')
PATIENCE = 60.0


class Lost(Exception):
    """What had to come did not; the text says what, and the guest's last words."""


class Result:
    """What a command printed, and its status."""

    def __init__(self, status, text):
        self.status, self.text = status, text

    def __repr__(self):
        return f'status {self.status}: {self.text!r}'


def guest_options(words):
    """The options of scripts/run from a list of words, checked."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_guest_options(parser)
    return checked(parser.parse_args(words))


class Session:
    """One boot. `words`: options as scripts/run takes them; `machine`: arguments for the emulator;
    `archive`: a boot archive instead of the profile's."""

    def __init__(self, profile='default', words=(), machine=(), build=None, reset_ok=False,
                 archive=None):
        words = list(words)
        if '--firmware' not in words and '--emulator' not in words:
            words += ['--firmware', 'pvh']
        self.options = guest_options(['--profile', profile, *words])
        self.directory = Path(build) if build else project.build_dir(self.options.release)
        self.archive = archive
        self.machine = list(machine) + ([] if reset_ok else ['-no-reboot'])
        self.output = bytearray()
        self.position = 0  # how far the output was looked at
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
            self.guest = self._stack.enter_context(
                Guest(self.options, image, self.scratch, extra=self.machine))
            self.guest.on_output.append(self.output.extend)
            return self
        except BaseException:
            self._stack.close()
            raise

    def __exit__(self, *_):
        self._stack.close()

    # --- the serial line -----------------------------------------------------------------------

    def text(self):
        """All output so far, without control sequences."""
        return _CONTROL.sub(b'', bytes(self.output)).decode(errors='replace')

    def _rest(self):
        return _CONTROL.sub(b'', bytes(self.output[self.position:]))

    def wait(self, condition, what, patience=PATIENCE):
        """Lets the guest run until condition() is true."""
        good = []

        def seen():
            if condition():
                good.append(True)
            return bool(good)

        self.guest.run(until=seen, deadline=time.monotonic() + patience)
        if not good and not seen():
            ended = f'; the guest ended: {self.guest.reason}' if self.guest.status is not None else ''
            last = '\n'.join(self.text().splitlines()[-30:])
            raise Lost(f'no {what} within {patience:g} s{ended}\nlast output:\n{last}')

    def expect(self, pattern, patience=PATIENCE):
        """Waits for a regular expression in what was not looked at yet; returns the match."""
        regex = re.compile(pattern.encode(), re.M)
        self.wait(lambda: regex.search(self._rest()), f'{pattern!r}', patience)
        return regex.search(self._rest())

    def prompt(self, patience=PATIENCE):
        """Waits for the prompt; returns the text before it and the last command's status."""
        self.wait(lambda: PROMPT.search(self._rest()), 'prompt', patience)
        rest = self._rest()
        match = PROMPT.search(rest)
        self.position = len(self.output)
        return Result(int(match[1] or 0), rest[:match.start()].decode(errors='replace'))

    def type(self, text):
        self.guest.input.put(text.encode())

    def command(self, line, patience=PATIENCE):
        """Types a command at the prompt; what it printed (without the line itself), its status."""
        self.type(line + '\n')
        result = self.prompt(patience)
        first, _, rest = result.text.partition('\n')
        return Result(result.status, rest if line in first else result.text)

    def poweroff(self, patience=PATIENCE):
        """Switches the machine off; returns the status scripts/run would end with."""
        self.type('poweroff\n')
        self.guest.run(deadline=time.monotonic() + patience)
        return self.guest.status

    # --- the machine ---------------------------------------------------------------------------

    def qmp(self, name, **arguments):
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
    except (Lost, ProjectError) as error:
        stream.case('the scenario comes to its end', False, error)
    print(f'1..{stream.number}', flush=True)
    if stream.failed:
        sys.exit(1)
