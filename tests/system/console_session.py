#!/usr/bin/env python3
"""The console from outside, on a machine with a framebuffer: what the screen shows is compared with the
font's bitmaps cell by cell, keys come from the emulated keyboard, and what carries the session is killed
one after the other."""
import argparse
import re

import rig
from screen_session import Console
import trace_fxt

KILLS = 3  # of each program; the soak run of the whole system does more


def session(tap, guest):
    boot = guest.prompt().text
    guest.at_prompt()
    shown = [line for line in guest.lines() if line]
    log = [line for line in boot.splitlines() if re.match(r' *\d+\.\d{3} ', line)]
    tap.case('the boot log is on both', log and set(log) <= set(shown), f'{log}\n{shown}')
    tap.case('the last line before the prompt says how long it took',
             boot.splitlines()[-1].endswith('from the kernel\'s start to the prompt; help shows the commands'), boot)

    guest.keys('e', 'c', 'h', 'o', 'spc', 'shift-h', 'i', 'spc', 'shift-1', 'caps_lock', 'x', 'caps_lock', 'y',
               'left', 'left', 'backspace', 'z', 'ret')
    guest.expect('^Hi zXy$')  # the line was drawn more than once: the prompt alone says nothing
    guest.prompt()
    tap.case('keys arrive at the shell', True)
    guest.shows('Hi zXy', 'hypercore> █')
    tap.case('what was typed at the keyboard is on the screen', 'hypercore> echo Hi zXy' in guest.lines(),
             guest.lines())
    guest.keys('up', 'up', 'down', 'ret')  # the line before, after one look further back
    guest.prompt()
    guest.shows('hypercore> echo Hi zXy', 'Hi zXy', 'hypercore> █')
    tap.case('Up brings back what was typed before', True)
    guest.keys('u', 'p', 't', 'tab', 'ret')
    guest.expect('^[0-9:.]+$')
    guest.prompt()
    guest.at_prompt()
    tap.case('Tab completes a command', 'hypercore> uptime' in guest.lines(), guest.lines())
    guest.keys('c', 'a', 'p', 's', 'spc', 'v', 'i', 'tab', 'backspace', 'backspace')
    guest.shows('hypercore> caps virtio-rn█')
    tap.case('and the name of a program', True)
    guest.keys('ctrl-c')
    guest.prompt()
    words = 'größer Жизнь Ωμέγα ─│┌┐└┘ ░▒▓ ←↑→↓ ∑∫√∞ ⠿'
    guest.command(f'echo {words}')
    guest.shows(words, 'hypercore> █')
    tap.case('UTF-8 from the serial line is on the screen, glyph by glyph', True)


def looking_back(tap, guest):
    for _ in range(4):
        guest.command('help')
    guest.at_prompt()
    before = guest.lines()
    guest.keys('shift-pgup')
    half = len(before) // 2
    guest.wait(lambda: guest.lines()[half:2 * half] == before[:half], 'lines that scrolled off')
    guest.keys('spc', 'backspace')
    guest.wait(lambda: guest.lines() == before, 'screen as it was')
    tap.case('Shift+PageUp shows lines that scrolled off, a key returns', True)


def kills(tap, guest):
    for name in ('fb', 'console', 'ps2', 'uart0', 'log'):
        for count in range(1, KILLS + 1):
            result = guest.command(f'kill {name}')
            tap.case(f'kill {name}, time {count}', result.status == 0, result)
            guest.at_prompt()
            guest.keys('e', 'c', 'h', 'o', 'spc', 'a', 'ret')
            guest.prompt()
            guest.shows('hypercore> echo a', 'a', 'hypercore> █')
    info = guest.command('ps --json')
    restarts = [int(each) for each in re.findall(r'"restarts": (\d+)', info.text)]
    tap.case('each came back each time', sum(restarts) == 5 * KILLS, info)
    log = guest.command('log').text
    tap.case('the log server kept its lines', 'started log' in log and 'it kept the lines' in log, log)


def commands(tap, guest):
    tap.case('a command that does not exist', guest.command('nonsense').status == 127)
    tap.case('what the trusted base refuses', guest.command('kill supervisor').status == 1)
    tap.case('the last of several counts', guest.command('nonsense; echo x').status == 0)
    result = guest.command('trace 50')
    trace = trace_fxt.read(result.text.encode())
    tap.case('trace 50', len(trace.events) == 50 and 'shell' in trace.threads.values(), result)
    guest.type('log -f\n')
    guest.expect('started log')
    guest.type('\x03')
    tap.case('Ctrl-C ends log -f', guest.prompt().status == 130)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    options = parser.parse_args()
    with rig.tap() as tap, Console('default', ['--firmware', 'uefi'], build=options.build) as guest:
        session(tap, guest)
        looking_back(tap, guest)
        kills(tap, guest)
        commands(tap, guest)
        tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
