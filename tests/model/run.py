#!/usr/bin/env python3
"""Checks the models of IPC and donation (ipc.pml) and of the ring between two programs (ring.pml)
with Spin, every reachable state of each configuration, and then that a model can fail: each mutant is
a model with one deliberate bug, and passes its test when the checker finds it. Output is TAP with the
numbers of states as comments.

A failure of a model itself is printed as the steps (ipc.pml: the kernel entries) that lead there, as
few as it takes.
What is modelled and what the properties are: README.md beside this file.
"""
import argparse
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import re
import subprocess
import sys
import tempfile

MODELS = Path(__file__).resolve().parent
IPC, RING = 'ipc.pml', 'ring.pml'
MEGABYTES = 3000  # of one search; the checker stops there
LIVE = ('CLIENT_SERVER=1', 'WITH_BUDGETS=1')
EVERYTHING = ('WITH_FAULTS=1', 'WITH_BUDGETS=1', 'WITH_NOTIFICATION=1')

# `defines` switch parts of the model on; `live`: check the LTL property under weak fairness;
# `depth`: of the search, in Spin's steps.
Configuration = namedtuple('Configuration', 'name defines depth live model',
                           defaults=(1_000_000, False, IPC))
CONFIGURATIONS = (
    Configuration('calls, three contexts', ('CONTEXTS=3',), 3_000_000),
    Configuration('calls, faults, timeouts, budgets; two contexts',
                  ('WITH_FAULTS=1', 'WITH_BUDGETS=1'), 3_000_000),
    Configuration('calls and a notification, two contexts', ('WITH_NOTIFICATION=1',), 8_000_000),
    Configuration('clients of a server that answers run at last', LIVE, live=True),
    Configuration('a ring over store buffers', (), model=RING),
)
SOAK = Configuration('everything at once, one context', (*EVERYTHING, 'CONTEXTS=1'), 20_000_000)

# One bug each: the text that is replaced must be in the model exactly once. `options` of the checker
# say what counts as caught.
Mutant = namedtuple('Mutant', 'name old new defines live model options',
                    defaults=((), False, IPC, ()))


def wakes(name, old, new):
    """The ring with one ordering less, which must lose a wake-up: both ends wait at the end."""
    return Mutant(f'ring, lost wake-up: {name}', old, new, model=RING, options=('-A',))


def tears(name, old, new):
    """The same, but a record must come out wrong."""
    return Mutant(f'ring, wrong record: {name}', old, new, model=RING, options=('-E',))


