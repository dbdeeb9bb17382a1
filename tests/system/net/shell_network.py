"""The shell's commands on the network, against servers of ours: httpget, nc both ways over TCP and UDP, ping6, and
what each says when it fails."""
from concurrent.futures import ThreadPoolExecutor
import socket
import struct

import host_services
import wire

PATIENCE = 20.0
PORT = 9000


def _refused(net):
    """A port of ours at which nobody listens."""
    with socket.create_server((net.address, 0)) as it:
        return it.getsockname()[1]


def _fails(tap, guest, command, text, status=1):
    result = guest.command(command)
    tap.case(f'{command.partition(" ")[0]} {command.partition(" ")[2][:60]}: {text}, status {status}',
             text in result.text and result.status == status, result)


def fetches(tap, guest, net):
    with host_services.web() as port:
        good = f'status 200, {len(host_services.BODY)} bytes'
        for host in (net.address, f'[{net.address6}]', wire.NAME):
            result = guest.command(f'httpget -q http://{host}:{port}/body')
            tap.case(f'httpget gets 1 MiB from {host}, SHA-256 right', result.status == 0 and good in result.text and
                     host_services.DIGEST in result.text, result)
        result = guest.command(f'httpget http://{net.address}:{port}/gone')
        tap.case('and shows what a server says of a page that there is not', result.status == 1 and
                 'no such page' in result.text and 'status 404, 12 bytes' in result.text, result)
        url = f'http://{net.address}:{port}'
        _fails(tap, guest, f'httpget -q {url}/broken', 'status 500, 11 bytes')
        _fails(tap, guest, f'httpget -q {url}/short', 'the connection ended before the answer did')
        _fails(tap, guest, f'httpget -q {url}/nonsense', 'the connection ended before the answer did')
    _fails(tap, guest, f'httpget http://{net.address}:{_refused(net)}/', 'refused')
    _fails(tap, guest, 'httpget http://nobody.test/', 'nobody.test: not found')
    _fails(tap, guest, f'httpget ftp://{net.address}/', 'not a URL', 2)


def names(tap, guest, net):
    _fails(tap, guest, 'dns elsewhere.example', 'not found')
    _fails(tap, guest, f'dns {"a" * 64}.test', 'not found')
    _fails(tap, guest, f'dns {"label." * 45}test', 'not found')
    _fails(tap, guest, 'dns two..dots.test', 'not found')
    result = guest.command(f'dns {wire.NAME4}')
    tap.case('dns shows the one address of a name of IPv4 alone', result.text.split() == [net.address], result)
    _fails(tap, guest, f'ping6 {wire.NAME4} 1', 'not found')
    result = guest.command(f'ping6 {wire.NAME} 1')
    tap.case('ping6 takes the IPv6 address of a name', wire.written_out(net.address6) in
             result.text and '1 of 1 answered' in result.text and result.status == 0, result)
    _fails(tap, guest, f'ping6 {net.address} 1', 'not found')
    _fails(tap, guest, f'ping6 {net.address6}99 1', 'timed out')


