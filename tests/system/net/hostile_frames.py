"""The frames that a hostile host sends, by class: CLASSES maps a name to a function (peer, random) that yields
frames. All are made of rules and a seeded generator, so that a run can be had again. What needs a conversation
(zero windows, resets in the middle) is in hostile.py."""
import struct

import frames
from frames import ACK, FIN, PSH, RST, SYN, URG

ECHO, HTTP, DISCARD = 7, 8080, 9  # ports of the guest: two that listen, one that does not
ALL_NODES = frames.ip('ff02::1')


def ipv4_headers(peer, random):
    """Headers that lie about themselves; sources that nobody may have."""
    good = frames.icmp(8, 0, b'\0\1\0\1' + b'x' * 32)
    for words in range(16):
        yield peer.ipv4(frames.ICMP, good, words=words)
    for version in (0, 3, 5, 6, 15):
        yield peer.ipv4(frames.ICMP, good, version=version)
    for total in (0, 1, 19, 20, 21, 27, 61, 1500, 9000, 65535):
        yield peer.ipv4(frames.ICMP, good, total=total)
    for hops in (0, 1):
        yield peer.ipv4(frames.ICMP, good, hops=hops)
    for protocol in range(256):
        if protocol not in (frames.ICMP, frames.TCP, frames.UDP):
            yield peer.ipv4(protocol, random.randbytes(40))
    for source in ('0.0.0.0', '255.255.255.255', '127.0.0.1', '224.0.0.1', '240.0.0.1', '10.77.0.255'):
        yield peer.ipv4(frames.ICMP, good, source=frames.ip(source))
        yield peer.tcp((1, ECHO), 1, 0, SYN, source=frames.ip(source))
    yield peer.tcp((ECHO, ECHO), 1, 0, SYN, source=peer.guest)  # land
    yield peer.ipv4(frames.ICMP, good, source=peer.guest)
    yield peer.packet(frames.ipv4(peer.ip, frames.ip('255.255.255.255'), frames.ICMP, good),
                      target=frames.BROADCAST)
    for options in (b'\0' * 40, b'\1' * 40, b'\x07\x00\x04\0', b'\x07\x01\x04\0', b'\x07\xff\x04\0', b'\x83\x27\x04' * 13 + b'\0',
                    b'\x44\x28\x05\xf0' + b'\0' * 36, b'\x94\x04\0\0', b'\x82\x0b' + b'\xff' * 10, b'\xff\xff\xff\xff'):
        yield peer.ipv4(frames.ICMP, good, options=options)
    for _ in range(50):
        yield peer.ipv4(frames.ICMP, good, options=random.randbytes(4 * random.randint(1, 10)))


def truncated(peer, random):
    """Every length of good frames, the rest of them missing."""
    addresses = peer.ip6, peer.guest6
    for whole in (peer.tcp((5, ECHO), 1, 0, SYN, options=b'\2\4\5\xb4'), peer.udp((5, ECHO), b'x' * 30), peer.echo(7),
                  peer.ipv6(frames.TCP, frames.tcp(*addresses, (5, ECHO), 1, 0, SYN)),
                  peer.ipv6(frames.ICMP6, frames.icmp6(*addresses, 128, 0, b'\0\1\0\1' + b'x' * 30)),
                  peer.packet(frames.arp(1, peer.mac, peer.ip, b'\0' * 6, peer.guest), kind=frames.ARP)):
        for length in range(14, len(whole)):
            yield whole[:length]


