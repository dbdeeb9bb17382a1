#!/usr/bin/env python3
"""Writes a cpio archive (newc) from files, the same bytes for the same input.

Usage: cpio.py --output OUT.cpio NAME=FILE...   Times, owners and inode numbers are fixed.
With page_aligned every member's data starts on a page of the archive: a member ".padding" before it
fills the gap.
"""
import argparse
import pathlib

FILE_MODE = 0o100644
HEADER_BYTES, PAGE = 110, 4096


def pad4(data):
    return data + bytes(-len(data) % 4)


def entry(inode, name, data, mode=FILE_MODE):
    """One archive member: 110 bytes of header, the name, the data, each padded to 4 bytes."""
    text = name.encode() + b"\0"
    links = 0 if inode == 0 else 1
    numbers = [inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(text), 0]
    header = b"070701" + b"".join(b"%08x" % number for number in numbers)
    return pad4(header + text) + pad4(data)


def data_offset(name):
    """Where the data of a member begins, from its header."""
    return (HEADER_BYTES + len(name.encode()) + 1 + 3) & ~3


def padding(offset, name):
    """The member to put at `offset` so that the data of the next, called `name`, lies on a page."""
    if (offset + data_offset(name)) % PAGE == 0:
        return b""
    gap = -(offset + data_offset(".padding") + data_offset(name)) % PAGE
    return entry(0, ".padding", bytes(gap))


def archive(members, page_aligned=False, dense=()):
    """The bytes of an archive of (name, data) pairs, in the given order, then those of `dense`, which
    lie on no page."""
    parts, offset = [], 0
    for inode, (name, data) in enumerate(members, 1):
        if page_aligned:
            parts.append(padding(offset, name))
            offset += len(parts[-1])
        parts.append(entry(inode, name, data))
        offset += len(parts[-1])
    parts += [entry(inode, *member) for inode, member in enumerate(dense, len(members) + 1)]
    return b"".join(parts) + entry(0, "TRAILER!!!", b"", 0)


def members(data):
    """(name, data, offset of the data) of each member of an archive that archive() wrote, without
    its padding."""
    offset = 0
    while True:
        size, length = (int(data[offset + at:offset + at + 8], 16) for at in (54, 94))
        name = data[offset + HEADER_BYTES:offset + HEADER_BYTES + length - 1].decode()
        start = offset + data_offset(name)
        if name == "TRAILER!!!":
            return
        if name != ".padding":
            yield name, data[start:start + size], start
        offset = start + size + -size % 4


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("members", nargs="*", metavar="NAME=FILE")
    arguments = parser.parse_args()
    members = []
    for member in arguments.members:
        name, separator, path = member.partition("=")
        if not separator or not name:
            parser.error(f"not NAME=FILE: {member}")
        members.append((name, pathlib.Path(path).read_bytes()))
    arguments.output.write_bytes(archive(members))


if __name__ == "__main__":
    main()
