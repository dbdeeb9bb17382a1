"""The Linux peer: Debian's generic kernel with an initramfs of one program (linux_disk.c,
linux_net.c) that does what our bench programs do. Made once per kernel package in BUILD/peer/. The
package is fetched with apt-get (scripts/setup cannot install it: a kernel package would change this
machine's boot).
"""
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.append(str(ROOT / 'scripts/gen'))
import cpio  # noqa: E402

# In the order of their dependencies; virtio itself is modular in Debian's generic kernel.
_VIRTIO = ('drivers/virtio/virtio_ring', 'drivers/virtio/virtio',
           'drivers/virtio/virtio_pci_legacy_dev', 'drivers/virtio/virtio_pci_modern_dev',
           'drivers/virtio/virtio_pci')
MODULES = {'disk': (*_VIRTIO, 'drivers/block/virtio_blk'),
           'net': (*_VIRTIO, 'net/core/failover', 'drivers/net/net_failover',
                   'drivers/net/virtio_net', 'drivers/net/ethernet/intel/e1000/e1000',
                   'drivers/net/ethernet/intel/e1000e/e1000e')}
DIRECTORY_MODE = 0o040755
PROGRAM_MODE = 0o100755


class PeerError(Exception):
    """The peer cannot be made here; the text says why."""


def _run(command, **options):
    result = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            errors='replace', check=False, **options)
    if result.returncode != 0:
        raise PeerError(f'{command[0]} failed:\n{result.stdout}')
    return result.stdout


def _package():
    """The package behind the metapackage linux-image-amd64, as this machine's lists name it."""
    match = re.search(r'Depends: (linux-image-\S+)', _run(['apt-cache', 'depends', 'linux-image-amd64']))
    if not match:
        raise PeerError('no linux-image-amd64 in the package lists: run apt-get update')
    return match[1]


def _unpack(folder):
    """Kernel and modules in `folder`, from the package."""
    with tempfile.TemporaryDirectory() as scratch:
        _run(['apt-get', 'download', _package()], cwd=scratch)
        package, = pathlib.Path(scratch).glob('*.deb')
        _run(['dpkg', '-x', package, folder])


def _initramfs(folder, modules, init):
    members = [('dev', b'', DIRECTORY_MODE), ('modules', b'', DIRECTORY_MODE),
               ('init', init.read_bytes(), PROGRAM_MODE)]
    for number, name in enumerate(modules):
        members.append((f'modules/{number:02}.ko', (folder / f'{name}.ko').read_bytes(),
                        cpio.FILE_MODE))
    parts = [cpio.entry(inode, name, data, mode)
             for inode, (name, data, mode) in enumerate(members, 1)]
    return b''.join(parts) + cpio.entry(0, 'TRAILER!!!', b'', 0)


def compiled(build, name, *options):
    """A program of this folder for this machine. Raises PeerError."""
    path = pathlib.Path(build) / 'peer' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    _run(['gcc', '-O2', '-Wall', '-Wextra', '-Werror', *options, '-o', path,
          HERE / f'{path.stem}.c'])
    return path


def make(build, what='disk'):
    """(kernel, initramfs) of the peer; what: a key of MODULES. Raises PeerError."""
    folder = pathlib.Path(build) / 'peer'
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob('root/boot/vmlinuz-*')):
        _unpack(folder / 'root')
    kernel, = folder.glob('root/boot/vmlinuz-*')
    modules, = folder.glob('root/lib/modules/*/kernel')
    init = compiled(build, f'linux_{what}', '-static')
    initramfs = folder / f'{what}.cpio'
    initramfs.write_bytes(_initramfs(modules, MODULES[what], init))
    return kernel, initramfs


def plugin(build, name='count'):
    """A plugin of this folder, built."""
    return compiled(build, f'{name}.so', '-fPIC', '-shared', '-fvisibility=hidden')


def machine(kernel, initramfs, words, cpu='max'):
    """QEMU's command line for the peer with these words for its program; devices come after it."""
    return ['qemu-system-x86_64', '-machine', 'q35', '-nodefaults', '-no-user-config',
            '-cpu', cpu, '-smp', '1', '-m', '512', '-accel', 'tcg', '-display', 'none',
            '-no-reboot', '-serial', 'stdio', '-kernel', str(kernel), '-initrd', str(initramfs),
            '-append', f'console=ttyS0 quiet panic=-1 -- {words}']


def command(kernel, initramfs, disk, runs, count_plugin=None, counts=None):
    """QEMU's command line for one run of the peer. runs: (bytes, requests) pairs."""
    words = ' '.join(f'{size}:{count}' for size, count in runs)
    arguments = [*machine(kernel, initramfs, words),
                 '-blockdev', f'driver=file,node-name=disk,filename={disk},cache.direct=on',
                 '-device', 'virtio-blk-pci,drive=disk,addr=10.0']
    if count_plugin:
        arguments += ['-plugin', f'{count_plugin},out={counts}', '-d', 'plugin']
    return arguments


RESULT = re.compile(r'^peer: (\d+) bytes (\d+) requests ([0-9.]+) s sum ([0-9a-f]+)\s*$', re.M)


def results(output):
    """{bytes: (requests, seconds)} from what the peer printed; raises PeerError when it failed."""
    if 'peer: done' not in output:
        raise PeerError(f'the peer did not come to its end:\n{output[-2000:]}')
    return {int(m[1]): (int(m[2]), float(m[3])) for m in RESULT.finditer(output)}
