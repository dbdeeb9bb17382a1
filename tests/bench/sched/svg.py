"""A small writer of SVG charts: bars on a logarithmic axis, and a strip of who ran when. Titles, axes
and units are part of every chart; colours are distinguishable without colour vision (they differ
in lightness). Text is in the reader's own sans-serif font."""
from html import escape
from math import ceil, floor, log10

COLOURS = ('#1b3a57', '#d1495b', '#3c887e', '#edae49', '#8d6a9f', '#66717e', '#a0c1b8', '#5b3a29',
           '#b8b8b8', '#2e6f40')


class Drawing:
    def __init__(self, width, height, title):
        self.width, self.height = width, height
        self.parts = []
        self.text(width / 2, 24, title, size=16, anchor='middle', weight='bold')

    def text(self, x, y, text, size=12, anchor='start', weight='normal', turned=False):
        turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ''
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
                          f'font-weight="{weight}"{turn}>{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, colour='#222', width=1.0):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{colour}" stroke-width="{width}"/>')

    def box(self, x, y, width, height, colour, hint=''):
        title = f'<title>{escape(hint)}</title>' if hint else ''
        self.parts.append(f'<rect x="{x:.2f}" y="{y:.1f}" width="{width:.2f}" height="{height:.1f}" '
                          f'fill="{colour}">{title}</rect>')

    def legend(self, x, y, names, colours=COLOURS):
        for name, colour in zip(names, colours):
            self.box(x, y - 10, 12, 12, colour)
            self.text(x + 17, y, name)
            x += 32 + 7 * len(name)

    def save(self, path):
        body = '\n'.join(self.parts)
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" font-family="sans-serif" fill="#222">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n')


def _decades(values):
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


def _number(value):
    if value >= 10_000:
        return f'{value / 1000:,.0f}k'
    return f'{value:.0f}' if value >= 100 else f'{value:.3g}'


def bars(path, title, unit, groups, series):
    """`series` {name: {group: value or None}}: groups of bars on a logarithmic axis."""
    left, top, height = 70, 70, 260
    slot = max(26 * len(series) + 30, 110)
    width = max(left + slot * len(groups), left + sum(32 + 7 * len(name) for name in series))
    drawing = Drawing(width + 20, top + height + 50, title)
    drawing.legend(left, 50, series)
    values = [v for each in series.values() for v in each.values() if v]
    low, high = _decades(values)
    base = top + height

    def y_of(value):
        return base - height * (log10(max(value, 10 ** low)) - low) / (high - low)

    for decade in range(low, high + 1):
        y = y_of(10 ** decade)
        drawing.line(left, y, drawing.width - 20, y, '#ddd')
        drawing.text(left - 6, y + 4, _number(10 ** decade), anchor='end')
    drawing.text(18, top + height / 2, unit, anchor='middle', turned=True)
    for i, group in enumerate(groups):
        x = left + slot * i + 15
        for (name, each), colour in zip(series.items(), COLOURS):
            value = each.get(group)
            if value is None:
                drawing.text(x + 11, base - 4, 'none', size=9, anchor='middle')
            else:
                y = min(y_of(value), base - 1) if value else base - 1
                drawing.box(x, y, 22, base - y, colour, f'{name}, {group}: {_number(value)} {unit}')
                drawing.text(x + 11, y - 4, _number(value), size=9, anchor='middle')
            x += 26
        drawing.text(left + slot * i + slot / 2, base + 18, group, anchor='middle')
    drawing.line(left, base, drawing.width - 20, base)
    drawing.save(path)


def curves(path, title, x_unit, y_unit, series):
    """`series` {name: [(x, y)]}: lines between points, both axes logarithmic."""
    left, top, height, width = 80, 90, 300, 640
    drawing = Drawing(left + width + 40, top + height + 60, title)
    for i, (name, colour) in enumerate(zip(series, COLOURS)):
        drawing.legend(left, 50 + 18 * i, [name], [colour])
    points = [point for each in series.values() for point in each]
    axes = [_decades([point[axis] for point in points]) for axis in (0, 1)]

    def place(point):
        x, y = ((log10(value) - low) / (high - low) for value, (low, high) in zip(point, axes))
        return left + width * x, top + height * (1 - y)

    for decade in range(axes[0][0], axes[0][1] + 1):
        x = place((10 ** decade, 10 ** axes[1][0]))[0]
        drawing.line(x, top, x, top + height, '#ddd')
        drawing.text(x, top + height + 18, f'{10 ** decade:,}', anchor='middle')
    for decade in range(axes[1][0], axes[1][1] + 1):
        y = place((10 ** axes[0][0], 10 ** decade))[1]
        drawing.line(left, y, left + width, y, '#ddd')
        drawing.text(left - 6, y + 4, _number(10 ** decade), anchor='end')
    drawing.text(18, top + height / 2, y_unit, anchor='middle', turned=True)
    drawing.text(left + width / 2, top + height + 40, x_unit, anchor='middle')
    for each, colour in zip(series.values(), COLOURS):
        places = [place(point) for point in each]
        for (x1, y1), (x2, y2) in zip(places, places[1:]):
            drawing.line(x1, y1, x2, y2, colour, 2)
        for (x, y), (_, value) in zip(places, each):
            drawing.box(x - 3, y - 3, 6, 6, colour, f'{value:,.0f} {y_unit}')
            drawing.text(x, y - 8, f'{value:,.0f}', size=9, anchor='middle')
    drawing.save(path)


def strip(path, title, rows, begin, end, colours):
    """`rows` {name: [(from, to, key)]} in us: a line for each, coloured by key; `colours` {key:
    colour} is the legend."""
    left = 40 + 7 * max(len(name) for name in rows)
    top, row_height, width = 70, 22, 860
    height = row_height * len(rows)
    drawing = Drawing(left + width + 20, top + height + 50, title)
    drawing.legend(left, 50, [str(key) for key in colours], colours.values())
    scale = width / (end - begin)
    for i, (name, pieces) in enumerate(rows.items()):
        y = top + i * row_height
        drawing.text(left - 8, y + 15, name, anchor='end')
        drawing.line(left, y + row_height, left + width, y + row_height, '#eee')
        for start, stop, key in pieces:
            if stop > begin and start < end:
                start, stop = max(start, begin), min(stop, end)
                drawing.box(left + (start - begin) * scale, y + 3, max((stop - start) * scale, 0.4),
                            row_height - 5, colours[key])
    base = top + height
    drawing.line(left, base, left + width, base)
    for i in range(11):
        time = begin + (end - begin) * i // 10
        x = left + (time - begin) * scale
        drawing.line(x, base, x, base + 5)
        drawing.text(x, base + 18, f'{time / 1000:g}', anchor='middle')
    drawing.text(left + width / 2, base + 38, 'time [ms]', anchor='middle')
    drawing.save(path)