MUTANTS = (
    Mutant('an answer does not return the context',
           'if :: tcb[m_caller].sc == 0 -> donate(m_sc, m_caller) :: else fi', 'skip'),
    Mutant('an answer in the middle cuts the stack',
           'if :: m_newer != 0 -> reply[m_newer].prev = m_older', 'if :: m_newer != 0 -> skip'),
    Mutant('a call pushes its reply object without a link back',
           'reply[sc[p_sc].reply].next = r ::', 'skip ::'),
    Mutant('a cancelled call stays on its stack',
           ':: reply[a_reply].top_of != 0 -> sc[reply[a_reply].top_of].reply = 0',
           ':: reply[a_reply].top_of != 0 -> skip'),
    Mutant('a cancelled receive keeps its reply object',
           ':: tcb[t].state == ON_RECEIVE -> withdraw(t); dequeue(ep, t)',
           ':: tcb[t].state == ON_RECEIVE -> dequeue(ep, t)'),
    Mutant('a reply object is taken from a thread that still waits on it',
           'v_tcb = reply[r].tcb; cancel_ipc(v_tcb)', 'skip'),
    Mutant('a receiver is woken but not put into the ready queue',
           'tcb[t].state = RUNNABLE;\n    possible_switch_to(t)\n}\n\nhidden byte x_receiver',
           'tcb[t].state = RUNNABLE\n}\n\nhidden byte x_receiver'),
    Mutant('a donated context leaves the giver in the ready queue',
           'tcb[d_from].ready = 0;\n', ''),
    Mutant('a deleted context leaves its call stack behind',
           'unbind_notification(context);\n    unbind_replies(context);\n    sc[context].configured',
           'unbind_notification(context);\n    sc[context].configured'),
    Mutant('a thread restarted after a fault still has it',
           'tcb[t].fault = NO_FAULT;\n    if\n    :: tcb[t].state == ON_RECEIVE ||',
           'if\n    :: tcb[t].state == ON_RECEIVE ||', ('WITH_FAULTS=1',)),
    Mutant('an answered thread runs without budget',
           ':: sc[tcb[n_receiver].sc].budget -> possible', ':: true -> possible', ('WITH_BUDGETS=1',)),
    Mutant('a signal wakes the bound thread in the endpoint\'s queue',
           'cancel_ipc(ntfn_bound);', 'skip;', ('WITH_NOTIFICATION=1',)),
    Mutant('a waiter keeps the notification\'s context',
           'tcb[t].sc = 0;\n        sc[ntfn_sc].tcb = 0;', 'sc[ntfn_sc].tcb = 0;',
           ('WITH_NOTIFICATION=1',)),
    Mutant('one context is never refilled', 'd_step { refill(1); refill(2); ', 'd_step { refill(1); ',
           LIVE, True),
    Mutant('the server does not answer', 'target = REPLY_1 + r2 - 1\n', 'target = NOTHING\n', LIVE, True),
    tears('a push is no release', 'PUSHED, at, SEQ_CST', 'PUSHED, at, RELAXED'),
    tears('a pop is no release', 'pop(SEQ_CST)', 'pop(RELAXED)'),
    tears('a record is read before the position', 'seen, ACQUIRE); /* pop: size', 'seen, RELAXED); /*'),
    wakes('a push is only a release', 'PUSHED, at, SEQ_CST', 'PUSHED, at, RELEASE'),
    wakes('a pop is only a release', 'pop(SEQ_CST)', 'pop(RELEASE)'),
    wakes('the look whether the peer sleeps is only an acquire',
          'SEQ_CST); /* the peer\'s flag */', 'ACQUIRE);'),
    wakes('the consumer\'s "I sleep" is a plain store', 'SEQ_CST); /* sleep_if_empty */', 'RELAXED);'),
    wakes('the consumer\'s second look is only an acquire',
          'PUSHED, seen, SEQ_CST); /* its second look */', 'PUSHED, seen, ACQUIRE);'),
    wakes('the producer\'s "I sleep" is a plain store', 'SEQ_CST); /* sleep_below */', 'RELAXED);'),
    wakes('the producer\'s second look is only an acquire',
          'POPPED, seen, SEQ_CST); /* its second look */', 'POPPED, seen, ACQUIRE);'),
)


class Failure(Exception):
    """A tool did not do its work; the text says which and how."""


def run(command, directory, seconds):
    try:
        result = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, timeout=seconds,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        raise Failure(f'{command[0]} took more than {seconds} s') from None
    except FileNotFoundError:
        raise Failure(f'{command[0]} is not installed (scripts/setup)') from None
    return result.stdout.decode(errors='replace')


def build(directory, text, defines, live, optimisation):
    (directory / 'model.pml').write_text(text)
    said = run(['spin', *(f'-D{each}' for each in defines), '-a', 'model.pml'], directory, 60)
    if 'rror' in said or not (directory / 'pan.c').exists():
        raise Failure(said)
    # Partial order reduction has nothing to reduce: every entry touches everything.
    flags = [f'-DNFAIR={3}'] if live else ['-DSAFETY']
    said = run(['gcc', optimisation, '-w', '-DNOREDUCE', f'-DMEMLIM={MEGABYTES}', *flags, '-o', 'pan',
                'pan.c'], directory, 120)
    if not (directory / 'pan').exists():
        raise Failure(said)


