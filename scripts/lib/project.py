"""Where the repository is, and how it is built. Everything the scripts print goes to standard
error, because standard output belongs to the guest (scripts/run) or to TAP (scripts/guest-test).
Invariant: one build of one build folder at a time (a file lock), so that two runs can overlap.
"""
import contextlib
import fcntl
import json
import os
from pathlib import Path
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[2]
CROSS_FILES = {'gcc': 'scripts/cross/x86_64.ini', 'clang': 'scripts/cross/x86_64-clang.ini'}


class ProjectError(Exception):
    """Something outside the guest went wrong; the text says what to do."""


def note(text):
    print(text, file=sys.stderr, flush=True)


def build_dir(release=False, compiler='gcc'):
    """The folder of one configuration: build, build-release, build-clang."""
    suffix = ('-clang' if compiler == 'clang' else '') + ('-release' if release else '')
    return ROOT / ('build' + suffix)


@contextlib.contextmanager
def locked(directory):
    """Holds the build lock of a folder; waits while another run builds there."""
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_step(command, what, quiet=False):
    """Runs one build command, its output on standard error (quiet: only when it fails). Raises
    ProjectError when it fails."""
    result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE if quiet else sys.stderr)
    if result.returncode != 0:
        note((result.stdout or b'').decode(errors='replace'))
        words = [*map(str, command[:8]), *(['...'] if len(command) > 8 else [])]
        raise ProjectError(f'{what} failed: {" ".join(words)}')


def default_targets(directory):
    """What boots, and the root servers that tests boot. Not ninja's `all`: in that meson has all that
    tests need, so the host tests and a C library too, which takes minutes."""
    targets = json.loads((directory / 'meson-info' / 'intro-targets.json').read_text())
    return [os.path.relpath(file, directory) for target in targets if target['build_by_default']
            for file in target['filename']]


LOADERS = {'pvh': 'boot/pvh/loader.elf', 'bios': 'boot/multiboot2/loader.elf',
           'uefi': 'boot/efi/loader.efi'}


def boot_targets(firmware, profile):
    """What one boot needs, and no more: a newcomer waits for it."""
    return ['microkernel/hypercore.elf', LOADERS[firmware], *profile_targets(profile)]


def check_targets(directory, wanted):
    """Raises ProjectError for what no meson.build makes: a program whose folder is in no list."""
    targets = json.loads((directory / 'meson-info' / 'intro-targets.json').read_text())
    known = {os.path.relpath(file, directory) for each in targets for file in each['filename']}
    if missing := [each for each in wanted if '/' in each and each not in known]:
        raise ProjectError(f'nothing builds {" ".join(missing)}: is its folder in the list of '
                           'servers/meson.build or drivers/meson.build?')


def build(directory, release=False, compiler='gcc', targets=(), jobs=None, only=False):
    """Configures the folder when it is new, then builds its default targets and those named, or
    `only` those named. Quiet when there is nothing to do."""
    jobs = jobs or os.cpu_count() or 2
    with locked(directory):
        if not (directory / 'build.ninja').exists():
            run_step(['meson', 'setup', str(directory), '--cross-file', CROSS_FILES[compiler],
                      f'-Drelease={"true" if release else "false"}'], 'meson setup')
        ninja = ['ninja', '-C', str(directory), f'-j{jobs}', '--quiet']
        run_step([*ninja, 'build.ninja'], 'meson', quiet=True)  # the list of targets may be old
        check_targets(directory, targets)
        wanted = [] if only else default_targets(directory)
        run_step([*ninja, *wanted, *targets], 'the build')


def kernel_elf(directory):
    """The kernel with its symbols, as gdb wants it."""
    return directory / 'microkernel' / 'hypercore.elf'


def default_root_server(directory, profile):
    """The root server that starts a profile's programs. `lesson` is servers/lesson, which has no
    manifests; the others are profiles of sysroot/etc/system.toml."""
    folder = directory / 'servers'
    return folder / ('lesson/root' if profile == 'lesson' else 'root') / 'root.elf'


def profile_targets(profile):
    """What ninja must build for a profile besides its default targets."""
    if profile == 'lesson':
        return ['servers/lesson/root/root.elf', 'boot/archive.cpio']
    return ['servers/root/root.elf', f'boot/archive-{profile}.cpio']


def boot_archive(directory, profile):
    """The boot archive of a profile. The lesson's root server can do without: None before there is
    one. Raises ProjectError."""
    path = directory / 'boot' / ('archive.cpio' if profile == 'lesson'
                                 else f'archive-{profile}.cpio')
    if path.exists():
        return path
    if profile == 'lesson':
        return None
    raise ProjectError(f'profile {profile} has not been built: ninja -C {directory} '
                       + ' '.join(profile_targets(profile)))


def make_image(kind, directory, root_server, output, archive=None, cmdline=None,
               kernel=None):
    """Makes a bootable image. kind: pvh (output and output.bundle), iso or esp."""
    command = [sys.executable, 'scripts/gen/image.py', '--kind', kind, '--build', str(directory),
               '--root-server', str(root_server), '--output', str(output)]
    if archive:
        command += ['--archive', str(archive)]
    if kernel:
        command += ['--kernel', str(kernel)]
    if cmdline is not None:
        command += ['--cmdline', cmdline]
    run_step(command, 'making the boot image')
