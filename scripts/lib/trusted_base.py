"""What user-mode code the system has to trust, and how long it is: the four programs that nobody
restarts, and the libraries they use. Told by #include: a header counts with the source file beside
it, so this is an upper bound of what is linked. docs/servers.md shows it. Shown by scripts/lint --stats.
"""
from pathlib import PurePosixPath

import source_text

PROGRAMS = ('root', 'memory-manager', 'device-manager', 'supervisor')
SUFFIXES = ('.cpp', '.hpp', '.S')
# No #include leads there: start-up code, and what the compiler calls.
RUNTIME = 'libs/runtime/'
# seL4's C names: for ported code only.
SEL4_NAMES = 'libs/abi/sel4/'


def files(tree, includes):
    """{program or 'libraries': its files}. `includes`: of (tree, file name), rows (line, file, text)."""
    parts = {name: set(tree.named(SUFFIXES, f'servers/{name}/')) for name in PROGRAMS}
    known, libraries = set(tree.files), set(tree.named(SUFFIXES, RUNTIME))
    waiting = sorted(set().union(libraries, *parts.values()))
    while waiting:
        name = waiting.pop()
        reached = {target for _, target, _ in includes(tree, name) if target}
        reached.add(str(PurePosixPath(name).with_suffix('.cpp')))
        new = {each for each in reached & known
               if each.startswith('libs/') and not each.startswith(SEL4_NAMES)} - libraries
        libraries |= new
        waiting += sorted(new)
    return {**parts, 'libraries': libraries}


def lines(tree, includes):
    """{program or 'libraries': code lines, no blanks and no comments}."""
    return {part: sum(len(source_text.code_lines(tree.text(name))) for name in names)
            for part, names in files(tree, includes).items()}
