"""Figures of a simulation, by kind of task.

Response: from a job's arrival to its first moment on the CPU. Turnaround: from arrival to its end.
Normalised turnaround: turnaround by the CPU time it used (1 is the best). Worst wait: the longest
single time a context was ready and did not run; one that still waits at the end counts.
"""
COLUMNS = ('kind', 'tasks', 'jobs', 'response', 'turnaround', 'normalised', 'worst wait', 'CPU')
UNITS = ('', '', '', 'ms', 'ms', '', 'ms', '%')


def _mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def worst_wait(simulation, context):
    queued = context.queued_at
    waiting = context is not simulation.current and queued is not None
    return max(context.worst_wait, simulation.now - queued) if waiting else context.worst_wait


def by_kind(simulation):
    """{kind: {column: number or None}} in the order of the workload; times in us."""
    kinds = {}
    for context in simulation.contexts:
        kinds.setdefault(context.kind, []).append(context)
    return {kind: _figures(simulation, contexts) for kind, contexts in kinds.items()}


def _figures(simulation, contexts):
    jobs = [job for context in contexts for job in context.jobs]
    return {
        'tasks': len(contexts),
        'jobs': len(jobs),
        'response': _mean(job.first - job.arrival for job in jobs),
        'turnaround': _mean(job.end - job.arrival for job in jobs),
        'normalised': _mean((job.end - job.arrival) / job.cpu for job in jobs if job.cpu),
        'worst wait': max(worst_wait(simulation, context) for context in contexts),
        'CPU': 100 * sum(context.cpu for context in contexts) / simulation.now,
    }


def _text(column, value):
    if value is None:
        return '-'
    if column in ('response', 'turnaround', 'worst wait'):
        return f'{value / 1000:.2f}'
    return f'{value:.2f}' if column in ('normalised', 'CPU') else str(value)


def table(results):
    """Text of {policy: by_kind(...)}: a line for each policy and kind."""
    heads = ('policy',) + tuple(f'{column} [{unit}]' if unit else column
                                for column, unit in zip(COLUMNS, UNITS))
    rows = [heads] + [
        (policy, kind) + tuple(_text(column, figures[column]) for column in COLUMNS[1:])
        for policy, kinds in results.items() for kind, figures in kinds.items()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    return ''.join('  '.join(cell.ljust(width) if i < 2 else cell.rjust(width)
                             for i, (cell, width) in enumerate(zip(row, widths))).rstrip() + '\n'
                   for row in rows)
