"""DNS messages as multicast DNS uses them: a query's bytes, an answer's records. [RFC 1035, section 4; RFC 6762,
section 18]"""
import socket
import struct

A, PTR, AAAA = 1, 12, 28
UNICAST = FLUSH = 0x8000  # of a class: QU in questions, cache flush in records


def _encoded(name):
    return b''.join(bytes((len(each),)) + each.encode() for each in name.split('.')) + b'\0'


def query(name, kind, *, identity=0, klass=1, known=()):
    """One question; known: addresses that we have already, for 120 seconds."""
    size = {A: 4, AAAA: 16}.get(kind)
    records = b''.join(_encoded(name) + struct.pack('!HHIH', kind, 1, 120, size) + each for each in known)
    return (struct.pack('!HHHHHH', identity, 0, 1, len(known), 0, 0) + _encoded(name) +
            struct.pack('!HH', kind, klass) + records)


class Message:
    """identity, flags, questions as (name, type, class), records as (name, type, class, TTL, data)."""

    def __init__(self, data):
        self.data = data
        self.identity, self.flags, questions, *counts = struct.unpack('!6H', data[:12])
        self.at, self.questions, self.records = 12, [], []
        for _ in range(questions):
            self.questions.append((self._name(), *self._take('!HH')))
        for _ in range(sum(counts)):
            name = self._name()
            kind, klass, seconds, size = self._take('!HHIH')
            self.records.append((name, kind, klass, seconds, self._data(kind, size)))
        self.trailing = len(data) - self.at

    def of(self, kind):
        """The data of records of a type."""
        return {each[4] for each in self.records if each[1] == kind}

    def _take(self, form):
        values = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return values

    def _data(self, kind, size):
        start, self.at = self.at, self.at + size
        if kind in (A, AAAA):
            return socket.inet_ntop(socket.AF_INET if kind == A else socket.AF_INET6, self.data[start:self.at])
        return self.data[start:self.at]

    def _name(self):
        labels, at, jumped = [], self.at, False
        while length := self.data[at]:
            if length & 0xc0:
                if not jumped:
                    self.at = at + 2
                target, jumped = struct.unpack_from('!H', self.data, at)[0] & 0x3fff, True
                if target >= at:
                    raise ValueError('a name that points forward')
                at = target
                continue
            labels.append(self.data[at + 1:at + 1 + length].decode())
            at += 1 + length
        if not jumped:
            self.at = at + 1
        return '.'.join(labels)
