#!/usr/bin/env python3
"""Tests of the scheduler laboratory, as TAP: the properties that docs/architecture/scheduler.md claims
for the feedback class, checked on random workloads; that each check can fail, by switching off the
rule it is about; the figures of every workload against golden/. `--update` writes those anew.
"""
from collections import deque
import contextlib
import io
from pathlib import Path
import random
import shutil
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / 'scripts/lib')]
import lab  # noqa: E402
import metrics  # noqa: E402
import policies  # noqa: E402
from policies import feedback  # noqa: E402
import unittest_tap  # noqa: E402
import workload  # noqa: E402

GOLDEN = HERE / 'golden'
DOCS = HERE.parents[2] / 'docs'
PLOTS = DOCS / 'architecture/plots'
# Plots of the documentation that the simulator alone makes.
PLOT_NAMES = ('summary-worst-wait', 'batch-turnaround', 'adversaries-CPU', 'kernel-strip-feedback')
SEEDS = range(12)
GOLDEN_SECONDS = 10


def variant(base=feedback.Policy, **rules):
    """The feedback class with some rules switched off."""
    return type('Variant', (base,), {'rules': feedback.Rules(**rules)})


def random_tasks(seed):
    """A mixture at one priority: any budgets, plain and feedback, hogs, sleepers, yielders."""
    source = random.Random(seed)
    tasks = []
    for i in range(source.randrange(2, 14)):
        operations = []
        for _ in range(source.randrange(1, 6)):
            operations.append(['run', source.choice((50, 400, 3000, 20_000, 300_000))])
            operations += source.choice(([], [['yield']], [['sleep', source.randrange(1, 200)]],
                                         [['sleep', source.randrange(1, 90_000)]]))
        tasks.append(workload.task(f'task{i}', 'any', operations,
                                   start=source.randrange(30_000),
                                   budget=source.choice((100, 1000, 5000, 12_000)),
                                   plain=source.random() < 0.3))
    return workload.check(tasks)


def starving_tasks(plain, least=200):
    """One hog, and many that sank with it but run for a short while only; perhaps plain ones above."""
    source = random.Random(7)
    tasks = [workload.hog(f'plain{i}', budget=1000, plain=True) for i in range(plain)]
    tasks.append(workload.hog('hog', budget=1000))
    for i in range(50):
        operations = []
        for _ in range(20):
            time = source.randrange(least, 3 * least)
            operations += [['run', time], ['sleep', time]]
        tasks.append(workload.task(f'short{i}', 'short', operations, budget=1000))
    return tasks


def run(tasks, policy, seconds, watch=None):
    simulation = workload.simulation(tasks, policy)
    simulation.watch = watch and (lambda context, wait: watch(simulation, context, wait))
    simulation.run(int(seconds * 1_000_000))
    return simulation


def share(simulation, name):
    return next(c.cpu for c in simulation.contexts if c.name == name) / simulation.now


class PlainPeers(unittest.TestCase):
    """A plain context waits no longer than if every peer were plain: each peer gets at most one
    budget while it waits (rule 15)."""

    def excess(self, tasks, policy, seconds=6):
        """The most us by which a plain context waited longer than one budget for each peer."""
        total = sum(task['budget'] for task in tasks)
        worst = [-total]

        def watch(simulation, context, wait):
            if context.plain:
                worst[0] = max(worst[0], wait - (total - context.budget))
        simulation = run(tasks, policy, seconds, watch)
        for context in simulation.contexts:
            watch(simulation, context, metrics.worst_wait(simulation, context))
        return worst[0]

    def test_feedback_keeps_the_bound_of_round_robin(self):
        for seed in SEEDS:
            tasks = random_tasks(seed)
            for policy in (policies.load()['round_robin'], feedback.Policy):
                with self.subTest(seed=seed, policy=policy.__module__):
                    self.assertLessEqual(self.excess(tasks, policy), 0)

    def test_the_check_can_fail(self):
        self.assertGreater(max(self.excess(random_tasks(seed), policies.load()['mlfq'])
                               for seed in SEEDS), 0)


