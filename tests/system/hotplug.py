#!/usr/bin/env python3
"""Devices that come and go while the system runs, in PCI Express slots: a disk is pulled while a program
writes to it, put back, and the program goes on; another disk takes its place; cards that nobody wants
come and go; a slot that interrupts by MSI as one by MSI-X; a bridge. Between all that the prompt answers.
The disk also where UEFI has set up the slots, and where nobody has."""
import argparse
import json

import rig

DISK_BYTES = 1 << 20
# Slow enough for a disk to be pulled between two requests of a pass.
REQUESTS_PER_SECOND = 100
SLOTS = ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off',
         '-device', 'pcie-root-port,id=slot1,chassis=1,slot=1,addr=5.0',
         '-device', 'pcie-root-port,id=slot2,chassis=1,slot=2,addr=6.0',
         '-device', 'ioh3420,id=slot3,chassis=1,slot=3,addr=7.0',
         '-device', 'pcie-root-port,id=slot4,chassis=1,slot=4,addr=8.0,bus-reserve=3']


# Who has given buses and windows to the slots; qboot gives no addresses to anything.
WAYS = [('SeaBIOS', [], []), ('UEFI', ['--firmware', 'uefi'], []), ('qboot', [], ['-bios', 'qboot.rom'])]


def disk_arguments(folder, name):
    """An image as a node that outlives the devices that use it, and its throttle."""
    path = folder / f'{name}.img'
    with open(path, 'wb') as image:
        image.truncate(DISK_BYTES)
    return ['-object', f'throttle-group,id=limit-{name},x-iops-total={REQUESTS_PER_SECOND}',
            '-blockdev', f'driver=throttle,node-name={name},throttle-group=limit-{name},'
            f'file.driver=file,file.filename={path}']


class Guest(rig.Session):
    def rows(self, command):
        return json.loads(self.command(f'{command} --json').text)

    def state(self, program):
        return next(row['state'] for row in self.rows('ps') if row['name'] == program)

    def functions(self):
        return {row['where']: row for row in self.rows('devices') if row['bus'] == 'pci'}

    def until(self, condition, what):
        """Asks at the prompt until it is so."""
        for _ in range(300):
            if condition():
                return
        raise rig.Lost(f'{what} does not come\n{self.command("log").text}')

    def plug(self, device, slot, **properties):
        self.qmp('device_add', driver=device, bus=f'slot{slot}', id=f'card{slot}', **properties)

    def pull(self, slot):
        """What a person does: asks for the device, and takes it when the slot's light is out."""
        self.qmp('device_del', id=f'card{slot}')
        self.event('DEVICE_DELETED')


def disk_pulled(tap, guest):
    guest.plug('virtio-blk-pci', 1, drive='first')
    guest.until(lambda: guest.state('disk0') == 'running', 'the driver of a new disk')
    tap.case('a disk that is plugged in gets its driver', guest.functions()['01:00.0']['driver'] == 'disk0',
             guest.functions())

    guest.command('restart block-test')
    guest.until(lambda: 'flushed 1' in guest.command('log block-test').text, 'the first generation')
    guest.pull(1)
    tap.case('the emulator may take a disk that is being written to', True)
    guest.until(lambda: guest.state('disk0') == 'absent', 'the end of the driver')
    tap.case('its driver is absent then, and its client waits', guest.state('block-test') == 'running',
             guest.rows('ps'))
    tap.case('the list of devices has it no more', '01:00.0' not in guest.functions(), guest.functions())

    guest.plug('virtio-blk-pci', 1, drive='first')
    guest.until(lambda: guest.state('block-test') != 'running', 'the end of the test')
    log = guest.command('log block-test').text
    tap.case('put back, it serves the client that waited, and nothing was lost',
             'passed: 4 generations' in log and '2 drivers' in log, log)


def another_disk(tap, guest):
    guest.pull(1)
    guest.until(lambda: guest.state('disk0') == 'absent', 'the end of the driver')
    guest.plug('virtio-blk-pci', 1, drive='second')
    guest.until(lambda: guest.state('disk0') == 'running', 'the driver of the second disk')
    guest.command('restart block-test')
    guest.until(lambda: guest.command('log block-test').text.count('passed') == 2, 'the second test')
    tap.case('another disk in the same slot is used', True)


def unwanted(tap, guest):
    for slot, device in ((2, 'e1000e'), (3, 'qemu-xhci')):
        for time in (1, 2):
            guest.plug(device, slot)
            guest.until(lambda: f'0{slot}:00.0' in guest.functions(), f'{device} in the list')
            row = guest.functions()[f'0{slot}:00.0']
            tap.case(f'{device} that nobody drives is listed, with addresses, time {time}',
                     not row['driver'] and not row['memory'].startswith('0:0x0+'), row)
            guest.pull(slot)
            guest.until(lambda: f'0{slot}:00.0' not in guest.functions(), f'the end of {device}')
    tap.case('meanwhile the disk went on', guest.state('disk0') == 'running')


def bridge(tap, guest):
    """The guest must not look before the disk is behind the bridge: a slot behind that is none of ours."""
    guest.qmp('stop')
    guest.plug('pcie-pci-bridge', 4)
    guest.qmp('device_add', driver='virtio-blk-pci', bus='card4', addr='1', id='inner', drive='third')
    guest.qmp('cont')
    guest.until(lambda: guest.state('disk1') == 'running', 'the driver of a disk behind the bridge')
    guest.command('restart test1')
    guest.until(lambda: 'passed' in guest.command('log test1').text, 'the test of that disk')
    tap.case('a bridge that is plugged in gets a bus, and the disk behind it is used', True)
    guest.pull(4)
    guest.until(lambda: '04:00.0' not in guest.functions(), 'the end of the bridge')
    tap.case('pulled, both are gone', guest.state('disk1') == 'absent' and '05:01.0' not in guest.functions(),
             guest.functions())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive')
    options = parser.parse_args()
    with rig.tap() as tap:
        for name, words, machine in WAYS:
            tap.note(name)
            with rig.scratch_folder() as folder:
                disks = [word for disk in ('first', 'second', 'third')
                         for word in disk_arguments(folder, disk)]
                with Guest('test', words, SLOTS + machine + disks, build=options.build,
                           archive=options.archive) as guest:
                    guest.prompt()
                    tap.case('without a disk its driver is absent', guest.state('disk0') == 'absent')
                    disk_pulled(tap, guest)
                    if name == 'SeaBIOS':
                        another_disk(tap, guest)
                        unwanted(tap, guest)
                        bridge(tap, guest)
                    tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
