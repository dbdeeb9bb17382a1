#!/usr/bin/env python3
"""Writes a workload (see workload.py) as C++ for kernel_run.cpp: workload_header.py IN.jsonl OUT.hpp.
The kernel's tasks have one priority for clients, one for servers; a sleep is whole ms."""
from pathlib import Path
import sys

import workload


def _operations(name, operations, number):
    lines = []
    for operation in operations:
        kind, *arguments = operation
        time = arguments[-1] if arguments else 0
        if kind == 'sleep' and time % 1000:
            raise workload.Bad(f'{name}: the kernel run sleeps whole ms, not {time} us')
        target = number[arguments[0]] if kind == 'call' else 0
        kind = {'yield': 'give_up'}.get(kind, kind)
        lines.append(f'{{Kind::{kind}, {time}, {target}}}')
    return ', '.join(lines)


def text(tasks):
    number = {task['task']: i for i, task in enumerate(tasks)}
    parts = ['// Written by workload_header.py.\n#include "workload.hpp"\n\nnamespace sched_run {\n']
    rows = []
    for i, task in enumerate(tasks):
        operations = task.get('server', task.get('operations'))
        parts.append(f'static constexpr Step steps_{i}[] = '
                     f'{{{_operations(task["task"], operations, number)}}};\n')
        rows.append(f'    {{"{task["task"]}", {task["priority"]}, {task.get("budget", 0)}, '
                    f'{str(task.get("plain", False)).lower()}, {str("server" in task).lower()}, '
                    f'{str(task.get("repeat", False)).lower()}, steps_{i}}},\n')
    return (''.join(parts) + 'static constexpr TaskData table[] = {\n' + ''.join(rows)
            + '};\nstd::span<TaskData const> const tasks{table};\n\n} // namespace sched_run\n')


if __name__ == '__main__':
    Path(sys.argv[2]).write_text(text(workload.read(sys.argv[1])))
