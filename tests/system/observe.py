#!/usr/bin/env python3
"""What the shell shows of the system: CPU time and memory of everybody, levels of the feedback class that
move, crash records with names of functions, and a trace that a parser of ours reads back."""
import argparse
import json
import re
import time

import rig
import trace_fxt

TRUSTED = ('root', 'memory-manager', 'device-manager', 'supervisor')
EVENTS = 2000


def table(guest, command):
    """{name: row} of a command's JSON."""
    return {row['name']: row for row in json.loads(guest.command(command + ' --json').text)}


def accounts(tap, guest):
    programs = table(guest, 'ps')
    for name in TRUSTED:
        row = programs[name]
        tap.case(f'{name} has used CPU time and memory', row['cpu'] > 0 and row['memory'] > 0, row)
    absent = [row for row in programs.values() if row['state'] == 'absent']
    tap.case('what does not run has no memory', absent and not any(row['memory'] for row in absent), absent)


def levels(tap, guest):
    guest.command('stress cpu')
    seen = set()
    deadline = time.monotonic() + rig.PATIENCE
    while time.monotonic() < deadline and max(seen, default=0) == 0:
        programs = table(guest, 'sched')
        seen.add(programs['stress-cpu']['level'])
    tap.case('who only computes sinks in the feedback class', max(seen, default=0) > 0, seen)
    tap.case('who mostly waits does not', programs['shell']['level'] == 0, programs['shell'])
    tap.case('who is not in that class has no level', programs['log']['level'] == '-', programs['log'])
    tap.case('and the CPU is its', programs['stress-cpu']['permille'] > 500, programs['stress-cpu'])


def trace(tap, guest):
    result = guest.command(f'trace {EVENTS}')
    seen = trace_fxt.read(trace_fxt.memory(result.text.encode()))
    tap.case('a trace is read back whole', len(seen.events) == EVENTS, result)
    times = [event.time for event in seen.events]
    tap.case('in the order of time', times == sorted(times))
    names = set(seen.threads.values())
    wanted = {'shell', 'stress-cpu', 'supervisor', 'memory-manager', 'clock'}
    tap.case('threads have the names of programs', wanted <= names, names)
    tap.case('all of them', not [name for name in names if name.startswith('thread ')], names)
    kinds = {event.name for event in seen.events}
    tap.case('switches, wake-ups, calls, signals and interrupts are in it',
             {'dispatch', 'wake', 'block', 'call', 'signal', 'interrupt'} <= kinds, kinds)
    ran = trace_fxt.running(seen)
    load = sum(ticks for thread, ticks in ran.items() if seen.threads.get(thread) == 'stress-cpu')
    tap.case('the load ran most of the time', load > sum(ran.values()) / 2,
             {seen.threads.get(thread): ticks for thread, ticks in ran.items()})
    seconds = (times[-1] - times[0]) / seen.ticks_per_second
    tap.case('for as long as it took', 0.001 < seconds < rig.PATIENCE, seconds)
    guest.command('kill stress-cpu')


def honesty(tap, guest):
    rows = json.loads(guest.command('devices --json').text)
    masters = {row['what'].split()[0] for row in rows if row['dma'] == 'not contained' and row['bus'] != 'pci'}
    tap.case('devices says whose DMA is not contained: PCI functions and the HPET', masters == {'hpet'}
             and all(row['dma'] == 'not contained' for row in rows if row['bus'] == 'pci'), rows)


def holdings(tap, guest):
    shown = guest.command('caps uart0').text.splitlines()
    tap.case('caps names who is at the other end', '├─ serial.0: console' in shown, shown)
    tap.case('and nobody where there is nobody', '├─ irq0' in shown, shown)
    tap.case('and ports by their numbers', any(re.match('├─ ports0 +ports, 0x3f8 to 0x3ff, slot', line)
                                               for line in shown), shown)
    shown = guest.command('caps log').text
    clients = re.findall(r'├─ log\.\d+: (\S+)', shown)
    tap.case('a server\'s clients are told apart', len(clients) > 3 and len(set(clients)) == len(clients), shown)


def crashes(tap, guest):
    guest.command('kill uart0')
    shown = guest.command('crash uart0').text
    tap.case('a crash record has the names of functions', ' main+0x' in shown and ' _start+0x' in shown, shown)
    tap.case('and the manifest\'s words', 'name     = "uart16550"' in shown, shown)

    deadline, lines = time.monotonic() + rig.PATIENCE, ''
    words = "'uart0' (instance 1) ended in main+0x"
    while words not in lines and time.monotonic() < deadline:
        lines = guest.command('log supervisor').text
    restarted, names = lines.find('restarted uart0,'), lines.find(words)
    tap.case('nobody ended but who was told to', 'hangs' not in lines, lines)
    tap.case('the log has them, after the successor runs', 0 < restarted < names, lines)


def recoveries(tap, guest):
    """How long uart0 was gone, over its restarts."""
    guest.command('kill uart0')
    row = table(guest, 'ps')['uart0']
    least, most, total = (row[f'recovery-{name}'] for name in ('min', 'max', 'sum'))
    tap.case('ps --json has count, minimum, maximum and sum of recoveries', row['recoveries'] == row['restarts'] == 2
             and 0 < least <= row['recovery'] <= most and total == least + most, row)
    shown = guest.command('ps').text.splitlines()[0]
    tap.case('people see the last only', shown.split()[-2:] == ['restarts', 'recovery'], shown)


def as_data(tap, guest):
    """What `crash`, `date` and `uptime` say is data too."""
    records = json.loads(guest.command('crash --json uart0').text)
    newest = records[0] if records else {}
    tap.case('crash --json has the record: who, why, registers, functions', len(records) == 1
             and (newest['name'], newest['instance'], newest['reason']) == ('uart0', 1, 'killed')
             and newest['ended'] > 0 and newest['recovery'] > 0 and newest['registers']['rip'] > 0x1000
             and len(newest['functions']) == 1 + len(newest['backtrace']) and 'main' in newest['functions'], records)
    tap.case('of a program that never ended there is none', guest.command('crash --json log').text == '[]\n')
    date, = json.loads(guest.command('date --json').text)
    tap.case('date --json: the same in words and in microseconds', date['date'] == time.strftime(
        '%Y-%m-%d %H:%M:%S UTC', time.gmtime(date['since-1970'] // 1000000)), date)
    uptime, = json.loads(guest.command('uptime --json').text)
    hours, minutes, seconds = uptime['uptime'].split(':')
    said = (int(hours) * 60 + int(minutes)) * 60 + float(seconds)
    tap.case('uptime --json too', abs(said - uptime['since-boot'] / 1e6) < 0.002, uptime)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    options = parser.parse_args()
    with rig.tap() as tap, rig.Session('default', build=options.build) as guest:
        guest.prompt()
        accounts(tap, guest)
        honesty(tap, guest)
        holdings(tap, guest)
        levels(tap, guest)
        trace(tap, guest)
        crashes(tap, guest)
        as_data(tap, guest)
        recoveries(tap, guest)
        tap.case('the machine switches off', guest.poweroff() == 0)


main()
