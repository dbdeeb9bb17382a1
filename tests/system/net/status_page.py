#!/usr/bin/env python3
"""The status page in a real browser: figures move, a driver that is killed is seen to come back on the very page,
the page says when it gets no answers and goes on by itself, fits a phone, asks nobody else, does nothing that its
policy forbids. --update writes the picture in README.md anew; without it the test says whether that picture is of
this page."""
import argparse
import hashlib
import struct
import zlib

import browser
import network_guest
from network_guest import NetworkGuest
import rig

PICTURE = rig.ROOT / 'docs/images/status.png'
PAGE = rig.ROOT / 'servers/http/page.html'
SIZES = ((360, 800), (1280, 800))
PICTURE_SIZE = (1280, 960)
_SIGNATURE, _KEYWORD = b'\x89PNG\r\n\x1a\n', b'Source'

# {name: {heading: text}} of a table of the page.
ROWS = '''(body => Object.fromEntries([...body.rows].map(row => {
  const heads = [...body.parentNode.tHead.rows[0].cells].map(it => it.textContent);
  return [row.cells[0].textContent, Object.fromEntries([...row.cells].map((cell, i) => [heads[i], cell.textContent]))];
})))(document.getElementById('%s'))'''
# What lies or reaches outside the window.
OUTSIDE = '''[...document.querySelectorAll('body *:not(.hidden, .hidden *)')].filter(it => {
  const at = it.getBoundingClientRect();
  return at.width > 1 && (at.left < 0 || at.right > innerWidth + 0.5 || it.scrollWidth > it.clientWidth + 1 &&
    it.clientWidth > 1 && getComputedStyle(it).overflowX === 'auto');
}).map(it => it.outerHTML.slice(0, 80))'''


class Page:
    def __init__(self, guest, web):
        self.guest, self.web = guest, web

    def programs(self):
        return self.web.value(ROWS % 'programs')

    def interrupts(self):
        return self.web.value(ROWS % 'interrupts')

    def text(self, name):
        return self.web.value(f'document.getElementById("{name}").textContent')

    def state(self):
        return self.web.value('document.getElementById("state").className')

    def until(self, condition, what):
        def seen():
            self.web.pump()
            return condition()
        self.guest.wait(seen, what)

    def updated(self):
        """Waits for an answer that began after now."""
        before = self.web.value('last.uptime_us')
        for _ in range(2):
            self.until(lambda: self.web.value('last.uptime_us') > before, 'update of the page')
            before = self.web.value('last.uptime_us')


def figures(tap, page):
    """What is shown is what the shell shows, and it lives."""
    rows = {row['name']: row for row in page.guest.rows('sched')}
    shown = page.programs()
    there = {name for name, row in rows.items() if row['state'] != 'absent'}
    tap.case('every program that is there is on the page', set(shown) == there, set(shown) ^ there)
    tap.case('with state, priority and level as the shell has them',
             all((shown[name]['State'], shown[name]['Priority']) == (rows[name]['state'], str(rows[name]['prio']))
                 and (shown[name]['Level'] == '–') == (rows[name]['level'] == '-') for name in there), shown)
    drivers = {row['name'] for row in page.guest.rows('ps') if row['kind'] == 'driver' and row['state'] == 'running'}
    lines = page.interrupts()
    tap.case('drivers have served interrupts', {'uart0', 'clock', 'vnet0'} <= set(lines) <= drivers and
             all(lines[name]['Served'] != '0' for name in ('uart0', 'clock', 'vnet0')), lines)
    tap.case('the kernel log is there', any('system ready' in each for each in page.web.texts('#log li')))
    before = page.text('host'), shown['http']['CPU time'], lines['vnet0']['Served'], lines['clock']['Served']

    def moved():
        programs, now = page.programs(), page.interrupts()
        return all(one != other for one, other in zip(before, (
            page.text('host'), programs['http']['CPU time'], now['vnet0']['Served'], now['clock']['Served'])))
    page.until(moved, 'change of the figures')
    tap.case('uptime, CPU time and interrupts move', True)


def scheduler(tap, page):
    """A program that only computes sinks, and is drawn where it is."""
    page.guest.command('stress cpu')

    def sunk():
        level = page.programs().get('stress-cpu', {}).get('Level', '0')
        return level.isdigit() and int(level) > 0
    page.until(sunk, 'program that sinks')
    place = page.web.value('''[...document.querySelectorAll('#levels dd')].findIndex(
        it => it.textContent.includes('stress-cpu'))''')
    tap.case('who only computes sinks, on the page too', place > 0, place)
    page.updated()
    share = page.programs()['stress-cpu']['CPU']
    tap.case('and has most of the CPU', float(share.rstrip(' %')) > 50, share)


def killed(tap, page, name):
    before = int(page.programs()[name]['Restarts'])
    requests = len(page.web.requests)
    page.guest.kill(name)
    page.until(lambda: int(page.programs()[name]['Restarts']) == before + 1, f'restart of {name}')
    row = page.programs()[name]
    tap.case(f'the end of {name} is counted on the page, and how soon it was back', row['State'] == 'running' and
             row['Recovery'].endswith('ms'), row)
    page.updated()
    tap.case('which has gone on asking', len(page.web.requests) > requests and page.web.loads == 1)


