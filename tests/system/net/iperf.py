#!/usr/bin/env python3
"""The shell's iperf against Debian's iperf 2, each way, by TCP and UDP: both ends count the same bytes; datagrams that
came and those that were lost are those that were sent; and iperf has nothing to complain of."""
import argparse
import contextlib
import json
import re

import network_guest
from network_guest import NetworkGuest
import wire
import rig

MIB = 1 << 20
ALL = 4 * MIB
COMPLAINTS = re.compile(r'warn|error|fail|refused|not receive|unrecognized', re.IGNORECASE)
# What iperf says with -f B; the second of datagrams only.
COUNTED = re.compile(r'sec +(\d+) Bytes +\d+ Bytes/sec(?: +[0-9.]+ ms +(\d+)/ *(\d+) )?')


def counted(text):
    """(bytes, lost, datagrams) of each line with figures."""
    return [tuple(int(each or 0) for each in match.groups()) for match in COUNTED.finditer(text)]


@contextlib.contextmanager
def server(net, *options):
    """An iperf server here; its output."""
    program = wire.Program(['stdbuf', '-oL', 'iperf', '-s', '-f', 'B', *options], net.scratch / 'iperf.log')
    try:
        program.until('Server listening')
        yield program
    finally:
        program.end()


def our_client(tap, guest, words, *, server_log, what):
    """The guest sends; returns its rows and the figures of the server here."""
    before = len(counted(server_log.text()))
    result = guest.command(f'iperf -c {words} --json')
    rows = json.loads(result.text)
    tap.case(f'{what}: the guest sends, all is well', result.status == 0 and rows[0]['outcome'] == 'complete', result)
    guest.wait(lambda: len(counted(server_log.text())) > before, f'report of {server_log.text()}')
    tap.case('and iperf has no complaint', not COMPLAINTS.search(server_log.text()), server_log.text())
    return rows, counted(server_log.text())[-1]


def sends(tap, guest, net):
    with server(net, '-V') as log:
        for address in (net.address, f'{net.address6} -V'):
            rows, figures = our_client(tap, guest, f'{address} -n {ALL}', server_log=log, what=f'TCP to {address}')
            tap.note(f'{rows[0]["kbit/s"]} kbit/s')
            tap.case('both have counted the same bytes', figures[0] == rows[0]['bytes'] == ALL, (rows, figures))
        rows, figures = our_client(tap, guest, f'{net.address} -t 1', server_log=log, what='TCP for a second')
        tap.case('both have counted the same bytes', figures[0] == rows[0]['bytes'] > 0 and
                 rows[0]['time'] >= 1_000_000, (rows, figures))
    with server(net, '-u') as log:
        rows, (size, lost, datagrams) = our_client(tap, guest, f'{net.address} -u -b 20M -n {ALL}', server_log=log,
                                                   what='UDP')
        tap.note(f'{rows[0]["kbit/s"]} kbit/s, {lost} of {datagrams} lost')
        own, reported = rows
        sent = -(-ALL // 1470) + 1  # with the final one
        tap.case('as many datagrams are lost or come as were sent', own['datagrams'] == datagrams == sent and
                 size == (datagrams - lost) * 1470, (rows, size, lost, datagrams))
        tap.case("the guest shows the server's report", (reported['by'], reported['bytes'], reported['lost'],
                 reported['datagrams']) == ('server', size, lost, datagrams), rows)


def our_server(tap, guest, options, *client, what):
    """The guest counts what an iperf client here sends; returns its rows and the client's output."""
    start = len(guest.output)
    guest.type(f'iperf -s -1 {options} --json\n')
    guest.wait(lambda: b'[' in bytes(guest.output[start:]), 'server in the guest')
    status, text = guest.host('iperf', '-f', 'B', *client)
    result = guest.prompt(typed=1)
    rows = json.loads(result.text[result.text.index('['):])
    tap.case(f'{what}: the guest counts, all is well', result.status == 0 and status == 0 and
             [row['outcome'] for row in rows] == ['complete'], (result, text))
    tap.case('and iperf has no complaint', not COMPLAINTS.search(text), text)
    return rows[0], text


def counts(tap, guest):
    for options, address in (('', guest.address[0]), ('-V', guest.address6())):
        row, text = our_server(tap, guest, options, *options.split(), '-c', address, '-n', str(ALL),
                               what=f'TCP to {address}')
        tap.note(f'{row["kbit/s"]} kbit/s')
        tap.case('both have counted the same bytes', row['bytes'] == counted(text)[0][0] == ALL, (row, text))
    size = 1000
    row, text = our_server(tap, guest, '-u', '-c', guest.address[0], '-u', '-b', '20M', '-n', str(ALL), '-l', str(size),
                           what='UDP')
    tap.note(f'{row["kbit/s"]} kbit/s, {row["lost"]} of {row["datagrams"]} lost')
    sent = -(-ALL // size) + 1  # with the final one, which may have been sent again
    came = row['datagrams'] - row['lost']
    tap.case('as many datagrams are lost or come as were sent', row['datagrams'] >= sent and
             came * size - row['bytes'] in range(size), (row, text))
    tap.case("iperf shows the guest's report", 'Server Report' in text and
             counted(text)[-1] == (row['bytes'], row['lost'], row['datagrams']), (row, text))


def refuses(tap, guest):
    """A test that the guest has not, then Ctrl-C; and that the shell's words are looked at."""
    start = len(guest.output)
    guest.type('iperf -s --json\n')
    guest.wait(lambda: b'[' in bytes(guest.output[start:]), 'server in the guest')
    guest.host('iperf', '-c', guest.address[0], '-R', '-t', '1')
    guest.wait(lambda: b'refused' in bytes(guest.output[start:]), 'refusal')
    guest.type('\x03')
    result = guest.prompt(typed=1)
    rows = json.loads(result.text[result.text.index('['):])
    tap.case('a reverse test is refused, the server goes on until Ctrl-C',
             result.status == 130 and [row['outcome'].split(':')[0] for row in rows] == ['refused'], result)
    for words, status, says in (('-c 10.77.0.1 -p 80', 1, 'no rule'), ('-s -p 80', 1, 'no rule'),
                                ('-c 10.77.0.1 -n 1 -t 1', 2, 'not -n with -t'),
                                ('-c 10.77.0.1 -p 6000', 1, 'refused')):
        result = guest.command(f'iperf {words}')
        tap.case(f'iperf {words}: {says}', result.status == status and says in result.text, result)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive')
    options = parser.parse_args()
    with rig.tap() as tap:
        if not network_guest.possible(tap):
            return
        with network_guest.wires() as (net,), NetworkGuest([net], ['virtio'], options.build, options.archive) as guest:
            guest.begin()
            guest.configured()
            sends(tap, guest, net)
            guest.kill('iperf')
            counts(tap, guest)
            refuses(tap, guest)
            restarts = {row['name']: row['restarts'] for row in guest.rows('ps') if row['restarts']}
            tap.case('nobody was restarted but who was killed', restarts == {'iperf': 1}, restarts)
            tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
