"""The link of the network benchmark: a network namespace with nothing but a tap, on whose host end
peer/net_host.c answers. Used by net.py.
"""
import contextlib
import os
import re
import signal
import subprocess
import sys

HOST, GUEST, PREFIX, TAP = '10.0.2.2', '10.0.2.15', 24, 'tap0'
_INSIDE = 'HYPERCORE_NET_BENCH'
_JOB = re.compile(r'^host: (\d+) (\d+) ([0-9.]+)$', re.M)
SINK, SOURCE = 1, 2  # job_sink, job_source of peer/net_jobs.h


class LinkError(Exception):
    """There is no such link here; the text says why."""


def _namespace():
    return ['unshare', '--net'] + ['--map-root-user'] * (os.geteuid() != 0)


def impossible():
    """Why there can be no such link here; empty: there can."""
    if not os.access('/dev/net/tun', os.R_OK | os.W_OK):
        return 'there is no /dev/net/tun'
    if subprocess.run([*_namespace(), 'true'], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return 'no network namespace can be made'
    return ''


def enter():
    """Goes on in a namespace of its own: returns there, in the same program started anew. Whoever
    is not root is root inside."""
    if os.environ.get(_INSIDE):
        _make_tap()
        return
    namespace = _namespace()
    os.execvpe(namespace[0], [*namespace, sys.executable, *sys.argv], {**os.environ, _INSIDE: '1'})


def _make_tap():
    for words in ('link set lo up', f'tuntap add {TAP} mode tap',
                  f'addr add {HOST}/{PREFIX} dev {TAP}', f'link set {TAP} up'):
        result = subprocess.run(['ip', *words.split()], stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if result.returncode != 0:
            raise LinkError(f'ip {words}: {result.stdout}')


class Host:
    """The host's program while it runs. A context manager; `jobs` are known when it has ended."""

    def __init__(self, program):
        self.program, self.process, self.jobs = program, None, []

    def __enter__(self):
        self.process = subprocess.Popen([str(self.program)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, start_new_session=True)
        if self.process.stdout.readline() != 'host: ready\n':
            raise LinkError(f'{self.program} is not ready')
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        with contextlib.suppress(ProcessLookupError):  # who still waits for a guest's byte
            os.killpg(self.process.pid, signal.SIGKILL)
        self.jobs = [(int(kind), int(size), float(seconds)) for kind, size, seconds in
                     _JOB.findall(self.process.stdout.read())]
