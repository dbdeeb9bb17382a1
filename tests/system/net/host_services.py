"""Servers of the host, which guests talk to: each a thread that ends with the test."""
import contextlib
import hashlib
import http.server
import os
import socket
import struct
import threading
import time

BODY = os.urandom(1 << 20)
DIGEST = hashlib.sha256(BODY).hexdigest()
_UNIX = 2208988800  # seconds from NTP's beginning of time to Unix's


class _Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = {'/body': (200, BODY), '/gone': (404, b'no such page'), '/broken': (500, b'our mistake')}
        if self.path == '/nonsense':
            self.wfile.write(b'I do not speak HTTP\n')
        elif self.path == '/short':
            self._send(200, BODY, BODY[:5000])
        else:
            status, body = answer.get(self.path, (404, b''))
            self._send(status, body, body)

    def _send(self, status, announced, sent):
        self.send_response(status)
        self.send_header('Content-Length', str(len(announced)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_):
        pass


class _Dual(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True


@contextlib.contextmanager
def web():
    """An HTTP server of both families; its port."""
    with _Dual(('::', 0), _Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


class TimeServer:
    """SNTP [RFC 4330], `ahead` seconds wrong. Before each right answer come some that must not be believed."""

    def __init__(self, address, ahead):
        self.ahead, self.requests = ahead, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 123))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            with contextlib.suppress(OSError):
                request, sender = self.socket.recvfrom(512)
                self.requests.append(request)
                now = time.time() + _UNIX + self.ahead
                wrong = now + 500_000
                for answer in (self._answer(b'unasked!', wrong), self._answer(request[40:48], wrong, mode=3),
                               self._answer(request[40:48], wrong)[:40], self._answer(request[40:48], now)):
                    self.socket.sendto(answer, sender)

    @staticmethod
    def _answer(originate, now, mode=4):
        stamp = struct.pack('!II', int(now) & 0xffffffff, int(now % 1 * (1 << 32)))
        return bytes((4 << 3 | mode, 2, 6, 0xec)) + bytes(8) + b'LOCL' + stamp + originate + stamp + stamp
