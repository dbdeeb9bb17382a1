#!/usr/bin/env python3
"""Kills every program that may be replaced, in turns, while the system is used: what is typed on the serial
line is answered, the clock goes on, random bytes come, keys arrive, the screen shows them, pages lie on the
swap disk. Nobody else may be restarted by that. Prints TAP and how long the successors took."""
import argparse
import json

import rig
from screen_session import Console

KILLS = 20
PROGRAMS = ('uart0', 'ps2', 'fb', 'clock', 'disk0', 'swapdisk', 'virtio-rng', 'log', 'console', 'entropy',
            'shell')
LOAD = 'stress mem 84M'  # more than its quota: it swaps all the time, and checks what it finds


def rows(guest, command):
    return json.loads(guest.command(command + ' --json').text)


class System:
    """The guest, and what of it must only grow."""

    def __init__(self, tap, guest):
        self.tap, self.guest = tap, guest
        self.uptime = ''
        self.random = -1
        self.killed = dict.fromkeys(PROGRAMS, 0)
        self.recovery = {name: [] for name in PROGRAMS}

    def kill(self, name):
        """Ends a program; how it and the others are afterwards. Returns what is wrong."""
        result = self.guest.command(f'kill {name}')
        if result.status != 0 and name != 'shell':  # who kills its own shell gets no answer
            return f'kill: {result}'
        self.killed[name] += 1
        seen = {}

        def back():
            seen.update({row['name']: row for row in rows(self.guest, 'ps')})
            return seen[name]['state'] == 'running'

        self.guest.wait(back, f'{name} that runs again', 10)
        self.recovery[name].append(int(seen[name]['recovery']))
        restarts = {each: row['restarts'] for each, row in seen.items() if row['restarts']}
        wanted = {each: count for each, count in self.killed.items() if count}
        return '' if restarts == wanted else f'restarts {restarts}, killed {wanted}'

    def is_used(self, count):
        """Uses all of it once. Returns what is wrong."""
        if self.guest.command(f'echo number {count}').text != f'number {count}\n':
            return 'the serial line does not echo'
        before, self.uptime = self.uptime, self.guest.command('uptime').text
        if self.uptime <= before:
            return f'the clock says {self.uptime} after {before}'
        if self.guest.command('date').status != 0:
            return 'there is no date'
        entropy = rows(self.guest, 'entropy')[0]
        if not entropy['seeded']:
            return f'no random bytes: {entropy}'
        return ''


def on_keyboard_and_screen(guest, count):
    guest.at_prompt()
    guest.keys('e', 'c', 'h', 'o', 'spc', *f'{count}', 'ret')
    guest.prompt()
    guest.shows(f'hypercore> echo {count}', f'{count}', 'hypercore> █')


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def report(tap, recovery):
    every = [each for values in recovery.values() for each in values]
    for name, values in [*recovery.items(), ('all', every)]:
        tap.note(f'{name:<10} successor ready after: median {percentile(values, 0.5) / 1000:.1f} ms, '
                 f'99th percentile {percentile(values, 0.99) / 1000:.1f} ms, of {len(values)} kills')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    options = parser.parse_args()
    with rig.tap() as tap, rig.scratch_folder() as folder:
        disk = folder / 'disk.img'
        disk.write_bytes(bytes(1 << 20))
        # BIOS: quick, and with a framebuffer.
        words = ['--firmware', 'bios', '--swap', '128M', '--disk', str(disk)]
        with Console('default', words, build=options.build) as guest:
            guest.prompt()
            system = System(tap, guest)
            guest.command(LOAD)
            guest.wait(lambda: rows(guest, 'mem')[0]['swap-used'] > 0, 'page on the swap disk', 20)
            for name in PROGRAMS:
                wrong = ''
                for count in range(1, KILLS + 1):
                    wrong = wrong or system.kill(name) or system.is_used(count)
                    if name in ('ps2', 'fb', 'console'):
                        on_keyboard_and_screen(guest, count)
                tap.case(f'{name} is killed {KILLS} times in use; everything goes on, nobody else is restarted',
                         not wrong, wrong)
            load = next(row for row in rows(guest, 'ps') if row['name'] == 'stress-mem')
            tap.case('the load in swapped memory goes on', load['state'] == 'running', load)
            report(tap, system.recovery)
            tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