def usable(tap, page):
    """Keyboard and reader."""
    tree = page.web.tree()
    wanted = {('heading', 'Hypercore'), ('heading', 'Scheduler'), ('heading', 'Interrupts'), ('status', ''),
              ('table', 'Programs of the system; headings sort'), ('button', 'CPU'), ('rowheader', 'shell')}
    tap.case('a reader is told what is what', wanted <= tree, wanted - tree)
    nameless = [role for role, name in tree if role in ('button', 'link', 'table', 'columnheader') and not name]
    tap.case('and nothing there is without a name', not nameless, nameless)
    page.web.value('''[...document.querySelectorAll('#heads button')].find(it => it.textContent === 'CPU').focus()''')
    for kind in ('keyDown', 'keyUp'):
        page.web.call('Input.dispatchKeyEvent', type=kind, key='Enter', code='Enter', text='\r' * (kind == 'keyDown'),
                      windowsVirtualKeyCode=13)
    shares = page.web.value('[...document.querySelectorAll("#programs tr td b")].map(it => parseFloat(it.textContent))')
    tap.case('headings sort, by keyboard too', shares == sorted(shares, reverse=True) and
             page.web.value('document.querySelector("th[aria-sort=descending]").textContent') == 'CPU', shares)


def fits(tap, page):
    for width, height in SIZES:
        for scheme in ('light', 'dark'):
            page.web.resize(width, height)
            page.web.scheme(scheme)
            scrolled = page.web.value('document.documentElement.scrollWidth'), page.web.value(OUTSIDE)
            tap.case(f'nothing is wider than {width}x{height}, {scheme}', scrolled == (width, []), scrolled)
    colours = set()
    for scheme in ('light', 'dark'):
        page.web.scheme(scheme)
        colours.add(page.web.value('getComputedStyle(document.body).backgroundColor'))
    tap.case('light and dark as preferred', len(colours) == 2, colours)


def lost(tap, page):
    page.guest.qmp('stop')
    page.until(lambda: page.state() == 'lost', 'word that nobody answers')
    tap.case('the page says that nobody answers', 'no answer' in page.text('state'), page.text('state'))
    page.guest.qmp('cont')
    page.until(lambda: page.state() == 'live', 'return')
    tap.case('and goes on by itself when somebody does', page.web.loads == 1)


def closed(tap, page, address):
    """Nothing from elsewhere, nothing forbidden; and what is forbidden would have been noticed."""
    strangers = [each for each in page.web.requests if not each.startswith((address, 'data:'))]
    tap.case('nobody else was asked for anything', not strangers and len(page.web.requests) > 5, strangers)
    tap.case('no errors and nothing that the policy forbids', not page.web.problems, page.web.problems)
    page.web.value('''document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.bad = 1'}))''')
    page.until(lambda: page.web.problems, 'word of a script that the policy forbids')
    tap.case('a script that is put into the page does not run', page.web.value('window.bad') is None)


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def source():
    """Says which page a picture is of."""
    return chunk(b'tEXt', _KEYWORD + b'\0' + hashlib.sha256(PAGE.read_bytes()).hexdigest().encode())


def picture(tap, page, update):
    page.web.scheme('light')
    page.web.resize(*PICTURE_SIZE)
    page.updated()
    taken = page.web.picture()
    if update:
        end = 8 + 25  # behind the header
        PICTURE.write_bytes(taken[:end] + source() + taken[end:])
    kept = PICTURE.read_bytes() if PICTURE.exists() else b''
    for name, data in (('taken now', taken), ('in README.md', kept)):
        size = struct.unpack('>II', data[16:24]) if data.startswith(_SIGNATURE) else None
        tap.case(f'the picture {name} has its size', size == PICTURE_SIZE, size)
    tap.case('and is small', len(kept) < 250_000, len(kept))
    tap.case('the picture in README.md is of this page', source() in kept,
             'meant so? tests/system/net/status_page.py --update')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--archive')
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()
    with rig.tap() as tap:
        if not network_guest.possible(tap):
            return
        with network_guest.wires() as (net,), NetworkGuest([net], ['virtio'], options.build, options.archive) as guest, \
                browser.Browser() as web:
            guest.begin()
            guest.configured()
            page, address = Page(guest, web), f'http://{guest.address[0]}/'
            web.resize(1280, 800)
            web.scheme('light')
            web.open(address)
            page.until(lambda: web.loads and page.state() == 'live', 'first answer')
            page.updated()
            figures(tap, page)
            killed(tap, page, 'vnet0')
            scheduler(tap, page)
            picture(tap, page, options.update)
            usable(tap, page)
            fits(tap, page)
            lost(tap, page)
            closed(tap, page, address)
            tap.case('poweroff', guest.poweroff() == 0, guest.guest.reason)


if __name__ == '__main__':
    main()
