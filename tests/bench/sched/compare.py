#!/usr/bin/env python3
"""Kernel and simulator side by side. Boots kernel_run.cpp under --icount, which runs
workloads/kernel.jsonl with and without the feedback class and prints the kernel's event ring, and
checks (TAP):

1. Replay: the policy is told what happened in the kernel (who woke, blocked, was charged, when), and
   must name the same context, at the same level, at every dispatch.
2. Simulation: the simulator, which knows the workload only, must dispatch in the same order, each
   within TOLERANCE of the kernel's time, for the first SAME_ORDER us; then the two drift, because the
   kernel's own time is not simulated. Over the whole run the CPU shares must agree.

--log FILE takes a serial log instead of booting; --record FILE.jsonl writes what the tasks did in the
kernel as a workload, which the laboratory can run under other policies; --plot FILE.svg draws both.
"""
import argparse
from collections import namedtuple
from pathlib import Path
import subprocess
import sys

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / 'scripts/lib')]
from engine import Context, Why  # noqa: E402
import plots  # noqa: E402
from policies import feedback, round_robin  # noqa: E402
import project  # noqa: E402
import svg  # noqa: E402
import workload  # noqa: E402

DISPATCH, WAKE, BLOCK, SYSCALL, BUDGET_END, YIELD, DONATE = 1, 2, 3, 10, 12, 15, 16
WORKLOAD = HERE / 'workloads/kernel.jsonl'
TICK = 1000  # us between two looks of the kernel run's timer
SAME_ENTRY = 1.0   # us: records further apart are of two kernel entries
INTERRUPT_DELAY = 0.1  # us, from an interrupt to its first record, less that of a system call
DOUBT = 5         # us: what that adds up to between two decisions about a level
SAME_ORDER = 100_000  # us
TOLERANCE = 100       # us
SHARE = 2.0           # percentage points of CPU time over the whole run

Event = namedtuple('Event', 'time kind level thread other object')
Run = namedtuple('Run', 'threads contexts priorities events ticks_per_us')


class Disagreement(Exception):
    """The text says where the two part."""


def parse(lines):
    """{'plain' or 'feedback': Run} of a serial log."""
    runs, name = {}, None
    for line in lines:
        words = line.strip().removeprefix('# ').split()
        if words[:1] != ['sched:']:
            continue
        kind, *words = words[1:]
        if kind == 'begin':
            name = words[0]
            threads, contexts, priorities, events, ticks = {}, {}, {}, [], 0
        elif kind == 'task':
            threads[int(words[2])] = words[0]
            priorities[words[0]] = int(words[1])
            if words[3] != '0':
                contexts[int(words[3])] = words[0]
        elif kind == 'ticks_per_us':
            ticks = int(words[0])
        elif kind == 'event':
            events.append(Event(*map(int, words)))
        elif kind == 'end':
            runs[name] = Run(threads, contexts, priorities, events, ticks)
    return runs


class Clock:
    """What a policy sees of a simulation."""
    now = 0


