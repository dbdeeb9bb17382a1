"""Looks at a screenshot (binary PPM, as QEMU's screendump writes it): is anything on the screen, and
what does it say? Reading is exact: a cell that is no glyph of the console's font becomes '?'.
"""
import re

_HEADER = re.compile(rb'P6\s+(?:#[^\n]*\s+)*(\d+)\s+(\d+)\s+(\d+)\s')


def parse_ppm(data):
    """(width, height, pixels) with 3 bytes for each pixel. Raises ValueError on anything else."""
    match = _HEADER.match(data)
    if not match:
        raise ValueError('not a binary PPM')
    width, height, depth = (int(match[i]) for i in (1, 2, 3))
    pixels = data[match.end():]
    if depth != 255 or not width or not height or len(pixels) != width * height * 3:
        raise ValueError(f'bad PPM: {width}x{height}, depth {depth}, {len(pixels)} bytes')
    return width, height, pixels


def text_lines(data):
    """How many pixel rows hold more than one colour: 0 for a blank screen, whatever its colour."""
    width, height, pixels = parse_ppm(data)
    stride = width * 3
    rows = (pixels[y * stride:(y + 1) * stride] for y in range(height))
    return sum(row != row[:3] * width for row in rows)


def read_text(data, font):
    """The lines of text on the screen, blanks at their ends cut off. `font`: (height, {character code:
    rows}) as scripts/gen/font.py loads it; text begins in the top left corner and is brighter than
    what is behind it."""
    width, height, pixels = parse_ppm(data)
    glyph_height, glyphs = font
    # One byte for each pixel: '1' where there is ink. Green stands for brightness.
    ink = pixels[1::3].translate(b'0' * 128 + b'1' * 128)
    known = {''.join(f'{row:08b}' for row in rows).encode(): chr(code)
             for code, rows in glyphs.items()}
    lines = []
    for top in range(0, height - glyph_height + 1, glyph_height):
        rows = [ink[y * width:(y + 1) * width] for y in range(top, top + glyph_height)]
        lines.append(''.join(known.get(b''.join(row[x:x + 8] for row in rows), '?')
                             for x in range(0, width - 7, 8)).rstrip())
    return lines
