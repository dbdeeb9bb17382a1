"""tests/bench/net*.py: what guests, host, plugin and wrk have printed, and the tables made of it."""
from pathlib import Path
import sys
import tempfile
from types import SimpleNamespace
import unittest

sys.path.append(str(Path(__file__).resolve().parents[3] / 'tests/bench'))
import net  # noqa: E402
import net_compare  # noqa: E402
import net_guests  # noqa: E402
import net_http  # noqa: E402
import net_profile  # noqa: E402
from net_guests import JOBS, MIB  # noqa: E402
import svg  # noqa: E402
from system_guest import Failure  # noqa: E402

OURS = '''hypercore: clock TSC 2000000 kHz
bench: udp 2000 transactions in 4000000000 ticks
bench: echo 2000 transactions in 2000000000 ticks
bench: restart 8000000 ticks
bench: restart 44000000 ticks
bench: done
'''
WRK = '''Running 2s test @ http://10.77.0.10/
  Latency Distribution
     50%   {}
     75%    9.81ms
     90%   15.00ms
     99%   {}
  4086 requests in 2.00s, 5.51MB read{}
Requests/sec:   2042.19
Transfer/sec:      2.75MB
'''


class Guests(unittest.TestCase):
    def ours(self, output):
        it = SimpleNamespace(output=output)
        return (net_guests.Ours._transactions(it, output), net_guests.Ours.restarts(it))

    def test_our_output(self):
        transactions, restarts = self.ours(OURS)
        self.assertEqual(transactions, {'udp': (2000, 2.0), 'echo': (2000, 1.0)})
        self.assertEqual(restarts, [4.0, 22.0])

    def test_without_a_clock_there_are_no_rates(self):
        with self.assertRaises(Failure):
            self.ours(OURS.replace('clock TSC', 'clock'))

    def test_linux_output(self):
        text = 'peer: udp 2000 transactions {} lost 0.500000 s\npeer: echo 2000 transactions 0 lost 0.25 s\n'
        self.assertEqual(net_guests.Linux._transactions(None, text.format(0)), {'udp': (2000, 0.5), 'echo': (2000, 0.25)})
        with self.assertRaises(Failure):
            net_guests.Linux._transactions(None, text.format(1))

    def test_streams_are_seen_by_the_host_to_their_end(self):
        jobs = [(1, JOBS['send'], 2.0), (2, JOBS['receive'], 4.0), (3, 2000, 1.0)]
        rates = net_guests._stream_rates(jobs)
        self.assertEqual(rates, {'send': JOBS['send'] * 4 / 1e6, 'receive': JOBS['receive'] * 2 / 1e6})
        with self.assertRaises(Failure):
            net_guests._stream_rates(jobs[:1])
        with self.assertRaises(Failure):
            net_guests._stream_rates([(1, 5, 2.0), *jobs[1:]])


