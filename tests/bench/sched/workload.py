"""Workloads: what tasks do, as data. One task is one JSON object, a workload is a list of them (in a
file: one object a line), so that simulator and kernel run the same one:

  {"task": "editor", "kind": "interactive", "priority": 100, "budget": 5000, "start": 0,
   "operations": [["run", 300], ["sleep", 20000], ["call", "files", 700], ["yield"]], "repeat": true}
  {"task": "files", "kind": "server", "priority": 120, "server": [["run"], ["call", "disk", 200]]}

Times are us. "plain": true is a context outside the feedback class. A task with "server" answers
calls; ["run"] without a time takes what the call asked for. Without "budget" a server is passive: it
works on its caller's context. Synthetic workloads are functions at the end of this file; recorded
ones are workloads/*.jsonl.
"""
import json
from pathlib import Path
import random

from engine import Context, Simulation, Task

RECORDED = Path(__file__).parent / 'workloads'
OPERATIONS = {'run': 1, 'sleep': 1, 'call': 2, 'yield': 0}
MOST_TIME = 3_600_000_000  # us: an hour


class Bad(Exception):
    """A workload that breaks the rules above; the text says where."""


def _check_operations(task, operations, names, is_server):
    if not isinstance(operations, list) or not operations:
        raise Bad(f'{task}: no operations')
    for operation in operations:
        kind = operation[0] if isinstance(operation, list) and operation else None
        if not isinstance(kind, str) or kind not in OPERATIONS:
            raise Bad(f'{task}: what is {operation}?')
        if is_server and operation == ['run']:
            continue
        if len(operation) != OPERATIONS[kind] + 1:
            raise Bad(f'{task}: {kind} has {OPERATIONS[kind]} arguments')
        if kind == 'call' and operation[1] not in names:
            raise Bad(f'{task}: calls {operation[1]}, which is no server')
        if is_server and kind in ('sleep', 'yield'):
            raise Bad(f'{task}: a server only runs and calls')
        if kind != 'yield' and (type(operation[-1]) is not int
                                or not 0 < operation[-1] <= MOST_TIME):
            raise Bad(f'{task}: {operation[-1]} is no time in us')


def check(tasks):
    """Raises Bad at the first thing that is wrong; returns `tasks`."""
    names = {task.get('task') for task in tasks if 'server' in task}
    if len({task.get('task') for task in tasks}) != len(tasks):
        raise Bad('two tasks of one name')
    for task in tasks:
        name = task.get('task')
        if not isinstance(name, str) or not isinstance(task.get('kind'), str):
            raise Bad(f'{task}: no name or no kind')
        if type(task.get('priority')) is not int or not 0 <= task['priority'] <= 255:
            raise Bad(f'{name}: priority is 0 to 255')
        budget = task.get('budget', 20 if 'server' in task else None)
        if type(budget) is not int or not 20 <= budget <= MOST_TIME:
            raise Bad(f'{name}: a budget is at least 20 us')
        _check_operations(name, task.get('server', task.get('operations')), names, 'server' in task)
        repeated = task.get('operations', [])
        if task.get('repeat') and not any(op[0] in ('run', 'sleep') for op in repeated):
            raise Bad(f'{name}: repeats without using time')
    return tasks


def read(path):
    """A recorded workload."""
    tasks = []
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        try:
            tasks.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise Bad(f'{path}:{number}: {error}') from error
        if not isinstance(tasks[-1], dict):
            raise Bad(f'{path}:{number}: not an object')
    return check(tasks)


def write(path, tasks):
    Path(path).write_text(''.join(json.dumps(task) + '\n' for task in tasks))


def _program(operations, repeat):
    while True:
        yield from operations
        if not repeat:
            return


def _server(operations):
    return lambda request: iter([('run', request) if operation == ['run'] else operation
                                 for operation in operations])


def simulation(tasks, policy, **options):
    """A Simulation of the workload, ready to run."""
    result = Simulation(policy, **options)
    for each in tasks:
        context = None
        if 'budget' in each:
            context = Context(each['task'], each['budget'], each.get('plain', False))
            context.kind = each['kind']
        if 'server' in each:
            task = Task(each['task'], each['priority'], server=_server(each['server']))
        else:
            task = Task(each['task'], each['priority'],
                        _program(each['operations'], each.get('repeat', False)))
        result.add(task, context, each.get('start', 0))
    return result


