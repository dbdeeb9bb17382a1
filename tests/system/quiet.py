#!/usr/bin/env python3
"""A system that has nothing to do, on a machine whose time counts instructions and jumps to the next timer
when all is idle: seen from the emulator, nothing interrupts it but the kernel's timer, and that no more often
than the supervisor's clock needs. Boots a profile without a clock driver, so that nobody owns the HPET."""
import argparse
import re
import time

import rig

TIMER_VECTOR = 'f0'
TICK = 0.05    # seconds: clock_period_us in servers/supervisor/clock.hpp
WATCHED = 0.5  # seconds of ours, minutes of the guest's


def guest_seconds(guest):
    """The guest's time, of its real-time clock."""
    it = guest.qmp('qom-get', path='/machine', property='rtc-time')
    return ((it['tm_mday'] * 24 + it['tm_hour']) * 60 + it['tm_min']) * 60 + it['tm_sec']


def interrupts(guest, path):
    """Vectors of the interrupts while nobody did anything, and how long that was for the guest."""
    before = guest_seconds(guest)
    guest.qmp('human-monitor-command', **{'command-line': 'log int'})
    guest.guest.run(until=lambda: False, deadline=time.monotonic() + WATCHED)
    guest.qmp('human-monitor-command', **{'command-line': 'log none'})
    after = guest_seconds(guest)
    return re.findall(r' v=(\w+) e=\w+ i=0 ', path.read_text()), after - before


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    options = parser.parse_args()
    with rig.tap() as tap, rig.Session('minimal', ['--icount'], build=options.build) as guest:
        guest.prompt()
        path = guest.scratch / 'interrupts.log'
        guest.qmp('human-monitor-command', **{'command-line': f'logfile {path}'})
        vectors, elapsed = interrupts(guest, path)
        ticks = elapsed / TICK
        tap.note(f'{len(vectors)} interrupts in {ticks:.0f} ticks of the supervisor')
        tap.case('time went on', ticks > 100, elapsed)
        tap.case('nothing interrupts but the timer', set(vectors) <= {TIMER_VECTOR}, sorted(set(vectors)))
        tap.case('and it no more than twice a tick', len(vectors) <= 2 * ticks, len(vectors))
        tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
