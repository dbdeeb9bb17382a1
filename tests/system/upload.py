#!/usr/bin/env python3
"""Uploading a program (servers/upload, servers/guest), over QEMU's user networking: what is refused, and that
nothing of it runs; a good program runs in a slot with what its manifest names, dies, comes back; the ledger."""
import argparse
import hashlib
import json
from pathlib import Path
import re
import socket
import struct
import subprocess
import sys

import rig

PATIENCE = 60.0
MANIFEST = (rig.ROOT / 'tests/system/programs/visitor/upload.toml').read_bytes()
NAMED = b'[program]\nname = "visitor"\n'
OVER = {  # what a manifest must not say: the answer
    '[needs]\nports = [{ name = "a", first = 0x60, last = 0x64 }]': 'line 4: needs.ports',
    '[needs]\nirq = [{ name = "a", kind = "isa", line = 4 }]': 'line 4: needs.irq',
    '[needs]\ndma = [{ name = "a", size = "4K", address_bits = 64 }]': 'line 4: needs.dma',
    '[needs]\nbar = [{ name = "a", index = 0, min_size = "4K" }]': 'line 4: needs.bar',
    '[match]\nbus = "pci"': 'line 4: match.bus',
    '[budget]\npriority = 200': 'line 4: budget.priority',
    '[rights]\nmonitor = true': 'line 4: rights.monitor',
    '[network]\nreach = [{ kind = "tcp", to = "any", ports = "80" }]': 'line 4: network.reach',
    'uses = ["block"]': 'line 3: program.uses',
    'uses = ["log", "monitor"]': 'line 3: program.uses',
    'uses = ["guests"]': 'line 3: program.uses',
    'provides = ["net"]': 'line 3: program.provides',
}


class Guest(rig.Session):
    def rows(self, command):
        return json.loads(self.command(command + ' --json').text)

    def state(self, program):
        return next(row for row in self.rows('ps') if row['name'] == program)

    def log(self, program):
        return ' '.join(self.command('log ' + program).text.split())

    def wait_for_instance(self, number):
        self.wait(lambda: f'visitor: instance {number} listens' in self.log('guest0'), f'instance {number}', PATIENCE)

    def wait_for_state(self, program, state):
        self.wait(lambda: self.state(program)['state'] == state, f'{program} {state}', PATIENCE)

    def turn_on(self):
        return re.search(r'X-Hypercore-Token: ([0-9a-f]{32})', self.command('upload on').text)[1]

    # --- from outside --------------------------------------------------------------------------

    def exchange(self, data, port=8080, patience=30.0, then=b''):
        """What the guest answers, until it ends the connection. b'': nothing, or no connection."""
        answer = b''
        try:
            with socket.create_connection(('127.0.0.1', self.port(port)), patience) as stream:
                stream.sendall(data)
                stream.sendall(then)
                while piece := stream.recv(65536):
                    answer += piece
        except OSError:
            pass
        return answer

    def post(self, token, manifest=MANIFEST, program=b'none', name='visitor', fields=(), line=None, host=None):
        """(status, text) of an upload; status 0: no answer."""
        head = {'Host': host or f'127.0.0.1:{self.port(8080)}', 'X-Hypercore-Token': token,
                'X-Manifest-Length': len(manifest), 'Content-Length': len(manifest) + len(program), **dict(fields)}
        text = (line or f'POST /programs/{name} HTTP/1.1') + '\r\n'
        text += ''.join(f'{key}: {value}\r\n' for key, value in head.items() if value is not None)
        answer = self.exchange(text.encode() + b'\r\n' + manifest + program)
        if not (found := re.match(rb'HTTP/1\.1 (\d+) .*?\r\n\r\n(.*)\n', answer, re.S)):
            return 0, repr(answer)
        return int(found[1]), found[2].decode()


def check_refusals(tap, guest):
    def refused(name, status, **how):
        got = guest.post(**{'token': token, **how})
        tap.case(f'{name}: {status}', got[0] == status, got)

    tap.case('while uploads are off nothing answers', guest.post('0' * 32)[0] == 0)
    token = guest.turn_on()
    refused('no token', 401, token=None)
    refused('a foreign origin', 403, fields={'Origin': 'http://evil.example'})
    refused('our own origin', 403, fields={'Origin': f'http://127.0.0.1:{guest.port(8080)}'})
    refused('fetch metadata', 403, fields={'Sec-Fetch-Site': 'same-origin'})
    refused('another host', 403, host='evil.example:8080')
    refused('a preflight', 405, line='OPTIONS /programs/visitor HTTP/1.1')
    refused('another path', 404, line='POST / HTTP/1.1')
    refused('no length', 411, fields={'Content-Length': None})
    refused('too large a program', 413, fields={'Content-Length': len(MANIFEST) + (1 << 20) + 1})
    refused('too large a manifest', 413, fields={'X-Manifest-Length': 4097, 'Content-Length': 9999})
    refused('a wrong token', 403, token='0' * 32)
    for text, why in OVER.items():
        got = guest.post(token, NAMED + text.encode())
        tap.case(f'a manifest with {text.splitlines()[-1]}: 422', got[0] == 422 and why in got[1], got)
    got = guest.post(token, name='another')
    tap.case('a manifest of another name: 422', got[0] == 422 and 'not the name' in got[1], got)
    got = guest.post(token, program=b'\x7fELF' + bytes(1000))
    tap.case('no program: 422', got[0] == 422 and 'program: ' in got[1], got)
    answer = guest.exchange(b'POST /programs/visitor HTTP/1.1\r\nHost: ')
    tap.case('too slow: 408', answer.startswith(b'HTTP/1.1 408 '), answer)
    tap.case('nothing of all that runs', all(guest.state(f'guest{n}')['state'] == 'absent' for n in (0, 1)))
    return token


