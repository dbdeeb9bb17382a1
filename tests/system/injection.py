#!/usr/bin/env python3
"""Injects faults into the code of running drivers and servers (docs/howto/inject.md): boots
injection.toml's system with a table of faults in the injector's image, and looks what it says of each.
Victims without DMA: the kernel and everybody else must not notice, and the victim must come back.
Bus masters are not contained before VT-d: what goes wrong after a fault in one is listed in
BUILD/bus-master-faults.txt to be replayed, and is no failure.

    injection.py --build build                       what scripts/test runs
    injection.py --build build --replay uart0:text:17      one fault again, with all output
    injection.py --build build --soak                until Ctrl-C, with other seeds each time
"""
import argparse
import collections
from dataclasses import dataclass
import itertools
from pathlib import Path
import re
import struct
import subprocess
import sys
import tempfile
import time

import faults
import rig

HERE = Path(__file__).resolve().parent
MAGIC = b'faults to inject'
FAULT = struct.Struct('<QIBBBB16s16s')  # programs/injector/faults.hpp
CAPACITY = 8192
SILENCE = 40.0  # seconds without a word from the injector: the guest hangs
ASKS_AGAIN = 0.2  # programs/injector/services.hpp's resend_us, in seconds
DISK_BYTES = 4 << 20
BOOTS = 4  # of one survey, or for one fault, in which the injector itself may end
SEEDS = 100_000  # to choose from, for each class
SURVEY = 'survey'  # not a class of faults: does the victim come here?


@dataclass(frozen=True)
class Victim:
    name: str
    program: str  # its ELF file with symbols, below the build folder
    bus_master: bool = False
    network_card: bool = False  # net/injected.py's


VICTIMS = (  # in the order of programs/injector/faults.hpp
    Victim('uart0', 'drivers/uart16550'),
    Victim('ps2', 'drivers/ps2'),
    Victim('clock', 'drivers/hpet-clock'),
    Victim('log', 'servers/log'),
    Victim('entropy', 'servers/entropy'),
    Victim('disk0', 'drivers/virtio-blk', bus_master=True),
    Victim('virtio-rng', 'drivers/virtio-rng', bus_master=True),
    Victim('virtio0', 'drivers/virtio-net', bus_master=True, network_card=True),
    Victim('e1000e0', 'drivers/e1000e', bus_master=True, network_card=True),
    Victim('e1000-0', 'drivers/e1000', bus_master=True, network_card=True),
)


@dataclass(frozen=True)
class Injection:
    victim: Victim
    fault: faults.Fault
    plain: bool = False  # of network cards: while net leaves no checksums to the card

    def __str__(self):
        it = self.fault
        return (f'{self.victim.name}:{it.kind}:{it.seed} ({it.address:#x}: {it.text}; '
                f'{it.before.hex()} to {it.after.hex()})')


class Lab:
    """Makes boot archives with faults in them, and runs them."""

    system = 'tests/system/injection.toml'
    patience = 0.0  # seconds that a network card which does nothing is left alone

    def __init__(self, build, show=False, victims=tuple(each for each in VICTIMS if not each.network_card)):
        self.build, self.show, self.victims = Path(build), show, victims
        self.code = {each.name: faults.Program(faults.disassemble(self.build / f'{each.program}.elf'))
                     for each in victims}
        self.used = {}  # what survey() found

    def injection(self, victim, kind, seed):
        return Injection(victim, self.code[victim.name].fault(kind, seed))

    def archive(self, injections, folder):
        """A boot archive whose injector has these faults. Returns its path."""
        programs = {path.stem: path for place in ('servers', 'drivers', 'tests/system/programs')
                    for path in (self.build / place).glob('*.stripped')}
        image = programs['injector'].read_bytes()
        programs['injector'] = folder / 'injector'
        programs['injector'].write_bytes(with_table(image, injections, self.patience))
        archive = folder / 'archive.cpio'
        subprocess.run([rig.ROOT / 'scripts/manifest', 'build', '--system',
                        self.system, '--profile', 'test', '--output', archive,
                        '--programs', *(f'{name}={path}' for name, path in programs.items())],
                       check=True, cwd=rig.ROOT)
        return archive

    def run(self, injections):
        """Injects them in one boot. Returns its Witness."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            disk = folder / 'disk.img'
            with open(disk, 'wb') as file:
                file.truncate(DISK_BYTES)
            session = rig.Session('test', words=['--disk', str(disk), *self.words()], build=self.build,
                                  archive=self.archive(injections, folder))
            with session as guest:
                return self.watched(guest, injections)

    def words(self):
        """Options of scripts/run for a boot, beside the disk."""
        return []

    def watched(self, guest, injections):
        witness = Witness(guest, injections, self.show)
        witness.watch()
        return witness

    def survey(self):
        """Finds the blocks to which each victim comes while it is used: {victim: addresses}."""
        asked = []
        for victim in self.victims:
            for block in self.code[victim.name].blocks:
                asked.append(Injection(victim, faults.Fault(SURVEY, 0, block, b'?', b'?', '')))
        used = set()
        for _ in range(BOOTS):
            witness = self.run([each for each in asked if each not in used])
            used.update(witness.used)
            if not witness.problem:
                return {victim: {each.fault.address for each in used if each.victim is victim}
                        for victim in self.victims}
        raise rig.Lost(f'the survey of what victims do, {BOOTS} times: {witness.problem}')

    def plan(self, victims, first_seed, per_class):
        """{victim: injections}: for each class the first seeds whose fault lies where the victim
        comes, and the last seed looked at."""
        if not self.used:
            self.used = self.survey()
        planned = {}
        for victim in victims:
            code, planned[victim] = self.code[victim.name], []
            for kind in faults.CLASSES:
                seeds = range(first_seed, first_seed + SEEDS)
                hits = (it for it in (code.fault(kind, seed) for seed in seeds)
                        if code.block_of(it.address) in self.used[victim])
                planned[victim] += [Injection(victim, it)
                                    for it in itertools.islice(hits, per_class)]
        return planned


def with_table(image, injections, patience=0.0):
    """The injector's ELF file with its table filled."""
    at = image.index(MAGIC)
    assert image.find(MAGIC, at + 1) < 0 and len(injections) <= CAPACITY
    table = MAGIC + struct.pack('<II8x', len(injections), round(patience * 1e6))
    for number, each in enumerate(injections):
        it = each.fault
        table += FAULT.pack(it.address, number, VICTIMS.index(each.victim), len(it.before),
                            it.kind == SURVEY, each.plain, it.before, it.after)
    return image[:at] + table + image[at + len(table):]