class Replay:
    """Tells policies what the kernel recorded, and compares their choices with the kernel's. Their clock
    stands where the kernel read its own: at the beginning of each kernel entry."""

    def __init__(self, run, tasks, plain, rules=feedback.Rules()):
        self.run, self.clock, self.dispatches = run, Clock(), []
        self.place = self.doubts = self.decisions = 0
        policy = round_robin.Policy if plain else told(self, rules)
        self.begin = run.events[0].time
        self.queues = {priority: policy(self.clock) for priority in set(run.priorities.values())}
        self.ready = dict.fromkeys(self.queues, 0)
        self.holder, self.contexts = {}, {}
        for task in tasks:
            if 'budget' in task:
                context = Context(task['task'], task['budget'], plain or task.get('plain', False))
                self.contexts[task['task']] = context
                self.holder[context] = task['task']
                context.operations, context.ran, context.blocked_at = [], 0, None
                self.queue_of(context).new(context)
        self.current = None      # the workload's context that runs
        self.charged_until = 0
        self.sliced = None       # (time, context) of the last end of a slice, until the next switch

    def queue_of(self, context):
        return self.queues[self.run.priorities[self.holder[context]]]

    def add(self, context, why):
        self.queue_of(context).add(context, why)
        self.ready[self.run.priorities[self.holder[context]]] += 1

    def charge(self):
        """Contexts pay from one kernel entry to another."""
        if self.current is not None:
            self.queue_of(self.current).ran(self.current, self.clock.now - self.charged_until)
            self.current.ran += self.clock.now - self.charged_until
        self.charged_until = self.clock.now

    def check(self):
        time = 0
        for self.place, event in enumerate(self.run.events):
            before, time = time, (event.time - self.begin) / self.run.ticks_per_us
            if event.kind == SYSCALL:
                self.clock.now = time
            elif time > before + SAME_ENTRY:
                self.clock.now = time - INTERRUPT_DELAY
            if self.sliced is not None and (
                    event.kind == SYSCALL or self.clock.now > self.sliced[0]):
                self.goes_on()
            handler = {DISPATCH: self.dispatch, WAKE: self.wake, BLOCK: self.block,
                       BUDGET_END: self.slice_over, YIELD: self.slice_over, DONATE: self.donate,
                       SYSCALL: lambda event: None}
            handler[event.kind](event)
        return self.dispatches

    def next_level(self, context):
        """The context's level when the kernel ran it next."""
        for event in self.run.events[self.place:]:
            if event.kind == DISPATCH and self.named(event)[1] is context:
                return event.level
        return context.level

    def goes_on(self):
        """After the end of its slice the same thread was chosen: no switch, so no record."""
        then, context = self.sliced
        now, self.clock.now = self.clock.now, then
        self.choose(context, self.holder[context], None)
        self.clock.now, self.sliced = now, None

    def named(self, event):
        return (self.run.threads.get(event.thread),
                self.contexts.get(self.run.contexts.get(event.object)))

    def wake(self, event):
        _, context = self.named(event)
        if context is None or context is self.current:
            return  # of no interest, or lent to the server that wakes
        if event.other in self.run.threads:
            raise Disagreement(f'{self.clock.now} us: the workload wakes {context.name} itself')
        self.add(context, Why.WAKE_FRONT)
        if context.blocked_at is not None:
            self.did(context, ['sleep', round(self.clock.now - context.blocked_at)])

    def donate(self, event):
        thread, context = self.named(event)
        if context is not None:
            self.holder[context] = thread

    def block(self, event):
        thread, _ = self.named(event)
        context = self.current
        if context is not None and self.holder[context] == thread:
            self.charge()
            self.queue_of(context).blocked(context)
            self.current, context.blocked_at = None, self.clock.now
            self.did(context)

    def slice_over(self, event):
        _, context = self.named(event)
        if context is not None:
            self.charge()
            self.add(context, Why.YIELD if event.kind == YIELD else Why.SLICE)
            if event.kind == YIELD:
                self.did(context, ['yield'])
            self.current, self.sliced = None, (self.clock.now, context)

    @staticmethod
    def did(context, *operations):
        """Notes what the context did, as a workload says it; a server's work is its caller's."""
        if round(context.ran) > 0:
            context.operations.append(['run', round(context.ran)])
            context.ran = 0
        context.operations += operations

    def recorded(self, tasks):
        """The run as a workload."""
        found = []
        for task in tasks:
            if 'budget' in task:
                context = self.contexts[task['task']]
                self.did(context)
                found.append({**task, 'operations': context.operations, 'repeat': False})
        return workload.check(found)

    def dispatch(self, event):
        thread, context = self.named(event)
        self.charge()
        self.sliced = None
        if self.current is not None:
            same = self.current is context
            self.add(self.current, Why.HANDED if same else Why.PREEMPTED)
            self.current = None
        if context is None:
            if event.thread == 0 and any(self.ready.values()):
                raise Disagreement(f'{self.clock.now} us: the kernel idles, a context is ready')
            return
        self.choose(context, thread, event.level)

    def choose(self, context, thread, level):
        """The kernel chose this context; what does the policy?"""
        priority = max((p for p, count in self.ready.items() if count), default=None)
        if priority is None:
            raise Disagreement(f'{self.clock.now} us: {context.name} runs, nothing is ready')
        chosen = self.queues[priority].pick()
        self.ready[priority] -= 1
        found = self.queues[priority].level(chosen)
        if chosen is not context or self.holder[chosen] != thread or level not in (None, found):
            raise Disagreement(
                f'{self.clock.now} us, dispatch {len(self.dispatches)}: the kernel runs '
                f'{context.name} as {thread} at level {level}, the policy chose {chosen.name} as '
                f'{self.holder[chosen]} at level {found}')
        self.current = context
        if not self.dispatches or self.dispatches[-1][1:3] != (context.name, thread):
            self.dispatches.append((self.clock.now, context.name, thread, found))


