#!/usr/bin/env python3
"""Follows docs/howto/first-driver.md to the letter, in a copy of the tree: writes each file that the
page shows under its name, runs each command it gives, and looks at what the last one printed.

Usage: howto.py (from anywhere; takes a build of its own)
"""
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tempfile

import rig

PAGE = 'docs/howto/first-driver.md'
# A line that is a file's name, and the block that is its contents; or a block of commands.
_FILE = re.compile(r'^`([\w./-]+)`:\n\n```\w*\n(.*?)^```$', re.M | re.S)
_COMMANDS = re.compile(r'^```sh\n(.*?)^```$', re.M | re.S)


def copy_tree(target):
    """The files that git knows, or would take: what a clone and the reader's own work would have."""
    names = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                           cwd=rig.ROOT, check=True, stdout=subprocess.PIPE).stdout
    for name in names.decode().split('\0'):
        if name and (rig.ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(rig.ROOT / name, target / name)


def follow(tap, page, tree):
    """Files first, then the commands, block by block; the output of the last."""
    files = _FILE.findall(page)
    tap.case('the page shows a manifest, registers, a program and its sources', len(files) == 4,
             [name for name, _ in files])
    for name, contents in files:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(contents)
    output = ''
    for number, commands in enumerate(_COMMANDS.findall(page), 1):
        result = subprocess.run(['sh', '-eu', '-c', commands], cwd=tree, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                errors='replace', check=False, env=dict(os.environ, TERM='dumb'))
        output = result.stdout
        if not tap.case(f'block {number} of commands ends well', result.returncode == 0,
                        output[-4000:]):
            break
    return output


def main():
    with rig.tap() as tap, tempfile.TemporaryDirectory(prefix='hypercore-howto-') as folder:
        tree = Path(folder)
        copy_tree(tree)
        output = follow(tap, (rig.ROOT / PAGE).read_text(), tree)
        runs = re.findall(r'^edu +driver +running +200 .* (\d+) +\S+$', output, re.M)
        tap.case('it runs, and after the kill once more', runs == ['0', '1'], output[-4000:])
        tap.case('it computed 10! twice', output.count('10! = 3628800') >= 2, output[-4000:])
        tap.case('its end was recorded', 'edu (instance 1): killed' in output, output[-4000:])


if __name__ == '__main__':
    sys.exit(main())
