#!/usr/bin/env python3
"""Devices as the system sees them, against what the emulator says: the list of functions, disks that
share an interrupt line, on PCI Express and on the older PC's buses; and what becomes of a device whose
driver is killed and whose manifest's list does not make it quiet: a reset of the function, of what is
behind its bridge, or its memory stays locked away."""
import argparse
import json
import re

import rig

DISK_BYTES = 1 << 20


def disk_arguments(folder):
    """Two disks that share a line (no messages: vectors=0), and one with messages."""
    words = []
    for number, device in enumerate(('addr=10.0,multifunction=on,vectors=0', 'addr=10.1,vectors=0',
                                     'addr=11.0')):
        path = folder / f'disk{number}.img'
        with open(path, 'wb') as image:
            image.truncate(DISK_BYTES)
        words += ['-drive', f'if=none,id=disk{number},format=raw,file={path}',
                  '-device', f'virtio-blk-pci,drive=disk{number},{device}']
    return words


def functions_of(buses):
    """All functions of an answer to query-pci, those behind bridges too, in one form with ours."""
    for bus in buses:
        for each in bus['devices']:
            where = f'{each["bus"]:02x}:{each["slot"]:02x}.{each["function"]}'
            identity = f'{each["id"]["vendor"]:04x}:{each["id"]["device"]:04x}'
            bars = {region['bar']: (region['address'], region['size']) for region in each['regions']
                    if region['bar'] < 6}  # 6 is the expansion ROM
            yield where, (identity, f'{each["class_info"]["class"]:04x}', bars)
            bridge = each.get('pci_bridge')
            yield from functions_of([bridge] if bridge else [])


def ours(rows):
    for row in rows:
        if row['bus'] == 'pci':
            bars = {int(bar): (int(address, 16), int(size, 16)) for bar, address, size in
                    re.findall(r'(\d):(0x[0-9a-f]+)\+(0x[0-9a-f]+)', row['memory'])}
            yield row['where'], (row['id'], row['class'][:4], bars)


def inventory(tap, guest):
    found = dict(ours(json.loads(guest.command('devices --json').text)))
    there = dict(functions_of(guest.qmp('query-pci')))
    tap.case('devices lists the functions that the emulator has', found.keys() == there.keys(),
             f'{sorted(found)}\n{sorted(there)}')
    different = [f'{where}: {found.get(where)}, not {it}' for where, it in there.items()
                 if found.get(where) != it]
    tap.case('identity, class, addresses and sizes are the same', not different, '\n'.join(different))


def disks(tap, guest):
    """All three at a time."""
    for number in range(3):
        guest.command(f'restart test{number}')
    for number in range(3):
        lines = guest.logged(f'test{number}', 'passed|failed')
        tap.case(f'disk {number} is written and read', 'passed: 4 generations' in lines, lines)
    what = {row['driver']: row['what'] for row in json.loads(guest.command('devices --json').text)}
    tap.case('two had a line and one messages',
             [what[f'disk{number}'].rpartition(', ')[2] for number in range(3)] ==
             ['interrupt line', 'interrupt line', 'MSI-X'], what)


class Guest(rig.Session):
    def logged(self, program, pattern, times=1):
        """Waits until the program's part of the log has so many matches; returns it."""
        for _ in range(200):
            text = self.command(f'log {program}').text
            if len(re.findall(pattern, text)) >= times:
                return text
        raise rig.Lost(f'no {pattern!r} of {program} in the log:\n{text}')


def reset(tap, guest, name, what):
    guest.logged(name, 'found no mark')
    guest.command(f'kill {name}')
    lines = guest.logged(name, 'found', 2)
    tap.case(f'{what}: the next driver finds a device that was reset',
             len(re.findall('found no mark', lines)) == 2 and 'stay' not in lines, lines)


def quarantine(tap, guest):
    lines = guest.logged('edu', '10! = 3628800, by an interrupt')
    tap.case('a device without MSI-X interrupts by MSI', True, lines)
    guest.command('kill edu')
    lines = guest.logged('supervisor', 'the device of edu does not become quiet')
    state = {row['name']: row['state'] for row in json.loads(guest.command('ps --json').text)}
    tap.case('a device that cannot be reset has no driver any more', state['edu'] != 'running', state)
    rows = json.loads(guest.command('devices --json').text)
    owner = [row['driver'] for row in rows if row['where'] == '00:13.0']
    tap.case('and is nobody else\'s', owner == ['edu'], rows)


QUIET = ['-device', 'edu,addr=13.0',
         '-drive', 'if=none,id=card,format=raw,file=null-co://,file.read-zeroes=on',
         '-device', 'nvme,drive=card,serial=card,addr=14.0',
         '-device', 'pcie-root-port,id=rp1,chassis=1,slot=1,addr=5.0',
         '-device', 'e1000e,bus=rp1']


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive')
    options = parser.parse_args()
    with rig.tap() as tap:
        for machine in ('q35', 'pc'):
            tap.note(f'machine {machine}')
            with rig.scratch_folder() as folder, \
                    Guest('test', ['--machine', machine],
                          disk_arguments(folder) + (QUIET if machine == 'q35' else []),
                          build=options.build, archive=options.archive) as guest:
                guest.prompt()
                inventory(tap, guest)
                disks(tap, guest)
                if machine == 'q35':
                    reset(tap, guest, 'nvme', 'a function with a reset of its own')
                    reset(tap, guest, 'card', 'a function behind a bridge')
                    quarantine(tap, guest)
                tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
