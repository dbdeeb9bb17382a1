#!/usr/bin/env python3
"""Swap from outside. memory-test (programs/memory-test) touches twice the machine's RAM and checks every
word while the disk's driver is killed and commands are typed at the serial line; the time that each took is
printed, none may stay out. Then a disk of that place without the signature, which nobody may write to."""
import argparse
from pathlib import Path
import re
import tempfile
import time

import rig

MEMORY, SWAP = '128M', '512M'
KILLS = 4
ROUNDS = 150.0  # patience for all of memory-test, in seconds


def machine_memory(guest):
    """What `mem` says, by column."""
    names, values = guest.command('mem').text.split('\n')[:2]
    return dict(zip(names.split(), values.split()))


def log_of_test(guest):
    return guest.command('log memory-test').text


class Echo:
    """Commands that are typed while the machine swaps, and how long each took to answer."""

    def __init__(self, guest):
        self.guest, self.seconds = guest, []

    def once(self):
        start = time.monotonic()
        self.guest.type('echo still here\n')
        self.guest.expect('^still here$')
        self.guest.prompt()
        self.seconds.append(time.monotonic() - start)

    def note(self):
        ordered = sorted(self.seconds)
        return (f'{len(ordered)} commands answered, median {ordered[len(ordered) // 2] * 1000:.0f} ms, '
                f'worst {ordered[-1] * 1000:.0f} ms')


def swaps(tap, build):
    with rig.Session('test', ['--memory', MEMORY, '--swap', SWAP], build=build) as guest:
        guest.prompt()
        before = machine_memory(guest)
        tap.case('mem knows the swap disk', (before['swap'], before['swap-used']) == (SWAP, '0'), before)
        echo, kills, most = Echo(guest), 0, 0
        guest.command('restart memory-test')
        ends = time.monotonic() + ROUNDS
        log = ''
        while time.monotonic() < ends and not re.search('passed|failed', log):
            echo.once()
            used = machine_memory(guest)['swap-used']
            most = max(most, float(used[:-1]) if used.endswith('M') else 0)
            if kills < KILLS and most >= 40 * (kills + 1):  # while it writes, and when it reads
                kills += guest.command('kill swapdisk').status == 0
            log = log_of_test(guest)
        tap.note(log)
        tap.note(echo.note())
        tap.case('twice the RAM keeps its data', 'passed: 256 MiB' in log, log)
        tap.case(f'meanwhile the driver was killed {KILLS} times', kills == KILLS, kills)
        tap.case('mem shows what is on the disk', most > 128, most)
        guest.wait(lambda: machine_memory(guest)['swap-used'] == '0', 'empty swap disk')
        tap.case('nothing stays on the disk when the program ended', True)
        tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


def foreign_disk(tap, build):
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / 'foreign.img'
        bytes_before = b'somebody else\'s data' + bytes(range(256)) * 4096 * 16
        bytes_before = bytes_before[:len(bytes_before) // 512 * 512]
        image.write_bytes(bytes_before)
        drive = ['-drive', f'if=none,id=foreign,format=raw,file={image}',
                 '-device', 'virtio-blk-pci,drive=foreign,serial=foreign,addr=11.0']
        with rig.Session('test', ['--memory', MEMORY], machine=drive, build=build) as guest:
            guest.prompt()
            tap.case('the disk has a driver', re.search('^swapdisk +driver +running', guest.command('ps').text, re.M))
            guest.command('restart memory-test')
            guest.wait(lambda: re.search('^memory-test .* absent', guest.command('ps').text, re.M),
                       'end of memory-test')
            log = ' '.join(guest.command('log').text.split())  # long lines were broken
            tap.case('a program within its quota is served', 'passed: 16 MiB' in log, log)
            tap.case('one that uses more ends by a fault that says so',
                     re.search("'memory-test' wrote to .*its quota of memory is used up", log), log)
            memory = machine_memory(guest)
            tap.case('mem shows no swap', memory['swap'] == '0', memory)
            tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)
        tap.case('a disk without the signature is as it was', image.read_bytes() == bytes_before)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    options = parser.parse_args()
    with rig.tap() as tap:
        swaps(tap, options.build)
        foreign_disk(tap, options.build)


if __name__ == '__main__':
    main()
