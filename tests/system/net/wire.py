"""A network of a test's own, on which a guest's card is plugged by a tap: a network namespace that this process
makes for itself and takes with it when it ends, with dnsmasq in it (DHCPv4, DNS, router advertisements) and a
capture that tshark judges afterwards.

    wire.own_network()                       # first, and once
    with wire.Wire(0) as net, ...            # tap0, 10.77.0.1/24, fd77:0:0:0::1/64

dnsmasq sends the router advertisements too: one server, one log, and what a guest does with them does not
depend on who sends them. No name, port or path is shared with anybody: each test has its own namespace.
"""
import contextlib
import ctypes
import ipaddress
import os
from pathlib import Path
import subprocess
import sys
import time

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import rig  # noqa: E402

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
NAME, NAME4 = 'peer.test', 'four.test'  # of our end, in the DNS; that of IPv4 alone
PATIENCE = 20.0


class Impossible(Exception):
    """No network can be had here; the text says why."""


def own_network():
    """Moves this process to a new network namespace; as root, or with a sudo that asks nothing (the program
    starts again then). Raises Impossible."""
    if os.geteuid() != 0:
        if 'HYPERCORE_SUDO' in os.environ:
            raise Impossible('sudo does not make us root')
        probe = ['sudo', '-n', 'true']
        if subprocess.run(probe, stderr=subprocess.DEVNULL).returncode != 0:
            raise Impossible('network namespaces need root, or sudo without a password')
        os.environ['HYPERCORE_SUDO'] = '1'
        os.execvp('sudo', ['sudo', '-n', '-E', sys.executable, *sys.argv])
    if not os.access('/dev/net/tun', os.R_OK | os.W_OK):
        raise Impossible('there is no /dev/net/tun')
    if _libc.unshare(_CLONE_NEWNET) != 0:
        raise Impossible(f'no network namespace: {os.strerror(ctypes.get_errno())}')
    _ip('link set lo up')


def _ip(words):
    result = subprocess.run(['ip', *words.split()], capture_output=True, text=True)
    if result.returncode:
        raise rig.ProjectError(f'ip {words}: {result.stderr.strip()}')
    return result.stdout


def _sysctl(name, value):
    Path('/proc/sys/net', *name.split('.')).write_text(f'{value}\n')


class Program:
    """A program that runs beside the guest, and its output in a file."""

    def __init__(self, command, log):
        self.log = log
        with open(log, 'wb') as file:
            try:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file,
                                                stderr=subprocess.STDOUT, preexec_fn=rig.die_with_parent)
            except FileNotFoundError as error:
                raise rig.ProjectError(f'{command[0]} is not installed: run scripts/setup') from error

    def text(self):
        return self.log.read_text(errors='replace')

    def until(self, word):
        """Waits until it has said so."""
        end = time.monotonic() + PATIENCE
        while word not in self.text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise rig.ProjectError(f'{self.process.args[0]} does not say {word!r}: {self.text()}')
            time.sleep(0.01)

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def written_out(address):
    """One way to write an address, whoever wrote it."""
    return str(ipaddress.ip_address(address))


class Wire:
    """Network `number`; our end is at .1 and ::1, the guest gets an address from dnsmasq. Without `server`
    nobody gives it one."""

    def __init__(self, number, server=True):
        self.number, self.server = number, server
        self.tap = f'tap{number}'
        self.address, self.address6 = f'10.77.{number}.1', f'fd77:0:0:{number:x}::1'
        self._stack = contextlib.ExitStack()
        self.dnsmasq = self._capture = None

    def __enter__(self):
        self.scratch = self._stack.enter_context(rig.scratch_folder())
        try:
            self._set_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _set_up(self):
        _ip(f'tuntap add dev {self.tap} mode tap')
        self._stack.callback(lambda: _ip(f'link delete {self.tap}'))
        _sysctl(f'ipv6.conf.{self.tap}.accept_ra', 0)
        _sysctl(f'ipv6.conf.{self.tap}.accept_dad', 0)  # its link-local address is there at once, for dnsmasq
        _ip(f'address add {self.address}/24 dev {self.tap}')
        _ip(f'address add {self.address6}/64 dev {self.tap} nodad')
        _ip(f'link set {self.tap} up')
        if self.server:
            self._start_dnsmasq()

    def _start_dnsmasq(self):
        prefix = f'10.77.{self.number}'
        self.dnsmasq = Program([
            'dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--no-hosts', '--no-resolv', '--user=root',
            '--pid-file=', f'--dhcp-leasefile={self.scratch / "leases"}', '--log-facility=-', '--log-dhcp',
            '--log-queries', f'--interface={self.tap}', '--except-interface=lo', '--bind-dynamic',
            '--dhcp-authoritative', '--no-ping', f'--dhcp-range={prefix}.10,{prefix}.50,1h',
            f'--dhcp-range=fd77:0:0:{self.number:x}::,ra-only', '--enable-ra', '--local=/test/',
            f'--host-record={NAME},{self.address},{self.address6}', f'--host-record={NAME4},{self.address}',
            f'--dhcp-option=option:ntp-server,{self.address}'], self.scratch / 'dnsmasq.log')
        self._stack.callback(self.dnsmasq.end)
        self.dnsmasq.until('started')

    def link_local(self):
        """The address by which a router is known."""
        text = _ip(f'-6 -o address show dev {self.tap} scope link')
        return written_out(text.split('inet6 ')[1].partition('/')[0])

    def lease(self):
        """The address that a guest has of us, or None."""
        with contextlib.suppress(FileNotFoundError):
            for line in (self.scratch / 'leases').read_text().splitlines():
                words = line.split()
                if len(words) > 2 and words[2].startswith('10.'):
                    return words[2]
        return None

    # --- what is on the wire -------------------------------------------------------------------

    def capture(self):
        """Writes all frames to a file from now on."""
        self.frames = self.scratch / 'frames.pcap'
        self._capture = Program(['tcpdump', '-i', self.tap, '-n', '-U', '-s', '0', '-Z', 'root', '-B', '16384',
                                  '-w', str(self.frames)], self.scratch / 'tcpdump.log')
        self._stack.callback(self._capture.end)
        self._capture.until('listening on')

    def end_capture(self):
        """Ends it, and says how many frames tcpdump did not get."""
        self._capture.end()
        for line in self._capture.text().splitlines():
            if 'dropped by kernel' in line:
                return int(line.split()[0])
        raise rig.ProjectError(f'tcpdump: {self._capture.text()}')

    def __exit__(self, *_):
        self._stack.close()


# Errors quote what they complain about, which may be malformed.
_BAD = ' || '.join(['(_ws.malformed && !(icmp.type == 3) && !(icmpv6.type < 128))', *(f'{name}.checksum.status == 0'
                                       for name in ('ip', 'tcp', 'udp', 'icmp', 'icmpv6', 'igmp'))])
_CHECKS = [word for name in ('ip', 'tcp', 'udp') for word in ('-o', f'{name}.check_checksum:TRUE')]


def judged(frames, sender, which=_BAD):
    """What tshark finds wrong in the frames of one sender (a hardware address): lines of text."""
    result = subprocess.run(
        ['tshark', '-n', '-r', str(frames), *_CHECKS, '-Y', f'eth.src == {sender} && ({which})'],
        capture_output=True, text=True, env={**os.environ, 'HOME': str(frames.parent)})
    if result.returncode:
        raise rig.ProjectError(f'tshark: {result.stderr}')
    return result.stdout.splitlines()


def count(frames, sender):
    return len(judged(frames, sender, 'frame'))
