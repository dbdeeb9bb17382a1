"""QEMU: its command line, and what its end means. The machine is the same for every firmware
(serial on a socket we hold, QMP on another), so that a test differs by its image alone.
Never a fixed port or path: sockets are passed as file descriptors.
"""
import json
import re
import shutil

import nics
from project import ProjectError

OVMF_CODE = '/usr/share/OVMF/OVMF_CODE_4M.fd'
OVMF_VARS = '/usr/share/OVMF/OVMF_VARS_4M.fd'

# The first bytes of a disk that memory-manager may swap to.
SWAP_SIGNATURE = b'HYPERCORE-SWAP01'

# The guest writes 0x10 (success) or 0x11 (failure) to port 0xf4; QEMU ends with (v << 1) | 1.
EXIT_SUCCESS, EXIT_FAILURE = 33, 35


def boot_arguments(firmware, image, scratch):
    """The arguments that put the image in front of the firmware."""
    if firmware == 'pvh':
        return ['-kernel', str(image), '-initrd', f'{image}.bundle']
    if firmware == 'bios':
        return ['-cdrom', str(image)]
    # The firmware writes its variables: a private copy, so runs do not see each other's.
    variables = scratch / 'ovmf-vars.fd'
    try:
        shutil.copyfile(OVMF_VARS, variables)
    except OSError as error:
        raise ProjectError(f'no UEFI firmware ({error}): run scripts/setup') from error
    return ['-drive', f'if=pflash,format=raw,readonly=on,file={OVMF_CODE}',
            '-drive', f'if=pflash,format=raw,file={variables}',
            '-drive', f'if=none,id=esp,format=raw,file={image}',
            # NVMe, so that every virtio disk is the user's own. (AHCI costs OVMF a second more.)
            '-device', 'nvme,drive=esp,serial=esp,addr=1e.0,bootindex=0']


def device_arguments(options, scratch):
    """What the system's drivers are for, at the PCI functions that sysroot/etc/system.toml names:
    disks from 00:10.0 on, the swap disk at 00:11.0, random numbers at 00:12.0. Network cards
    (nics.py), which need no name, from 00:14.0 on."""
    arguments = []
    for number, path in enumerate(options.disk):
        # A comma in a file name is doubled, says qemu(1).
        file = str(path).replace(',', ',,')
        arguments += ['-drive', f'if=none,id=disk{number},format=raw,file={file}',
                      '-device', f'virtio-blk-pci,drive=disk{number},serial=disk{number},'
                      f'addr=10.{number},multifunction=on']
    if options.swap:
        path = scratch / 'swap.img'
        with open(path, 'wb') as image:
            image.write(SWAP_SIGNATURE)
            image.truncate(options.swap << 20)
        arguments += ['-drive', f'if=none,id=swap,format=raw,cache=unsafe,file={path}',
                      '-device', 'virtio-blk-pci,drive=swap,serial=swap,addr=11.0']
    if options.profile != 'lesson':
        arguments += ['-object', 'rng-builtin,id=rng0',
                      '-device', 'virtio-rng-pci,rng=rng0,addr=12.0']
    return arguments + nics.arguments(options)


def time_arguments(options):
    """Accelerator and clock. Under icount nothing from outside may differ between two runs: the
    wall clock and the random numbers are fixed as well."""
    if options.icount:
        return ['-accel', 'tcg', '-icount', 'shift=0,sleep=off', '-seed', '1',
                '-rtc', 'base=2026-01-01T00:00:00,clock=vm']
    return ['-accel', options.accel]


