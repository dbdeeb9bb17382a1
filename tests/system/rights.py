#!/usr/bin/env python3
"""What programs may not do, on rights.toml's system: each instance of `rogue` reaches for one kind of thing that
its manifest does not give it and has to end by that, with a crash record, while nobody else notices; `greedy`
takes more memory than its quota; `mayfly` dies too often; the trusted base is not to be killed. Prints TAP."""
import argparse
import json
import re

import rig

FAULTS = {'exit': 2, 'exception': 3, 'page': 6}
FAULT_QUOTA = 2  # memory::fault_quota
TRUSTED = ('root', 'memory-manager', 'device-manager', 'supervisor')
DEVICES = 11
FOREIGN_MEMORY, FOREIGN_BYTES = 0x0a00_0000, 4096  # as in programs/rogue
GENERAL_PROTECTION = 13
EVENTS = 0x1_f000_0000  # program::layout::events

LOOKING_IS_NOT_ENOUGH = ('Holding', 'Kill', 'Restart', 'CrashRecord', 'Manifest', 'Events', 'ThreadName', 'Start',
                         'Symbol')

# Name, kind of fault, what the fault's words must be by their number, the case in words.
OFFENCES = (
    ('rogue-in', 'exception', {3: GENERAL_PROTECTION}, 'an instruction that reads an I/O port'),
    ('rogue-port', 'exit', {}, 'an I/O port by a capability it does not have'),
    ('rogue-bar', 'page', {1: None}, 'device memory behind the registers it was given'),
    ('rogue-irq', 'exit', {}, 'an interrupt'),
    ('rogue-call', 'exit', {}, 'a Call by a protocol it does not use'),
    ('rogue-memory', 'exit', {}, "the memory-manager's commands for the supervisor"),
    ('rogue-spy', 'page', {1: 0xffff_ffff_8000_0000}, "the kernel's memory"),
    ('rogue-watch', 'page', {1: EVENTS}, 'accounts and events, for which it would need the right `monitor`'),
    ('rogue-power', 'exit', {}, "the device-manager's commands"),
    ('rogue-log', 'exit', {}, "the log's filters, which would silence others"),
    ('greedy-touch', 'page', {4: FAULT_QUOTA}, 'more memory than its quota, by touching it'),
    ('greedy-ask', 'exit', {}, 'more memory than its quota, by asking'),
)
# What rogue calls at memory-manager and device-manager.
MANAGER_CALLS = ('CreateSpace', 'DestroySpace', 'MapArchive', 'MapAnonymous', 'CreateObject', 'DestroyObject',
                 'MapObject', 'MapFrame', 'TakeUntyped', 'ReturnUntyped', 'Fill', 'TakeFrame', 'NextFault',
                 'ResumeFault', 'AttachSwap', 'Peek')
DEVICE_CALLS = ('Attach', 'Detach', 'Present', 'NextEvent', 'Describe', 'Power')


def ps(guest):
    return {row['name']: row for row in json.loads(guest.command('ps --json').text)}


class Record:
    """The newest crash record of a program, as the shell shows it."""

    def __init__(self, text):
        self.text = text
        match = re.search(r'\(instance \d+\): (.*?) after', text)
        self.reason = match[1] if match else 'none'
        match = re.search(r'fault (\d+), words((?: 0x[0-9a-f]+)*)', text)
        self.label = int(match[1]) if match else 0
        self.words = [int(word, 16) for word in match[2].split()] if match else []
        match = re.search(r'rdi ([0-9a-fx]+)', text)
        self.status = int(match[1], 16) if match else -1

    def is_a(self, kind):
        return self.reason == ('exit' if kind == 'exit' else 'fault') and self.label == FAULTS[kind]


def run(guest, name):
    """Starts a program that ends by itself; its crash record once it has."""
    started = guest.command(f'restart {name}')
    if started.status != 0:
        return Record(f'it does not start: {started}')
    guest.wait(lambda: ps(guest)[name]['state'] == 'absent', f'end of {name}', 30)
    return Record(guest.command(f'crash {name}').text)


def others(guest, *names):
    """What must stay as it is: everybody else's state and restarts."""
    return {name: (row['state'], row['restarts']) for name, row in ps(guest).items() if name not in names}


def offences(tap, guest):
    for name, kind, words, what in OFFENCES:
        before = others(guest, name)
        record = run(guest, name)
        good = record.is_a(kind) and all(wanted in (None, record.words[n]) for n, wanted in words.items())
        if kind == 'exit':
            good = good and record.status == 0
        tap.case(f'{what}: {"is refused" if kind == "exit" else "ends it"}', good, record.text)
        after = others(guest, name)
        tap.case(f'{name}: nobody else is affected', after == before,
                 {each for each in after.items() if each not in before.items()})


def only_looks(tap, guest):
    """The right `observer`."""
    record = run(guest, 'onlooker')
    tap.case('who may only look sees everybody, and is refused the rest', record.is_a('exit') and record.status == 0,
             record.text)
    log = guest.command('log supervisor').text
    refused = set(re.findall(r"supervisor refuses 'onlooker' (\w+): it has no right to that", log))
    tap.case('each try is logged', refused == set(LOOKING_IS_NOT_ENOUGH), refused)


