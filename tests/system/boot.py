#!/usr/bin/env python3
"""One way to boot, from power-on to a prompt that works and off again: every program that starts by itself
runs if its device is there, the last line before the prompt says how long it took, a driver that dies there
comes back, and what switches the machine off is its power switch. Prints TAP.

Usage: boot.py [--build DIR] WAY"""
import argparse
import contextlib
import json
import re

import rig
from manifest.wiring import Sources

DISKS = {'disk0', 'swapdisk'}
# options of scripts/run; programs that do not run, because there is no such device
WAYS = {
    'uefi-256M': (['--firmware', 'uefi', '--memory', '256M'], set()),
    'uefi-8G': (['--firmware', 'uefi', '--memory', '8G'], set()),
    'bios-256M': (['--firmware', 'bios', '--memory', '256M'], set()),
    'bios-8G': (['--firmware', 'bios', '--memory', '8G'], set()),
    'bochs': (['--emulator', 'bochs', '--memory', '256M'], DISKS | {'virtio-rng'}),
    'pvh': (['--firmware', 'pvh', '--memory', '256M'], {'fb'}),
    'pvh-minimal': (['--firmware', 'pvh', '--memory', '128M', '--profile', 'minimal'], set()),
    'isolated': (['--firmware', 'pvh', '--cmdline', 'page-table-isolation=on'], {'fb'}),
    'checked': (['--firmware', 'pvh', '--cmdline', 'check=every'], {'fb'}),
}
PATIENCE = 150.0  # Bochs, and the check after each kernel entry


def programs(guest):
    """ps, by name."""
    rows = json.loads(guest.command('ps --json', PATIENCE).text)
    return {row['name']: row for row in rows}


def says_so_of_dma(tap, boot, instances):
    """The supervisor's lines of those that were started before the prompt."""
    started = dict(re.findall(r'started (\S+) \(\S+\), \d+ ms(.*)$', boot, re.M))
    wrong = {each.name: started[each.name] for each in instances if each.name in started
             and (each.manifest.match.bus == 'pci') != ('DMA not contained' in started[each.name])}
    tap.case('the boot log says whose DMA is not contained', 'uart0' in started and not wrong, wrong or started)


def to_the_prompt(tap, guest, profile, missing):
    boot = guest.prompt(PATIENCE).text
    last = boot.rstrip().splitlines()[-1]
    if profile == 'minimal':  # which has no clock
        tap.case('the last line before the prompt greets', last == 'help shows the commands', last)
    else:
        took = re.match(r"(\S+) from the kernel's start to the prompt; help shows the commands$", last)
        tap.case('the last line before the prompt says how long it took', took, last)
        tap.note(last)
    instances = Sources(rig.ROOT).compose(profile).instances
    cards = {each.name for each in instances if 'nic' in each.manifest.provides}  # Bochs always has one
    says_so_of_dma(tap, boot, [each for each in instances if each.name not in missing])
    wanted = {each.name for each in instances if each.component.autostart} - missing - cards
    running = set()

    def come_up():  # who is below the shell starts behind its prompt
        seen = programs(guest)
        running.clear()
        running.update(name for name, row in seen.items() if row['state'] == 'running' and name not in cards)
        return running >= wanted

    with contextlib.suppress(rig.Lost):
        guest.wait(come_up, 'all programs to run', PATIENCE)
    tap.case(f'ps shows all {len(wanted)} programs running that start by themselves', running == wanted,
             f'not running: {wanted - running}, running besides: {running - wanted}')


def drivers_die(tap, guest, names, checked):
    """checked: the kernel's checks are charged to whoever runs, so heartbeats are missed meanwhile."""
    for name in names:
        guest.command(f'kill {name}', PATIENCE)
    seen = {}

    def back():
        seen.update(programs(guest))
        return all(seen[name]['state'] == 'running' for name in names)

    guest.wait(back, f'{" and ".join(names)} to run again', PATIENCE)
    restarted = {name: row['restarts'] for name, row in seen.items() if row['restarts']}
    tap.case(f'{" and ".join(names)}: killed, they serve again, nobody else was restarted',
             restarted == dict.fromkeys(names, 1) or checked and restarted, restarted)


def registers_lie_high(tap, guest):
    """UEFI places the disk's registers where 32 bits do not reach; its driver's successor was given them again."""
    disk = next(row for row in json.loads(guest.command('devices --json').text) if row['driver'] == 'disk0')
    bars = [int(address, 16) for address in re.findall(r'\d:(0x[0-9a-f]+)\+', disk['memory'])]
    tap.case('registers of the disk lie above 4 GiB', any(each >= 1 << 32 for each in bars), disk)


def once_more(tap, guest):
    guest.type('reboot\n')
    guest.expect('hypercore: kernel ', PATIENCE)  # not the line's start: that is the echo, cut short
    guest.prompt(PATIENCE)
    tap.case('reboot comes back to a prompt', programs(guest)['uart0']['state'] == 'running')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('way', choices=WAYS)
    options = parser.parse_args()
    words, missing = WAYS[options.way]
    words = list(words)
    if '--profile' not in words:
        words += ['--profile', 'default']
    profile = words[words.index('--profile') + 1]
    qemu = '--emulator' not in words
    with rig.tap() as tap, rig.scratch_folder() as folder:
        if qemu and profile == 'default':
            disk = folder / 'disk.img'
            disk.write_bytes(bytes(1 << 20))
            words += ['--disk', str(disk), '--swap', '16M']
        # Without can_end there is nothing but ACPI that could switch it off.
        with rig.Session(profile, words, build=options.build, reset_ok=True, can_end=False) as guest:
            to_the_prompt(tap, guest, profile, missing)
            disks = [] if 'disk0' in missing or profile == 'minimal' else ['disk0']
            drivers_die(tap, guest, ['uart0', *disks], options.way == 'checked')
            if options.way.startswith('uefi'):
                registers_lie_high(tap, guest)
            if qemu:
                once_more(tap, guest)
            status = guest.poweroff()
            tap.case('poweroff ends with status 0, by ACPI',
                     (status, guest.guest.reason) == (0, 'the guest powered off'), guest.guest.reason)


if __name__ == '__main__':
    main()
