#!/usr/bin/env python3
"""Injects faults into the driver of a network card during transfers (docs/howto/inject.md): a download of the
pattern and an echo of random bytes, compared chunk by chunk. After each fault data has to flow again, whoever
noticed: the kernel, the supervisor by its heartbeat, the driver itself, or the injector, which replaces a driver that
goes on in whatever way. One half of the faults is injected while net leaves no checksums to the card: then every byte
has to be right. The other half while it does: chunks that are wrong are counted and printed.

A driver is a bus master, and DMA is not contained before VT-d: what goes wrong outside it is listed in
BUILD/nic-faults-CARD.txt to be replayed, and the rest is injected in another machine.

    injected.py e1000e --build build                             what scripts/test runs
    injected.py e1000e --build build --replay loop:17:off        one fault again (off, on: offloads), all output
    injected.py e1000e --build build --patience 15               time to notice for whoever looks after a mute driver
    injected.py e1000e --build build --soak                      until Ctrl-C, with other seeds each time
"""
import argparse
import collections
import itertools
from pathlib import Path
import sys
import time

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import faults  # noqa: E402
import injection  # noqa: E402
import network_guest  # noqa: E402
import rig  # noqa: E402
import transfers  # noqa: E402
import wire  # noqa: E402

ENOUGH = 192 << 10  # bytes on each connection after which data flows
CANDIDATES = 4  # seeds of each class for one that lies where the driver comes, in a survey
MODES = {'off': True, 'on': False}  # offloads: Injection.plain


class Witness(injection.Witness):
    """Runs the transfers, and answers when the injector asks whether data flows."""

    def __init__(self, guest, injections, show, net):
        super().__init__(guest, injections, show)
        self.net, self.transfers = net, []
        self.asked, self.goals = None, []
        self.plain = injections[0].plain
        self.corrupt = collections.Counter()  # by injection
        self.chunks = collections.Counter()   # by mode
        self.digests_wrong = 0                # while there were no offloads

    def begin(self):
        guest = self.session
        guest.wait(self.net.lease, 'lease', network_guest.PATIENCE)
        end = time.monotonic() + network_guest.PATIENCE
        while not self.transfers:
            try:
                self.transfers = [kind(self.net.lease()) for kind in (transfers.Download, transfers.Echo)]
            except OSError:  # it has the lease of an earlier boot, or does not listen yet
                if time.monotonic() > end:
                    raise
                guest.guest.run(deadline=time.monotonic() + 0.05)

    def on_question(self, word):
        if not self.transfers:
            return  # it asks again
        if word != self.asked:
            self.asked = word
            self.goals = [each.count + ENOUGH for each in self.transfers]
            self.pace = 0.005
        elif not self.goals:  # answered; it has not come
            self._answer(word)

    def on_injection(self):
        if self.at.plain != self.plain:  # data flows: what was under way before has come
            self.take()
            self.plain = self.at.plain

    def on_look(self):
        if self.goals and all(each.count >= goal for each, goal in zip(self.transfers, self.goals)):
            self.goals, self.pace = [], 1.0
            self._answer(self.asked)
        self.problem = self.problem or self.broken()
        wrong = sum(len(each.chunks.wrong) for each in self.transfers)
        if wrong > self.counted:
            self.corrupt[self.at or self.last] += wrong - self.counted
        self.counted = wrong
        self.last = self.at or self.last

    counted, last = 0, None

    def broken(self):
        return next((f'{type(each).__name__}: {each.problem}' for each in self.transfers if each.problem), None)

    def take(self):
        """What came while self.plain was as it is."""
        for each in self.transfers:
            chunks, wrong, right = each.chunks.take()
            self.chunks[self.plain] += chunks
            if self.plain and (wrong or not right):
                self.digests_wrong += 1
        self.counted = 0

    def end(self):
        self.on_look()
        self.take()
        for each in self.transfers:
            each.abandon()


class Lab(injection.Lab):
    system = 'tests/system/net/nic-injection.toml'

    def __init__(self, card, options, net):
        name = network_guest.DRIVERS[card]
        self.victim = next(each for each in injection.VICTIMS if each.name == name)
        super().__init__(options.build, bool(options.replay), (self.victim,))
        self.card, self.patience, self.net = card, options.patience, net
        self.witnesses = []

    def words(self):
        return ['--nic', self.card, '--net', f'tap:{self.net.tap}']

    def watched(self, guest, injections):
        witness = Witness(guest, injections, self.show, self.net)
        try:
            witness.begin()
            witness.watch()
        finally:
            witness.end()
        self.witnesses.append(witness)
        return witness

    def injection(self, victim, kind, seed, plain=False):
        return injection.Injection(victim, self.code[victim.name].fault(kind, seed), plain)

    def plan(self, first_seed, per_class):
        """For each mode and class the first seeds whose fault lies where the driver comes."""
        code, candidates = self.code[self.victim.name], {}
        for mode, kind in itertools.product(MODES, faults.CLASSES):
            seeds = range(first_seed, first_seed + CANDIDATES * per_class)
            candidates[mode, kind] = [self.injection(self.victim, kind, seed, MODES[mode]) for seed in seeds]
        used = self.survey(list(dict.fromkeys(
            (each.plain, code.block_of(each.fault.address)) for each in itertools.chain(*candidates.values()))))
        return [each for several in candidates.values() for each in
                [it for it in several if (it.plain, code.block_of(it.fault.address)) in used][:per_class]]

    def survey(self, places):
        """Which of these (mode, block) the driver comes to."""
        asked = [injection.Injection(self.victim, faults.Fault(injection.SURVEY, 0, block, b'?', b'?', ''), plain)
                 for plain, block in places]
        used = set()
        for _ in range(injection.BOOTS):
            witness = self.run([each for each in asked if each not in used])
            used.update(witness.used)
            if not witness.problem:
                self.witnesses.clear()
                return {(each.plain, each.fault.address) for each in used}
        raise rig.Lost(f'the survey, {injection.BOOTS} times: {witness.problem}')


