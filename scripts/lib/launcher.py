"""Starts an emulator, carries its serial line, and says how the guest ended. scripts/run and
scripts/guest-test both go through here, so a test boots exactly what a person boots.

Invariants: the emulator never outlives the Guest (context manager, and the kernel's parent-death
signal should this process be killed); the scratch folder is removed with it.
"""
import contextlib
import ctypes
import fcntl
import os
from pathlib import Path
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time

import bochs
from console import Input, Watch
from interrupts import deferred
import nics
import qemu
from project import ProjectError

TIMEOUT_STATUS = 124
# A panicked kernel ends the emulator itself; one that cannot is ended after this many seconds.
PANIC_GRACE = 5.0
# Bochs drops what overruns its UART: type at 50 characters a second.
BOCHS_PACE = 0.02
_OUTPUT_LIMIT = 1 << 16
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def scratch_folder():
    """A folder of this run's own, removed whatever happens."""
    with deferred():
        path = Path(tempfile.mkdtemp(prefix='hypercore-'))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def die_with_parent():
    """For preexec_fn: the program ends when we do, however that comes."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _enlarge(serial_end):
    """Room for what the guest prints while we do not run. When it is used up QEMU's UART says
    "busy" and the guest polls: with --icount that is what two runs would differ in. The system's
    default holds some 300 single bytes; it may set a limit, which only root passes."""
    size, force = 1 << 22, getattr(socket, 'SO_SNDBUFFORCE', 32)
    try:
        serial_end.setsockopt(socket.SOL_SOCKET, force, size)
    except OSError:
        serial_end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)


class Guest:
    """One running emulator. Use as a context manager; then `run` until it returns a status."""

    def __init__(self, options, image, scratch, *, window=False, gdb_socket=None, extra=(),
                 output_fd=None, input_fd=None, end_on_panic=True, can_end=True):
        self.options, self.image, self.scratch = options, image, scratch
        self.window, self.gdb_socket, self.extra = window, gdb_socket, extra
        self.output_fd, self.input_fd, self.end_on_panic = output_fd, input_fd, end_on_panic
        self.can_end = can_end
        self.is_qemu = options.emulator == 'qemu'
        self.watch = Watch()
        self.input = Input(None if self.is_qemu else BOCHS_PACE)
        self.on_output = []      # callables that get every chunk of serial output
        self.forwards = nics.Forwards()
        self.on_forwards = []    # callables, once the forwarded ports are known
        self.unwritten = bytearray()
        self.reason = None       # in words, once ended
        self.status = None
        self.process = self.serial = self.qmp = self._listener = None
        self._errors = None
        self._panic_time = self._forwards_asked = None

    # --- start and end -------------------------------------------------------------------------

    def __enter__(self):
        self.started = time.monotonic()
        self._errors = open(self.scratch / 'emulator.err', 'w+b')
        try:
            with deferred():
                (self._start_qemu if self.is_qemu else self._start_bochs)()
        except FileNotFoundError as error:
            self._errors.close()
            raise ProjectError(f'{error.filename} is not installed: run scripts/setup') from error
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for sock in (self.serial, self._listener, self.qmp and self.qmp.sock):
            if sock:
                sock.close()
        self._errors.close()

    def _spawn(self, command, stdout, descriptors=(), folder=None):
        # A session of its own: Ctrl-C at the terminal reaches us alone, and we decide.
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=self._errors, cwd=folder,
            pass_fds=descriptors, start_new_session=True, preexec_fn=die_with_parent)

    def _start_qemu(self):
        self.serial, serial_end = socket.socketpair()
        _enlarge(serial_end)
        control, control_end = socket.socketpair()
        gdb_fd = self.gdb_socket.fileno() if self.gdb_socket else None
        command = qemu.command(self.options, self.image, self.scratch, serial_end.fileno(),
                               control_end.fileno(), gdb_fd, self.window, self.extra,
                               self.can_end)
        ends = [serial_end.fileno(), control_end.fileno()] + ([gdb_fd] if gdb_fd else [])
        ends += nics.descriptors(self.options)
        try:
            self._spawn(command, self._errors, ends)
        finally:
            serial_end.close()
            control_end.close()
        self.serial.setblocking(False)
        self.qmp = qemu.Qmp(control)
        self.qmp.on_reset = self._machine_reset
        if nics.has_forwards(self.options):
            self._forwards_asked = self.qmp.send('human-monitor-command',
                                                 **{'command-line': 'info usernet'})

    def _start_bochs(self):
        self._listener = socket.create_server(('127.0.0.1', 0))
        self._listener.setblocking(False)
        port = self._listener.getsockname()[1]
        command = bochs.command(self.options, self.image, self.scratch, port, self.window,
                                self.extra, self.forwards)
        # Bochs leaves log files of its network card where it is started.
        self._spawn(command, subprocess.DEVNULL, folder=self.scratch)

    def _machine_reset(self):
        if qemu.triple_fault(self.scratch):
            self._end(1, 'triple fault')
        else:
            self.watch.machine_reset()

    def _end(self, status, reason):
        """The first verdict stands."""
        if self.status is None:
            self.status, self.reason = status, reason

    # --- the loop ------------------------------------------------------------------------------

    def run(self, until=lambda: False, deadline=None):
        """Carries bytes until the guest has ended (returns its status), `until()` is true or the
        deadline (monotonic seconds) has passed (both return None). The option --timeout is in
        force throughout and ends the guest with 124."""
        while self.status is None and not until():
            now = time.monotonic()
            if self.options.timeout and now >= self.started + self.options.timeout:
                self._end(TIMEOUT_STATUS, f'no end within {self.options.timeout:g} s')
                break
            if self._panic_time and now >= self._panic_time + PANIC_GRACE:
                self._end(1, self.watch.fatal_line)
                break
            if deadline is not None and now >= deadline:
                return None
            self._step(self._wait_time(now, deadline))
        if self.status is not None:
            self._flush()
        return self.status

    def _wait_time(self, now, deadline):
        wait = 0.25  # how soon the end of a process without open sockets is seen
        if self.input.pending and self.watch.kernel_runs:
            wait = 0.005
        if deadline is not None:
            wait = min(wait, deadline - now)
        if self.options.timeout:
            wait = min(wait, self.started + self.options.timeout - now)
        return max(wait, 0)

    def _step(self, wait):
        poll = select.poll()
        if self._listener and not self.serial:
            poll.register(self._listener, select.POLLIN)
        # When nobody takes our output the guest must wait, as on a real line.
        if self.serial and len(self.unwritten) < _OUTPUT_LIMIT:
            poll.register(self.serial, select.POLLIN)
        if self.qmp:
            poll.register(self.qmp.sock, select.POLLIN)
        if self.unwritten:
            poll.register(self.output_fd, select.POLLOUT)
        if self.input_fd is not None and len(self.input.pending) < 4096:
            poll.register(self.input_fd, select.POLLIN)
        ended = self.process.poll() is not None
        ready = {fd for fd, _ in poll.poll(0 if ended else wait * 1000)}
        if self._listener and self._listener.fileno() in ready:
            self.serial, _ = self._listener.accept()
            self.serial.setblocking(False)
        got_output = bool(self.serial and self.serial.fileno() in ready and self._read_serial())
        if self.qmp and self.qmp.sock.fileno() in ready:
            self._read_qmp()
        if self.unwritten and self.output_fd in ready:
            self._write_output()
        if self.input_fd in ready:
            self._read_input()
        if self.watch.kernel_runs:
            self._send_input()
        self._check_panic()
        # Only when everything the emulator left in its sockets has been read is its end final.
        if ended and not got_output and len(self.unwritten) < _OUTPUT_LIMIT:
            self._ended()

    def _read_serial(self):
        """Takes what is there; returns whether there was any."""
        try:
            data = self.serial.recv(4096)
        except (BlockingIOError, ConnectionError):
            return False
        if not data:
            return False
        self.watch.feed(data)
        if self.output_fd is not None:
            self.unwritten += data
            self._write_output()
        for callback in self.on_output:
            callback(data)
        return True

    def _read_qmp(self):
        try:
            data = self.qmp.sock.recv(65536)
        except ConnectionError:
            data = b''
        if data:
            self.qmp.feed(data)
        if self._forwards_asked in self.qmp.answers:
            answer = self.qmp.answers.pop(self._forwards_asked)
            self.forwards.learn(str(answer.get('return', '')))
            for callback in self.on_forwards:
                callback(self.forwards)

    def _write_output(self):
        """Writes as much as will not block. A reader that has gone ends the run."""
        while self.unwritten:
            poll = select.poll()
            poll.register(self.output_fd, select.POLLOUT)
            if not poll.poll(0):
                return
            try:
                # A pipe that polls writable takes this much without blocking.
                count = os.write(self.output_fd, self.unwritten[:select.PIPE_BUF])
            except BrokenPipeError:
                self.unwritten.clear()
                self._end(128 + signal.SIGPIPE, 'nobody reads the output any more')
                return
            del self.unwritten[:count]

    def _flush(self):
        """Hands over the rest, also when that blocks: the guest has ended, its words count."""
        while self.unwritten and self.output_fd is not None:
            try:
                del self.unwritten[:os.write(self.output_fd, self.unwritten)]
            except BlockingIOError:
                select.select([], [self.output_fd], [])
            except BrokenPipeError:
                self.unwritten.clear()

    def _read_input(self):
        try:
            data = os.read(self.input_fd, 4096)
        except OSError:
            data = b''
        if data:
            self.input.put(data)
        else:
            self.input_fd = None  # the end of input does not end the run

    def _send_input(self):
        """Sends at most what the UART takes, and only once it has taken the last: so little is
        under way when the machine resets, and the emulator's back-pressure reaches our source."""
        now = time.monotonic()
        chunk = self.input.next_chunk(now)
        if not chunk or not self.serial:
            return
        (under_way,) = struct.unpack('i', fcntl.ioctl(self.serial, termios.TIOCOUTQ, b'\0' * 4))
        if under_way:
            return
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self.input.sent(self.serial.send(chunk), now)

    def _check_panic(self):
        if self.end_on_panic and self.watch.fatal_line and not self._panic_time:
            self._panic_time = time.monotonic()

    def _ended(self):
        if self.qmp:
            self._drain_qmp()
        self.watch.finish()
        code = self.process.returncode
        if self.watch.fatal_line:
            return self._end(1, self.watch.fatal_line)
        if self.is_qemu and qemu.triple_fault(self.scratch):
            return self._end(1, 'triple fault')
        if self.is_qemu:
            status, reason = qemu.verdict(code, self.qmp.shutdown_reason)
        else:
            log = self.scratch / 'bochs.log'
            status, reason = bochs.verdict(code, log.read_text(errors='replace')
                                           if log.exists() else '')
        if 'no verdict' in reason:
            reason += self._error_text()
        self._end(status, reason)

    def _drain_qmp(self):
        self.qmp.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while data := self.qmp.sock.recv(65536):
                self.qmp.feed(data)

    def _error_text(self):
        """What the emulator itself complained about, indented for a message."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors='replace').strip().splitlines()[-8:]
        return ''.join('\n  ' + line for line in lines)

    # --- for tests -----------------------------------------------------------------------------

    def qmp_command(self, name, deadline, /, **arguments):
        """Sends a QMP command and runs the guest until its answer is there. None when it ended
        or the deadline passed first."""
        identity = self.qmp.send(name, **arguments)
        self.run(until=lambda: identity in self.qmp.answers, deadline=deadline)
        return self.qmp.answers.pop(identity, None)
