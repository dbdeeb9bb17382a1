"""trace_events.py: rings as the kernel writes them, wrapped or not, and what is no ring."""
import unittest

import trace_events
from trace_events import HEADER, MAGIC, RECORD


def ring(written, capacity=4, version=1, size=32):
    places = [bytes(32)] * capacity
    for number in range(written):
        places[number % capacity] = RECORD.pack(2500 * number, number + 1, 1, 2, 3, 4, 5, 6, number)
    return HEADER.pack(MAGIC, version, size, capacity, written, 0, 2500) + b''.join(places)


class Rings(unittest.TestCase):
    def numbers(self, data):
        return [event.number for event in trace_events.read(data).events]

    def test_layout_is_the_interface_header_s(self):
        text = (trace_events.ROOT / 'libs/abi/event_ring.hpp').read_text()
        self.assertIn(f'static_assert(sizeof(EventRingHeader) == {HEADER.size});', text)
        self.assertIn(f'static_assert(sizeof(EventRecord) == {RECORD.size});', text)

    def test_in_order(self):
        self.assertEqual(self.numbers(ring(0)), [])
        self.assertEqual(self.numbers(ring(3)), [0, 1, 2])
        self.assertEqual(self.numbers(ring(4)), [0, 1, 2, 3])

    def test_wrapped(self):
        self.assertEqual(self.numbers(ring(9)), [5, 6, 7, 8])

    def test_a_record_in_the_making_is_left_out(self):
        data = bytearray(ring(9))
        data[HEADER.size + 32 + 8] = 0
        self.assertEqual(self.numbers(bytes(data)), [6, 7, 8])

    def test_from_a_serial_log(self):
        data = ring(9)
        log = ''.join(f'hypercore: event-ring: {data[i:i + 32].hex()}\r\nnoise\n'
                      for i in range(0, len(data), 32))
        self.assertEqual(self.numbers(log.encode()), [5, 6, 7, 8])

    def test_no_ring(self):
        for data in (b'', b'text\n', ring(1)[:60], ring(1, version=2), ring(1, size=16),
                     ring(1)[:-1], HEADER.pack(MAGIC, 1, 32, 0, 1, 0, 1)):
            with self.assertRaises(trace_events.NoRing):
                trace_events.read(data)


class Table(unittest.TestCase):
    def test_lines(self):
        names = trace_events.kinds('enum class Event : u8 {\n    dispatch = 1, ///< x\n};')
        lines = list(trace_events.table(trace_events.read(ring(9)), names))
        self.assertIn('9 events, 5 of them lost', lines[0])
        self.assertEqual(lines[2].split(), ['0.000', 'dispatch', '4', '5', '6', '3', '2', '0x5'])
        self.assertEqual(lines[5].split()[0], '3.000')

    def test_all_kinds_have_names(self):
        names = trace_events.kinds((trace_events.ROOT / 'libs/abi/event_ring.hpp').read_text())
        self.assertEqual(sorted(names), list(range(1, 19)))
