"""The death of net: connections end by a reset, clients are served again, and the configuration is what it was."""
import socket

import network_guest
import transfers

KILLS = 3
STATIC = 60  # the last byte of an address that dnsmasq does not give


class _Connection:
    """One of the host's to the guest's echo, which is asked again after net has died."""

    def __init__(self, address):
        self.socket = socket.create_connection((address, transfers.ECHO), 60)
        self.socket.sendall(b'before')
        self.before = self.socket.recv(100)

    def end(self):
        """How it ends: the successor does not know it."""
        try:
            with self.socket:
                self.socket.sendall(b'after')
                return f'{self.socket.recv(100)!r} comes'
        except ConnectionResetError:
            return 'reset'
        except OSError as error:
            return str(error)


def _serves(guest, address):
    """Whether net's clients answer: the system's web server, and net-test."""
    got = []
    for url, wanted in ((f'http://{address}/api/memory', None), (f'http://{address}:{transfers.HTTP}/100000', 100000)):
        status, text = guest.host('curl', '-sS', '-m', '20', '--retry', '40', '--retry-delay', '1', '--retry-all-errors',
                                  '--connect-timeout', '1', '-o', '/dev/null', '-w', '%{http_code} %{size_download}', url)
        size = int(text.split()[-1]) if status == 0 else 0
        got.append((status, text, text.splitlines()[-1].startswith('200') and size > 0 and wanted in (None, size)))
    return all(each[2] for each in got), got


def _row(guest):
    rows = guest.rows('net')
    if not rows:
        return None  # net waits for its card's driver
    row = rows[0]
    return {name: row[name] for name in ('name', 'state', 'gateway', 'mac')} | {
        'ipv4': [each for each in row['addresses'].split() if '.' in each]}


def by_dhcp(tap, guest):
    connection, before = _Connection(guest.address[0]), _row(guest)
    servers = guest.rows('net dns')
    guest.kill('net')
    how = connection.end()
    tap.case('net is killed: the peer of a connection sees a reset', connection.before == b'before' and how == 'reset', how)
    guest.after(lambda: _row(guest) == before, 'the lease of before')
    guest.configured()
    guest.after(lambda: guest.rows('net dns') == servers, 'the name servers of before')
    tap.case('net has its addresses, gateway and name servers by DHCP and SLAAC again', True)
    good, got = _serves(guest, guest.address[0])
    tap.case('and its clients serve again', good, got)


def by_hand(tap, guest, net):
    prefix = net.address.rpartition('.')[0]
    address = f'{prefix}.{STATIC}'
    result = guest.command(f'net static eth0 {address}/25 {net.address} {prefix}.99')
    guest.after(lambda: _row(guest)['ipv4'] == [f'{address}/25'], 'address by hand')
    guest.after(lambda: len(guest.rows('net dns')) == 2, 'name servers')
    before, servers = _row(guest), guest.rows('net dns')
    tap.case('the name server that was set by hand is asked first, the router\'s behind it, that of the lease no more',
             result.status == 0 and servers[0]['server'] == f'{prefix}.99' and ':' in servers[1]['server'], servers)
    ends = []
    for _ in range(KILLS):
        connection = _Connection(address)
        guest.kill('net')
        guest.after(lambda: _row(guest) == before, 'the address that was set by hand')
        ends.append(connection.end())
        guest.wait(lambda: _listens(address), 'listener of net-test')
    tap.case(f'net is killed {KILLS} times: each time a reset, the address that was set by hand and its clients',
             ends == ['reset'] * KILLS, ends)
    guest.after(lambda: guest.rows('net dns') == servers, 'name servers')
    good, got = _serves(guest, address)
    tap.case('and what serves serves', good, got)
    result = guest.command(f'dns {network_guest.wire.NAME}')
    tap.case('a name server that is silent keeps nobody from the next', net.address in result.text, result)


def _listens(address):
    try:
        socket.create_connection((address, transfers.ECHO), 10).close()
    except OSError:
        return False
    return True


def down(tap, guest):
    guest.command('net down eth0')
    guest.kill('net')
    guest.after(lambda: guest.rows('net') and _row(guest)['state'] == 'down', 'interface that is down')
    tap.case('what was taken down stays down', _row(guest)['state'] == 'down')
    guest.command('net up eth0')
    guest.command('net dhcp eth0')
    guest.after(lambda: _row(guest)['ipv4'] == [f'{guest.address[0]}/24'], 'the lease again')
    guest.configured()
    tap.case('up and by DHCP it is what it was', True)


def all_of(tap, guest, net, driver):
    before = {row['name']: row['restarts'] for row in guest.rows('ps')}
    by_dhcp(tap, guest)
    by_hand(tap, guest, net)
    down(tap, guest)
    after = {row['name']: row['restarts'] for row in guest.rows('ps')}
    more = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    tap.case('its card\'s driver was replaced with it, and nobody else', more == {'net': KILLS + 2, driver: KILLS + 2}, more)
