#!/usr/bin/env python3
"""scripts/run --exec: what commands print is its output, and the first status that is not 0 becomes its own.
Boots what was built already, as scripts/run does after building. Prints TAP."""
import argparse
import contextlib
import io

import rig
import project
import run

CASES = (
    ('echo one; echo two', 0, 'one\ntwo\n', 'good commands'),
    ('echo one; nonsense; kill supervisor; echo two', 127,
     'one\nnonsense: no such command (help shows all)\nsupervisor: not allowed\ntwo\n',
     'the first that fails; the others still run'),
    ('echo one\npoweroff\necho two', 0, 'one\n', 'a command that switches off ends it well'),
)


def execute(build, commands):
    """Status and output of a run."""
    options = run.parse(['--profile', 'minimal', '--firmware', 'pvh', '--memory', '128M', '--exec', commands])
    run.checked(options)
    output = io.TextIOWrapper(io.BytesIO())
    with rig.scratch_folder() as scratch:
        image = scratch / 'image'
        project.make_image('pvh', build, project.default_root_server(build, 'minimal'), image,
                           project.boot_archive(build, 'minimal'))
        with contextlib.redirect_stdout(output):
            status = run.execute(options, image, scratch)
    return status, output.buffer.getvalue().decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=rig.Path, default=project.build_dir())
    options = parser.parse_args()
    with rig.tap() as tap:
        for commands, status, text, what in CASES:
            got = execute(options.build.absolute(), commands)
            tap.case(f'{what}: status {status}', got[0] == status and got[1] == text, got)


if __name__ == '__main__':
    main()
