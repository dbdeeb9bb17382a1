"""A host without a stack: a packet socket on our end of the wire, with hardware and IP addresses of its own. It
answers ARP and neighbour solicitations for them; all else is up to its user, also when it is wrong. The
kernel beside it does not know these addresses, so it does not interfere (no resets)."""
import itertools
import select
import socket
import struct
import time

import frames
from frames import ACK, FIN, RST, SYN

ETH_P_ALL = 3
PATIENCE = 5.0


class RawPeer:
    def __init__(self, interface, own, guest, guest_mac):
        """own, guest: (IPv4, IPv6) as text, the guest's link-local or global one."""
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((interface, 0))
        self.mac = frames.mac('02:00:00:66:66:66')
        self.ip, self.ip6 = (frames.ip(each) for each in own)
        self.guest, self.guest6 = (frames.ip(each) for each in guest)
        self.guest_mac = frames.mac(guest_mac)
        self.ports = itertools.count(20000)
        self.sent = 0

    # --- sending -------------------------------------------------------------------------------

    def send(self, frame):
        self.socket.send(frame)
        self.sent += 1

    def packet(self, payload, *, target=None, source=None, kind=frames.IPV4):
        """An Ethernet frame to the guest around an IP packet."""
        return frames.ethernet(target or self.guest_mac, source or self.mac, kind, payload)

    def ipv4(self, protocol, payload, *, source=None, **fields):
        return self.packet(frames.ipv4(source or self.ip, self.guest, protocol, payload, **fields))

    def ipv6(self, protocol, payload, *, source=None, target=None, **fields):
        return self.packet(frames.ipv6(source or self.ip6, target or self.guest6, protocol, payload, **fields),
                           kind=frames.IPV6)

    def tcp(self, *arguments, source=None, **fields):
        return self.ipv4(frames.TCP, frames.tcp(source or self.ip, self.guest, *arguments, **fields),
                         source=source)

    def udp(self, ports, data, *, source=None, **fields):
        return self.ipv4(frames.UDP, frames.udp(source or self.ip, self.guest, ports, data, **fields),
                         source=source)

    def echo(self, identity, number=1, data=b'x' * 32, **fields):
        return self.ipv4(frames.ICMP, frames.icmp(8, 0, struct.pack('!HH', identity, number) + data, **fields))

    # --- receiving -----------------------------------------------------------------------------

    def take(self, wanted, patience=PATIENCE):
        """The first frame from the guest of which wanted(Seen) is true; None when none comes in time."""
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                return None
            frame = self.socket.recv(1 << 16)
            if frame[6:12] != self.guest_mac:
                continue
            self._answer(frame)
            seen = frames.Seen(frame)
            if wanted(seen):
                return seen
        return None

    def drain(self):
        """Looks at what has come so far; returns it."""
        seen = []
        while select.select([self.socket], [], [], 0)[0]:
            frame = self.socket.recv(1 << 16)
            if frame[6:12] == self.guest_mac:
                self._answer(frame)
                seen.append(frames.Seen(frame))
        return seen

    def _answer(self, frame):
        kind = frame[12:14]
        if kind == b'\x08\x06' and frame[20:22] == b'\0\1' and frame[38:42] == self.ip:
            self.send(frames.ethernet(frame[6:12], self.mac, frames.ARP, frames.arp(
                2, self.mac, self.ip, frame[6:12], frame[28:32])))
        elif kind == b'\x86\xdd' and frame[20] == frames.ICMP6 and frame[54] == 135 and frame[62:78] == self.ip6:
            asking = frame[22:38]
            answer = struct.pack('!I', 0x60000000) + self.ip6 + b'\2\1' + self.mac
            self.send(frames.ethernet(frame[6:12], self.mac, frames.IPV6, frames.ipv6(
                self.ip6, asking, frames.ICMP6, frames.icmp6(self.ip6, asking, 136, 0, answer), hops=255)))

    def pinged(self, patience=PATIENCE):
        """Whether the guest answers an echo request: all that was sent before was looked at then. Once more
        where one was lost in a burst."""
        identity = next(self.ports)
        for number in range(1, 4):
            self.send(self.echo(identity, number))
            if self.take(lambda it: it.icmp and it.icmp[0] == 0 and it.icmp[2][:2] == struct.pack('!H', identity),
                         patience / 3):
                return True
        return False

    def connect(self, port, *, window=65535, options=b''):
        """A connection to a port of the guest, by hand. None: it is refused, or there is no answer."""
        ports = (next(self.ports), port)
        for _ in range(3):  # a SYN may be lost in a burst
            self.send(self.tcp(ports, 1000, 0, SYN, window=window, options=options))
            seen = self.take(lambda it: it.tcp and it.tcp[0] == ports[::-1], PATIENCE / 3)
            if seen and seen.tcp[3] & (SYN | ACK) == SYN | ACK:
                it = Connection(self, ports, 1001, seen.tcp[1] + 1, window)
                it.send(ACK)
                return it
        return None


class Connection:
    """What both ends should send next, and our window."""

    def __init__(self, peer, ports, ours, theirs, window):
        self.peer, self.ports, self.ours, self.theirs, self.window = peer, ports, ours, theirs, window

    def send(self, flags, data=b'', *, ours=0, theirs=0, **fields):
        """ours, theirs: how far the numbers are from the right ones."""
        fields.setdefault('window', self.window)
        self.peer.send(self.peer.tcp(self.ports, self.ours + ours, self.theirs + theirs, flags, data, **fields))
        if not ours:
            self.ours += len(data) + bool(flags & (SYN | FIN))

    def take(self, patience=PATIENCE):
        """The next segment of it."""
        return self.peer.take(lambda it: it.tcp and it.tcp[0] == self.ports[::-1], patience)

    def answers(self, data, patience=PATIENCE):
        """Whether the echo service sends data back over it."""
        for at in range(0, len(data), 1400):
            self.send(ACK | frames.PSH, data[at:at + 1400])
        got, end = b'', time.monotonic() + patience
        while len(got) < len(data) and time.monotonic() < end:
            seen = self.take(1.0)
            if seen is None:
                continue
            if seen.tcp[3] & RST:
                return False
            if seen.tcp[4] and (seen.tcp[1] - self.theirs) & 0xffffffff == 0:
                got += seen.tcp[4]
                self.theirs += len(seen.tcp[4])
                self.send(ACK)
        return got[:len(data)] == data

    def end(self):
        self.send(RST | ACK)