def command(options, image, scratch, serial_fd, qmp_fd, gdb_fd=None, window=False, extra=(),
            can_end=True):
    """The whole command. serial_fd and qmp_fd: connected sockets; gdb_fd: a listening one. Without
    can_end the guest finds no port to end the emulator with and stays as it is in the end."""
    arguments = [
        'qemu-system-x86_64', '-machine', options.machine, '-nodefaults', '-no-user-config',
        '-cpu', 'max', '-smp', str(options.cpus), '-m', f'{options.memory}M',
        *time_arguments(options),
        '-global', 'hpet.msi=on', '-vga', 'std', '-net', 'none', '-monitor', 'none',
        '-chardev', f'socket,id=serial0,fd={serial_fd}', '-serial', 'chardev:serial0',
        '-chardev', f'socket,id=qmp0,fd={qmp_fd}', '-mon', 'chardev=qmp0,mode=control',
        # The one way to tell a triple fault from a reset that was asked for.
        '-d', 'cpu_reset', '-D', str(scratch / 'cpu.log'),
        *boot_arguments(options.firmware, image, scratch), *device_arguments(options, scratch)]
    if can_end:
        arguments += ['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04']
    if not window:
        arguments += ['-display', 'none']
    if gdb_fd is not None:
        arguments += ['-S', '-chardev', f'socket,id=gdb0,fd={gdb_fd},server=on,wait=off,nodelay=on',
                      '-gdb', 'chardev:gdb0']
    return arguments + list(extra)


# After a triple fault comes the dump of the CPU that had it, unless QEMU ends at once (-no-reboot).
_TRIPLE_FAULT = re.compile(
    r'^Triple fault\n(?:CPU Reset .*\n(?:.*\n){0,8}?[ER]IP=([0-9a-f]+))?', re.M)


def triple_fault(scratch):
    """Whether the CPU log has one so far that is ours. SeaBIOS resets the machine by one, on
    purpose, when it finds itself entered a second time: those in the BIOS area do not count."""
    try:
        log = (scratch / 'cpu.log').read_text(errors='replace')
    except OSError:
        return False
    return any(match[1] is None or not 0xc0000 <= int(match[1], 16) < 0x100000
               for match in _TRIPLE_FAULT.finditer(log))


def verdict(code, shutdown_reason):
    """(status, reason in words) from QEMU's exit code and the reason of its SHUTDOWN event."""
    if code == EXIT_SUCCESS:
        return 0, 'the guest reported success'
    if code == EXIT_FAILURE:
        return 1, 'the guest reported failure'
    if code == 0 and shutdown_reason == 'guest-shutdown':
        return 0, 'the guest powered off'
    if code == 0 and shutdown_reason == 'guest-reset':
        return 1, 'the guest reset the machine'
    if code == 0 and shutdown_reason == 'host-ui':
        return 130, 'the window was closed'
    return 1, f'QEMU ended with {code} and no verdict of the guest'


class Qmp:
    """The control connection: sends commands, keeps the answers and the events that matter.
    Bytes come from the launcher's loop (feed); nothing here blocks."""

    def __init__(self, sock):
        self.sock = sock
        self.pending = b''
        self.shutdown_reason = None
        self.on_reset = lambda: None
        self.answers = {}
        self.events = []  # all but those below, oldest first; tests take them out
        self._next = 1
        self.send('qmp_capabilities')

    def send(self, name, /, **arguments):
        """Sends one command; returns the id under which `answers` will hold the reply."""
        message = {'execute': name, 'id': self._next}
        if arguments:
            message['arguments'] = arguments
        self._next += 1
        try:
            self.sock.sendall(json.dumps(message).encode() + b'\n')
        except OSError:
            pass  # the emulator has gone; its end is reported by the launcher
        return message['id']

    def feed(self, data):
        self.pending += data
        *lines, self.pending = self.pending.split(b'\n')
        for line in lines:
            if line.strip():
                self._take(json.loads(line))

    def _take(self, message):
        if 'id' in message:
            self.answers[message['id']] = message
        elif message.get('event') == 'SHUTDOWN':
            self.shutdown_reason = message.get('data', {}).get('reason')
        elif message.get('event') == 'RESET':
            self.on_reset()
        elif 'event' in message:
            self.events.append(message)