def _meanwhile(guest, function, *arguments):
    """Calls a function that waits for what the guest does: it goes on, and hears what is typed."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(function, *arguments)
        guest.wait(future.done, 'word from the prompt', PATIENCE)
        return future.result()


def _line(connection):
    data = b''
    while not data.endswith(b'\n'):
        more = connection.recv(100)
        if not more:
            break
        data += more
    return data


def _datagram(it):
    while True:
        try:
            return it.recv(100)
        except ConnectionRefusedError:  # to one that came before the port was open
            pass


def nc_goes(tap, guest, net):
    """Connections that the shell makes."""
    for address in (net.address, net.address6):
        with socket.create_server((address, 0), family=socket.AF_INET6 if ':' in address else socket.AF_INET) as it:
            it.settimeout(PATIENCE)
            guest.type(f'nc {address} {it.getsockname()[1]}\n')
            connection, _ = _meanwhile(guest, it.accept)
        with connection:
            connection.settimeout(PATIENCE)
            guest.type('from the guest\n')
            heard = _meanwhile(guest, _line, connection)
            connection.sendall(b'from the host\n')
            guest.expect('^from the host$')
            guest.type('\x04')
            half = _meanwhile(guest, connection.recv, 100)
            connection.sendall(b'after your end\n')
        result = guest.prompt()
        tap.case(f'nc to {address}: both ways, and either end ends its own', heard == b'from the guest\n' and half == b'' and
                 'after your end' in result.text and result.status == 0, (heard, half, result))
    with socket.create_server((net.address, 0)) as it:
        it.settimeout(PATIENCE)
        guest.type(f'nc {net.address} {it.getsockname()[1]}\n')
        connection, _ = _meanwhile(guest, it.accept)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        connection.close()
    result = guest.prompt()
    tap.case('nc says that its peer has reset the connection', result.status == 1 and 'reset' in result.text, result)
    _fails(tap, guest, f'nc {net.address} {_refused(net)}', 'refused')


def nc_waits(tap, guest, net):
    """Connections that the shell takes."""
    for option, address in (('', guest.address[0]), ('-6 ', guest.address6())):
        guest.type(f'nc -l {option}{PORT}\n')
        made = []

        def connected():
            try:
                made.append(socket.create_connection((address, PORT), PATIENCE))
            except ConnectionRefusedError:
                return False
            return True
        guest.wait(connected, f'listener at {address}', PATIENCE)
        with made[0] as connection:
            connection.sendall(b'knock\n')
            guest.expect('^knock$')
            guest.type('who is there\n')
            heard = _meanwhile(guest, _line, connection)
            guest.type('\x03')
            result = guest.prompt()
            try:
                end = connection.recv(100)
            except ConnectionResetError:
                end = b''
        tap.case(f'nc -l {option}takes a connection, and Ctrl-C ends it', heard == b'who is there\n' and end == b'' and
                 result.status == 130, (heard, end, result))
    guest.type(f'nc -l {PORT}\n')
    guest.expect(f'nc -l {PORT}\n')
    guest.type('\x03')
    result = guest.prompt()
    tap.case('Ctrl-C ends the waiting too', result.status == 130, result)
    _fails(tap, guest, 'nc -l 80', 'no rule in the manifest allows it')


def nc_datagrams(tap, guest, net):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        it.settimeout(PATIENCE)
        it.bind((net.address, 0))
        guest.type(f'nc -u {net.address} {it.getsockname()[1]}\n')
        guest.type('a datagram\n')
        data, sender = _meanwhile(guest, it.recvfrom, 100)
        other.sendto(b'from a stranger\n', sender)
        it.sendto(b'', sender)
        it.sendto(b'and back\n', sender)
        guest.expect('^and back$')
        guest.type('\x04')
        result = guest.prompt()
        tap.case('nc -u: both ways, with its peer alone', data == b'a datagram\n' and result.status == 0 and
                 'stranger' not in result.text, (data, result))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
        it.settimeout(PATIENCE)
        it.connect((guest.address[0], PORT))
        guest.type(f'nc -l -u {PORT}\n')

        def heard():
            try:
                it.send(b'first\n')
            except ConnectionRefusedError:  # the port is not open yet
                return False
            return 'first' in guest.text()[start:]
        start = len(guest.text())
        guest.wait(heard, 'datagram at the prompt', PATIENCE)
        guest.type('second\n')
        answer = _meanwhile(guest, _datagram, it)
        guest.type('\x04')
        result = guest.prompt()
        tap.case('nc -l -u answers who has sent the first datagram', answer == b'second\n' and result.status == 0,
                 (answer, result))


def all_of(tap, guest, net):
    for each in (fetches, names, nc_goes, nc_waits, nc_datagrams):
        each(tap, guest, net)
