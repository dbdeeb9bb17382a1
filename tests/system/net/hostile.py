#!/usr/bin/env python3
"""A hostile host on the wire (hostile_frames.py): after each class of frames the guest still answers pings and an
HTTP request, and its network server is the one of before. The card has no offloads, so net itself makes the
checksums of what the guest sends (else the emulator leaves them to our end, undone), and tshark judges all of
it: nothing is malformed or has a bad checksum."""
import argparse
import random
import socket
import time

import frames
from frames import ACK, FIN, PSH, RST, SYN
import hostile_frames
import network_guest
from network_guest import NetworkGuest
from raw_peer import RawPeer
import transfers
import wire
import rig

BURST = 32  # frames between two pings that must be answered
FEATURES = ('csum', 'guest_csum', 'host_tso4', 'host_tso6', 'guest_tso4', 'guest_tso6', 'host_ufo', 'guest_ufo',
            'host_ecn', 'guest_ecn')
MACHINE = [word for each in FEATURES for word in ('-global', f'virtio-net-pci.{each}=off')]
SEED = 1
STATUS = 80  # of the HTTP server


def well(guest, address):
    """What is wrong after a class of frames, or None."""
    good, text = guest.pinged(address)
    if not good:
        return f'ping: {text}'
    url = f'http://{address}:{transfers.HTTP}/100000'
    status, text = guest.host('curl', '-s', '-m', '10', '--connect-timeout', '1', '--retry', '40', '--retry-delay', '1',
                              '--retry-all-errors', '-o', '/dev/null', '-w', '%{size_download}\\n', url)
    if status != 0 or text.split()[-1] != '100000':
        return f'curl: {text}'
    restarts = {row['name']: row['restarts'] for row in guest.rows('ps') if row['restarts']}
    return f'restarted: {restarts}\n{guest.command("log").text[-2000:]}' if restarts else None


