#!/usr/bin/env python3
"""Boots disk.toml's system: block-test writes to a disk while disk-killer kills its driver 20 times.
Afterwards the image on the host has what was flushed, and no sector is half old and half new.
Arguments are scripts/guest-test's. Prints TAP: the guest's, and what disk_check.py says."""
from pathlib import Path
import re
import subprocess
import sys
import tempfile

import disk_check

GUEST_TEST = Path(__file__).resolve().parents[2] / 'scripts/guest-test'
DISK_BYTES = 16 << 20


def main(arguments):
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / 'disk.img'
        with open(image, 'wb') as file:
            file.truncate(DISK_BYTES)
        guest = subprocess.Popen([sys.executable, GUEST_TEST, *arguments, '--disk', image],
                                 stdout=subprocess.PIPE, text=True)
        flushed, planned = 0, 0
        for line in guest.stdout:
            if match := re.search(r'flushed (\d+)', line):
                flushed = int(match[1])
            if match := re.match(r'1\.\.(\d+)', line):
                planned = int(match[1])  # and one more, below
            else:
                print(line, end='', flush=True)
        status = guest.wait()
        problems = disk_check.check(image, flushed) if flushed else ['nothing was ever flushed']
    for line in problems[:20]:
        print(f'# {line}')
    print(f'{"not " if problems else ""}ok {planned + 1} - the image has generation {flushed}, '
          'and no sector is a mixture')
    print(f'1..{planned + 1}')
    return status or bool(problems)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
