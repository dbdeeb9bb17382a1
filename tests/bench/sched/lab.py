#!/usr/bin/env python3
"""The scheduler laboratory: runs workloads under policies and prints what each kind of task got.

    tests/bench/sched/lab.py                             every workload under every policy
    tests/bench/sched/lab.py desktop -p feedback -p mlfq  some of them
    tests/bench/sched/lab.py --plots DIR                 draws them as well (SVG)
    tests/bench/sched/lab.py --file TRACE.jsonl          a workload of your own, or a recorded one
    tests/bench/sched/lab.py --without yield_demotes     the feedback class without one of its rules

A policy is a file in policies/, a workload a function in workload.py or a file in workloads/.
The lesson: docs/labs/scheduler.md.
"""
import argparse
import dataclasses
from pathlib import Path
import sys

import metrics
import plots
import policies
from policies import feedback
import workload

SECONDS = 20


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('workloads', nargs='*', metavar='WORKLOAD')
    parser.add_argument('-p', '--policy', action='append', metavar='NAME')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--seconds', type=float, default=SECONDS, help='of simulated time')
    parser.add_argument('--file', action='append', default=[], metavar='TRACE.jsonl')
    parser.add_argument('--without', action='append', default=[], metavar='RULE',
                        choices=[rule.name for rule in dataclasses.fields(feedback.Rules)])
    parser.add_argument('--plots', type=Path, metavar='DIR')
    parser.add_argument('--list', action='store_true', help='names of workloads and policies')
    return parser, parser.parse_args(arguments)


def choose(parser, known, asked, what):
    for name in asked or ():
        if name not in known:
            parser.error(f'no {what} {name}; there are {", ".join(known)}')
    return {name: known[name] for name in asked or known}


def run(tasks, policy_classes, seconds):
    """{policy: finished simulation}"""
    done = {}
    for name, policy in policy_classes.items():
        done[name] = workload.simulation(tasks, policy)
        done[name].run(int(seconds * 1_000_000))
    return done


def main(arguments):
    parser, options = parse(arguments)
    known = workload.load(options.seed)
    for path in options.file:
        try:
            known[Path(path).stem] = workload.read(path)
        except (workload.Bad, OSError) as error:
            parser.error(str(error))
    if options.list:
        print('workloads:', *known, '\npolicies:', *policies.load())
        return 0
    known_policies = policies.load()
    for rule in options.without:
        known_policies[f'without {rule}'] = type(
            'Policy', (feedback.Policy,), {'rules': feedback.Rules(**{rule: False})})
    asked = options.workloads + [Path(path).stem for path in options.file]
    chosen = choose(parser, known_policies, options.policy, 'policy')
    figures = {}
    for name, tasks in choose(parser, known, asked, 'workload').items():
        done = run(tasks, chosen, options.seconds)
        print(f'{name}: {options.seconds:g} s, seed {options.seed}')
        figures[name] = {policy: metrics.by_kind(each) for policy, each in done.items()}
        print(metrics.table(figures[name]))
        if options.plots:
            options.plots.mkdir(parents=True, exist_ok=True)
            plots.draw(name, done, options.plots)
    if options.plots:
        plots.summary(figures, options.plots)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
