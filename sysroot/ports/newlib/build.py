#!/usr/bin/env python3
"""Builds newlib from Debian's newlib-source package into the build folder.

Called by meson (meson.build beside this file) when a target needs the library; takes about a minute
on two cores, and once: ninja runs it again only when this file or the package changes. Nothing of
newlib is in the repository. Output: libc.a, libm.a, include/, newlib.stamp.h (names the version, and
makes sources that include nothing else wait for the headers).
"""
import argparse
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tarfile

# As our own user programs are built, so that code with and without libc links together.
CFLAGS = ['-O2', '-g0', '-ffunction-sections', '-fdata-sections', '-fno-pic', '-fno-pie',
          '-fno-stack-protector', '-fcf-protection=none', '-fno-asynchronous-unwind-tables',
          '-ffreestanding', '-fno-builtin', '-std=gnu11', '-w']
# No system calls of newlib's own (glue.c has them), one library, no locale data, 64-bit printf.
OPTIONS = ['--disable-multilib', '--disable-shared', '--disable-newlib-supplied-syscalls',
           '--disable-newlib-iconv', '--disable-newlib-mb', '--disable-newlib-wide-orient',
           '--enable-newlib-io-long-long', '--enable-newlib-global-atexit']


def run(command, folder, log, env=None):
    """Runs a step with its output in the log; on failure shows the end of the log and stops."""
    with open(log, 'ab') as output:
        result = subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT,
                                env=env)
    if result.returncode != 0:
        tail = log.read_text(errors='replace').splitlines()[-20:]
        sys.exit('\n'.join(tail + [f'newlib: {command[0]} failed, the whole log is {log}']))


def unpack(archive, folder):
    """Unpacks the archive and returns the folder with newlib's own configure."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter='data') if hasattr(tarfile, 'data_filter') \
            else tar.extractall(folder)
    found = sorted(folder.glob('*/newlib/configure'))
    if not found:
        sys.exit(f'newlib: {archive} holds no newlib/configure')
    return found[0].parent


def build(source, folder, log):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    env = dict(os.environ, CC='gcc', AR='ar', RANLIB='ranlib', AS='as', CFLAGS=' '.join(CFLAGS))
    run([str(source / 'configure'), '--build=x86_64-linux-gnu', '--host=x86_64-elf',
         '--target=x86_64-elf', '--prefix=/', *OPTIONS], folder, log, env)
    run(['make', f'-j{os.cpu_count() or 1}'], folder, log, env)


def collect(source, folder, output, version):
    for name in ('libc.a', 'libm.a'):
        shutil.copyfile(folder / name, output / name)
    include = output / 'include'
    shutil.rmtree(include, ignore_errors=True)
    shutil.copytree(source / 'libc' / 'include', include)
    # Headers that configuring made, or that the machine overrides.
    for extra in (source / 'libc' / 'machine' / 'x86_64' / 'sys', folder / 'targ-include' / 'sys'):
        if extra.is_dir():
            shutil.copytree(extra, include / 'sys', dirs_exist_ok=True)
    for header in (folder / 'targ-include').glob('*.h'):
        shutil.copyfile(header, include / header.name)
    (output / 'newlib.stamp.h').write_text(
        f'/* Made by sysroot/ports/newlib/build.py from {version}. */\n'
        f'#define NEWLIB_PACKAGE "{version}"\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('archive', type=Path, help='newlib-*.tar.xz of package newlib-source')
    parser.add_argument('output', type=Path, help='folder for the results')
    arguments = parser.parse_args()
    output = arguments.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    log = output / 'newlib-build.log'
    log.write_bytes(b'')
    source = unpack(arguments.archive, output / 'newlib-source')
    build(source, output / 'newlib-build', log)
    collect(source, output / 'newlib-build', output, arguments.archive.name)
    # The trees are ten times as large as what is needed of them.
    shutil.rmtree(output / 'newlib-source')
    shutil.rmtree(output / 'newlib-build')


if __name__ == '__main__':
    main()
