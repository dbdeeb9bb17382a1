"""What one run of a guest is asked to be: the options scripts/run and scripts/guest-test share,
and the checks between them. After `checked` returns, every combination is one we can start.
"""
import argparse
import os
import re

import nics
from project import ProjectError

FIRMWARES = ('uefi', 'bios', 'pvh')
PROFILES = ('minimal', 'default', 'test', 'lesson')
MACHINES = ('q35', 'pc')
IMAGE_KINDS = {'uefi': 'esp', 'bios': 'iso', 'pvh': 'pvh'}


def add_guest_options(parser):
    """Adds the options that describe the machine and what it boots."""
    add = parser.add_argument
    add('--firmware', choices=FIRMWARES,
        help='how the machine starts (default: uefi; with --emulator bochs: bios)')
    add('--emulator', choices=('qemu', 'bochs'), default='qemu', help='default: qemu')
    add('--machine', choices=MACHINES, default='q35',
        help='QEMU: PCI Express, or the older PCI of the i440FX (default: q35)')
    add('--accel', choices=('auto', 'tcg', 'kvm'), default='auto',
        help='QEMU: software emulation, or KVM (auto: KVM where this machine can)')
    add('--cpus', type=positive, default=1, metavar='N',
        help='of the machine (default: 1); the kernel runs on the first one')
    add('--memory', type=memory_mib, default=512, metavar='SIZE',
        help='in MiB, or with a suffix M or G (default: 512M)')
    add('--disk', action='append', default=[], type=disk_file, metavar='FILE',
        help='a raw image that the guest may read and write, as a virtio disk; up to eight times')
    add('--swap', type=memory_mib, metavar='SIZE',
        help='a disk to swap to, empty at first and gone in the end; SIZE as for --memory')
    nics.add_options(parser)
    add('--icount', action='store_true',
        help='deterministic: virtual time and TSC count instructions (QEMU, one CPU)')
    add('--timeout', type=seconds, metavar='SECONDS', help='end the emulator then; status 124')
    add('--profile', choices=PROFILES, default='default',
        help='which programs: of sysroot/etc/system.toml, or the first lesson (default: default)')
    add('--root-server', metavar='FILE.elf', help='boot this ELF as the root server, not ours')
    add('--cmdline', metavar='TEXT',
        help="the kernel's command line, for example page-table-isolation=on (docs/howto/run.md)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument('--release', dest='release', action='store_true',
                      help='without debug system calls and costly checks (build-release/)')
    kind.add_argument('--debug', dest='release', action='store_false', help='the default (build/)')
    parser.set_defaults(release=False)


def positive(text):
    if not re.fullmatch('[0-9]{1,9}', text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text!r} is no number of at least 1')
    return int(text)


def seconds(text):
    if not re.fullmatch(r'[0-9]{1,9}(\.[0-9]+)?', text) or float(text) == 0:
        raise argparse.ArgumentTypeError(f'{text!r} is no number of seconds above 0')
    return float(text)


def memory_mib(text):
    """'512', '512M' or '2G' as MiB. The emulators' smallest useful machine has 16 MiB."""
    match = re.fullmatch(r'([0-9]{1,7})([MmGg]?)', text)
    if not match:
        raise argparse.ArgumentTypeError(f'{text!r} is no size; write 512M or 2G')
    value = int(match[1]) * (1024 if match[2] in ('G', 'g') else 1)
    if value < 16:
        raise argparse.ArgumentTypeError('at least 16M')
    return value


def disk_file(text):
    if not os.path.isfile(text):
        raise argparse.ArgumentTypeError(f'there is no file {text}; make one: truncate -s 64M {text}')
    if os.path.getsize(text) == 0 or os.path.getsize(text) % 512:
        raise argparse.ArgumentTypeError(f'{text}: its size is no multiple of 512 bytes above 0')
    return os.path.abspath(text)


def kvm_usable(cpuinfo='/proc/cpuinfo', device='/dev/kvm'):
    """Whether this CPU can virtualise and the device may be opened. The device alone proves
    nothing: it can exist on machines whose CPU offers no virtualisation to us."""
    try:
        with open(cpuinfo) as file:
            flags = re.search(r'^flags\s*:.*\b(vmx|svm)\b', file.read(), re.M)
        if not flags:
            return False
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
        return True
    except OSError:
        return False


def checked(options, gdb=False, nics_otherwise=()):
    """Fills in what depends on other options and refuses what cannot be. nics_otherwise: models of
    network cards where --nic is not there. Raises ProjectError."""
    bochs = options.emulator == 'bochs'
    if options.firmware is None:
        options.firmware = 'bios' if bochs else 'uefi'
    if bochs and options.firmware == 'pvh':
        raise ProjectError('Bochs cannot boot a kernel file: use --firmware bios or uefi')
    if bochs and options.accel == 'kvm':
        raise ProjectError('Bochs has no KVM: leave --accel out')
    if bochs and options.icount:
        raise ProjectError('Bochs always counts instructions: leave --icount out')
    if bochs and gdb:
        raise ProjectError("Debian's Bochs has no gdb stub: use --emulator qemu")
    if bochs and (options.disk or options.swap):
        raise ProjectError('Bochs has no virtio disks: leave --disk and --swap out')
    if bochs and options.machine != 'q35':
        raise ProjectError('Bochs has one machine: leave --machine out')
    nics.checked(options, nics_otherwise)
    if len(options.disk) > 8:
        raise ProjectError('at most eight times --disk')
    if options.icount and options.cpus != 1:
        raise ProjectError('--icount needs one CPU')
    if options.icount and options.accel == 'kvm':
        raise ProjectError('--icount needs software emulation: --accel tcg')
    if options.accel == 'kvm' and not kvm_usable():
        raise ProjectError('KVM does not work here: no vmx or svm in /proc/cpuinfo, or /dev/kvm '
                           'cannot be opened. Use --accel tcg')
    if options.accel == 'auto':
        options.accel = 'kvm' if not (bochs or options.icount) and kvm_usable() else 'tcg'
    return options