class Counts(unittest.TestCase):
    def instructions(self, text):
        with tempfile.NamedTemporaryFile('w') as file:
            file.write(text)
            file.flush()
            return net_guests._instructions(Path(file.name))

    def test_each_span_is_of_a_job(self):
        amounts = [JOBS['send'] // MIB, JOBS['receive'] // MIB, JOBS['udp'], JOBS['echo']]
        text = ''.join(f'span {amount * 500} {amount * 100}\n400 3 2 9090\n' for amount in amounts)
        self.assertEqual(self.instructions(text), {name: (500, 400) for name in JOBS})

    def test_a_span_that_is_missing_is_a_failure(self):
        with self.assertRaises(Failure):
            self.instructions('span 5 0\nspan 5 0\n')

    def test_blocks_belong_to_the_span_before_them(self):
        spans = net_profile.spans('span 10 0\n400 3 2 90c3\nffff8 1 4 cc\nspan 7 1\n')
        self.assertEqual(spans, [[(0x400, 3, 2, b'\x90\xc3'), (0xffff8, 1, 4, b'\xcc')], []])


class Baseline(unittest.TestCase):
    def test_the_least_is_compared_with_what_is_usual(self):
        baseline = {'virtio/udp': {'min': 900, 'median': 1000}}
        self.assertEqual(net.grown({'virtio/udp': {'min': 1050, 'median': 5000}}, baseline), [])
        self.assertEqual(net.grown({'virtio/udp': {'min': 1051, 'median': 1051}}, baseline),
                         ['virtio/udp: 1,051 at least, 1,000 usual'])
        self.assertEqual(len(net.grown({'virtio/echo': {'min': 1, 'median': 1}}, baseline)), 1)

    def test_as_many_runs_as_are_needed(self):
        values = iter([1100, 1050, 990, 980])
        guest = SimpleNamespace(instructions=lambda card: dict.fromkeys(JOBS, (next(values), 0)), restarts=lambda: [5.0])
        figures, restarts = net.measure(guest, 'virtio', lambda figures: figures['virtio/udp']['min'] <= 1000)
        self.assertEqual(figures['virtio/udp'], {'min': 990, 'median': 1050})
        self.assertEqual(len(restarts), 3)


class Layers(unittest.TestCase):
    def test_whose_a_function_is(self):
        for name, function in (('net: lwIP', 'tcp_input'), ('net: lwIP', 'ip4_input.part.0'),
                               ('net: copies', 'lwip_port_copy'), ('net: pool', 'lwip_port_free'),
                               ('net: copies', 'net_server::Sockets::copy_out(net_server::Socket&, unsigned char*, unsigned int)'),
                               ('net: pool', 'net_server::Heap::allocate(unsigned long)'),
                               ('net: cards', 'net_server::Receive::post()'),
                               ('net: sockets', 'net_server::Sockets::run()'),
                               ('net: sockets', 'net_server::(anonymous namespace)::append(net_server::ReadyList&)')):
            self.assertEqual(net_profile.layer('net', function), name, function)

    def test_whose_a_program_is(self):
        for name, program in (('client', 'net-bench'), ('driver', 'e1000'), ('kernel', 'kernel'), ('the rest', '?'),
                              ('the rest', 'supervisor')):
            self.assertEqual(net_profile.layer(program, 'tcp_input'), name)


class Tables(unittest.TestCase):
    def test_percentiles(self):
        self.assertEqual(net_compare.percentile(range(1, 101), 99), 99)
        self.assertEqual(net_compare.percentile([5, 1, 3], 99), 5)
        self.assertEqual(net_compare.percentile([5], 1), 5)

    def test_medians_and_ratios(self):
        counts = {'ours': {'udp': [(10, 10), (30, 30), (20, 20)]}, 'linux': {'udp': [(80, 50), (80, 10), (80, 40)]},
                  'plain': {'udp': [(40, 1)]}}
        self.assertEqual(net_compare.count_row('e1000', 'udp', counts),
                         '| 82540EM | UDP transaction | 20 | 80 | 40 | 40 | 0.25 | 0.50 | 0.50 |')
        rates = {'ours': {'send': [900, 1000, 1200]}, 'linux': {'send': [500]}, 'plain': {'send': [2000]}}
        self.assertEqual(net_compare.rate_row('virtio', 'send', rates),
                         '| virtio | TCP sent, Mbit/s | 1,000 | 500 | 2,000 | 2.00 | 0.50 |')
        self.assertEqual(net_compare.recovery_row('virtio', [4.0, 22.0, 5.0]), '| virtio | 3 | 5.0 | 22.0 | 22.0 |')


class Http(unittest.TestCase):
    def test_what_wrk_says(self):
        self.assertEqual(net_http.read(WRK.format('714.00us', '1.02s', '')), (2042.19, 0.714, 1020.0))
        self.assertEqual(net_http.read(WRK.format('7.10ms', '15.02ms', '')), (2042.19, 7.1, 15.02))

    def test_errors_are_failures(self):
        for more in ('\n  Socket errors: connect 0, read 3, write 0, timeout 0', '\n  Non-2xx or 3xx responses: 3'):
            with self.assertRaises(net_http.Failure):
                net_http.read(WRK.format('7.10ms', '15.02ms', more))
        with self.assertRaises(net_http.Failure):
            net_http.read('unable to connect')

    def test_curves_have_every_point(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'c.svg'
            svg.curves(path, 'rates', 'connections', 'requests/s', {'a': [(1, 300), (1000, 1500)]})
            text = path.read_text()
        self.assertIn('>300<', text)
        self.assertIn('>1,500<', text)


if __name__ == '__main__':
    unittest.main()
