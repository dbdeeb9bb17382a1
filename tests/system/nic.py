#!/usr/bin/env python3
"""A network card of one kind and its driver on QEMU's user networking: nic-test (programs/nic-test) asks by
ARP and DHCP, floods while it kills the driver, and goes on with each successor; the cable is pulled and put back;
the driver is killed from the shell."""
import argparse
import json
import re

import rig

DEVICES = {'virtio-net': 'virtio-net-pci', 'e1000': 'e1000', 'e1000e': 'e1000e'}
PATIENCE = 120.0


class Guest(rig.Session):
    def state(self, program):
        return next(row for row in json.loads(self.command('ps --json').text) if row['name'] == program)

    def log(self):
        return ' '.join(self.command('log').text.split())  # long lines were broken

    def run_test(self):
        """Starts nic-test; what it and the driver have logged when it has ended."""
        self.command('restart nic-test')
        self.wait(lambda: self.state('nic-test')['state'] == 'absent', 'end of nic-test', PATIENCE)
        return self.log()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive')
    parser.add_argument('kind', choices=DEVICES)
    options = parser.parse_args()
    machine = ['-netdev', 'user,id=net0,restrict=on', '-device', f'{DEVICES[options.kind]},netdev=net0,id=nic0']
    with rig.tap() as tap, Guest('test', machine=machine, build=options.build, archive=options.archive) as guest:
        guest.prompt()
        log = guest.run_test()
        tap.note(guest.command('log nic-test').text)
        tap.case('ARP finds the gateway', 'arp: 10.0.2.2 is at 52:55:0a:00:02:02' in log, log)
        tap.case('DHCP offers an address', 'dhcp: 10.0.2.15 is offered' in log, log)
        sent = re.search(r'flood: 20000 frames were sent by 6 drivers, (\d+) answers, 0 dropped', log)
        tap.case('a flood goes on with each of six drivers', sent, log)
        tap.case('answers come to nearly all', sent and int(sent[1]) > 17000, log)
        tap.case('nothing else is wrong', 'passed: 6 drivers' in log, log)
        guest.qmp('set_link', name='nic0', up=False)
        guest.command('kill nic0')
        log = guest.command('log nic0').text
        tap.case('a driver that starts while the link is down says so', re.search('link down', log), log)
        guest.qmp('set_link', name='nic0', up=True)
        log = guest.run_test()
        tap.case('another round, when the link is up', log.count('passed: ') == 2, log)
        tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
