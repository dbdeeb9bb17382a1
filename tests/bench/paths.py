#!/usr/bin/env python3
"""Traces the kernel's paths instruction by instruction, and prints for each what their number does
not tell: CR3 loads, WRMSRs, serialising instructions, distinct cache lines of kernel data (of the
stack, of the kernel's image, of objects). With --profile also where the instructions are spent.

Run on a release kernel; the output is TAP, the table its comments, because scripts/test runs this
too: the fast paths must load CR3 at most once (twice with page-table isolation, on the way in and on
the way out) and write no MSR, and the trace must agree with the benchmark's own figures. How it
traces: path_trace.py.
"""
import argparse
from collections import OrderedDict
from pathlib import Path
import re
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'scripts/lib'))
import project  # noqa: E402
from profile_text import listing, profile  # noqa: E402
from path_trace import trace  # noqa: E402
from targets import ISOLATED, ISOLATION_SWITCH  # noqa: E402

# Operation, its visit, and the figure of which the visit is all but the entering instruction. Every
# fast path of docs/architecture/ipc.md is here.
FAST = (('call_same_space', 'Call', 'call_same_space'),
        ('call_same_space', 'ReplyRecv', 'reply_recv_same_space'),
        ('call_other_space', 'Call', 'call_other_space'),
        ('call_other_space', 'ReplyRecv', 'reply_recv_other_space'),
        ('call_10_words', 'Call', 'call_10_words'),
        ('call_10_words', 'ReplyRecv', 'reply_recv_10_words'),
        ('call_active', 'ReplyRecv', 'reply_recv_active'),
        ('send_to_higher_priority', 'Send', 'send_to_higher_priority'),
        ('signal_to_higher_priority', 'Send', 'signal_to_higher_priority'),
        ('fault', 'exception 6', 'fault_to_handler'),
        ('fault', 'ReplyRecv', 'reply_to_faulter'),
        ('fault_passive', 'exception 6', 'fault_to_passive'),
        ('fault_passive', 'ReplyRecv', 'reply_from_passive'),
        ('yield_same_space', 'Yield', 'yield_same_space'),
        ('yield_other_space', 'Yield', 'yield_other_space'),
        ('interrupt_same_space', 'interrupt 50', 'interrupt_same_space'),
        ('interrupt_other_space', 'interrupt 50', 'interrupt_other_space'))
MAY_LOAD_CR3 = {False: (0, 1), True: (2,)}  # times, by whether page-table isolation is on


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', metavar='DIR', help='take what is built there, build nothing')
    parser.add_argument('--profile', action='store_true', help='instructions by function and line')
    parser.add_argument('--trace', action='store_true', help='every instruction')
    parser.add_argument('--only', metavar='REGEX', default='', help='operations whose names match')
    parser.add_argument('--top', type=int, default=25, metavar='N', help='lines of a profile')
    return parser.parse_args(arguments)


def distinct(visits):
    """One visit of each kind with how often it came, in the order of their first coming."""
    kinds = OrderedDict()
    for visit in visits:
        kinds.setdefault((visit.name, *visit.figures().items()), []).append(visit)
    return [(same[0], len(same)) for same in kinds.values()]


def print_table(paths):
    print(f'# {"path":44}{"insns":>7}{"CR3":>5}{"WRMSR":>7}{"serialising":>13}{"lines":>7}'
          '  (stack + image + objects)')
    for name, visits in paths.items():
        for visit, times in distinct(visits):
            it = visit.figures()
            title = f'{name}: {visit.name}' + (f' (x{times})' if times > 1 else '')
            print(f'# {title:44}{it["instructions"]:7}{it["cr3_loads"]:5}{it["wrmsr"]:7}'
                  f'{it["serialising"]:13}{it["lines"]:7}  ({it["lines_of_stack"]} + '
                  f'{it["lines_of_image"]} + {it["lines_of_objects"]})')


def fault_of(visit, figure, isolated):
    """What is wrong with a fast path, or None. figure: what the benchmark measured of it."""
    it = visit.figures()
    if it['cr3_loads'] not in MAY_LOAD_CR3[isolated] or it['wrmsr'] > 0:
        return f'{it["cr3_loads"]} CR3 loads, {it["wrmsr"]} WRMSRs'
    # The `syscall`, the faulting instruction, or the one an interrupt came behind counts too.
    if it['instructions'] + 1 != figure:
        return f'{it["instructions"]} instructions in the trace, but a figure of {figure}'
    return None


def check(paths, figures):
    """One case for each fast path that was traced. Returns whether all are well."""
    traced = [(prefix, *each) for prefix in ('', ISOLATED) for each in FAST
              if prefix + each[0] in paths]
    good = True
    for number, (prefix, operation, name, figure) in enumerate(traced, 1):
        fault = 'the path is not in the trace'
        for visit in paths[prefix + operation]:
            if visit.name == name:
                fault = fault_of(visit, figures.get(prefix + figure), prefix == ISOLATED)
        loads = 'two CR3 loads' if prefix else 'one CR3 load at most'
        print(f'{"not ok" if fault else "ok"} {number} - {prefix}{figure}: {loads}, no WRMSR, as many '
              'instructions as measured')
        if fault:
            print(f'# {fault}')
            good = False
    print(f'1..{len(traced)}')
    return good


def trace_all(build, wanted):
    """What trace() gives, without isolation, and of the fast paths with it as well."""
    paths, figures = trace(build, wanted)
    operations = sorted({each[0] for each in FAST if re.search(wanted, each[0])})
    if operations:
        found = trace(build, f'^({"|".join(operations)})$', ISOLATION_SWITCH)
        for all_of_them, isolated in zip((paths, figures), found):
            all_of_them.update((ISOLATED + name, value) for name, value in isolated.items())
    return paths, figures


def main(arguments):
    options = parse(arguments)
    build = Path(options.build or project.build_dir(release=True))
    if not options.build:
        project.build(build, release=True)
    paths, figures = trace_all(build, options.only)
    print_table(paths)
    for name, visits in paths.items():
        for visit, _ in distinct(visits):
            if options.profile:
                print('\n' + profile(name, visit, options.top))
            if options.trace:
                print('\n' + listing(name, visit))
    return 0 if check(paths, figures) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