def report(tap, lab, injections, outcomes, wrecks):
    """What became of the faults. Returns a line for each that was not contained."""
    counts = collections.Counter(each.word for each in outcomes.values())
    recovery = sorted(each.recovery_us for each in outcomes.values() if each.recovery_us)
    tap.note(', '.join(f'{count} {word}' for word, count in counts.most_common())
             + (f'; recovery {recovery[len(recovery) // 2]} us (median), {recovery[-1]} us (most)' if recovery else ''))
    for each, it in outcomes.items():
        if it.word in ('mute', 'hang', 'exit'):
            tap.note(f'{it.word}: {text(each)}')
    listed = [f'{text(each)}: {it.bad}' for each, it in outcomes.items() if it.bad != 'ok']
    listed += [f'{text(each)}: {problem}' for each, problem in wrecks if each]
    for line in listed:
        tap.note(f'not contained: {line}')
    missing = len(injections) - len(outcomes) - sum(each in injections and each not in outcomes for each, _ in wrecks)
    tap.case(f'{len(injections)} faults injected; data flows after each, or it is listed', missing == 0,
             f'{missing} without an outcome')
    between = [problem for each, problem in wrecks if each is None]
    tap.case('the machine and its connections go on between two injections', not between, between)
    wrong = sum(each.digests_wrong for each in lab.witnesses)
    chunks = sum((each.chunks for each in lab.witnesses), collections.Counter())
    tap.case(f'without offloads SHA-256 is right ({chunks[True] * transfers.BLOCK >> 20} MiB)', wrong == 0,
             f'{wrong} transfers are wrong')
    corrupt = sum((each.corrupt for each in lab.witnesses), collections.Counter())
    tap.note(f'with offloads {sum(corrupt.values())} of {chunks[False]} chunks of {transfers.BLOCK >> 10} KiB are wrong, '
             'silently')
    for each, count in corrupt.items():
        tap.note(f'{count} wrong: {text(each)}')
    return listed


def text(each):
    mode = next(mode for mode, plain in MODES.items() if plain == each.plain)
    return f'{each} {mode}' if each else 'before the first'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', default=rig.ROOT / 'build')
    parser.add_argument('--seed', type=int, default=1, help='the first seed (default: 1)')
    parser.add_argument('--per-class', type=int, default=2, help='faults of each class and mode (default: 2)')
    parser.add_argument('--patience', type=float, default=0.0, help='seconds that a mute driver is left alone')
    parser.add_argument('--replay', metavar='CLASS:SEED:off|on', help='this fault only')
    parser.add_argument('--soak', action='store_true', help='go on until Ctrl-C')
    parser.add_argument('card', choices=network_guest.DRIVERS)
    options = parser.parse_args()
    with rig.tap() as tap:
        if not network_guest.possible(tap):
            return
        with network_guest.wires() as (net,):
            lab = Lab(options.card, options, net)
            if options.replay:
                kind, seed, mode = options.replay.split(':')
                it = lab.injection(lab.victim, kind, int(seed), MODES[mode])
                tap.note(text(it))
                outcomes, wrecks, _ = injection.campaign(lab, [it])
                report(tap, lab, [it], outcomes, wrecks)
                return
            seed, listed = options.seed, []
            while True:
                started = time.monotonic()
                injections = lab.plan(seed, options.per_class)
                tap.note(f'planned in {time.monotonic() - started:.0f} s')
                outcomes, wrecks, _ = injection.campaign(lab, injections)
                tap.note(f'{time.monotonic() - started:.0f} s, in {len(lab.witnesses)} boots')
                listed += report(tap, lab, injections, outcomes, wrecks)
                (lab.build / f'nic-faults-{options.card}.txt').write_text(''.join(f'{each}\n' for each in listed))
                if not options.soak:
                    break
                lab.witnesses.clear()
                seed += CANDIDATES * options.per_class


if __name__ == '__main__':
    main()