class Starvation(unittest.TestCase):
    """Who waits is lifted: rule 16."""

    def excess(self, tasks, policy, seconds=6):
        """The most us by which a wait was longer than the bound."""
        budgets = [task['budget'] for task in tasks]
        turns = len(tasks) * (max(feedback.AGE_INTERVAL, max(budgets)) + max(budgets))
        worst = -turns

        class Watched(policy):
            def _tail(self, c):
                super()._tail(c)
                c.bound = turns + max(feedback.AGE, 0 if c.queue < feedback.LAST else
                                      feedback.AGE_RATIO * self._service(c))

        def watch(simulation, context, wait):
            nonlocal worst
            worst = max(worst, wait - getattr(context, 'bound', turns))
        simulation = run(tasks, Watched, seconds, watch)
        for context in simulation.contexts:
            if context.queued_at is not None:
                watch(simulation, context, simulation.now - context.queued_at)
        return worst

    def test_every_wait_is_bounded(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.assertLessEqual(self.excess(random_tasks(seed), feedback.Policy), 0)

    def test_with_plain_hogs_above(self):
        self.assertLessEqual(self.excess(starving_tasks(2), feedback.Policy, 20), 0)

    def test_among_short_ones_at_the_last_level(self):
        self.assertLessEqual(self.excess(starving_tasks(0, 20), feedback.Policy, 5), 0)

    def test_the_largest_ratio_hides_who_waited_longest(self):
        self.assertGreater(
            self.excess(starving_tasks(2), variant(oldest_overdue=False), 20), 0)

    def test_ratios_alone_do_not_bound_waits_at_the_last_level(self):
        self.assertGreater(self.excess(starving_tasks(0, 20), variant(lift_last=False), 5), 0)


class Checked(feedback.Policy):
    """Looks at everything that is ready when it picks by ratio, not at heads only (rule 17)."""
    worst = 1.0

    def _highest_ratio(self):
        index = super()._highest_ratio()

        def excess_ratio(c):
            return self._waited(c) / self._service(c)
        chosen = excess_ratio(self.queues[index][0])
        best = max(excess_ratio(c) for queue in self.queues[feedback.LAST:] for c in queue)
        if best > 0:
            Checked.worst = max(Checked.worst, best / chosen if chosen else 9.9)
        return index

    def pick(self):
        for queue in self.queues[1:]:
            times = [c.since for c in queue]
            assert times == sorted(times), 'a queue is not in the order of since'
        return super().pick()


class Ratio(unittest.TestCase):
    def test_the_choice_is_within_a_factor_of_1_5_of_the_best(self):
        Checked.worst = 1.0
        for seed in SEEDS:
            run([task | {'plain': False} for task in random_tasks(seed)], Checked, 3)
        run(starving_tasks(0), Checked, 2)
        self.assertGreater(Checked.worst, 1.0)  # buckets do cost something
        self.assertLess(Checked.worst, 1.5)

    def test_buckets(self):
        for bucket in range(feedback.BUCKETS):
            floor = feedback.bucket_floor(bucket)
            self.assertEqual(feedback.bucket_of(floor), bucket)
            if bucket:
                self.assertEqual(feedback.bucket_of(floor - 1), bucket - 1)
                self.assertLessEqual(floor, 1.5 * feedback.bucket_floor(bucket - 1))
        self.assertEqual(feedback.bucket_of(0), 0)
        self.assertEqual(feedback.bucket_of(1 << 40), feedback.BUCKETS - 1)


class Gaming(unittest.TestCase):
    """Nobody gets more than an honest hog by pausing just before his slice ends."""

    @staticmethod
    def advantage(operations, policy=feedback.Policy):
        """How many times an honest hog's share the cheater gets."""
        tasks = [workload.task('cheat', 'any', operations)] + \
            [workload.hog(f'hog{i}') for i in range(4)]
        simulation = run(tasks, policy, 12)
        return share(simulation, 'cheat') / max(share(simulation, f'hog{i}') for i in range(4))

    def test_sleeping(self):
        source = random.Random(3)
        for _ in range(12):
            time = source.randrange(200, 4970)
            pause = source.randrange(1, time)
            with self.subTest(run=time, sleep=pause):
                self.assertLess(self.advantage([['run', time], ['sleep', pause]]), 1.1)

    def test_yielding(self):
        for time in (100, 1000, 2500, 4900, 4970):
            with self.subTest(run=time):
                self.assertLess(self.advantage([['run', time], ['yield']]), 1.1)

    def test_without_the_rules_it_pays(self):
        self.assertGreater(self.advantage([['run', 4900], ['sleep', 100]],
                                          variant(short_sleeps=False)), 2)
        self.assertGreater(self.advantage([['run', 4900], ['yield']],
                                          variant(yield_demotes=False)), 50)


class Levels(unittest.TestCase):
    @staticmethod
    def time_at_levels(simulation, name):
        times = [0] * feedback.LEVELS
        ends = [dispatch[0] for dispatch in simulation.dispatches[1:]] + [simulation.now]
        for (start, context, _, level), end in zip(simulation.dispatches, ends):
            if context == name:
                times[level] += end - start
        return [time / sum(times) for time in times]

    def test_who_mostly_waits_rises_and_who_computes_sinks(self):
        tasks = [workload.task('fifth', 'any', [['run', 1000], ['sleep', 4000]], start=1),
                 workload.task('turned', 'any', [['run', 200_000]] + [
                     ['run', 500], ['sleep', 30_000]] * 300), workload.hog('hog')]
        simulation = run(tasks, feedback.Policy, 8)
        self.assertGreater(sum(self.time_at_levels(simulation, 'fifth')[:2]), 0.95)
        self.assertGreater(self.time_at_levels(simulation, 'hog')[4], 0.95)
        turned = next(c for c in simulation.contexts if c.name == 'turned')
        self.assertLessEqual(turned.level, 1)

    def test_the_state_goes_along_with_the_context(self):
        """A server works at the level of the client that lends it the context."""
        tasks = workload.client_server(1)
        simulation = run(tasks, feedback.Policy, 5)
        lent = [(context, level) for _, context, task, level in simulation.dispatches
                if task == 'files']
        self.assertGreater(max(level for context, level in lent if context == 'greedy'), 2)
        self.assertLessEqual(max(level for context, level in lent if context != 'greedy'), 1)


class Engine(unittest.TestCase):
    def test_same_input_same_run(self):
        for name, policy in policies.load().items():
            for seed in (1, 2):
                runs = [run(random_tasks(seed), policy, 2).dispatches for _ in range(2)]
                self.assertEqual(*runs, name)

    def test_no_time_is_lost_or_made(self):
        for name, policy in policies.load().items():
            for seed in SEEDS:
                simulation = run(random_tasks(seed), policy, 2)
                self.assertEqual(sum(c.cpu for c in simulation.contexts), simulation.busy, name)
                self.assertLessEqual(simulation.busy, simulation.now)

    def test_slices_are_as_long_as_the_budget(self):
        simulation = run([workload.hog('a'), workload.hog('b')], policies.load()['round_robin'], 1)
        self.assertEqual([d[0] for d in simulation.dispatches], list(range(0, 1_000_001, 5000)))

    def test_a_server_runs_at_its_own_priority_on_its_callers_context(self):
        tasks = [{'task': 's', 'kind': 'server', 'priority': 9, 'server': [['run']]},
                 workload.task('c', 'any', [['run', 10], ['call', 's', 70], ['sleep', 20]],
                               priority=8), workload.hog('h', priority=8, start=15)]
        simulation = run(workload.check(tasks), policies.load()['round_robin'], 0.000_1)
        self.assertEqual(simulation.dispatches,
                         [(0, 'c', 'c', 0), (10, 'c', 's', 0), (80, 'c', 'c', 0), (80, 'h', 'h', 0)])

    def test_callers_wait_for_a_server_that_works_for_another(self):
        tasks = [{'task': 's', 'kind': 'server', 'priority': 8, 'server': [['run']]}] + [
            workload.task(name, 'any', [['run', 30], ['call', 's', 100], ['run', 10]], priority=8,
                          budget=100, repeat=False) for name in 'ab']
        for policy in policies.load().values():
            simulation = run(workload.check(tasks), policy, 1)
            self.assertEqual([(c.cpu, len(c.jobs)) for c in simulation.contexts], [(140, 1)] * 2)
            self.assertEqual(simulation.tasks['s'].callers, deque())

    def test_an_active_server_uses_its_own(self):
        tasks = [{'task': 's', 'kind': 'server', 'priority': 8, 'budget': 50, 'server': [['run']]},
                 workload.task('c', 'any', [['run', 10], ['call', 's', 70], ['run', 5]],
                               priority=8, repeat=False)]
        simulation = run(workload.check(tasks), policies.load()['round_robin'], 1)
        self.assertEqual({c.name: c.cpu for c in simulation.contexts}, {'s': 70, 'c': 15})


class Workloads(unittest.TestCase):
    def test_what_breaks_the_rules_is_refused(self):
        good = workload.task('a', 'any', [['run', 1]])
        for change in ({'task': 3}, {'kind': None}, {'priority': 256}, {'priority': True},
                       {'budget': 19}, {'budget': '5'}, {'operations': []}, {'operations': 'run'},
                       {'operations': [['run']]}, {'operations': [['run', -1]]},
                       {'operations': [['run', 1.5]]}, {'operations': [[]]},
                       {'operations': [[['run'], 1]]}, {'operations': [['jump', 1]]},
                       {'operations': [['call', 'nobody', 1]]}, {'operations': [['yield']]},
                       {'server': [['sleep', 5]]}):
            with self.subTest(change=change), self.assertRaises(workload.Bad):
                workload.check([good | change])
        with self.assertRaises(workload.Bad):
            workload.check([good, good])

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'trace.jsonl'
            for name, tasks in workload.load().items():
                workload.write(path, tasks)
                self.assertEqual(workload.read(path), tasks, name)
            for text in ('{', '[]', '"a"\n', '{"task": "a"}'):
                path.write_text(text)
                with self.assertRaises(workload.Bad):
                    workload.read(path)


class Laboratory(unittest.TestCase):
    def test_a_policy_is_under_50_lines(self):
        for path in (HERE / 'policies').glob('*.py'):
            if path.stem not in ('feedback', 'mlfq', 'base'):
                self.assertLess(len(path.read_text().splitlines()), 50, path.name)

    def test_plots_are_whole(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            lab.main(['client_server', '--seconds', '1', '--plots', folder])
            charts = list(Path(folder).glob('*.svg'))
            self.assertGreaterEqual(len(charts), 6)
            for chart in charts:
                xml.etree.ElementTree.parse(chart)


    def test_the_lessons_policy_runs(self):
        """The sketch in docs/labs/scheduler.md."""
        lines = (DOCS / 'labs/scheduler.md').read_text().splitlines()
        begin = lines.index('    import random')
        code = []
        for line in lines[begin:]:
            if line and not line.startswith('    '):
                break
            code.append(line[4:])
        names = {}
        exec('\n'.join(code), names)  # pylint: disable=exec-used
        self.assertLess(len(code), 50)
        simulation = run(workload.desktop(1), names['Policy'], 5)
        self.assertEqual(simulation.busy, simulation.now)

    def test_plots_of_the_documentation(self):
        with tempfile.TemporaryDirectory() as folder:
            draw_plots(Path(folder))
            for name in PLOT_NAMES:
                self.assertEqual((Path(folder) / f'{name}.svg').read_text(),
                                 (PLOTS / f'{name}.svg').read_text(), f'{name}: --update')


def draw_plots(folder):
    with contextlib.redirect_stdout(io.StringIO()):
        lab.main(['--plots', str(folder)])


def golden_text(name, tasks):
    done = lab.run(tasks, policies.load(), GOLDEN_SECONDS)
    figures = {policy: metrics.by_kind(each) for policy, each in done.items()}
    return f'{name}: {GOLDEN_SECONDS} s, seed 1\n' + metrics.table(figures)


class Golden(unittest.TestCase):
    """The figures of every workload; a change has to be meant (--update)."""
    maxDiff = None

    def test_tables(self):
        known = workload.load()
        self.assertEqual({path.stem for path in GOLDEN.glob('*.txt')}, set(known))
        for name, tasks in known.items():
            with self.subTest(workload=name):
                self.assertEqual(golden_text(name, tasks), (GOLDEN / f'{name}.txt').read_text())


def main(arguments):
    if arguments == ['--update']:
        for name, tasks in workload.load().items():
            (GOLDEN / f'{name}.txt').write_text(golden_text(name, tasks))
        with tempfile.TemporaryDirectory() as folder:
            draw_plots(Path(folder))
            for name in PLOT_NAMES:
                shutil.copy(Path(folder) / f'{name}.svg', PLOTS)
        return 0
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    print(f'TAP version 13\n1..{suite.countTestCases()}', flush=True)
    result = unittest_tap.TapResult()
    suite.run(result)
    return 0 if result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
