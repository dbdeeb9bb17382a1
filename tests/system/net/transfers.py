"""Transfers between a host and net-test (programs/net-test) that are checked to the byte: the pattern it sends,
and threads that read and write while the test does something to the guest."""
import collections
import contextlib
import hashlib
import os
import socket
import threading

HTTP, ECHO = 8080, 7
BLOCK = 32 << 10
ENDLESS = 1 << 50
_STALLED = 60.0  # seconds without a byte: given up


def _words():
    word = 88172645463325252
    for _ in range(BLOCK // 8):
        word ^= word << 13 & (1 << 64) - 1
        word ^= word >> 7
        word ^= word << 17 & (1 << 64) - 1
        yield word.to_bytes(8, 'little')


_BASE = b''.join(_words())


def pattern_block(number):
    return number.to_bytes(8, 'little') + _BASE[8:]


def pattern_digest(count):
    """SHA-256 of the first `count` bytes of what net-test sends (programs/net-test/pattern.hpp)."""
    digest = hashlib.sha256()
    for number in range((count + BLOCK - 1) // BLOCK):
        digest.update(pattern_block(number)[:count - number * BLOCK])
    return digest.hexdigest()


class Chunks:
    """Compares what comes with what should, chunk by chunk: `expected(n)` is chunk n."""

    def __init__(self, expected):
        self.expected, self.rest, self.number = expected, bytearray(), 0
        self.lock = threading.Lock()
        self._begin()

    def _begin(self):
        self.wrong, self.first = [], self.number
        self.got, self.right = hashlib.sha256(), hashlib.sha256()

    def feed(self, data):
        self.rest += data
        while len(self.rest) >= BLOCK:
            with self.lock:
                chunk, right = bytes(self.rest[:BLOCK]), self.expected(self.number)
                self.got.update(chunk)
                self.right.update(right)
                if chunk != right:
                    self.wrong.append(self.number)
                self.number += 1
            del self.rest[:BLOCK]

    def take(self):
        """(chunks, numbers of those that were wrong, whether the SHA-256 of all is right) since the last take()."""
        with self.lock:
            out = self.number - self.first, self.wrong, self.got.digest() == self.right.digest()
            self._begin()
            return out


class _Transfer:
    """A connection with threads. `count`: bytes so far, `problem`: why it ended, if it should not have."""

    def __init__(self, address, port):
        self.count, self.problem, self.ending = 0, None, False
        self.socket = socket.create_connection((address, port), _STALLED)
        self.threads = []

    def _begin(self, *functions):
        self.threads = [threading.Thread(target=self._guarded, args=(each,), daemon=True) for each in functions]
        for each in self.threads:
            each.start()

    def _guarded(self, function):
        try:
            function()
        except OSError as error:
            if not self.ending:
                self.problem = self.problem or f'after {self.count} bytes: {error}'

    def abandon(self):
        """Ends it in the middle, without a word on what came."""
        self.ending = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self._join()

    def _join(self):
        for each in self.threads:
            each.join()
        self.socket.close()


class Download(_Transfer):
    """Reads the pattern until it is told to end; never a second connection."""

    def __init__(self, address):
        super().__init__(address, HTTP)
        self.socket.sendall(b'GET /%d HTTP/1.1\r\nHost: guest\r\n\r\n' % ENDLESS)
        self.digest, self.chunks = hashlib.sha256(), Chunks(pattern_block)
        self._begin(self._read)

    def _read(self):
        head = b''
        while b'\r\n\r\n' not in head:
            head += self.socket.recv(4096)
        data = head.partition(b'\r\n\r\n')[2]
        while not self.ending:
            self.digest.update(data)
            self.chunks.feed(data)
            self.count += len(data)
            data = self.socket.recv(1 << 18)
            if not data and not self.ending:
                self.problem = f'the connection ended after {self.count} bytes'
                return

    def end(self):
        """Returns what is wrong, or None."""
        self.ending = True
        self._join()
        if self.problem or self.digest.hexdigest() == pattern_digest(self.count):
            return self.problem
        return f'SHA-256 of {self.count} bytes is wrong'


class Echo(_Transfer):
    """Sends random bytes and reads them back until it is told to end: both directions of one connection."""

    def __init__(self, address):
        super().__init__(address, ECHO)
        self.sent, self.received, self.sent_bytes = hashlib.sha256(), hashlib.sha256(), 0
        self.under_way = collections.deque()
        self.chunks = Chunks(lambda number: self.under_way.popleft())
        self._begin(self._write, self._read)

    def _write(self):
        while not self.ending and not self.problem:
            data = os.urandom(BLOCK)
            self.under_way.append(data)
            self.sent.update(data)
            self.sent_bytes += len(data)
            self.socket.sendall(data)
        self.socket.shutdown(socket.SHUT_WR)

    def _read(self):
        while data := self.socket.recv(1 << 16):
            self.received.update(data)
            self.chunks.feed(data)
            self.count += len(data)

    def end(self):
        self.ending = True
        self._join()
        if self.problem:
            return self.problem
        if self.count != self.sent_bytes:
            return f'{self.sent_bytes} bytes were sent, {self.count} came back'
        return None if self.sent.digest() == self.received.digest() else f'SHA-256 of {self.count} bytes is wrong'
