#!/usr/bin/env python3
"""The e1000 of Bochs, another maker's idea of the same card: addresses by DHCP and SLAAC, pings, 1 MiB down and up
with SHA-256."""
import argparse
import hashlib

import network_guest
from network_guest import NetworkGuest
import transfers
import rig

BYTES = 1 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive')
    options = parser.parse_args()
    with rig.tap() as tap:
        if not network_guest.possible(tap):
            return
        with network_guest.wires() as (net,), NetworkGuest(
                [net], ['e1000'], options.build, options.archive, words=['--emulator', 'bochs']) as guest:
            guest.begin()
            guest.configured()
            tap.case('DHCP gives an address', guest.address[0].startswith('10.77.0.'), guest.address)
            tap.case('SLAAC makes one, by frames to groups that the card has no bits for', True)
            for address in (guest.address[0], guest.address6()):
                good, text = guest.pinged(address)
                tap.case(f'the guest answers pings to {address}', good, text)
            result = guest.command(f'ping {net.address} 1')
            tap.case('its own are answered', '1 of 1 answered' in result.text, result)
            data, url = guest.scratch / 'data', f'http://{guest.address[0]}:{transfers.HTTP}'
            status, text = guest.host('curl', '-sS', '-o', str(data), '-w', '%{speed_download} B/s', f'{url}/{BYTES}')
            digest = hashlib.sha256(data.read_bytes()).hexdigest()
            tap.case('curl gets 1 MiB, SHA-256 right', status == 0 and digest == transfers.pattern_digest(BYTES), text)
            status, text = guest.host('curl', '-sS', '-T', str(data), '-H', 'Expect:', f'{url}/')
            tap.case('and puts it there, SHA-256 right', status == 0 and text.startswith(digest), text)
            tap.case('poweroff', guest.poweroff() is not None, guest.guest.reason)


if __name__ == '__main__':
    main()