@dataclass(frozen=True)
class Outcome:
    word: str  # none, mute, wrong, fault, hang, exit
    recovery_us: int
    bad: str  # ok, or what must not be


class Witness:
    """Plays the person at the machine, serial line and keyboard, and notes what the injector says."""

    _WORDS = re.compile(rb'~e(\d+)\r?\n|~(k)\r?\n|~i (\d+)\r?\n|~o (\d+) (\S+) (\d+) (\S+)\r?\n'
                        rb'|~(d)\r?\n|~x ([^\r\n]*)\r?\n|~h (\d+)\r?\n|~(b)\r?\n|~n(\d+)\r?\n')

    def __init__(self, session, injections, show):
        self.session, self.injections, self.show = session, injections, show
        self.outcomes, self.used = {}, []
        self.at = None  # being injected
        self.done, self.key_wanted, self.problem = False, False, None
        self.lives = 0  # of the injector: it has one, and a second tells that it ended
        self.answered = {}  # word of the serial line: when
        self.read = 0
        self.heard = time.monotonic()
        session.guest.on_output.append(self._hear)

    def _hear(self, chunk):
        if self.show:
            sys.stderr.buffer.write(chunk)
        output = self.session.output
        for word in self._WORDS.finditer(output, self.read):
            self.read = word.end()
            self.heard = time.monotonic()
            echo, key, begun, ended, outcome, recovery, bad, done, problem, hot, born, question \
                = word.groups()
            if echo:
                self._answer(echo)
            elif key:
                self.key_wanted = True
            elif begun:
                self.at = self.injections[int(begun)]
                self.on_injection()
            elif ended:
                self.outcomes[self.injections[int(ended)]] = Outcome(
                    outcome.decode(), int(recovery), bad.decode())
                self.at = None
            elif hot:
                self.used.append(self.injections[int(hot)])
            elif done:
                self.done = True
            elif problem:
                self.problem = problem.decode()
            elif question:
                self.on_question(question)
            elif born:
                self.lives += 1
                if self.lives > 1:
                    self.problem = 'the injector ended'

    def _answer(self, word):
        """Once for each time that the injector asks: a mad driver sends old words for ever."""
        now = time.monotonic()
        if now - self.answered.get(word, 0) > ASKS_AGAIN / 2:
            self.answered[word] = now
            self.session.guest.input.put(b'e' + word + b'\n')

    # What a test of network cards adds.
    pace = 1.0  # seconds from one on_look() to the next, at most

    def on_injection(self):
        """A fault is about to be injected: self.at."""

    def on_question(self, word):
        """Whether data flows: answered by e, the word and a line end."""

    def on_look(self):
        pass

    def watch(self):
        guest = self.session.guest
        while not self.done and not self.problem:  # the injector ends early when something is bad
            guest.run(until=lambda: self.done or self.problem or self.key_wanted,
                      deadline=time.monotonic() + self.pace)
            self.on_look()
            if guest.status is not None and not self.done:
                self.problem = guest.reason
            elif time.monotonic() - self.heard > SILENCE:
                self.problem = f'silent for {SILENCE:g} s'
            if self.key_wanted and not self.problem:
                self.key_wanted = False
                for down in (True, False):
                    self.session.qmp('input-send-event', events=[{'type': 'key', 'data': {
                        'down': down, 'key': {'type': 'qcode', 'data': 'a'}}}])


