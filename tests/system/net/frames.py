"""Frames by hand, whole or wrong on purpose: builders that fill in lengths and checksums, unless they are told
others. Addresses are packed bytes. [RFC 791, 8200, 9293, 768, 792, 4443, 4861, 826, 2131, 1071]"""
import socket
import struct

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
IPV4, IPV6, ARP = 0x0800, 0x86dd, 0x0806
BROADCAST = b'\xff' * 6


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


def ip(text):
    return socket.inet_pton(socket.AF_INET6 if ':' in text else socket.AF_INET, text)


def checksum(data):
    """The Internet checksum."""
    total = sum(struct.unpack(f'!{(len(data) + 1) // 2}H', data + b'\0' * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo(source, target, protocol, payload):
    """The checksum of payload over IPv4 or IPv6."""
    if len(source) == 4:
        header = struct.pack('!4s4sBBH', source, target, 0, protocol, len(payload))
    else:
        header = struct.pack('!16s16sIxxxB', source, target, len(payload), protocol)
    return checksum(header + payload)


def ethernet(target, source, kind, payload):
    return (target + source + struct.pack('!H', kind) + payload).ljust(60, b'\0')


def ipv4(source, target, protocol, payload, *, identity=1, fragment=0, more=False, hops=64, options=b'', words=None,
         version=4, total=None, check=None):
    """fragment: offset in units of 8 bytes; words: IHL; total: total length; check: the checksum."""
    words = 5 + len(options) // 4 if words is None else words
    total = 20 + len(options) + len(payload) if total is None else total

    def header(check):
        return struct.pack('!BBHHHBBH4s4s', version << 4 | words, 0, total, identity, more << 13 | fragment, hops,
                           protocol, check, source, target) + options
    return header(checksum(header(0)) if check is None else check) + payload


def ipv6(source, target, protocol, payload, *, hops=64, length=None, version=6):
    return struct.pack('!IHBB16s16s', version << 28, len(payload) if length is None else length, protocol, hops,
                       source, target) + payload


def _sealed(build, source, target, protocol, check):
    if check is not None:
        return build(check)
    return build(pseudo(source, target, protocol, build(0)))


def tcp(source, target, ports, sequence, acknowledged, flags, data=b'', *, window=65535, options=b'', words=None,
        check=None, urgent=0):
    words = 5 + len(options) // 4 if words is None else words

    def build(check):
        return struct.pack('!HHIIBBHHH', *ports, sequence & 0xffffffff, acknowledged & 0xffffffff, words << 4, flags,
                           window, check, urgent) + options + data
    return _sealed(build, source, target, TCP, check)


def udp(source, target, ports, data, *, length=None, check=None):
    length = 8 + len(data) if length is None else length
    return _sealed(lambda check: struct.pack('!HHHH', *ports, length, check) + data, source, target, UDP, check)


def icmp(kind, code, rest, *, check=None):
    def build(check):
        return struct.pack('!BBH', kind, code, check) + rest
    return build(checksum(build(0)) if check is None else check)


def icmp6(source, target, kind, code, rest, *, check=None):
    return _sealed(lambda check: struct.pack('!BBH', kind, code, check) + rest, source, target, ICMP6, check)


def arp(operation, sender, sender_ip, target, target_ip, *, sizes=(6, 4), kind=1, protocol=IPV4):
    return struct.pack('!HHBBH6s4s6s4s', kind, protocol, *sizes, operation, sender, sender_ip, target, target_ip)


class Seen:
    """What is understood of a frame that came: `tcp` and `icmp` are tuples, or None."""

    def __init__(self, frame):
        self.frame, self.tcp, self.icmp, self.source = frame, None, None, None
        kind = struct.unpack('!H', frame[12:14])[0]
        if kind == IPV4 and len(frame) >= 34:
            start, self.protocol = 14 + (frame[14] & 15) * 4, frame[23]
            self.source, self.target = frame[26:30], frame[30:34]
            end = 14 + struct.unpack('!H', frame[16:18])[0]
        elif kind == IPV6 and len(frame) >= 54:
            start, self.protocol = 54, frame[20]
            self.source, self.target = frame[22:38], frame[38:54]
            end = 54 + struct.unpack('!H', frame[18:20])[0]
        else:
            return
        self.payload = frame[start:end]
        if self.protocol == TCP and len(self.payload) >= 20:
            ports = struct.unpack('!HH', self.payload[:4])
            sequence, acknowledged, words, flags, window = struct.unpack('!IIBBH', self.payload[4:16])
            self.tcp = (ports, sequence, acknowledged, flags, self.payload[(words >> 4) * 4:])
            self.window = window
        elif self.protocol in (ICMP, ICMP6) and len(self.payload) >= 4:
            self.icmp = (self.payload[0], self.payload[1], self.payload[4:])
