"""The laboratory's charts: for each workload a figure of merit by kind and policy, and for policies
with levels a strip of who ran when, at which level."""
import metrics
import svg

MERITS = {'response': 'mean response [ms]', 'turnaround': 'mean turnaround [ms]',
          'worst wait': 'worst wait [ms]', 'normalised': 'mean turnaround / CPU time',
          'CPU': 'CPU time, all of the kind [%]'}
STRIP = 400_000  # us of the beginning that are shown
LEVELS = {'level 0': '#d1495b', 'level 1': '#edae49', 'level 2': '#3c887e', 'level 3': '#4d7ea8',
          'level 4': '#1b3a57'}


def draw(name, done, folder):
    """Writes NAME-MERIT.svg and NAME-strip-POLICY.svg into the folder."""
    figures = {policy: metrics.by_kind(simulation) for policy, simulation in done.items()}
    kinds = list(next(iter(figures.values())))
    for merit, unit in MERITS.items():
        scale = 1 if merit in ('normalised', 'CPU') else 1000
        series = {policy: {kind: None if each[merit] is None else each[merit] / scale
                           for kind, each in by_kind.items()}
                  for policy, by_kind in figures.items()}
        shown = [kind for kind in kinds if any(each[kind] for each in series.values())]
        if shown:
            svg.bars(folder / f'{name}-{merit.replace(" ", "-")}.svg',
                     f'{name}: {unit.split(" [")[0]}', unit, shown, series)
    for policy, simulation in done.items():
        if any(level for _, _, _, level in simulation.dispatches):
            strip(folder / f'{name}-strip-{policy}.svg', f'{name} under {policy}: who ran, and at '
                  'which level', simulation, 0, min(STRIP, simulation.now))


def summary(figures, folder):
    """SUMMARY.svg: what interactive tasks got in each workload; `figures` {workload: {policy: ...}}."""
    shown = [name for name, each in figures.items()
             if all('interactive' in kinds for kinds in each.values())]
    if not shown:
        return
    series = {policy: {name: figures[name][policy]['interactive']['worst wait'] / 1000
                       for name in shown} for policy in figures[shown[0]]}
    svg.bars(folder / 'summary-worst-wait.svg', 'Worst wait of interactive tasks, by workload',
             'worst wait [ms]', shown, series)


def strip(path, title, simulation, begin, end):
    rows = {task: [] for task in simulation.tasks}
    ends = [dispatch[0] for dispatch in simulation.dispatches[1:]] + [simulation.now]
    idle = iter(simulation.idle)
    pause = next(idle, None)
    for (start, _, task, level), stop in zip(simulation.dispatches, ends):
        while pause is not None and pause < start:
            pause = next(idle, None)
        if pause is not None and pause < stop:
            stop = pause
        rows[task].append((start, stop, f'level {level}'))
    svg.strip(path, title, rows, begin, end, LEVELS)