def writable_code(program):
    """The same with its code writable."""
    data = bytearray(program)
    table, = struct.unpack_from('<Q', data, 32)
    count, = struct.unpack_from('<H', data, 56)
    for at in range(table, table + 56 * count, 56):
        kind, flags = struct.unpack_from('<II', data, at)
        if kind == 1 and flags & 1:
            struct.pack_into('<I', data, at + 4, 7)
    return bytes(data)


def check_program(tap, guest, token, path):
    program = path.read_bytes()
    got = guest.post(token, program=writable_code(program))
    tap.case('writable code: 422', got[0] == 422 and 'writable and executable' in got[1], got)
    done = subprocess.run([sys.executable, rig.ROOT / 'scripts/upload', path, '--manifest',
                           rig.ROOT / 'tests/system/programs/visitor/upload.toml', '--url',
                           f'http://127.0.0.1:{guest.port(8080)}', '--token', token],
                          capture_output=True, text=True, timeout=120)
    tap.case('scripts/upload starts a program', done.stdout == '201: visitor runs as guest0\n',
             done.stdout + done.stderr)
    guest.wait_for_instance(1)
    tap.case('it has what it named, and no more',
             'visitor: instance 1, time yes, entropy no, data 7 0' in guest.log('guest0'), guest.log('guest0'))
    names = [row['name'] for row in guest.rows('caps guest0')]
    tap.case('caps says the same', any(each.startswith('net.') for each in names) and
             not any(each.startswith(('entropy.', 'clock.')) for each in names), names)
    tap.case('ps shows it', guest.state('guest0')['state'] in ('starting', 'running'))
    tap.case('it answers at its port', guest.exchange(b'hello\n', 8000) == b'visitor, instance 1\n')
    tap.case('the token was good once', guest.post(token)[0] == 0)
    return program


def check_deaths(tap, guest):
    guest.command('kill guest0')
    guest.wait_for_instance(2)
    tap.case('killed, it comes back with the same', 'instance 2, time yes, entropy no, data 7 0'
             in guest.log('guest0'), guest.log('guest0'))
    tap.case('it answers again', guest.exchange(b'hello\n', 8000) == b'visitor, instance 2\n')
    guest.exchange(b'die\n', 8000)
    guest.wait_for_instance(3)
    crash = ' '.join(guest.command('crash guest0').text.split())
    tap.case('a fault of it is noticed', re.search(r'instance 2\): fault .*?, words 0x\w+ 0x8 ', crash), crash)
    tap.case('it answers after that', guest.exchange(b'hello\n', 8000) == b'visitor, instance 3\n')


def check_more(tap, guest, old_token, program):
    token = guest.turn_on()
    got = guest.post(old_token, program=program)
    tap.case('a used token: 403', got[0] == 403, got)
    modest = b'[program]\nname = "modest"\n[restart]\npolicy = "never"\n'
    got = guest.post(token, modest, program, 'modest')
    tap.case('another goes into the next slot', got == (201, 'modest runs as guest1'), got)
    guest.wait_for_state('guest1', 'absent')  # it has no network, and faults
    tap.case('its policy holds', 'stays stopped' in guest.log('supervisor'))
    names = [row['name'] for row in guest.rows('caps guest1')]
    tap.case('who names nothing has nothing', not any(each.startswith(('net.', 'log.', 'time.')) for each in names),
             names)
    got = guest.post(guest.turn_on(), program=program)
    tap.case('the same name again replaces it', got == (201, 'visitor runs as guest0'), got)
    guest.wait_for_instance(4)
    guest.turn_on()
    statuses = [guest.post('f' * 32)[0] for _ in range(6)]
    tap.case('five wrong tokens end it', statuses == [403] * 5 + [0], statuses)
    guest.command('upload stop visitor')
    tap.case('upload stop ends it', guest.state('guest0')['state'] == 'absent')


def check_ledger(tap, guest, program):
    def lines():
        return guest.rows('upload list')
    before = lines()
    good = [line for line in before if line['status'] == 201]
    tap.case('the ledger has who was started', [line['name'] for line in good] == ['visitor', 'modest', 'visitor']
             and all(line['sha256'] == hashlib.sha256(program).hexdigest() and line['size'] == len(program)
                     and line['peer'].startswith('10.0.2.') for line in good), good)
    outcomes = ' '.join(line['outcome'] for line in before)
    tap.case('and who was refused, and why', all(each in outcomes for each in (
        'wrong token', 'not from a web page', 'budget.priority', 'needs.irq', 'program above 1 MiB', 'too slow')),
        outcomes)
    tap.case('what is alike is counted', any(line['count'] >= 5 for line in before), before)
    guest.command('upload on')
    guest.command('kill upload')
    guest.wait_for_state('upload', 'running')
    tap.case('it outlives the server', lines() == before)
    tap.case('which is off then', guest.post('0' * 32)[0] == 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('program', type=Path)
    options = parser.parse_args()
    words = ['--nic', 'virtio', '--net', 'user:8080,8000']
    with rig.tap() as tap, Guest('default', words, build=options.build) as guest:
        guest.prompt()
        guest.wait(lambda: any(row['state'] == 'up' for row in guest.rows('net')), 'the network', PATIENCE)
        token = check_refusals(tap, guest)
        program = check_program(tap, guest, token, options.program)
        check_deaths(tap, guest)
        check_more(tap, guest, token, program)
        check_ledger(tap, guest, program)
        tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