def fragments(peer, random):
    """Overlaps, holes, ends that differ, more than 64 KiB, thousands that never end."""
    data = b'\x08\0' + struct.pack('!H', frames.checksum(b'\x08\0\0\0' + b'\0' * 60)) + b'\0' * 60

    def piece(identity, at, length, more, fill=None):
        part = data[at * 8:at * 8 + length] if fill is None else fill * length
        return peer.ipv4(frames.ICMP, part, identity=identity, fragment=at, more=more)
    overlaps = ([(0, 40, 1), (2, 16, 0)], [(0, 40, 1), (3, 40, 0)], [(2, 40, 0), (0, 40, 1)], [(0, 8, 1), (0, 64, 0)],
                [(0, 64, 1), (0, 64, 1)], [(1, 8, 1), (1, 16, 1), (0, 8, 1)], [(4, 32, 0), (2, 8, 0), (0, 32, 1)],
                [(0, 32, 1), (4, 0, 0)], [(0, 0, 1), (0, 64, 0)], [(0, 33, 1), (4, 31, 0)], [(0, 8, 1), (2, 8, 1), (4, 8, 0)])
    for number, each in enumerate(overlaps):
        for at, length, more in each:
            yield piece(1000 + number, at, length, more)
            yield piece(2000 + number, at, length, more, b'\xee')
    for at in (8000, 8189, 8190, 8191):  # beyond 65,535 bytes
        yield piece(3000, 0, 64, 1)
        yield peer.ipv4(frames.ICMP, b'x' * 1400, identity=3000, fragment=at)
    for at in range(0, 8100, 100):
        yield peer.ipv4(frames.UDP, b'y' * 800, identity=3001, fragment=at, more=True)
    for identity in range(2000):
        yield peer.ipv4(frames.UDP, b'z' * random.choice((8, 512, 1480)), identity=10000 + identity, more=True,
                        fragment=random.choice((0, 1, 64)))
    for _ in range(300):
        yield peer.ipv4(random.choice((frames.UDP, frames.TCP, frames.ICMP)), random.randbytes(random.randint(0, 200)),
                        identity=random.randint(1, 8), fragment=random.randint(0, 40), more=random.random() < 0.7)
    for number in range(500):  # of IPv6
        offset, more = random.choice((0, 1, 2, 5, 100, 8191)), random.randint(0, 1)
        head = struct.pack('!BBHI', random.choice((frames.UDP, frames.TCP, frames.ICMP6, 44, 0, 60)), 0,
                           offset << 3 | more, random.randint(1, 6))
        yield peer.ipv6(44, head + random.randbytes(random.choice((0, 1, 8, 16, 40, 1000))))


def bad_checksums(peer, random):
    """Of each protocol. None may be answered: hostile.py looks for answers to identity 0xbad."""
    echo = struct.pack('!HH', 0xbad, 1) + b'x' * 32
    for wrong in (0, 1, 0x5555, 0xfffe):
        yield peer.ipv4(frames.ICMP, frames.icmp(8, 0, echo), check=wrong)
        yield peer.ipv4(frames.ICMP, frames.icmp(8, 0, echo, check=wrong))
        yield peer.ipv6(frames.ICMP6, frames.icmp6(peer.ip6, peer.guest6, 128, 0, echo, check=wrong))
        yield peer.tcp((0xbad, ECHO), 1, 0, SYN, check=wrong)
        yield peer.ipv4(frames.TCP, frames.tcp(peer.ip, peer.guest, (0xbad, ECHO), 1, 0, SYN), check=wrong)
        if wrong:  # 0: none was computed
            yield peer.udp((0xbad, ECHO), b'never', check=wrong)


def syn_flood(peer, random):
    """From everywhere, to a port that listens."""
    for number in range(3000):
        source = bytes((10, 77, 1 + number % 250, random.randint(1, 250)))
        yield peer.tcp((random.randint(1024, 65535), HTTP), random.getrandbits(32), 0, SYN, source=source,
                       options=b'\2\4\5\xb4')


def flags(peer, random):
    """Each combination of flags, to a port that listens and to one that does not; with and without data."""
    for port in (ECHO, DISCARD, 0):
        for each in range(64):
            yield peer.tcp((next(peer.ports), port), random.getrandbits(32), random.getrandbits(32), each)
            yield peer.tcp((next(peer.ports), port), 1, 1, each, b'data', window=0, urgent=0xffff)


def tcp_options(peer, random):
    """Options that are too long, too short, or nonsense; headers longer than the segment."""
    for options in (b'\2\0\0\0', b'\2\1\0\0', b'\2\x04\0\0', b'\2\x04\0\1', b'\2\x04\xff\xff', b'\2\x28\5\xb4', b'\3\3\xff\0', b'\3\0\0\0',
                    b'\3\1\0\0', b'\x05\x0a' + b'\0' * 10, b'\x05\xff\0\0', b'\x08\x0a' + b'\xff' * 10, b'\x08\x02\0\0',
                    b'\1' * 40, b'\0' * 40, b'\xfe\x28' + b'x' * 38, b'\xff\0\0\0', b'\1\1\1\2', b'\1\1\1\x08'):
        yield peer.tcp((next(peer.ports), ECHO), 1, 0, SYN, options=options)
        yield peer.tcp((next(peer.ports), ECHO), 1, 0, ACK, options=options)
    for words in range(16):
        yield peer.tcp((next(peer.ports), ECHO), 1, 0, SYN, words=words)
        yield peer.tcp((next(peer.ports), ECHO), 1, 0, SYN, words=words, options=b'\3\3\x0e\0')
    for _ in range(200):
        yield peer.tcp((next(peer.ports), ECHO), 1, 0, random.choice((SYN, ACK, SYN | ACK)),
                       options=random.randbytes(4 * random.randint(1, 10)))


