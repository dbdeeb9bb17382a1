"""A session at the monitor shell's prompt on the serial line of a running guest: scripts/run --exec types
its commands through this, and so do the system tests (tests/system/rig.py).

Invariants: a command is typed only when the prompt of the one before stands at the end of the output;
nothing waits for a time, but only for what has to happen. The prompt says how the last command ended:
`hypercore> ` well, `hypercore[N]> ` with status N.
"""
import re
import time

from project import ProjectError

_PROMPT = re.compile(rb'hypercore(?:\[([0-9]+)\])?> $')
_CONTROL = re.compile(rb'\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][A-Z0-9]|\r')
PATIENCE = 60.0


class Lost(ProjectError):
    """What had to come did not; the text says what, and the guest's last words."""


class Result:
    """What a command printed, and its status."""

    def __init__(self, status, text):
        self.status, self.text = status, text

    def __repr__(self):
        return f'status {self.status}: {self.text!r}'


def commands_of(text):
    """What is separated by semicolons or line ends, without what is empty."""
    return [each.strip() for each in re.split('[;\n]', text) if each.strip()]


class ShellSession:
    """`patience` of each wait: seconds until it fails, None for as long as the guest runs."""

    def __init__(self, guest):
        self.guest = guest
        self.output = bytearray()
        self.position = 0  # how far the output was looked at
        guest.on_output.append(self.output.extend)

    def text(self):
        """All output so far, without control sequences."""
        return _CONTROL.sub(b'', bytes(self.output)).decode(errors='replace')

    def _rest(self):
        return _CONTROL.sub(b'', bytes(self.output[self.position:]))

    def wait(self, condition, what, patience=PATIENCE):
        """Lets the guest run until condition() is true. Raises Lost."""
        good = []

        def seen():
            if condition():
                good.append(True)
            return bool(good)

        self.guest.run(until=seen, deadline=patience and time.monotonic() + patience)
        if not good and not seen():
            why = (f'within {patience:g} s' if self.guest.status is None
                   else f'before the guest ended: {self.guest.reason}')
            last = '\n'.join(self.text().splitlines()[-30:])
            raise Lost(f'no {what} {why}\nlast output:\n{last}')

    def expect(self, pattern, patience=PATIENCE):
        """Waits for a regular expression in what was not looked at yet; returns the match."""
        regex = re.compile(pattern.encode(), re.M)
        self.wait(lambda: regex.search(self._rest()), f'{pattern!r}', patience)
        return regex.search(self._rest())

    def prompt(self, patience=PATIENCE, typed=0):
        """Waits for the prompt, behind at least as many lines as were typed; returns the text before it
        and the last command's status."""
        def found():
            rest = self._rest()
            match = _PROMPT.search(rest)
            return match if match and rest.count(b'\n') >= typed else None

        self.wait(found, 'prompt', patience)
        match, rest = found(), self._rest()
        self.position = len(self.output)
        return Result(int(match[1] or 0), rest[:match.start()].decode(errors='replace'))

    def type(self, text):
        self.guest.input.put(text.encode())

    def command(self, line, patience=PATIENCE):
        """Types a command at the prompt; what it printed (without the line itself), its status."""
        self.type(line + '\n')
        result = self.prompt(patience, typed=1)
        first, _, rest = result.text.partition('\n')
        return Result(result.status, rest if line in first else result.text)

    def poweroff(self, patience=PATIENCE):
        """Switches the machine off; the guest's status, or None when it stays on."""
        self.type('poweroff\n')
        return self.guest.run(deadline=patience and time.monotonic() + patience)
