#!/usr/bin/env python3
"""Plays QEMU for the launcher's tests: takes the two sockets from the command line and acts out the
scenario that FAKE_GUEST names. What it says on the serial line tells the test what it received.
"""
import os
import re
import signal
import socket
import sys

words = ' '.join(sys.argv)
serial = socket.socket(fileno=int(re.search(r'id=serial0,fd=(\d+)', words)[1]))
control = socket.socket(fileno=int(re.search(r'id=qmp0,fd=(\d+)', words)[1]))
log = re.search(r'-D (\S+)', words)[1]


def say(text):
    serial.sendall(text.encode())


def event(text):
    control.sendall(text.encode() + b'\n')


def early_input():
    """What arrives before the kernel runs: nothing may."""
    serial.settimeout(0.4)
    try:
        return serial.recv(100)
    except TimeoutError:
        return b''
    finally:
        serial.settimeout(None)


def leave(code):
    sys.stdout.flush()
    os._exit(code)


def echo():
    say(f'firmware, and not a line of hypercore: no\r\nearly={early_input()!r}\r\n')
    say('\x1b[2Jhyperc')
    say('ore: hello\r\n')
    got = b''
    while not got.endswith(b'end'):
        got += serial.recv(5)
    say(got.decode())
    leave(33)


def reset():
    say('hypercore: one\r\n')
    assert serial.recv(1) == b'a'
    event('{"event": "RESET", "data": {"guest": true, "reason": "guest-reset"}}')
    say(f'early={early_input()!r}\r\nhypercore: two\r\n')
    say(serial.recv(100).decode())
    leave(33)


def triple():
    with open(log, 'w') as file:
        file.write('Triple fault\nCPU Reset (CPU 0)\nRAX=0\nRIP=ffffffff80001234 RFL=0\n')
    event('{"event": "RESET", "data": {"guest": true, "reason": "guest-reset"}}')
    signal.pause()


def bios_triple():
    with open(log, 'w') as file:
        file.write('Triple fault\nCPU Reset (CPU 0)\nEAX=0\nEIP=000efaad EFL=0\n')
    leave(33)


def shutdown(reason, code):
    event('{"event": "SHUTDOWN", "data": {"guest": true, "reason": "%s"}}' % reason)
    leave(code)


def flood():
    say('x' * 1000000)
    leave(33)


def usernet():
    """Tells of its forwarded ports when it is asked, and ends."""
    asked = b''
    while not asked.endswith(b'"info usernet"}}\n'):
        asked += control.recv(4096)
    number = re.search(rb'"id": (\d+), "arguments": \{"command-line"', asked)[1].decode()
    event('{"return": "Hub -1 (net0):\\r\\n  Protocol[State]    FD  Source Address  Port   Dest. '
          'Address  Port RecvQ SendQ\\r\\n  TCP[HOST_FORWARD]   8       127.0.0.1 42165       '
          '10.0.2.15    80     0     0\\r\\n", "id": %s}' % number)
    leave(33)


def shell():
    """A shell whose command `bad` fails, and whose line editor writes every character again."""
    say('hypercore: hello\r\n\x1b[Khypercore> ')
    status, line, stays = '', b'', False
    while True:
        line = b''
        while not line.endswith(b'\n'):
            line += serial.recv(1)
            say(f'\rhypercore{status}> {line.decode().rstrip()}\x1b[K')
        stays = stays or line == b'stay\n'
        if line == b'poweroff\n' and not stays:
            shutdown('guest-shutdown', 0)
        status = '[7]' if line == b'bad\n' else ''
        say(f'\r\n\x1b[1mdone\x1b[0m {line.decode().rstrip()}\r\nhypercore{status}> ')
        if line == b'crash\n':
            say('\r\nhypercore: panic: out of luck\r\n')
            leave(33)


SCENARIOS = {
    'echo': echo, 'reset': reset, 'triple': triple, 'bios-triple': bios_triple, 'flood': flood,
    'shell': shell, 'usernet': usernet,
    'success': lambda: leave(33), 'failure': lambda: leave(35), 'odd': lambda: leave(7),
    'startup-error': lambda: (print('no such device', file=sys.stderr), leave(1)),
    'power-off': lambda: shutdown('guest-shutdown', 0),
    'host-kill': lambda: shutdown('host-signal', 0), 'silent': signal.pause,
    'panic': lambda: (say('hypercore: go\r\nhypercore: panic: out of luck\r\n'), leave(33)),
    'panic-hang': lambda: (say('hypercore: panic: out of luck\r\n'), signal.pause()),
    'panic-inside': lambda: (say('a hypercore: panic: said by a user\r\n'), leave(33)),
    'boot-failed': lambda: (say('hypercore: boot failed: ELF: truncated'), leave(33)),
    'tap': lambda: (say('hypercore: hi\r\nTAP version 13\r\n1..2\r\nok 1 - a\r\nok 2 - b\r\n'),
                    leave(33)),
    'tap-short': lambda: (say('TAP version 13\r\n1..2\r\nok 1 - a\r\n'), leave(33)),
    'tap-lie': lambda: (say('1..1\r\nok 1 - a\r\n'), leave(35)),
    'tap-fail': lambda: (say('1..1\r\nnot ok 1 - a\r\n'), leave(33)),
}
SCENARIOS[os.environ['FAKE_GUEST']]()
