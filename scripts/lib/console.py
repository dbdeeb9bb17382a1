"""The two directions of the guest's serial line, without knowing how it is connected.

Output is watched for the lines that decide a run. Input is held back until the kernel runs, since
firmware and boot loaders would eat it. Invariant: no byte of input is dropped or reordered here.
"""
import re
import termios

# A line of the kernel may follow control sequences that firmware left on the same line. (No `^`:
# what is searched begins in the middle of a line; Watch puts a line end before the first byte.)
_LINE_START = rb'(?:[\r\n]|\x1b\[[0-9;?=]*[A-Za-z])'
KERNEL_RUNS = re.compile(_LINE_START + rb'hypercore: ')
FATAL = re.compile(_LINE_START + rb'hypercore: (?:panic|boot failed):[^\r\n]*')
# Enough to hold every pattern above that a read may have cut in two.
_OVERLAP = 512


class Watch:
    """Follows the output: whether the kernel runs, and its last words."""

    def __init__(self):
        self.kernel_runs = False
        self.fatal_line = None
        self._tail = b'\n'

    def feed(self, data):
        text = self._tail + data
        self.kernel_runs = self.kernel_runs or KERNEL_RUNS.search(text) is not None
        if self.fatal_line is None:
            match = FATAL.search(text)
            # A line still without its end grows with the next read.
            if match and match.end() < len(text):
                self.fatal_line = match[0].decode(errors='replace').strip('\r\n')
        self._tail = text[-_OVERLAP:]

    def finish(self):
        """The output has ended: a last line without line end counts as well."""
        self.feed(b'\n')

    def machine_reset(self):
        """Firmware runs again: from here on hold input back as at the start."""
        self.kernel_runs = False
        self._tail = b'\n'


class Input:
    """Bytes on their way to the guest. `pace` (seconds for each byte) is for an emulator without
    back-pressure, whose UART would overrun; None gives whole chunks."""

    def __init__(self, pace=None):
        self.pending = bytearray()
        self.pace = pace
        self._next_time = 0.0

    def put(self, data):
        self.pending += data

    def next_chunk(self, now):
        """The bytes that may be sent at this time: empty, one byte, or one UART FIFO full."""
        if now < self._next_time:
            return b''
        return bytes(self.pending[:1 if self.pace else 16])

    def sent(self, count, now):
        del self.pending[:count]
        if self.pace:
            self._next_time = now + self.pace


class RawTerminal:
    """Standard input as the guest's keyboard: no echo, no lines, Ctrl-C still ours. Does nothing
    when the descriptor is no terminal."""

    def __init__(self, fd):
        self.fd = fd
        self.saved = None

    def __enter__(self):
        try:
            self.saved = termios.tcgetattr(self.fd)
        except termios.error:
            return self
        mode = termios.tcgetattr(self.fd)
        mode[3] &= ~(termios.ICANON | termios.ECHO)
        for character in (termios.VSUSP, termios.VQUIT):
            mode[6][character] = b'\0'
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.fd, termios.TCSADRAIN, mode)
        return self

    def __exit__(self, *_):
        if self.saved is not None:
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self.saved)