def told(replay, rules):
    """The feedback class, told by the kernel's own record where it is too close to call: charged by
    the times of records, `used` is known to DOUBT us only."""

    class Told(feedback.Policy):
        def _close(self, c, difference, rule):
            replay.decisions += 1
            if c.plain or abs(difference) > DOUBT:
                return rule(c)
            replay.doubts += 1
            return replay.next_level(c) != c.level

        def _used_up(self, c):
            difference = c.used - (c.budget << c.level)
            if c.level == feedback.LAST:  # there the level tells nothing; slices rarely end early
                return not c.plain and difference >= -DOUBT
            return self._close(c, difference, super()._used_up)

        def _rises(self, c):
            if c.level == 0:
                return False
            return self._close(c, min(c.used + c.asleep - 4 * (c.budget << c.level),
                                      c.asleep - 3 * c.used, key=abs), super()._rises)
    Told.rules = rules
    return Told


def timer_of(run):
    """When the timer's thread ran first, and its period, us: it is the first that is woken by none of
    the workload and not of it."""
    wakes = [event for event in run.events
             if event.kind == WAKE and event.thread not in run.threads]
    times = [(event.time - run.events[0].time) / run.ticks_per_us for event in wakes
             if event.thread == wakes[0].thread]
    return times[0], (times[-1] - times[0]) / (len(times) - 1)


def simulate(run, tasks, plain, until):
    """The simulator's dispatches of the same workload, as the kernel's clock would show them; all that
    it takes from the run is when the timer's thread runs, and for how long."""
    first, period = timer_of(run)
    taken = timer_costs(run)
    tasks = [task | {'start': int(first), 'plain': plain or task.get('plain', False)}
             for task in tasks]
    policy = round_robin.Policy if plain else feedback.Policy
    simulation = workload.simulation(tasks, policy, timer=(first, period - taken))
    simulation.run(int(until))
    return simulation, period / (period - taken)


def timer_costs(run):
    """Mean us from the timer's waking to the next dispatch of the workload."""
    total = count = 0
    woken = None
    for event in run.events:
        if event.kind == WAKE and event.thread not in run.threads:
            woken = event.time
        elif event.kind == DISPATCH and event.thread in run.threads and woken is not None:
            total, count, woken = total + event.time - woken, count + 1, None
    return total / count / run.ticks_per_us


def shares(dispatches, end):
    """{context: percent of the time}; who is dispatched runs until the next is."""
    times = {}
    for (start, name, *_), following in zip(dispatches, dispatches[1:] + [(end,)]):
        times[name] = times.get(name, 0) + following[0] - start
    return {name: 100 * time / end for name, time in times.items()}


def compare(run, tasks, plain, kernel):
    """Raises Disagreement; returns a sentence of what agrees."""
    if not kernel:
        raise Disagreement('there is no replay to compare with')
    end = kernel[-1][0]
    simulation, scale = simulate(run, tasks, plain, end)
    same, worst = 0, 0
    for mine, theirs in zip(simulation.dispatches, kernel):
        if mine[1:] != theirs[1:]:
            break
        same, worst = same + 1, max(worst, abs(mine[0] * scale - theirs[0]))
        if theirs[0] > SAME_ORDER:
            break
    if kernel[same - 1][0] < SAME_ORDER or worst > TOLERANCE:
        raise Disagreement(f'{same} dispatches within {worst:.0f} us, then the kernel has '
                           f'{kernel[same:same + 2]}, the simulator '
                           f'{simulation.dispatches[same:same + 2]}')
    theirs, mine = shares(kernel, end), shares(simulation.dispatches, end)
    apart = max(abs(theirs[name] - mine[name]) for name in theirs)
    text = ', '.join(f'{name} {theirs[name]:.1f} / {mine[name]:.1f}' for name in theirs)
    if apart > SHARE:
        raise Disagreement(f'shares of the CPU [%], kernel / simulator: {text}')
    return (f'{same} dispatches in the first {SAME_ORDER // 1000} ms at most {worst:.0f} us apart; '
            f'{len(kernel)} and {len(simulation.dispatches)} in all\n'
            f'# CPU [%], kernel / simulator: {text}')