def udp_lengths(peer, random):
    """Lengths that lie, ports that do not exist."""
    for length in (0, 1, 7, 8, 9, 12, 37, 39, 1500, 65535):
        yield peer.udp((5, ECHO), b'x' * 30, length=length)
        yield peer.udp((5, ECHO), b'x' * 30, length=length, check=0)
    for ports in ((0, ECHO), (5, 0), (0, 0), (5, DISCARD), (53, 53), (67, 68), (5353, 5353)):
        yield peer.udp(ports, b'')
        yield peer.udp(ports, random.randbytes(64))
        yield peer.udp(ports, random.randbytes(1400))


def icmp_messages(peer, random):
    """Each type; errors about packets that never were, cut anywhere; redirects; a packet too big of 0 bytes."""
    inner = frames.ipv4(peer.guest, peer.ip, frames.TCP, frames.tcp(peer.guest, peer.ip, (ECHO, 20000), 1, 1, ACK))
    for kind in range(256):
        if kind != 8:
            yield peer.ipv4(frames.ICMP, frames.icmp(kind, random.randint(0, 20), b'\0\0\0\0' + inner))
    for code in range(16):
        for length in (0, 3, 4, 19, 20, 27, len(inner)):
            yield peer.ipv4(frames.ICMP, frames.icmp(3, code, b'\0\0\0\0'[:4] + inner[:length]))
    for mtu in (0, 1, 67, 68, 576):
        yield peer.ipv4(frames.ICMP, frames.icmp(3, 4, struct.pack('!HH', 0, mtu) + inner))
    yield peer.ipv4(frames.ICMP, frames.icmp(5, 1, peer.ip + inner))
    for kind in range(128):
        yield peer.ipv6(frames.ICMP6, frames.icmp6(peer.ip6, peer.guest6, kind, 0, b'\0\0\0\0' + inner[:random.randint(0, 40)]))


def arp_messages(peer, random):
    """Sizes, kinds and operations that there are not; others who say that they are the guest."""
    for sizes in ((0, 0), (6, 0), (0, 4), (255, 255), (6, 16), (8, 4)):
        yield peer.packet(frames.arp(1, peer.mac, peer.ip, b'\0' * 6, peer.guest, sizes=sizes), kind=frames.ARP)
    for kind, protocol in ((0, frames.IPV4), (6, frames.IPV4), (1, frames.IPV6), (0xffff, 0xffff)):
        yield peer.packet(frames.arp(1, peer.mac, peer.ip, b'\0' * 6, peer.guest, kind=kind, protocol=protocol),
                          kind=frames.ARP)
    for operation in (0, 2, 3, 4, 8, 9, 0xffff):
        yield peer.packet(frames.arp(operation, peer.mac, peer.ip, b'\0' * 6, peer.guest), kind=frames.ARP)
    for sender, address in ((frames.BROADCAST, peer.ip), (b'\0' * 6, b'\0' * 4), (peer.mac, b'\xff' * 4),
                            (peer.mac, peer.guest), (b'\1' + b'\0' * 5, peer.ip)):
        yield frames.ethernet(frames.BROADCAST, peer.mac, frames.ARP, frames.arp(
            1, sender, address, b'\0' * 6, peer.guest))
    for number in range(600):  # more hosts than any table has
        yield frames.ethernet(frames.BROADCAST, peer.mac, frames.ARP, frames.arp(
            random.choice((1, 2)), random.randbytes(6), bytes((10, 77, number % 256, random.randint(1, 254))),
            b'\0' * 6, peer.guest))
    # And the truth: who we are.
    yield peer.packet(frames.arp(1, peer.mac, peer.ip, b'\0' * 6, peer.guest), kind=frames.ARP)


