#!/usr/bin/env python3
"""1,000 connections at a time by wrk to the HTTP server: each is answered, none is lost, and the prompt lives."""
import argparse
import re

import network_guest
from network_guest import NetworkGuest
import rig

CONNECTIONS, SECONDS = 1000, 5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive')
    options = parser.parse_args()
    with rig.tap() as tap:
        if not network_guest.possible(tap):
            return
        with network_guest.wires() as (net,), NetworkGuest([net], ['virtio'], options.build, options.archive) as guest:
            guest.begin()
            guest.configured()
            status, text = guest.host('wrk', '-t', '1', '-c', str(CONNECTIONS), '-d', f'{SECONDS}s', '--timeout', '20s',
                                      f'http://{guest.address[0]}/api/memory')
            tap.note(text)
            requests = re.search(r'(\d+) requests in', text)
            tap.case(f'{CONNECTIONS} connections at a time: as many requests are answered at least',
                     status == 0 and requests and int(requests[1]) >= CONNECTIONS, text)
            tap.case('without an error', 'Socket errors' not in text and 'Non-2xx' not in text, text)
            restarts = {row['name']: row['restarts'] for row in guest.rows('ps') if row['restarts']}
            tap.case('and nobody was restarted', not restarts, restarts)
            tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
