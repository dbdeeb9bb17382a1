#!/usr/bin/env python3
"""The picture of the console in README.md is what the system shows: the session is played again, and both
pictures are read cell by cell with the font's bitmaps. Numbers and the order of lines may differ, since
drivers start when their devices let them. With --update the picture is written anew."""
import argparse
from collections import Counter
from pathlib import Path
import re

import rig
from screen_session import Console
import png
import screen

PICTURE = rig.ROOT / 'docs/images/console.png'
SESSION = ('kill uart0', 'ps', 'mem', 'date')
# Figures with their units.
_FIGURE = re.compile(r'\d+(\.\d+)?([num]?s|[KMG]|%)?(?=\W|$)')


def lines(guest_font, picture):
    """The lines of a PPM's text without figures, each with how often it is there."""
    text = screen.read_text(picture, guest_font)
    return Counter(re.sub(r' +', ' ', _FIGURE.sub('#', line)).strip() for line in text if line)


def taken(build):
    """A screenshot (PPM) after the session."""
    with Console('default', ['--firmware', 'uefi', '--swap', '64M'], build=build) as guest:
        guest.prompt()
        for command in SESSION:
            guest.command(command)
        guest.at_prompt()
        picture = guest.picture()
        guest.poweroff()
        return picture


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build')
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()
    font = Console.glyphs
    with rig.tap() as tap:
        now = taken(options.build)
        if options.update:
            PICTURE.write_bytes(png.encode(*screen.parse_ppm(now)))
        data = Path(PICTURE).read_bytes()
        tap.case('it is small', len(data) < 60_000, len(data))
        width, height, pixels = png.decode(data)
        kept, fresh = lines(font, b'P6 %d %d 255\n' % (width, height) + pixels), lines(font, now)
        tap.case('it has the shell in it', any('shell server running' in line for line in fresh), fresh)
        tap.case('the picture in README.md shows what a session shows', kept == fresh,
                 f'only there: {kept - fresh}\nonly now: {fresh - kept}\nmeant so? '
                 'tests/system/console_picture.py --update')


if __name__ == '__main__':
    main()