def ipv6_headers(peer, random):
    """Extension headers without end or of any length, payload lengths that lie."""
    data = frames.icmp6(peer.ip6, peer.guest6, 128, 0, b'\0\1\0\1' + b'x' * 32)
    for length in (0, 1, 39, len(data) - 1, len(data) + 1, 65535):
        yield peer.ipv6(frames.ICMP6, data, length=length)
    for version in (0, 4, 5, 15):
        yield peer.ipv6(frames.ICMP6, data, version=version)
    for hops in (0, 1):
        yield peer.ipv6(frames.ICMP6, data, hops=hops)
    for source in ('::', '::1', 'ff02::1', '::ffff:10.77.0.1'):
        yield peer.ipv6(frames.ICMP6, data, source=frames.ip(source))
    for kind in (0, 43, 60, 135, 139, 50, 51, 59, 253):
        for length in (0, 1, 5, 255):
            yield peer.ipv6(kind, bytes((frames.ICMP6, length)) + b'\0' * 6 + data)
            yield peer.ipv6(kind, bytes((kind, length)) + random.randbytes(14) + data)
    yield peer.ipv6(60, (b'\x3c\0\1\4\0\0\0\0' * 150) + b'\x3a\0\1\4\0\0\0\0' + data)  # a chain of 151
    for option in range(256):  # two bits say what to do with an option that is not known
        yield peer.ipv6(0, bytes((frames.ICMP6, 0, option, 4)) + b'\0' * 4 + data)
    yield peer.ipv6(43, bytes((frames.ICMP6, 2, 0, 1)) + b'\0' * 4 + peer.guest6 + data)  # routing header 0
    yield peer.ipv6(0, b'\x3a\0\xc2\4\0\1\0\0' + data)  # jumbo payload


def neighbours(peer, random):
    """Router and neighbour discovery: options of length 0, cut, of any content; from too far away."""
    link_local = frames.ip('fe80::66:66')

    def message(kind, rest, hops=255, target=ALL_NODES):
        return peer.ipv6(frames.ICMP6, frames.icmp6(link_local, target, kind, 0, rest), source=link_local,
                         target=target, hops=hops)
    advert = struct.pack('!BBHII', 64, 0, 0, 0, 0)  # lifetime 0: no router for anybody
    options = (b'', b'\1\0', b'\1\0' + b'\0' * 6, b'\1\1', b'\1\x01' + peer.mac, b'\1\xff' + b'\0' * 6, b'\3\4' + b'\xff' * 30,
               b'\3\4\xff\xc0' + b'\0' * 28, b'\3\4\x81\xc0' + b'\0' * 28, b'\3\1' + b'\0' * 6, b'\5\1\0\0\0\0\0\0',
               b'\5\1\0\0\xff\xff\xff\xff', b'\x19\3\0\0\0\0\0\0' + b'\0' * 16, b'\x19\2\0\0\0\0\0\0' + b'\0' * 8, b'\x1f\1\0\0\0\0\0\0',
               b'\x1f\2\0\0\0\0\0\0' + b'\x3f' * 8, b'\xee\1' + b'\0' * 6)
    for option in options:
        yield message(134, advert + option)
        yield message(134, advert + option * 20)
        yield message(135, b'\0' * 4 + peer.guest6 + option, target=peer.guest6)
        yield message(136, b'\x20\0\0\0' + link_local + option, target=peer.guest6)
        yield message(137, b'\0' * 4 + link_local + frames.ip('2001:db8::1') + option, target=peer.guest6)
    for hops in (0, 1, 254):
        yield message(134, struct.pack('!BBHII', 64, 0, 1800, 0, 0), hops)
        yield message(136, b'\x20\0\0\0' + link_local + b'\2\1' + peer.mac, hops, peer.guest6)
    for kind in (130, 131, 132, 143, 133, 141, 142, 144, 145, 146, 147, 151):
        for _ in range(6):
            yield message(kind, random.randbytes(random.randint(0, 60)), random.choice((1, 255)))
    for kind in (134, 135, 136, 137):
        for _ in range(60):
            yield message(kind, random.randbytes(random.randint(0, 100)), target=random.choice((ALL_NODES, peer.guest6)))


