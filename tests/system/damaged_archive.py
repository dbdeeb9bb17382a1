#!/usr/bin/env python3
"""Copies a boot archive with the first bit of one member flipped: damaged_archive.py ARCHIVE NAME OUTPUT"""
import pathlib
import sys


def member(data, wanted):
    """Where the data of a member begins."""
    at = 0
    while True:
        size, name_size = int(data[at + 54:at + 62], 16), int(data[at + 94:at + 102], 16)
        begin = (at + 110 + name_size + 3) & ~3
        if data[at + 110:at + 110 + name_size - 1] == wanted.encode():
            return begin
        at = (begin + size + 3) & ~3


source, name, output = sys.argv[1:]
archive = bytearray(pathlib.Path(source).read_bytes())
archive[member(archive, name)] ^= 1
pathlib.Path(output).write_bytes(archive)