class Attack:
    def __init__(self, tap, guest, net):
        self.tap, self.guest = tap, guest
        self.peer = RawPeer(net.tap, (f'10.77.{net.number}.200', f'fd77:0:0:{net.number:x}::200'),
                            (guest.address[0], guest.address6()), guest.mac())

    def pump(self, function, *arguments):
        """Calls a function that waits for frames, while the guest's other ends go on."""
        result = function(*arguments)
        self.guest.guest.run(deadline=time.monotonic())
        return result

    def frames_of(self, name):
        """Sends a class. Returns what is wrong."""
        peer, wrong = self.peer, None
        for number, frame in enumerate(hostile_frames.CLASSES[name](peer, random.Random(SEED))):
            peer.send(frame)
            if number % BURST == BURST - 1:
                if not self.pump(peer.pinged):
                    return wrong or f'no ping is answered after frame {number}'
        if not self.pump(peer.pinged):
            return 'no ping is answered at the end'
        return None

    def syn_flood(self):
        """It fills the backlog of the port it hits, for as long as a half-open connection is kept (docs/caveats.md).
        The other ports do not notice."""
        wrong = self.frames_of('syn_flood')
        other = self.pump(self.peer.connect, transfers.ECHO)
        if other is None or not self.pump(other.answers, b'meanwhile'):
            return wrong or 'another port notices'
        other.send(RST | ACK)
        return wrong

    def bad_checksums_unanswered(self):
        """No frame with a wrong checksum is answered."""
        peer = self.peer
        peer.drain()
        for frame in hostile_frames.bad_checksums(peer, random.Random(SEED)):
            peer.send(frame)
        peer.send(peer.echo(0x600d))  # afterwards
        answers = []

        def last(it):
            answers.append(it)
            return it.icmp is not None and it.icmp[0] == 0 and it.icmp[2][:2] == b'\x60\x0d'
        if not self.pump(peer.take, last):
            return 'the good one is not answered'
        bad = [it for it in answers if (it.icmp and it.icmp[0] in (0, 129) and it.icmp[2][:2] == b'\x0b\xad') or
               (it.tcp and it.tcp[0][1] == 0xbad) or b'never' in it.frame]
        return f'{len(bad)} answers: {bad[0].frame.hex()}' if bad else None

    # --- conversations --------------------------------------------------------------------------

    def zero_windows(self):
        """Ask for much, then never let it be sent: many connections of net-test, and many of the HTTP
        server, which hold all memory of both that is not kept for others. Others are served meanwhile."""
        held = []
        for port, path, count in (transfers.HTTP, b'/100000000', 6), (STATUS, b'/', 150):
            for _ in range(count):
                it = self.pump(self.peer.connect, port)
                if it is None:
                    return f'no connection to port {port} after {len(held)}'
                it.window = 0
                it.send(ACK | PSH, b'GET ' + path + b' HTTP/1.1\r\nHost: x\r\n\r\n')
                it.send(ACK)
                held.append(it)
        wrong = well(self.guest, self.guest.address[0]) or self.page()
        probed = self.pump(self.peer.take, lambda it: it.tcp and it.tcp[0] == held[0].ports[::-1], 10.0)
        for it in held:
            it.send(RST | ACK)
            it.send(RST, ours=1)
        return wrong or (None if probed else 'a zero window is not probed')

    def page(self):
        """What is wrong with the status page, or None."""
        status, text = self.guest.host('curl', '-s', '-m', '10', '-o', '/dev/null', '-w', '%{http_code} %{size_download}',
                                       f'http://{self.guest.address[0]}:{STATUS}/')
        return None if status == 0 and text.startswith('200 ') else f'status page: curl {status}: {text}'

    def resets(self):
        """In states where they mean nothing, and where they end a connection."""
        peer = self.peer
        it = self.pump(peer.connect, transfers.ECHO)
        if it is None:
            return 'no connection'
        for ours in (-1, -70000, 1 << 30, 1 << 31):  # outside the window: nothing happens (RFC 5961)
            it.send(RST, ours=ours)
            it.send(RST | ACK, ours=ours, theirs=12345)
            it.send(RST | SYN | FIN, ours=ours)
        peer.send(peer.tcp((it.ports[0] + 1, it.ports[1]), it.ours, 0, RST))  # of another's
        if not self.pump(it.answers, b'still here'):
            return 'resets outside the window end a connection'
        it.send(ACK, theirs=1 << 30)  # of what was never sent
        it.send(ACK | PSH, b'x' * 100, ours=-1 << 30)
        if not self.pump(it.answers, b'and still'):
            return 'numbers from far away end a connection'
        it.send(FIN | ACK)
        it.send(RST | ACK)
        it.send(FIN | ACK, b'after the end')
        for _ in range(50):
            ports = (next(peer.ports), transfers.ECHO)
            peer.send(peer.tcp(ports, 5, 0, SYN))
            peer.send(peer.tcp(ports, 6, 0, RST))
            peer.send(peer.tcp(ports, 5, 0, SYN))
            peer.send(peer.tcp(ports, 6, 12345, ACK))
            peer.send(peer.tcp(ports, 6, 0, RST | ACK))
        return None

    def out_of_order(self):
        """Pieces of a stream that overlap, in any order and of any content; then the right ones."""
        it = self.pump(self.peer.connect, transfers.ECHO)
        if it is None:
            return 'no connection'
        chance, data = random.Random(SEED), bytes(range(256)) * 8
        for _ in range(400):
            at = chance.randint(-1500, 3000)
            length = chance.choice((0, 1, 7, 100, 536, 1460))
            piece = b''.join(data[i:i + 1] if 0 <= i < len(data) else b'?' for i in range(at, at + length))
            it.send(ACK | (FIN if chance.random() < 0.02 and at > 2100 else 0), piece, ours=at or 4000)
        return None if self.pump(it.answers, data) else 'the stream does not come back'

    CONVERSATIONS = {'zero windows': zero_windows, 'resets': resets, 'overlapping segments': out_of_order}


def judge(tap, guest, net):
    lost = net.end_capture()
    sent = wire.count(net.frames, guest.mac())
    bad = wire.judged(net.frames, guest.mac())
    tap.note(f'{sent} frames of the guest, {lost} frames not captured')
    tap.case('tshark finds nothing malformed and no bad checksum in what the guest sent', sent and not bad,
             f'{len(bad)}: ' + '\n'.join(bad[:20]))
    tap.case('and it would: it finds them in what we sent', len(wire.judged(net.frames, '02:00:00:66:66:66')) > 100)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive')
    parser.add_argument('--only', help='this class of frames alone')
    options = parser.parse_args()
    with rig.tap() as tap:
        if not network_guest.possible(tap):
            return
        with network_guest.wires() as (net,), NetworkGuest([net], ['virtio'], options.build, options.archive,
                                                          machine=MACHINE) as guest:
            guest.begin()
            guest.configured()
            net.capture()
            attack = Attack(tap, guest, net)
            # Conversations first: half-open connections of other classes stay for a while.
            classes = {name: lambda each=each: each(attack) for name, each in Attack.CONVERSATIONS.items()}
            classes |= {name: lambda name=name: attack.frames_of(name) for name in hostile_frames.CLASSES}
            classes |= {'syn_flood': attack.syn_flood, 'bad checksums, unanswered': attack.bad_checksums_unanswered}
            for name, each in classes.items():
                if options.only and options.only != name:
                    continue
                started, sent = time.monotonic(), attack.peer.sent
                wrong = each() or well(guest, guest.address[0])
                tap.note(f'{name}: {attack.peer.sent - sent} frames, {time.monotonic() - started:.1f} s')
                tap.case(f'{name.replace("_", " ")}: the guest goes on', not wrong, wrong)
            judge(tap, guest, net)
            tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
