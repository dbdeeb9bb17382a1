#!/usr/bin/env python3
"""Two cards of different kinds, each on a wire of its own, used at the same time; the driver of one is killed,
which the other's connections do not notice."""
import argparse

import network_guest
from network_guest import NetworkGuest
import transfers
import rig

ENOUGH = 4 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive')
    options = parser.parse_args()
    kinds = ['virtio', 'e1000e']
    with rig.tap() as tap:
        if not network_guest.possible(tap):
            return
        with network_guest.wires(2) as wires, NetworkGuest(wires, kinds, options.build, options.archive) as guest:
            guest.begin()
            rows = [guest.configured(number) for number in range(2)]
            tap.case('each has addresses of its own wire', all(
                f'{guest.address[number]}/24' in rows[number]['addresses'] for number in range(2)), rows)
            both = [transfers.Download(address) for address in guest.address]
            guest.wait(lambda: all(each.count > ENOUGH or each.problem for each in both), 'end of two downloads')
            other = both[1].count
            guest.kill(network_guest.DRIVERS['virtio'])
            for each in both:
                start = each.count
                guest.wait(lambda each=each, start=start: each.problem or each.count > start + ENOUGH,
                           'byte after a driver was killed')
            wrong = [each.end() for each in both]
            tap.note(f'{[each.count >> 20 for each in both]} MiB, of the second {other >> 20} before the kill')
            tap.case('downloads over both at once, the driver of one is killed: SHA-256 right', wrong == [None, None],
                     wrong)
            tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