def said_clearly(tap, guest):
    log = guest.command('log supervisor').text
    wanted = r"'greedy-touch' wrote to address 0x[0-9a-f]+, for which its memory quota has no room"
    tap.case('the log says that it was the quota', re.search(wanted, log), log)


def refusals_are_logged(tap, guest):
    """Who, by whom and what; rogue-power's and rogue-memory's calls were all of those that need a right."""
    log = guest.command('log supervisor').text
    by = {server: {(who, call) for who, call in re.findall(rf"{server} refuses '(\S+)' (\w+): ", log)}
          for server in ('memory-manager', 'device-manager')}
    wanted = {'memory-manager': {('rogue-memory', call) for call in MANAGER_CALLS}
              | {('rogue-watch', 'SpaceStatistics'), ('greedy-ask', 'Allocate')},
              'device-manager': {('rogue-power', call) for call in DEVICE_CALLS}}
    for server, calls in wanted.items():
        tap.case(f'the log says what {server} refused to whom', by[server] == calls,
                 f'too few {calls - by[server]}, too many {by[server] - calls}')
    quota = "refuses 'greedy-ask' Allocate: its quota or the machine has no room"
    tap.case('... and that it was for memory', quota in log, log)


def the_log_is_not_silenced(tap, guest):
    log = guest.command('log log').text
    said = re.findall(r"log refuses program \d+ \('rogue-log'\) Filter: it has no right to that", log)
    tap.case('the log tells who wanted to silence others, once', len(said) == 1, log)
    after = guest.command('log supervisor').text.partition("'rogue-log' ended by itself")[2]
    tap.case('and goes on to keep their lines', "'rogue-log' stays stopped" in after, after)


def the_trusted_base(tap, guest):
    answers = {f'{verb} {name}': guest.command(f'{verb} {name}') for name in TRUSTED for verb in ('kill', 'restart')}
    wrong = {each: answer for each, answer in answers.items()
             if answer.status != 1 or 'not allowed' not in answer.text}
    tap.case('nobody kills or restarts the trusted base', not wrong, wrong)
    log = guest.command('log supervisor').text
    told = set(re.findall(r"supervisor refuses 'shell' (Kill|Restart) of (\S+): it has no right to that", log))
    wanted = {(verb, name) for name in TRUSTED for verb in ('Kill', 'Restart')}
    tap.case('each try is logged', told == wanted, wanted - told)


def a_short_life(tap, guest):
    def gave_up():
        return ps(guest)['mayfly']['state'] == 'absent'

    guest.command('restart mayfly')
    guest.wait(gave_up, 'end of the restarts of mayfly', 30)
    restarts = ps(guest)['mayfly']['restarts']
    log = guest.command('log supervisor').text
    tap.case('a program that ends too often is restarted as often as its manifest says, then stays stopped',
             restarts == 3 and "'mayfly' stays stopped" in log, f'{restarts} restarts\n{log}')
    guest.command('restart mayfly')
    guest.wait(gave_up, 'second end of mayfly', 30)
    restarts = ps(guest)['mayfly']['restarts']
    tap.case('restart revives it, with all its lives', restarts == 6, f'{restarts} restarts')


def clean_frames(tap, guest):
    """Both take more than half of the machine's memory: the second gets what the first has left."""
    free = json.loads(guest.command('mem --json').text)[0]['free']
    filled = run(guest, 'greedy-fill')
    tap.case('a program fills its memory', filled.is_a('exit') and filled.status == 0, filled.text)
    looked = run(guest, 'greedy-look')
    sizes = [int(each) for each in re.findall(r'(\d+)M of memory were zero', guest.command('log').text)]
    twice = sum(sizes) - (free >> 20)
    tap.case(f'the next finds zeros only, in {twice} MiB at least that were used before',
             looked.is_a('exit') and looked.status == 0 and len(sizes) == 2 and twice > 8,
             f'{looked.text}\n{sizes} of {free} free')


def physical_memory(guest):
    path = guest.scratch / 'physical'
    guest.qmp('pmemsave', val=FOREIGN_MEMORY, size=FOREIGN_BYTES, filename=str(path))
    return path.read_bytes()


def dma(tap, guest):
    """The last of all: what it overwrites was free, and nobody may get it any more."""
    before = physical_memory(guest)
    record = run(guest, 'rogue-dma')
    written = physical_memory(guest) != before
    tap.case('DMA is not contained (expected until VT-d)',
             record.is_a('exit') and record.status == 1 and written, f'written: {written}\n{record.text}')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive', required=True)
    options = parser.parse_args()
    machine = []
    for number in range(DEVICES):
        address = f'{0x13 + number // 8:x}.{number % 8}'
        machine += ['-device', f'virtio-rng-pci,rng=rng0,addr={address},multifunction=on']
    with rig.tap() as tap, rig.Session('test', ['--memory', '256M'], machine, options.build,
                                       options.archive) as guest:
        guest.prompt()
        offences(tap, guest)
        only_looks(tap, guest)
        said_clearly(tap, guest)
        refusals_are_logged(tap, guest)
        the_log_is_not_silenced(tap, guest)
        the_trusted_base(tap, guest)
        a_short_life(tap, guest)
        clean_frames(tap, guest)
        dma(tap, guest)
        tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