def draw(path, run, tasks, kernel):
    """The first SAME_ORDER us, the kernel's and the simulator's lines side by side."""
    simulation, scale = simulate(run, tasks, False, 2 * SAME_ORDER)
    rows = {f'{task["task"]}, {where}': [] for task in tasks for where in ('kernel', 'simulated')}
    for where, dispatches, factor in (('kernel', kernel, 1),
                                      ('simulated', simulation.dispatches, scale)):
        for now, following in zip(dispatches, dispatches[1:]):
            rows[f'{now[2]}, {where}'].append((now[0] * factor, following[0] * factor,
                                               f'level {now[3]}'))
    svg.strip(path, 'The same workload in the kernel and in the simulator', rows, 0, SAME_ORDER,
              plots.LEVELS)


def boot(options):
    root_server = Path(options.build) / 'tests/bench/sched/kernel-run.elf'
    command = [project.ROOT / 'scripts/guest-test', '--build', options.build, '--icount',
               '--timeout', '150', '--root-server', root_server]
    result = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE)
    lines = result.stdout.decode().splitlines()
    if result.returncode:
        print('\n'.join(f'# {line}' for line in lines if 'sched: event' not in line))
    return lines, result.returncode


def result(number, name, check):
    try:
        note = check()
    except Disagreement as problem:
        print(f'not ok {number} - {name}\n# {problem}', flush=True)
        return False
    print(f'ok {number} - {name}\n# {note}', flush=True)
    return True


def replay(run, tasks, plain, kernel):
    each = Replay(run, tasks, plain)
    kernel += each.check()
    if 3 * each.doubts > each.decisions:
        raise Disagreement(f'{each.doubts} of {each.decisions} decisions were too close to call')
    return (f'{len(kernel)} dispatches in {kernel[-1][0] / 1000:.0f} ms, {each.doubts} of '
            f'{each.decisions} decisions about levels too close to call')


def notices(run, tasks):
    """That the replay can fail: with another rule it does not agree."""
    found = []
    for rule in ('yield_demotes', 'burst_counts', 'lifted_to_tail'):
        try:
            Replay(run, tasks, False, feedback.Rules(**{rule: False})).check()
        except Disagreement:
            found.append(rule)
    if len(found) < 2:
        raise Disagreement(f'only {found} were noticed')
    return 'without ' + ', '.join(found)


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', default='build')
    parser.add_argument('--log', type=Path)
    parser.add_argument('--plot', type=Path, metavar='FILE.svg')
    parser.add_argument('--record', type=Path, metavar='FILE.jsonl')
    options = parser.parse_args(arguments)
    tasks = workload.read(WORKLOAD)
    print('TAP version 13\n1..6', flush=True)
    lines, status = (options.log.read_text().splitlines(), 0) if options.log else boot(options)
    runs = parse(lines)
    good = result(1, 'the kernel ran the workload twice', lambda: ran(status, runs))
    if not good:
        return 1
    for number, name in ((2, 'plain'), (4, 'feedback')):
        kernel = []
        arguments = runs[name], tasks, name == 'plain', kernel
        good &= result(number, f'{name}: the policy chooses as the kernel did',
                       lambda: replay(*arguments))
        good &= result(number + 1, f'{name}: the simulator foretells the run',
                       lambda: compare(*arguments))
    if options.plot:
        draw(options.plot, runs['feedback'], tasks, kernel)
    if options.record:
        again = Replay(runs['feedback'], tasks, False)
        again.check()
        workload.write(options.record, again.recorded(tasks))
    good &= result(6, 'with another rule they disagree', lambda: notices(runs['feedback'], tasks))
    return 0 if good else 1


def ran(status, runs):
    if status or set(runs) != {'plain', 'feedback'}:
        raise Disagreement(f'it ended with status {status} after {list(runs)}')
    return ', '.join(f'{name}: {len(run.events)} records' for name, run in runs.items())


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
