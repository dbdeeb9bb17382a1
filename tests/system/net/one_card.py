#!/usr/bin/env python3
"""One card of a kind on a wire with dnsmasq: addresses by DHCP and SLAAC, names, pings both ways, curl downloads
and uploads with SHA-256, then what happens to connections when the driver is killed, the link is lost, the card
pulled from its slot and put back. With virtio also what has nothing to do with the card: what the guest says by
itself (spoken.py), the shell's commands (shell_network.py), the death of net (net_death.py)."""
import argparse
import hashlib
import time

import host_services
import net_death
import network_guest
from network_guest import NetworkGuest
import shell_network
import spoken
import transfers
import wire
import rig

KILLS = 20
GOES_ON = 256 << 10  # bytes after which a transfer goes on indeed
MODELS = {'virtio': 'virtio-net-pci', 'e1000e': 'e1000e', 'e1000': 'e1000'}


def addresses(tap, guest, net):
    row = guest.configured()
    tap.case('DHCP gives an IPv4 address', f'{guest.address[0]}/24' in row['addresses'], row)
    tap.case('SLAAC makes an address of the advertised prefix', True)
    for what, address in (('IPv4', guest.address[0]), ('IPv6', guest.address6()), ('link-local', guest.link_local())):
        good, text = guest.pinged(address)
        tap.case(f'the guest answers pings to its {what} address', good, text)
    good, text = guest.pinged(guest.address[0], size=8000)
    tap.case('and one of 8,000 bytes, in fragments', good, text)
    for command, address in (('ping', net.address), ('ping6', net.address6)):
        result = guest.command(f'{command} {address} 1')
        tap.case(f'{command} from the guest is answered', '1 of 1 answered' in result.text, result)
    result = guest.command(f'dns {wire.NAME}')
    tap.case('a name leads to addresses of both families', set(result.text.split()) ==
             {net.address, wire.written_out(net.address6)}, result)
    result = guest.command('dns nobody.test')
    tap.case('a name that there is not is not found', 'not found' in result.text, result)


def curl(tap, guest, size):
    """Down and up over IPv4 and IPv6."""
    expected, data = transfers.pattern_digest(size), guest.scratch / 'data'
    for address in (guest.address[0], f'[{guest.address6()}]'):
        url = f'http://{address}:{transfers.HTTP}'
        status, text = guest.host('curl', '-sS', '-o', str(data), '-w', '%{speed_download} B/s', f'{url}/{size}',
                                  patience=600)
        with open(data, 'rb') as file:
            digest = hashlib.file_digest(file, 'sha256').hexdigest()
        tap.note(f'down: {text}')
        tap.case(f'curl gets {size >> 20} MiB from {address}, SHA-256 right', status == 0 and digest == expected, text)
        status, text = guest.host('curl', '-sS', '-T', str(data), '-H', 'Expect:', '-w', '\n%{speed_upload} B/s',
                                  f'{url}/', patience=600)
        tap.note(f'up: {text}')
        tap.case('and puts them there, SHA-256 right', status == 0 and text.startswith(expected), text)


def without_offloads(tap, guest):
    """net makes and checks all sums and cuts segments; a connection that was there before goes on."""
    disturbed = Disturbed(guest)
    result = guest.command('net offload eth0 off')
    disturbed.go_on()
    tap.case('net offload eth0 off', result.status == 0 and guest.rows('net')[0]['offload'] == 'off', result)
    curl(tap, guest, 1 << 20)
    result = guest.command('net offload eth0 on')
    disturbed.go_on()
    disturbed.end(tap, 'offloads are taken away and given back')
    tap.case('net offload eth0 on', result.status == 0 and guest.rows('net')[0]['offload'] == 'on', result)


