#!/usr/bin/env python3
"""Checks a disk image that block-test has written (tests/system/programs/block-test): every sector
of its region is whole (never half of one write and half of another), where it belongs, and of a
generation that was flushed or of the one after. Exit status 0: so it is."""
import argparse
import struct
import sys

MAGIC = 0x3174_7365_746b_6c62
PRIME = 0x9e37_79b9_7f4a_7c15
WORD = 0xffff_ffff_ffff_ffff
SECTOR = 512
REGION = 1024  # sectors


def checksum(words):
    """Of all words but the last: block_test::Sector::sum."""
    total = words[0]
    for word in words[1:-1]:
        total = (total ^ word) * PRIME & WORD
        total ^= total >> 29
    return total


def problem(number, data, least, most):
    """What is wrong with a sector; None when nothing is."""
    words = struct.unpack('<64Q', data)
    if words[0] != MAGIC:
        return 'was never written'
    if checksum(words) != words[-1]:
        return 'is a mixture of two writes'
    if words[1] != number:
        return f'holds sector {words[1]}'
    if not least <= words[2] <= most:
        return f'is of generation {words[2]}, not {least} to {most}'
    return None


def check(path, flushed):
    """All problems of an image, one line each. flushed: the last generation that was flushed."""
    problems = []
    with open(path, 'rb') as image:
        for number in range(REGION):
            data = image.read(SECTOR)
            if len(data) < SECTOR:
                problems.append(f'the image ends in sector {number}')
                break
            wrong = problem(number, data, flushed, flushed + 1)
            if wrong:
                problems.append(f'sector {number} {wrong}')
    return problems


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('image')
    parser.add_argument('--flushed', type=int, required=True, metavar='N',
                        help='the last "flushed N" that was logged')
    options = parser.parse_args(arguments)
    problems = check(options.image, options.flushed)
    for line in problems[:20]:
        print(line)
    print(f'{len(problems)} of {REGION} sectors are wrong' if problems else 'the disk is good')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
