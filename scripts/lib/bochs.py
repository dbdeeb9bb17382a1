"""Bochs: its configuration file, and what its end means. Bochs has no guest-chosen exit code, so
success is the magic breakpoint (its debugger then quits with 0) and everything else ends with 1
and a line in the log that tells how. Serial is a TCP connection to a port of ours.
"""
import nics
from project import ProjectError

BIOS = '/usr/share/bochs/BIOS-bochs-latest'
VGA_BIOS = '/usr/share/bochs/VGABIOS-lgpl-latest'
# Bochs can load the 2 MiB firmware only.
UEFI = '/usr/share/ovmf/OVMF.fd'

CONFIGURATION = '''\
config_interface: textconfig
display_library: {display}
plugin_ctrl: unmapped=1, biosdev=1, e1000=1
cpu: model=corei7_skylake_x, count={cpus}, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest={memory}, host={memory}
romimage: file={rom}
vgaromimage: file={vga_rom}
pci: enabled=1, chipset=i440fx{slots}
{disk}{cards}
clock: sync=none, time0=1700000000
com1: enabled=1, mode=socket-client, dev=127.0.0.1:{port}
log: {scratch}/bochs.log
panic: action=fatal{panic}
error: action=report
info: action=report
debug: action=ignore
magic_break: enabled=1
'''

# What the log says for each way to end, most specific first.
ENDINGS = (
    ('Shutdown port: shutdown requested', 1, 'the guest reported failure'),
    ('ACPI control: soft power off', 0, 'the guest powered off'),
    ('3rd (13) exception', 1, 'triple fault'),
    ('exception with no resolution', 1, 'triple fault'),
)


def configuration(options, image, scratch, serial_port, window=False, forwards=None):
    """The text of the bochsrc. forwards: gets the ports of ours that lead into the guest."""
    uefi = options.firmware == 'uefi'
    disk = ('ata0-master: type={}, path={}{}\nboot: {}').format(
        *(('disk', image, ', mode=flat', 'disk') if uefi
          else ('cdrom', image, ', status=inserted', 'cdrom')))
    cards = ['e1000'] * len(options.nic)
    if uefi:
        cards = ['pcivga', *(cards or ['e1000'])]
    return CONFIGURATION.format(
        display='x' if window else 'term', cpus=options.cpus, memory=options.memory,
        rom=UEFI if uefi else BIOS, vga_rom=VGA_BIOS,
        slots=''.join(f', slot{number}={card}' for number, card in enumerate(cards, 1)), disk=disk,
        cards=''.join('\n' + line for line in nics.bochs_lines(options, scratch, forwards)),
        port=serial_port, scratch=scratch,
        # The text display gives up when the guest switches to graphics; nobody looks at it.
        panic='' if window else ', term=report')


def command(options, image, scratch, serial_port, window=False, extra=(), forwards=None):
    """Writes the configuration into the scratch folder and returns the command."""
    if ' ' in str(scratch) or ',' in str(scratch):
        raise ProjectError(f'Bochs cannot take a path with blanks or commas: {scratch}')
    (scratch / 'bochsrc').write_text(configuration(options, image, scratch, serial_port, window,
                                                   forwards))
    # A breakpoint stops the debugger, whose next command is to quit.
    (scratch / 'debugger-commands').write_text('continue\nquit\n')
    return ['bochs', '-q', '-f', str(scratch / 'bochsrc'),
            '-rc', str(scratch / 'debugger-commands'), *extra]


def verdict(code, log):
    """(status, reason in words) from Bochs's exit code and the text of its log."""
    if code == 0:
        return 0, 'the guest reported success'
    for marker, status, reason in ENDINGS:
        if marker in log:
            return status, reason
    tail = [line for line in log.splitlines() if 'PANIC' in line or '>>' in line][-3:]
    return 1, f'Bochs ended with {code} and no verdict of the guest' + ''.join(
        '\n  ' + line for line in tail)
