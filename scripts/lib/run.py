"""The command scripts/run: build, make the boot image, boot it, carry the serial line.

Standard output is the guest's serial output and nothing else; messages go to standard error.
Next: launcher.py (the loop), qemu.py and bochs.py (the machines), project.py (the build).
"""
import argparse
import os
from pathlib import Path
import shlex
import socket
import sys

from console import RawTerminal
import interrupts
from launcher import Guest, scratch_folder
from options import IMAGE_KINDS, add_guest_options, checked
import project
from project import ProjectError, note
from shell_session import Lost, ShellSession, commands_of

DESCRIPTION = """\
Installs missing Debian packages, builds Hypercore and boots it in an emulator.
The guest's serial line is standard input and output; Ctrl-C ends the emulator."""
EPILOGUE = """\
Input is held back until the kernel's first line, because firmware would eat it; its end does not
end the run:   printf 'ps\\npoweroff\\n' | scripts/run --headless

With --exec standard output is what the commands print, and nothing is read from standard input.

exit status: 0 the guest reported success or powered off; 1 it reported failure, the kernel
panicked or the processor gave up; 2 wrong use or failed build; 124 --timeout; 130 Ctrl-C or
closed window; with --exec, when the guest ended well, that of the first command that failed"""


# Seconds for a run that nobody watches, and for its end.
EXEC_TIMEOUT = 300.0
SWITCH_OFF_TIMEOUT = 20.0


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog='scripts/run', description=DESCRIPTION, epilog=EPILOGUE, allow_abbrev=False,
        usage='%(prog)s [options] [-- EMULATOR-ARGUMENTS]',
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add_guest_options(parser)
    parser.add_argument('--headless', action='store_true', help='no window')
    parser.add_argument('--exec', dest='commands', type=commands_of, metavar="'CMD; CMD'",
                        help='type these at the prompt, print what they print, switch off')
    parser.add_argument('--gdb', action='store_true',
                        help='wait for gdb before the first instruction; prints its command')
    extra = []
    if '--' in arguments:
        cut = arguments.index('--')
        arguments, extra = arguments[:cut], arguments[cut + 1:]
    options = parser.parse_args(arguments)
    if options.commands is not None:
        options.headless = True
        options.timeout = options.timeout or EXEC_TIMEOUT
    options.extra = extra
    return options


def wants_window(options):
    if options.headless:
        return False
    if os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY'):
        return True
    note('scripts/run: no display here, going on without a window')
    return False


def window_arguments(options, window):
    """QEMU's window; not when the user chose a display himself."""
    if not window or options.emulator != 'qemu' or '-display' in options.extra:
        return options.extra
    return ['-display', 'gtk'] + options.extra


def gdb_listener(options, directory):
    """A listening socket for gdb on a port that was free, and the command on standard error."""
    if not options.gdb:
        return None
    listener = socket.create_server(('127.0.0.1', 0))
    note('scripts/run: waiting for gdb:\n  gdb {} -ex {} -x {}'.format(
        shlex.quote(str(project.kernel_elf(directory))),
        shlex.quote(f'target remote :{listener.getsockname()[1]}'),
        shlex.quote(str(project.ROOT / 'scripts/gdb/hypercore.py'))))
    return listener


def root_server(options, directory):
    """The root server's path; asked before the build as well, which may take minutes."""
    path = Path(options.root_server or project.default_root_server(directory, options.profile))
    if not path.is_file():
        raise ProjectError(f'no root server at {path}')
    return path.absolute()


def execute(options, image, scratch):
    """Runs the commands of --exec; the exit status."""
    failed = 0
    with Guest(options, image, scratch, extra=options.extra) as guest:
        session = ShellSession(guest)
        try:
            session.prompt(patience=None)
            for line in options.commands:
                result = session.command(line, patience=None)
                sys.stdout.buffer.write(result.text.encode())
                sys.stdout.flush()
                failed = failed or result.status
            session.poweroff(SWITCH_OFF_TIMEOUT)
        except Lost as lost:
            if guest.status != 0:  # a command may have been `poweroff`
                note(str(lost))
        if guest.status != 0:
            note(f'scripts/run: {guest.reason or "the guest does not switch off"}')
    return 1 if guest.status is None else guest.status or min(failed, 255)


def standard_nics(options):
    """A card for the profiles that have a network. None where a run is to be the same each time."""
    networked = options.profile in ('default', 'test') and not options.root_server
    return ['virtio'] if networked and not options.icount else []


def show_urls(guest):
    """Says where the guest's HTTP server is found, as soon as that is known."""
    def show(forwards):
        for url in forwards.urls():
            note(f'scripts/run: port 80 of the guest is {url}')
    if guest.forwards.ports:  # Bochs
        show(guest.forwards)
    guest.on_forwards.append(show)


def run(options):
    checked(options, gdb=options.gdb, nics_otherwise=standard_nics(options))
    directory = project.build_dir(options.release)
    if options.root_server:
        root_server(options, directory)
    window = wants_window(options)
    # A root server of the user's own may be one that our default targets make.
    project.build(directory, options.release, only=not options.root_server,
                  targets=project.boot_targets(options.firmware, options.profile))
    with scratch_folder() as scratch:
        image = scratch / 'image'
        project.make_image(IMAGE_KINDS[options.firmware], directory,
                           root_server(options, directory), image,
                           archive=project.boot_archive(directory, options.profile),
                           cmdline=options.cmdline)
        if options.commands is not None:
            return execute(options, image, scratch)
        with RawTerminal(0), Guest(
                options, image, scratch, window=window, extra=window_arguments(options, window),
                gdb_socket=gdb_listener(options, directory), output_fd=1, input_fd=0,
                # With a window or a debugger the panic is there to be looked at.
                end_on_panic=not (window or options.gdb)) as guest:
            show_urls(guest)
            status = guest.run()
        if status not in (0, 130):
            note(f'scripts/run: {guest.reason}')
        return status


def main():
    interrupts.install()
    try:
        return run(parse(sys.argv[1:]))
    except ProjectError as error:
        note(f'scripts/run: {error}')
        return 2
    except interrupts.Interrupted as interrupt:
        return interrupt.status


if __name__ == '__main__':
    sys.exit(main())