class Disturbed:
    """A download and an echo that go on while something is done to the card."""

    def __init__(self, guest):
        self.guest = guest
        self.transfers = [transfers.Download(guest.address[0]), transfers.Echo(guest.address[0])]
        self.go_on()

    def go_on(self):
        """Until more has come on each of them."""
        for each in self.transfers:
            start = each.count
            self.guest.wait(lambda: each.problem or each.count > start + GOES_ON,
                            f'byte on a connection that had {start}')

    def end(self, tap, what):
        for each in self.transfers:
            each.ending = True
        wrong = [each.end() for each in self.transfers]
        tap.note(', '.join(f'{type(each).__name__}: {each.count >> 20} MiB' for each in self.transfers))
        tap.case(f'{what}: the same connections go on, SHA-256 right', wrong == [None, None], wrong)


def killed(tap, guest, driver):
    before = {row['name']: row['restarts'] for row in guest.rows('ps')}
    disturbed = Disturbed(guest)
    for _ in range(KILLS):
        guest.kill(driver)
        disturbed.go_on()
    disturbed.end(tap, f'{driver} is killed {KILLS} times')
    more = {row['name']: row['restarts'] - before[row['name']] for row in guest.rows('ps')}
    tap.case('and nobody else was restarted', {name: count for name, count in more.items() if count} == {driver: KILLS},
             more)


def link_lost(tap, guest):
    disturbed = Disturbed(guest)
    guest.qmp('set_link', name='nic0', up=False)
    guest.after(lambda: guest.rows('net')[0]['state'] == 'no link', 'news of the link')
    good, text = guest.pinged(guest.address[0], count=1)
    tap.case('without a link nothing is answered', not good, text)
    guest.qmp('set_link', name='nic0', up=True)
    disturbed.go_on()
    disturbed.end(tap, 'the link is lost')


def pulled(tap, guest, kind):
    disturbed = Disturbed(guest)
    guest.qmp('device_del', id='nic0')
    guest.event('DEVICE_DELETED')
    guest.after(lambda: guest.program(network_guest.DRIVERS[kind])['state'] == 'absent', 'end of the driver')
    guest.qmp('device_add', driver=MODELS[kind], id='nic0', netdev='net0', bus='nicslot0', mac=guest.mac())
    disturbed.go_on()
    disturbed.end(tap, 'the card is pulled and put back')


def timed(tap, what, function, *arguments):
    started = time.monotonic()
    function(*arguments)
    tap.note(f'{what}: {time.monotonic() - started:.1f} s')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive')
    parser.add_argument('--mebibytes', type=int, default=4, help='of each transfer by curl (default: 4)')
    parser.add_argument('kind', choices=network_guest.DRIVERS)
    options = parser.parse_args()
    slot = options.kind != 'e1000'  # of PCI, so in no slot of PCI Express
    full = options.kind == 'virtio'  # what no card has a part in
    with rig.tap() as tap:
        if not network_guest.possible(tap):
            return
        with network_guest.wires() as (net,), NetworkGuest([net], [options.kind], options.build, options.archive,
                                                          hotplug=slot) as guest:
            if full:
                net.capture()
                net.time = host_services.TimeServer(net.address, spoken.AHEAD)
            timed(tap, 'boot', guest.begin)
            timed(tap, 'addresses', addresses, tap, guest, net)
            if full:
                said = spoken.Spoken(tap, guest, net)
                timed(tap, 'spoken', said.all)
                timed(tap, 'judge', said.judge)
                timed(tap, 'shell', shell_network.all_of, tap, guest, net)
            timed(tap, 'curl', curl, tap, guest, options.mebibytes << 20)
            timed(tap, 'offloads', without_offloads, tap, guest)
            timed(tap, 'kills', killed, tap, guest, network_guest.DRIVERS[options.kind])
            timed(tap, 'link', link_lost, tap, guest)
            if slot:
                timed(tap, 'slot', pulled, tap, guest, options.kind)
            if full:
                timed(tap, 'net', net_death.all_of, tap, guest, net,
                      network_guest.DRIVERS[options.kind])
            tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
