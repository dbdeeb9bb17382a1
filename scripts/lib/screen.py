"""Looks at a screenshot (binary PPM, as QEMU's screendump writes it): is anything on the screen?"""
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
