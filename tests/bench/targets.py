"""What the benchmark's figures should be: each row of the table with its target and with what seL4
16.0.0 (MCS, release, no page-table isolation) takes on the same emulator. Whoever uses it: run.py.
"""
from collections import namedtuple

# target: the most that the median may be; None: a figure to watch. Or another figure's name, near
# which this one must be. sel4: as text.
Row = namedtuple('Row', 'title figure target sel4')
ROWS = [Row(*each) for each in (
    ('Call, 0 words, to a passive server, same address space', 'call_same_space', 180, '215'),
    ('... other address space', 'call_other_space', 180, '217'),
    ('ReplyRecv, 0 words, to its client, same address space', 'reply_recv_same_space', 225, '284'),
    ('... other address space', 'reply_recv_other_space', 225, '286'),
    ('Call and ReplyRecv, round trip with stubs, same', 'round_trip_same_space', None, ''),
    ('... other address space', 'round_trip_other_space', 450, '553 (450 without MCS)'),
    ('Call, 10 words, other address space', 'call_10_words', 500, '1030'),
    ('ReplyRecv, 10 words, other address space', 'reply_recv_10_words', 500, '1236'),
    ('Call to a server with its own time, other address space', 'call_active', None, ''),
    ('ReplyRecv of such a server', 'reply_recv_active', None, ''),
    ('Send to a server of higher priority', 'send_to_higher_priority', 500, '888'),
    ('Signal to a waiting thread of higher priority', 'signal_to_higher_priority', 450, '715'),
    ('... of lower priority', 'signal_to_lower_priority', 300, '457'),
    ('... to nobody', 'signal_to_nobody', None, ''),
    ('fault to handler', 'fault_to_handler', 450, '711'),
    ('reply to faulter', 'reply_to_faulter', 500, '1319'),
    ('fault and reply, round trip', 'fault_round_trip', 1100, '2023'),
    ('fault to a passive handler', 'fault_to_passive', None, ''),
    ('reply of a passive handler', 'reply_from_passive', None, ''),
    ('fault and reply, passive handler', 'fault_round_trip_passive', None, ''),
    ('interrupt to a user thread, same address space', 'interrupt_same_space', 450, '690'),
    ('... other address space', 'interrupt_other_space', 450, '692'),
    ('yield to another thread, same address space', 'yield_same_space', 320, '465'),
    ('... other address space', 'yield_other_space', 320, '467'),
    ('map a 4 KiB page', 'map_4k', 500, '868'),
    ('map it again', 'remap_4k', 500, '869'),
    ('unmap it', 'unmap_4k', None, ''),
    ('CNode copy', 'cnode_copy', 500, '967'),
    ('CNode delete', 'cnode_delete', None, ''),
    ('retype of a notification', 'retype_notification', 600, '1037'),
    ('revoke of 300 badged copies', 'revoke_300', 45_000, '84,651 (without MCS)'),
    ('suspend of a stopped thread, the smallest method', 'smallest_method', None, ''),
    ('yield with 10 ready threads', 'next_of_10', None, ''),
    ('yield with 10,000 ready threads', 'next_of_10000', 'next_of_10', ''),
    ('yield with 10 feedback threads, last level', 'next_of_10_feedback', None, ''),
    ('yield with 10,000 feedback threads', 'next_of_10000_feedback', 'next_of_10_feedback', ''),
    ('kernel entry to the root server, 512 MiB', 'boot', 30_000_000, ''),
    ('kernel text, bytes of code', 'code_bytes', 100_000, '100,410 (no VT-x, VT-d)'),
    ('... with constants, as `size` counts it', 'text_bytes', 100_000, ''),
)]
NEAR = 1.1
# With page-table isolation on, which is this on the kernel's command line, figures have ISOLATED
# before their names.
ISOLATION_SWITCH = 'page-table-isolation=on'
ISOLATED = 'isolated/'
COLUMNS = ('operation', 'minimum', 'median', 'target', 'met', 'seL4 MCS')


def verdict(row, figures):
    """(the target as text, whether it is met as text)."""
    if row.target is None:
        return '', ''
    named = isinstance(row.target, str)
    limit = NEAR * figures[row.target]['median'] if named else row.target
    text = f'near {row.target}' if named else f'{limit:,}'
    return text, 'yes' if figures[row.figure]['median'] <= limit else 'no'


def render(figures):
    """The table in Markdown, its columns aligned."""
    isolation = any(name.startswith(ISOLATED) for name in figures)
    rows = [COLUMNS + ('with page-table isolation',) * isolation]
    for row in ROWS:
        if row.figure not in figures:
            continue
        figure, isolated = figures[row.figure], figures.get(ISOLATED + row.figure)
        cells = (row.title, f'{figure["min"]:,}', f'{figure["median"]:,}', *verdict(row, figures),
                 row.sel4)
        rows.append(cells + (f'{isolated["median"]:,}' if isolated else '',) * isolation)
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ['| ' + ' | '.join(map(str.ljust, row, widths)) + ' |' for row in rows]
    lines.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    return '\n'.join(lines)


def grown(rows, figures, baseline, tolerance):
    """A line for each figure that is above the baseline by more than the tolerance."""
    titles = {row.figure: row.title for row in rows}
    lines = []
    for name, figure in figures.items():
        for key in ('min', 'median'):
            now, before = figure[key], baseline.get(name, {}).get(key)
            if before is not None and now > before * (1 + tolerance):
                lines.append(f'grew: {titles.get(name, name)} ({key}), {before:,} to {now:,}, {now / before - 1:+.1%}')
    return lines
