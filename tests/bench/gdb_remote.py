"""A client of QEMU's gdb stub, as far as tracing needs it: run, stop at addresses, read registers and
memory, give commands to QEMU's monitor. [GDB manual, "GDB Remote Serial Protocol"]

Invariant: one packet is under way at a time, and every answer is acknowledged before the next is
asked for. Whoever uses it: paths.py.
"""
import socket
import struct

# What QEMU's answer to `g` begins with, 8 bytes each, in this order.
_NAMES = ('rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12',
        'r13', 'r14', 'r15', 'rip')
_REGISTERS = struct.Struct(f'<{len(_NAMES)}Q')


class GdbError(Exception):
    """The stub refused something, or is gone."""


class Remote:
    """The connection. Use as a context manager."""

    def __init__(self, port, patience=120):
        self._socket = socket.create_connection(('127.0.0.1', port), timeout=patience)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        self._acknowledge = b''
        self._stopped = False
        # Single-step without interrupts, but with the clock running: else it jumps afterwards.
        self._must(b'Qqemu.sstep=3')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _send(self, body):
        packet = b'$%s#%02x' % (body, sum(body) & 0xff)
        self._socket.sendall(self._acknowledge + packet)
        self._acknowledge = b''

    def _receive(self):
        """The next packet's body; what the stub acknowledges is dropped."""
        while True:
            start = self._received.find(b'$')
            end = self._received.find(b'#', start) if start >= 0 else -1
            if end >= 0 and len(self._received) >= end + 3:
                break
            data = self._socket.recv(65536)
            if not data:
                raise GdbError('the emulator has gone')
            self._received += data
        body = bytes(self._received[start + 1:end])
        del self._received[:end + 3]
        self._acknowledge = b'+'
        return body

    def ask(self, body):
        self._send(body)
        return self._receive()

    def _must(self, body):
        if (answer := self.ask(body)) != b'OK':
            raise GdbError(f'{body.decode()}: {answer.decode()}')

    def stop_at(self, address):
        self._must(b'Z0,%x,1' % address)

    def do_not_stop_at(self, address):
        self._must(b'z0,%x,1' % address)

    def _go(self, body):
        """Runs; whether the guest has stopped (and not ended)."""
        return self.ask(body)[:1] in (b'T', b'S')

    def run(self):
        """Until the next address to stop at. Where it stands, the stub would stop again at once:
        hence the step."""
        if self._stopped:
            self._go(b's')
        self._stopped = self._go(b'c')
        return self._stopped

    def monitor(self, command):
        """A command of QEMU's own monitor; what it prints is dropped."""
        answer = self.ask(b'qRcmd,' + command.encode().hex().encode())
        while answer[:1] == b'O' and answer != b'OK':
            self._socket.sendall(self._acknowledge)
            answer = self._receive()
        if answer != b'OK':
            raise GdbError(f'{command}: {answer.decode()}')

    def registers(self):
        data = self.ask(b'g')[:2 * _REGISTERS.size]
        return dict(zip(_NAMES, _REGISTERS.unpack(bytes.fromhex(data.decode()))))

    def memory(self, address, size):
        answer = self.ask(b'm%x,%x' % (address, size))
        if answer[:1] == b'E':
            raise GdbError(f'no memory at {address:#x}')
        return bytes.fromhex(answer.decode())

    def text(self, address, limit=64):
        """The zero-terminated string at an address."""
        return self.memory(address, limit).split(b'\0')[0].decode()