# Synthetic workloads. Each is a function of a seed; the default budget is the one of the figures.

BUDGET = 5000
CLIENTS, SERVERS = 100, 120  # priorities


def task(name, kind, operations, repeat=True, start=0, **more):
    return {'task': name, 'kind': kind, 'priority': CLIENTS, 'budget': BUDGET, 'start': start,
            'operations': operations, 'repeat': repeat, **more}


def hog(name, kind='hog', start=0, **more):
    return task(name, kind, [['run', 1_000_000]], start=start, **more)


def interactive(name, source, rounds=50, **more):
    """Reacts within a few hundred us, then waits for the user."""
    operations = []
    for _ in range(rounds):
        operations += [['run', source.randrange(100, 600)],
                       ['sleep', source.randrange(10_000, 40_000)]]
    return task(name, 'interactive', operations, **more)


def desktop(seed):
    """Four interactive tasks beside four that only compute."""
    source = random.Random(seed)
    return [interactive(f'editor{i}', source, start=source.randrange(20_000)) for i in range(4)] + \
        [hog(f'hog{i}') for i in range(4)]


def many_hogs(seed):
    """One interactive task against twenty that only compute."""
    return [interactive('editor', random.Random(seed))] + [hog(f'hog{i}') for i in range(20)]


def batch(seed):
    """Jobs of 2 ms to 1.6 s that arrive within 4 s; each ends."""
    source = random.Random(seed)
    tasks = []
    for i in range(40):
        length = source.choice((2000, 5000, 12_000, 40_000, 150_000, 400_000))
        length = source.randrange(length, 4 * length)
        kind = 'short' if length < 20_000 else 'medium' if length < 150_000 else 'long'
        tasks.append(task(f'job{i}', kind, [['run', length]], repeat=False,
                          start=source.randrange(4_000_000)))
    return tasks


def client_server(seed):
    """Clients of passive servers (files asks disk) beside two that only compute; one client asks
    for as much as it can."""
    source = random.Random(seed)
    tasks = [{'task': 'files', 'kind': 'server', 'priority': SERVERS,
              'server': [['run'], ['call', 'disk', 150]]},
             {'task': 'disk', 'kind': 'server', 'priority': SERVERS + 1, 'server': [['run']]}]
    for i in range(4):
        operations = []
        for _ in range(40):
            operations += [['run', source.randrange(50, 300)],
                           ['call', 'files', source.randrange(100, 900)],
                           ['sleep', source.randrange(8000, 30_000)]]
        tasks.append(task(f'client{i}', 'interactive', operations, start=source.randrange(9000)))
    tasks.append(task('greedy', 'greedy client', [['run', 100], ['call', 'files', 4000]]))
    return tasks + [hog(f'hog{i}') for i in range(2)]


def adversaries(seed):
    """Two sleep, and two yield, just before their quantum ends; honest ones beside them."""
    source = random.Random(seed)
    return [task(f'sleeper{i}', 'sleeper', [['run', 4900], ['sleep', 100]], start=i)
            for i in range(2)] + \
        [task(f'yielder{i}', 'yielder', [['run', 4900], ['yield']], start=i) for i in range(2)] + \
        [interactive('editor', source)] + [hog(f'hog{i}') for i in range(4)]


def plain_peers(seed):
    """Two plain round-robin contexts at the priority of six of the feedback class."""
    source = random.Random(seed)
    return [hog('plain0', 'plain hog', plain=True),
            interactive('plain1', source, plain=True) | {'kind': 'plain interactive'}] + \
        [interactive(f'editor{i}', source) for i in range(2)] + [hog(f'hog{i}') for i in range(4)]


SYNTHETIC = {function.__name__: function for function in
             (desktop, many_hogs, batch, client_server, adversaries, plain_peers)}


def load(seed=1):
    """{name: tasks}: every workload."""
    found = {name: check(function(seed)) for name, function in SYNTHETIC.items()}
    for path in sorted(RECORDED.glob('*.jsonl')):
        found[path.stem] = read(path)
    return found
