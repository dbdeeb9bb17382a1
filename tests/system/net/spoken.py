"""What the guest says on the wire without being connected to: multicast DNS, membership of groups, SNTP, and what it
learns from routers. Asked by sockets and frames of ours; tshark looks at all of it at the end."""
import contextlib
import re
import socket
import struct
import time

import dns_message
from dns_message import A, AAAA, FLUSH
import frames
from raw_peer import RawPeer
import wire

HOST = 'hypercore.local'
MDNS, MDNS4, MDNS6 = 5353, '224.0.0.251', 'ff02::fb'
GROUP4, GROUP6 = '239.77.7.7', 'ff05::77:7'  # of net-test
ROUTER_ALERT4, ROUTER_ALERT6 = b'\x94\x04\0\0', b'\x3a\0\5\2\0\0\1\0'
_IP_RECVTTL = 12  # of Linux; Python has no name for it
PATIENCE = 20.0
AHEAD = 1000  # seconds, of our time server


class Spoken:
    def __init__(self, tap, guest, net):
        self.tap, self.guest, self.net = tap, guest, net
        self.router = 'fe80::6666'
        self.peer = RawPeer(net.tap, (f'10.77.{net.number}.200', self.router), (guest.address[0], guest.address6()),
                            guest.mac())

    def all(self):
        self.servers()
        self.router_goes()
        self.groups4()
        self.groups6()
        self.multicast_dns()
        self.time()

    # --- name servers and routers ----------------------------------------------------------------

    def asked(self):
        return [row['server'] for row in self.guest.rows('net dns')]

    def servers(self):
        """dnsmasq names itself by DHCP and in its advertisements."""
        asked = self.asked()
        self.tap.case('the name server of DHCP is asked first, that of the router behind it',
                      asked[0] == self.net.address and [wire.written_out(each) for each in asked[1:]] in
                      ([wire.written_out(self.net.address6)], [self.net.link_local()]), asked)
        row = self.guest.rows('net')[0]
        self.tap.case('net shows both gateways', (row['gateway'], row['gateway6']) ==
                      (self.net.address, self.net.link_local()), row)

    def router_goes(self):
        """Another router, with a name server that lasts for some seconds. To all nodes: the card's filter has to
        let it through."""
        before, server = self.asked(), wire.written_out(f'fd77:0:0:{self.net.number:x}::53')
        option = struct.pack('!BBHI', 25, 3, 0, 3) + frames.ip(server)
        self._advertise(0, option)
        self.guest.after(lambda: self.asked() == [*before, server], 'the other router\'s name server')
        self.guest.after(lambda: self.asked() == before, 'its end', PATIENCE)
        self.tap.case('a router\'s name server comes last, and goes when its time is over', True)
        self._advertise(1800, option)
        self.guest.after(lambda: self.asked() == [*before, server], 'it again')
        self._advertise(0, struct.pack('!BBHI', 25, 3, 0, 0) + frames.ip(server))
        self.guest.after(lambda: self.asked() == before, 'its end by word')
        self.guest.after(lambda: self.guest.rows('net')[0]['gateway6'] == self.net.link_local(), 'the first gateway')
        self.tap.case('and when the router says so', True)

    def _advertise(self, lifetime, options):
        target = frames.ip('ff02::1')
        body = struct.pack('!BBHII', 64, 0, lifetime, 0, 0) + b'\1\1' + self.peer.mac + options
        packet = frames.icmp6(self.peer.ip6, target, 134, 0, body)
        self.peer.send(self.peer.packet(frames.ipv6(self.peer.ip6, target, frames.ICMP6, packet, hops=255),
                                        target=_mac_of(target), kind=frames.IPV6))

    # --- groups ---------------------------------------------------------------------------------

    def groups4(self):
        def query(target, group):
            target, body = frames.ip(target), frames.ip(group)
            packet = frames.icmp(0x11, 10, body)
            return self.peer.packet(frames.ipv4(self.peer.ip, target, 2, packet, hops=1, options=ROUTER_ALERT4),
                                    target=_mac_of(target))
        self._groups('IGMP', query('224.0.0.1', '0.0.0.0'), query(GROUP4, GROUP4), _igmp, {MDNS4, GROUP4}, GROUP4,
                     (0x16, 0x17))
        self._heard(socket.AF_INET, GROUP4)

    def groups6(self):
        def query(target, group):
            target = frames.ip(target)
            packet = frames.icmp6(self.peer.ip6, target, 130, 0, struct.pack('!HH', 1000, 0) + frames.ip(group))
            return self.peer.packet(frames.ipv6(self.peer.ip6, target, 0, ROUTER_ALERT6 + packet, hops=1),
                                    target=_mac_of(target), kind=frames.IPV6)
        solicited = wire.written_out('ff02::1:ff12:3456')
        self._groups('MLD', query('ff02::1', '::'), query(GROUP6, GROUP6), _mld, {MDNS6, GROUP6, solicited}, GROUP6,
                     (131, 132))
        self._heard(socket.AF_INET6, GROUP6)

    def _groups(self, name, general, specific, read, groups, one, kinds):
        report, done = kinds
        self.peer.drain()
        self.peer.send(general)
        got = self._collect(read, report, groups)
        self.tap.case(f'{name}: a general query is answered by a report of each group', got == groups, got)
        self.peer.send(specific)
        self.tap.case('one of a group by that alone', self._collect(read, report, {one}) == {one})
        self.guest.kill('net-test')
        self.tap.case('whose member dies leaves its group', self._collect(read, done, {one}) == {one})
        self.tap.case('its successor joins it', self._collect(read, report, {one}) == {one})

    def _collect(self, read, kind, wanted):
        """The groups of messages of a kind, until all that are wanted have come."""
        found, end = set(), time.monotonic() + PATIENCE
        while not wanted <= found and time.monotonic() < end:
            seen = self.peer.take(lambda it: read(it) is not None and read(it)[0] == kind, 1.0)
            if seen:
                found.add(read(seen)[1])
        return found

    def _heard(self, family, group):
        """Datagrams to a group reach its member."""
        with socket.socket(family, socket.SOCK_DGRAM) as it:
            it.settimeout(0.5)
            if family == socket.AF_INET:
                it.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(self.net.address))
            else:
                it.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(self.net.tap))
            text, answers = f'to {group}'.encode(), []

            def answered():
                it.sendto(text, (group, 7))
                with contextlib.suppress(TimeoutError):
                    answers.append(it.recv(100))
                return bool(answers)
            self.guest.wait(answered, f'echo of what was sent to {group}', PATIENCE)
            self.tap.case(f'what is sent to {group} comes back from its member', answers == [text], answers)

    # --- multicast DNS --------------------------------------------------------------------------

    def multicast_dns(self):
        """[RFC 6762, sections 5.4, 6, 6.7, 11 and 18]"""
        four, six = self.guest.address[0], {self.guest.address6(), self.guest.link_local().partition('%')[0]}
        six = {wire.written_out(each) for each in six}
        self._probed()
        for family, group in ((socket.AF_INET, MDNS4), (socket.AF_INET6, MDNS6)):
            with self._multicast(family, group) as it:
                self._asked_by_group(it, group, four, six)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
            it.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(self.net.address))
            self._asked_by_resolver(it, four)
        self._asked_from_elsewhere()

    def _probed(self):
        """Waits until the guest has made sure that its name is nobody else's: it is silent before."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
            it.settimeout(0.2)

            def answered():
                it.sendto(dns_message.query(HOST, A), (self.guest.address[0], MDNS))
                with contextlib.suppress(TimeoutError):
                    return bool(it.recv(1500))
                return False
            self.guest.wait(answered, f'word about {HOST}', PATIENCE)

    def _asked_by_group(self, it, group, four, six):
        flush = FLUSH | 1
        for kind, wanted in ((A, {four}), (AAAA, six)):
            answer, hops = self._question(it, group, dns_message.query(HOST, kind))
            good = (answer.identity == 0 and answer.flags == 0x8400 and not answer.questions and answer.trailing == 0 and
                    answer.of(kind) == wanted and hops == 255 and
                    all(each[0] == HOST and each[2:4] == (flush, 120) for each in answer.records))
            self.tap.case(f'{HOST} is asked for by {group}, type {kind}: the group is answered', good,
                          (vars(answer), hops))
        # Who knows the address is not told again: the answer to the question after it comes first.
        it.sendto(dns_message.query(HOST, A, known=[frames.ip(four)]), (group, MDNS))
        it.sendto(dns_message.query(f'nobody-{HOST}', A), (group, MDNS))
        answer, _ = self._question(it, group, dns_message.query(HOST.upper(), AAAA))
        self.tap.case('neither what is known nor what is another\'s is answered',
                      answer.of(AAAA) == six and answer.records[0][1] == AAAA, vars(answer))

    def _asked_by_resolver(self, it, four):
        """A resolver that is no more than that: from a port of its own, answered there."""
        it.settimeout(PATIENCE)
        for klass, what in ((1, 'a plain resolver'), (dns_message.UNICAST | 1, 'one that wants unicast')):
            it.sendto(dns_message.query(HOST, A, identity=0x4242, klass=klass), (MDNS4, MDNS))
            data, (sender, port) = it.recvfrom(1500)
            answer = dns_message.Message(data)
            records = [each for each in answer.records if each[1] == A]
            good = ((sender, port) == (four, MDNS) and answer.identity == 0x4242 and answer.flags == 0x8400 and
                    answer.questions == [(HOST, A, 1)] and records == [(HOST, A, 1, records[0][3], four)] and
                    0 < records[0][3] <= 10)
            self.tap.case(f'{what} is answered by itself, with its question and for 10 s at most', good, vars(answer))

    def _asked_from_elsewhere(self):
        """From beyond the link nobody is answered."""
        stranger = frames.ip('192.0.2.1')
        for source in (stranger, self.peer.ip):
            self.peer.send(self.peer.udp((4444, MDNS), dns_message.query(HOST, A), source=source))
        seen = self.peer.take(lambda it: getattr(it, 'protocol', None) == frames.UDP and
                              it.target in (stranger, self.peer.ip))
        self.tap.case('who asks from another link is not answered', seen and seen.target == self.peer.ip, seen and vars(seen))

    @contextlib.contextmanager
    def _multicast(self, family, group):
        """A socket at port 5353, member of the group on our wire, that tells hop limits."""
        index = socket.if_nametoindex(self.net.tap)
        with socket.socket(family, socket.SOCK_DGRAM) as it:
            it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            it.settimeout(PATIENCE)
            if family == socket.AF_INET:
                it.bind((group, MDNS))
                at, ours = socket.IPPROTO_IP, socket.inet_aton(self.net.address)
                it.setsockopt(at, socket.IP_ADD_MEMBERSHIP, frames.ip(group) + ours)
                for option, value in ((socket.IP_MULTICAST_IF, ours), (socket.IP_MULTICAST_TTL, 255),
                                      (socket.IP_MULTICAST_LOOP, 0), (_IP_RECVTTL, 1)):
                    it.setsockopt(at, option, value)
            else:
                it.bind((group, MDNS, 0, index))
                at = socket.IPPROTO_IPV6
                it.setsockopt(at, socket.IPV6_JOIN_GROUP, frames.ip(group) + struct.pack('@I', index))
                for option, value in ((socket.IPV6_MULTICAST_IF, index), (socket.IPV6_MULTICAST_HOPS, 255),
                                      (socket.IPV6_MULTICAST_LOOP, 0), (socket.IPV6_RECVHOPLIMIT, 1)):
                    it.setsockopt(at, option, value)
            yield it

    @staticmethod
    def _question(it, group, data):
        """Asks the group; what the group is answered, and its hop limit."""
        it.sendto(data, (group, MDNS))
        while True:
            data, ancillary, _, _ = it.recvmsg(1500, 256)
            answer = dns_message.Message(data)
            # Probes and announcements, which say everything at once, come when an address has.
            if answer.flags & 0x8000 and not answer.of(dns_message.PTR):
                return answer, next((struct.unpack('@i', each[2])[0] for each in ancillary), None)

    # --- time -----------------------------------------------------------------------------------

    def time(self):
        """net cannot set the clock: it says how wrong it is."""
        said = re.compile(r"SNTP: this machine's clock is (\d+) s (behind|ahead)")
        self.guest.after(lambda: said.search(self.guest.command('log net').text), 'word about the clock', 60)
        found = said.findall(self.guest.command('log net').text)
        self.tap.case('the time server of the lease is asked, and the difference told',
                      len(self.net.time.requests) > 0 and len(found) == 1 and found[0][1] == 'behind' and
                      abs(int(found[0][0]) - AHEAD) <= 30, found)
        request = self.net.time.requests[0]
        self.tap.case('by a request of a client', len(request) == 48 and request[0] & 7 == 3, request.hex())

    # --- what tshark says -----------------------------------------------------------------------

    def judge(self):
        """All that the guest has sent since it was switched on."""
        net, mac = self.net, self.guest.mac()
        self.tap.case('every frame was captured', net.end_capture() == 0)
        bad = wire.judged(net.frames, mac)
        self.tap.case('tshark finds nothing malformed and no bad checksum', not bad, '\n'.join(bad[:20]))
        for what, which, wrong in (
                ('multicast DNS', 'mdns', 'ip.ttl != 255 || ipv6.hlim != 255'),
                ('IGMP', 'igmp', 'ip.ttl != 1 || !ip.opt.ra || (igmp.type == 0x16 && !(ip.dst == igmp.maddr))'),
                ('MLD', 'icmpv6.type in {131,132}', 'ipv6.hlim != 1 || !ipv6.opt.router_alert'),
                ('neighbour discovery', 'icmpv6.type in {133,135,136}', 'ipv6.hlim != 255'),
                ('SNTP', 'ntp', 'ntp.flags.mode != 3')):
            sent, bad = wire.judged(net.frames, mac, which), wire.judged(net.frames, mac, f'({which}) && ({wrong})')
            self.tap.note(f'{what}: {len(sent)} frames')
            self.tap.case(f'{what} as its document wants it', sent and not bad, '\n'.join(bad[:20]))


def _mac_of(group):
    """The hardware address of a group. [RFC 1112, section 6.4; RFC 2464, section 7]"""
    if len(group) == 16:
        return b'\x33\x33' + group[12:]
    return b'\x01\0\x5e' + bytes((group[1] & 0x7f,)) + group[2:]


def _igmp(it):
    """(type, group) of an IGMP message."""
    if getattr(it, 'protocol', None) != 2 or it.frame[12:14] != b'\x08\0' or len(it.payload) < 8:
        return None
    return it.payload[0], socket.inet_ntop(socket.AF_INET, it.payload[4:8])


def _mld(it):
    """(type, group) of an MLD message, which comes behind hop-by-hop options."""
    if getattr(it, 'protocol', None) != 0 or it.frame[12:14] != b'\x86\xdd' or len(it.payload) < 32:
        return None
    return it.payload[8], socket.inet_ntop(socket.AF_INET6, it.payload[16:32])