def search(directory, live, depth, seconds, options=()):
    how = ['-a', '-f', *options] if live else [*options]
    return run(['./pan', *how, f'-m{depth}', '-w22'], directory, seconds)


# What was searched: `complete` with nothing missing, `errors` found; `line`: the numbers.
Result = namedtuple('Result', 'complete errors line text')


def judge(text):
    def number(pattern):
        match = re.search(pattern, text)
        return int(float(match[1])) if match else None
    errors = number(r'errors: (\d+)')
    states = number(r'([\d.e+]+) states, stored')
    if errors is None or states is None:
        raise Failure(text)
    transitions = number(r'([\d.e+]+) transitions')
    memory = number(r'([\d.]+)\s+total actual memory usage')
    seconds = number(r'elapsed time ([\d.e+]+) seconds')
    incomplete = 'Search not completed' in text or 'max search depth too small' in text
    return Result(not incomplete, errors, f'{states} states, {transitions} transitions, '
                  f'{memory} MB, {seconds} s', text)


def counterexample(directory, live, text):
    """The steps to an error, from the shallowest search that finds one."""
    for depth in (100, 200, 400, 800, 1600, 10_000, 100_000):
        if judge(search(directory, live, depth, 120)).errors:
            break
    entries = text.partition('kernel entries */')[2]
    if not entries:
        return run(['spin', '-t', '-p', 'model.pml'], directory, 60)
    names = dict(re.findall(r'^#define ([A-Z_]+) (\d+)$', entries, re.M))
    names = {number: name for name, number in names.items()}
    return re.sub(r'\bop (\d+)', lambda match: names.get(match[1], match[0]),
                  run(['spin', '-t', '-B', 'model.pml'], directory, 60))


def check(configuration, seconds):
    """(good, comment) of one configuration."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        optimisation = '-O0' if configuration.live else '-O2'
        text = (MODELS / configuration.model).read_text()
        build(directory, text, configuration.defines, configuration.live, optimisation)
        result = judge(search(directory, configuration.live, configuration.depth, seconds))
        if result.errors:
            return False, result.text + counterexample(directory, configuration.live, text)
        return result.complete, result.line if result.complete else result.text


def mutated(mutant):
    text = (MODELS / mutant.model).read_text()
    if text.count(mutant.old) != 1:
        raise Failure(f'the model has {text.count(mutant.old)} places like: {mutant.old}')
    return text.replace(mutant.old, mutant.new)


def catch(mutant, seconds):
    """(caught, comment) of one mutant."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        build(directory, mutated(mutant), mutant.defines, mutant.live, '-O0')
        result = judge(search(directory, mutant.live, 1_000_000, seconds, mutant.options))
        found = re.search(r'pan:\d+: (.*)', result.text)
        return result.errors > 0, f'{found[1] if found else "nothing found"}; {result.line}'


def attempt(work, subject, seconds):
    try:
        return work(subject, seconds)
    except Failure as failure:
        return False, str(failure)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--soak', action='store_true', help='instead everything at once, with one context')
    parser.add_argument('--timeout', type=int, default=600, metavar='SECONDS', help='of one search')
    parser.add_argument('--jobs', type=int, default=min(2, os.cpu_count() or 1), metavar='N')
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    configurations = (SOAK,) if options.soak else CONFIGURATIONS
    mutants = () if options.soak else MUTANTS
    work = [(check, each, each.name) for each in configurations] + \
           [(catch, each, f'caught: {each.name}') for each in mutants]
    print(f'TAP version 13\n1..{len(work)}', flush=True)
    failed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        results = [pool.submit(attempt, what, subject, options.timeout) for what, subject, _ in work]
        for number, ((_, _, name), result) in enumerate(zip(work, results), 1):
            good, comment = result.result()
            failed += not good
            print(''.join(f'# {line}\n' for line in comment.splitlines()) +
                  f'{"ok" if good else "not ok"} {number} - {name}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
