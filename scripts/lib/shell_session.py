"""Commands typed at the monitor shell's prompt, one after the other, for scripts/run --exec.

Invariant: a command is typed only when the prompt of the one before stands at the end of the output,
so nothing depends on time. The prompt says how the last command ended: `hypercore> ` well,
`hypercore[N]> ` with status N.
"""
import re

_ESCAPE = re.compile(rb'\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][A-Z0-9]|\r')
_PROMPT = re.compile(rb'(?:^|\n)hypercore(?:\[([0-9]+)\])?> $')


def commands_of(text):
    """What is separated by semicolons or line ends, without what is empty."""
    return [each.strip() for each in re.split('[;\n]', text) if each.strip()]


class ShellSession:
    def __init__(self, guest):
        self.guest = guest
        self.output = bytearray()  # since the last command was typed
        guest.on_output.append(self.output.extend)

    def text(self):
        return _ESCAPE.sub(b'', bytes(self.output))

    def wait(self, typed):
        """The next prompt's match, once `typed` lines were echoed; None when the guest ended."""
        found = []

        def seen():
            text = self.text()
            match = _PROMPT.search(text)
            if match and text.count(b'\n', 0, match.end()) >= typed:
                found[:] = [match]
            return bool(found)

        self.guest.run(until=seen)
        return found[0] if found or seen() else None

    def command(self, line):
        """(output, status) of one command, or None when the guest ended before its prompt."""
        self.output.clear()
        self.guest.input.put(line.encode() + b'\n')
        match = self.wait(1)
        if match is None:
            return None
        _echo, _, rest = self.text()[:match.start() + 1].partition(b'\n')
        return rest, int(match[1] or 0)

    def end(self):
        """Switches the machine off; the guest's status, or None when it stays on."""
        self.command('poweroff')
        return self.guest.status