def campaign(lab, injections):
    """Injects all of them, in as many boots as that takes. Returns ({injection: Outcome},
    [(injection or None, what went wrong with the whole machine)], how often the injector ended)."""
    outcomes, wrecks, endings = {}, [], collections.Counter()
    rest = list(injections)
    while rest:
        it = lab.run(rest[:CAPACITY])
        outcomes.update(it.outcomes)
        rest = [each for each in rest if each not in it.outcomes]
        if it.lives > 1:  # says nothing about the fault: once more
            endings[it.at] += 1
            if endings[it.at] < BOOTS:
                continue
        if it.problem:
            wrecks.append((it.at, it.problem))
        if not it.outcomes and it.at is None:
            raise rig.Lost(f'no injection was made: {it.problem}')
        rest = [each for each in rest if each is not it.at]
    return outcomes, wrecks, endings.total()


def report(tap, victim, injections, outcomes, wrecks):
    """One case: what became of this victim's faults."""
    mine = {each: outcomes[each] for each in injections if each in outcomes}
    counts = collections.Counter(each.word for each in mine.values())
    recovery = sorted(each.recovery_us for each in mine.values() if each.recovery_us)
    tap.note(f'{victim.name}: ' + ', '.join(f'{count} {word}' for word, count in counts.most_common())
             + (f'; recovery {recovery[len(recovery) // 2]} us (median), {recovery[-1]} us (most)'
                if recovery else ''))
    wrong = [f'{each}: {it.bad}' for each, it in mine.items() if it.bad != 'ok']
    wrong += [f'{each}: {problem}' for each, problem in wrecks if each and each.victim is victim]
    missing = len(injections) - len(mine) - sum(each in injections for each, _ in wrecks)
    if victim.bus_master:
        tap.case(f'{victim.name} (a bus master): {len(injections)} faults injected, what was not '
                 'contained is listed', missing == 0, f'{missing} without an outcome')
        for line in wrong:
            tap.note(f'not contained: {line}')
        return wrong
    tap.case(f'{victim.name}: {len(injections)} faults, none noticed by anybody else, and it came back '
             'from each', not wrong and missing == 0, '\n'.join(wrong))
    return []


def round_of(lab, tap, first_seed, per_class):
    """All victims; those without DMA have machines of their own. Returns what was not contained."""
    listed = []
    for bus_masters in (False, True):
        victims = [each for each in lab.victims if each.bus_master == bus_masters]
        started = time.monotonic()
        planned = lab.plan(victims, first_seed, per_class)
        tap.note(f'planned in {time.monotonic() - started:.0f} s')
        outcomes, wrecks, endings = campaign(lab, list(itertools.chain(*planned.values())))
        tap.note(f'{len(outcomes)} injections in {time.monotonic() - started:.0f} s; the injector '
                 f'ended {endings} times and was started again')
        for victim, injections in planned.items():
            listed += report(tap, victim, injections, outcomes, wrecks)
        for at, problem in wrecks:
            if at is None:
                tap.case('the machine goes on between two injections', bus_masters, problem)
    return listed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', default=rig.ROOT / 'build')
    parser.add_argument('--seed', type=int, default=1, help='the first seed (default: 1)')
    parser.add_argument('--per-class', type=int, default=11, help='faults per victim and class')
    parser.add_argument('--replay', metavar='VICTIM:CLASS:SEED', help='this fault only')
    parser.add_argument('--soak', action='store_true', help='go on until Ctrl-C')
    options = parser.parse_args()
    with rig.tap() as tap:
        lab = Lab(options.build, show=bool(options.replay))
        if options.replay:
            name, kind, seed = options.replay.split(':')
            victim = next(each for each in lab.victims if each.name == name)
            it = lab.injection(victim, kind, int(seed))
            tap.note(str(it))
            outcomes, wrecks, _ = campaign(lab, [it])
            report(tap, victim, [it], outcomes, wrecks)
            return
        seed, listed = options.seed, []
        while True:
            listed += round_of(lab, tap, seed, options.per_class)
            (lab.build / 'bus-master-faults.txt').write_text(''.join(f'{each}\n' for each in listed))
            if not options.soak:
                break
            seed += SEEDS


if __name__ == '__main__':
    main()
