"""trace_fxt.py: traces as servers/shell/fxt.hpp writes them (tests/unit/servers/trace.cpp has the same
words), and what is no trace."""
import base64
import struct
import unittest

import trace_fxt
from trace_fxt import MAGIC, NoTrace


def packed(*words):
    return struct.pack(f'<{len(words)}Q', *words)


def string(index, text):
    data = text.encode()
    padded = data + bytes(-len(data) % 8)
    return packed(2 | (1 + len(padded) // 8) << 4 | index << 16 | len(data) << 32) + padded


TRACE = (MAGIC + packed(0x10) + packed(0x21, 1_000_000) + string(2, 'call') + string(3, 'disk0') + string(4, 'object')
         + packed(7 | 2 << 4 | 1 << 16 | 3 << 24, 8)
         + packed(7 | 4 << 4 | 2 << 16 | 3 << 24 | 1 << 40, 0x11, 8 | 2 << 4, 8)
         + packed(4 | 5 << 4 | 1 << 20 | 2 << 48, 1000, 8, 0x11, 2 | 1 << 4 | 4 << 16 | 0x77 << 32)
         + packed(0x1000003000000048, 1003, 0x11, 0x22)
         + packed(0x2000000000300038, 1007, 0x11))


class Traces(unittest.TestCase):
    def test_events(self):
        trace = trace_fxt.read(TRACE)
        self.assertEqual(trace.ticks_per_second, 1_000_000)
        self.assertEqual(trace.processes, {8: 'disk0'})
        self.assertEqual(trace.threads, {0x11: 'disk0'})
        self.assertEqual([event[:4] for event in trace.events],
                         [(1000, 'call', 0x11, 0), (1003, 'dispatch', 0x22, 0x11), (1007, 'wake', 0x11, 0)])
        self.assertEqual(trace.events[0].arguments, {'object': 0x77})
        self.assertEqual(trace.events[1].arguments, {'state': 'blocked'})

    def test_from_a_log(self):
        text = base64.b64encode(TRACE).decode()
        lines = '\r\n'.join(text[i:i + 76] for i in range(0, len(text), 76))
        log = f'hypercore> trace 3\r\nfxt-begin 3 events\r\n{lines}\r\nfxt-end\r\nhypercore> '
        self.assertEqual(trace_fxt.memory(log.encode()), TRACE)

    def test_lines(self):
        lines = list(trace_fxt.table(trace_fxt.read(TRACE)))
        self.assertEqual(lines[0], '3 events, 1 threads of 1 programs')
        self.assertEqual(lines[2].split(), ['0.000', 'call', 'disk0', 'object=0x77'])
        self.assertEqual(lines[3].split(), ['3.000', 'dispatch', '22', 'disk0', 'state=blocked'])
        self.assertEqual(lines[5].split(), ['4.000', 'ran', '22', '100.0', '%'])

    def test_who_ran(self):
        def dispatch(time, outgoing, incoming):
            return packed(0x1000003000000048, time, outgoing, incoming)
        switches = dispatch(10, 2, 1) + dispatch(13, 1, 2) + dispatch(20, 2, 1)
        self.assertEqual(trace_fxt.running(trace_fxt.read(MAGIC + switches)), {1: 3, 2: 7})
        wake = packed(0x2000000000300038, 25, 2)
        self.assertEqual(trace_fxt.running(trace_fxt.read(MAGIC + switches + wake)), {1: 8, 2: 7})
        self.assertEqual(trace_fxt.running(trace_fxt.read(MAGIC)), {})

    def test_no_trace(self):
        for data in (b'', b'text', TRACE[:-8], TRACE[:-1], MAGIC + packed(0), MAGIC + packed(5 | 1 << 4),
                     MAGIC + packed(4 | 4 << 4 | 9 << 48, 1, 2, 3), MAGIC + packed(0x31, 1, 2),
                     MAGIC + packed(2 | 2 << 4 | 20 << 32, 0), MAGIC + packed(8 | 3 << 4, 1, 2),
                     b'fxt-begin\r\nnot base64!\r\nfxt-end'):
            with self.assertRaises(NoTrace):
                trace_fxt.read(data)


if __name__ == '__main__':
    unittest.main()