def dhcp(peer, random):
    """Answers that nobody asked for, options that run over the end."""
    def answer(rest, identity=0x12345678, operation=2):
        body = struct.pack('!BBBBIHH4s4s4s4s', operation, 1, 6, 0, identity, 0, 0, b'\0' * 4, b'\x0a\x4d\0\x63', peer.ip,
                           b'\0' * 4) + peer.guest_mac.ljust(16, b'\0') + b'\0' * 192 + rest
        return peer.udp((67, 68), body)
    magic = b'\x63\x82\x53\x63'
    for options in (b'', b'\xff', b'\x35', b'\x35\1', b'\x35\1\2\xff', b'\x35\xff\2', b'\x35\1\5\x36\4' + peer.ip + b'\x33\4\0\0\0\0\xff',
                    b'\x35\1\5\x34\1\3\xff', b'\x35\1\6\xff', b'\0' * 300, b'\1\xff' * 100, b'\x06\3\0\0\0\xff', b'\x03\0\xff',
                    b'\x0c\xff' + b'a' * 200):
        yield answer(magic + options)
        yield answer(magic + options, operation=1)
        yield answer(options)
    for _ in range(100):
        yield answer(magic + random.randbytes(random.randint(0, 500)), random.getrandbits(32))
        yield peer.udp((67, 68), random.randbytes(random.randint(0, 300)))


def names(peer, random):
    """DNS and multicast DNS: names that point to themselves, counts without records."""
    groups = (b'\x01\x00\x5e\x00\x00\xfb', '224.0.0.251'), (b'\x01\x00\x5e\x00\x00\x01', '224.0.0.1')
    loops = (b'\xc0\x0c', b'\xc0\x0e\xc0\x0c', b'\x3f' + b'a' * 63 + b'\xc0\x0c', b'\x01a\xc0\xff', b'\x80', b'\x40', b'\xff' * 20,
             (b'\x3f' + b'b' * 63) * 10, b'\0', b'\x09hypercore\x05local\0')
    for loop in loops:
        for head in (b'\0\0\0\0\0\1\0\0\0\0\0\0', b'\0\0\x84\0\0\0\xff\xff\0\0\0\0', b'\0\0\x84\0\0\1\0\1\0\1\0\1', b'\x12\x34\x81\x80\0\1\0\1\0\0\0\0'):
            data = head + loop + b'\0\1\0\1' + loop + b'\0\1\0\1\0\0\0\1\xff\xff' + b'\0' * 4
            for cut in (len(data), len(data) - 4, 13, 12, 11, 1):
                for hardware, group in groups[:1]:
                    target = frames.ip(group)
                    yield frames.ethernet(hardware, peer.mac, frames.IPV4, frames.ipv4(
                        peer.ip, target, frames.UDP, frames.udp(peer.ip, target, (5353, 5353), data[:cut]), hops=255))
            yield peer.udp((53, random.randint(1024, 65535)), data)
    for hardware, group in groups:  # IGMP
        target = frames.ip(group)
        for kind in (0x11, 0x12, 0x16, 0x17, 0x22, 0xff):
            for length in (0, 1, 4, 7, 8, 12):
                yield frames.ethernet(hardware, peer.mac, frames.IPV4, frames.ipv4(
                    peer.ip, target, 2, frames.icmp(kind, 0, b'\xe0\0\0\xfb'.ljust(8, b'\0'))[:length], hops=1))


def mutations(peer, random, count=1500):
    """Good and bad frames of all kinds with some bytes changed; then bytes of no sense at all."""
    seeds = [frame for each in (ipv4_headers, tcp_options, udp_lengths, icmp_messages, neighbours, dhcp, flags)
             for frame in each(peer, random)]
    for _ in range(count):
        frame = bytearray(random.choice(seeds))
        for _ in range(random.randint(1, 6)):
            frame[random.randrange(12, len(frame))] = random.getrandbits(8)
        yield bytes(frame)
    for _ in range(count // 5):
        yield peer.guest_mac + peer.mac + random.choice((b'\x08\0', b'\x86\xdd', b'\x08\x06', random.randbytes(2))) + \
            random.randbytes(random.randint(0, 1400))


CLASSES = {each.__name__: each for each in (
    ipv4_headers, truncated, fragments, bad_checksums, syn_flood, flags, tcp_options, udp_lengths, icmp_messages,
    arp_messages, ipv6_headers, neighbours, dhcp, names, mutations)}
