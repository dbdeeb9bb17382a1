"""Writes and reads PNG pictures of few colours: what a text screen needs, and small enough to commit.
Only the palette form with one byte for each pixel, which is the one written here, can be read.
[PNG Specification, third edition, "Datastream structure", "Compression"]
"""
import struct
import zlib

_SIGNATURE = b'\x89PNG\r\n\x1a\n'
_PALETTE = 3  # colour type


def _chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def encode(width, height, pixels):
    """PNG of `pixels`, 3 bytes each. At most 256 colours; ValueError if there are more."""
    colours = {}
    places = bytes(colours.setdefault(pixels[i:i + 3], len(colours) & 0xff) for i in range(0, len(pixels), 3))
    if len(colours) > 256 or len(places) != width * height:
        raise ValueError(f'{len(colours)} colours, {len(places)} pixels of {width} x {height}')
    rows = b''.join(b'\0' + places[y * width:(y + 1) * width] for y in range(height))  # 0: unfiltered
    return (_SIGNATURE + _chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, _PALETTE, 0, 0, 0))
            + _chunk(b'PLTE', b''.join(colours)) + _chunk(b'IDAT', zlib.compress(rows, 9)) + _chunk(b'IEND', b''))


def decode(data):
    """(width, height, pixels) of what encode() made. Raises ValueError on anything else."""
    if not data.startswith(_SIGNATURE):
        raise ValueError('not a PNG')
    chunks, at = {}, len(_SIGNATURE)
    while at < len(data):
        length, kind = struct.unpack_from('>I4s', data, at)
        chunks[kind] = chunks.get(kind, b'') + data[at + 8:at + 8 + length]
        at += length + 12
    width, height, depth, colour, *_ = struct.unpack('>IIBBBBB', chunks[b'IHDR'])
    rows = zlib.decompress(chunks[b'IDAT'])
    if (depth, colour) != (8, _PALETTE) or len(rows) != height * (width + 1) or any(rows[::width + 1]):
        raise ValueError('a PNG of another form')
    palette = chunks[b'PLTE']
    colours = [palette[i:i + 3] for i in range(0, len(palette), 3)]
    return width, height, b''.join(colours[each] for y in range(height)
                                   for each in rows[y * (width + 1) + 1:(y + 1) * (width + 1)])
