"""The command scripts/manifest: what its words do. Messages are FILE:LINE: TEXT on standard error;
exit status 0 all is well, 1 something is wrong with what was read, 2 wrong use."""
import argparse
import hashlib
from pathlib import Path
import sys

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / 'scripts/gen'))

import cpio  # noqa: E402
from manifest import binary, check, explain, graph  # noqa: E402
from manifest.wiring import Sources  # noqa: E402


class Problems(Exception):
    """What is wrong in the manifests: a list of Problem."""


class Wrong(Exception):
    """Something besides the manifests is wrong; the text says what to do."""


def read(options):
    """Sources and the compositions of the profiles asked for, all checked. Raises the problems."""
    sources = Sources(ROOT, options.system)
    compositions = []
    if not sources.problems:
        wanted = [options.profile] if options.profile else list(sources.system.profiles)
        for profile in wanted:
            if profile not in sources.system.profiles:
                raise Wrong(f'no profile "{profile}"; there are: '
                            + ', '.join(sources.system.profiles))
            composition = sources.compose(profile)
            compositions.append(composition)
            if not sources.problems:
                sources.problems += check.check(composition)
    if sources.problems:
        raise Problems(sources.problems)
    return sources, compositions


def do_check(options):
    sources, compositions = read(options)
    profiles = ', '.join(f'{each.profile} ({len(each.instances)} programs)' for each in compositions)
    print(f'{len(sources.manifests)} manifests; profiles {profiles}: no problem')


def program_files(options):
    """{program: file} of --programs: NAME=FILE, or a folder of files called NAME. NAME.symbols are
    the names of its functions (libs/symbols)."""
    files = {}
    for each in options.programs:
        name, separator, path = each.partition('=')
        if separator:
            files[name] = Path(path)
        elif Path(each).is_dir():
            files.update({path.name: path for path in Path(each).iterdir() if path.is_file()})
        else:
            raise Wrong(f'--programs {each}: neither NAME=FILE nor a folder')
    return files


def write_depfile(options, sources):
    """For ninja: everything but the programs that the archive depends on."""
    paths = [ROOT / 'scripts/gen/cpio.py', *Path(__file__).parent.glob('*.py'),
             *(ROOT / each for each in sources.files)]
    options.depfile.write_text(f'{options.output}: ' + ' '.join(
        str(each).replace(' ', '\\ ') for each in paths) + '\n')


def do_build(options):
    sources, [composition] = read(options)
    files, members, hashes = program_files(options), [], {}
    for instance in composition.instances:
        name = instance.manifest.name
        if name in hashes or name == 'root':  # root comes as a module of its own
            continue
        if name not in files:
            raise Wrong(f'profile {composition.profile} needs program "{name}" '
                        f'({instance.manifest.path}), which was not built: is its folder in '
                        'the list of servers/meson.build or drivers/meson.build?')
        data = files[name].read_bytes()
        hashes[name] = hashlib.sha256(data).digest()
        members.append((name, data))
    description = binary.pack(composition, hashes)
    # Behind the programs, where nobody looks before a program has crashed.
    tables = [(name, files[name].read_bytes()) for name in (program + '.symbols' for program in hashes)
              if name in files]
    options.output.write_bytes(cpio.archive([('system', description), *members], True, tables))
    if options.depfile:
        write_depfile(options, sources)


def do_graph(options):
    _, [composition] = read(options)
    try:
        picture = graph.svg(composition)
    except FileNotFoundError as error:
        raise Wrong('Graphviz is not installed: run scripts/setup') from error
    if options.output:
        options.output.write_bytes(picture)
    else:
        sys.stdout.buffer.write(picture)


def do_explain(options):
    _, compositions = read(options)
    # Of several profiles the one with the most of its surroundings says the most.
    for composition in sorted(compositions, key=lambda each: each.profile != 'default'):
        if lines := explain.report(composition, options.name):
            print('\n'.join(lines))
            return
    known = sorted({name for each in compositions for instance in each.instances
                    for name in (instance.name, instance.manifest.name)})
    raise Wrong(f'there is no program "{options.name}"; there are: ' + ', '.join(known))


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog='scripts/manifest', description='Checks, compiles and explains what each program may '
        'do: driver.toml and server.toml beside the code, and sysroot/etc/system.toml. What stands '
        'in them: docs/architecture/system.md.', epilog='Problems are printed as FILE:LINE: TEXT. '
        'Exit status: 0 no problem, 1 a problem, 2 wrong use.')
    parser.set_defaults(profile=None)
    words = parser.add_subparsers(required=True, metavar='COMMAND')

    def word(name, act, what):
        sub = words.add_parser(name, help=what, description=what[0].upper() + what[1:] + '.')
        sub.set_defaults(act=act)
        sub.add_argument('--system', metavar='FILE', help='instead of sysroot/etc/system.toml, for '
                         'tests; relative to the repository')
        return sub
    word('check', do_check, 'check all manifests in every profile')
    build = word('build', do_build, 'compile a profile and write its boot archive')
    build.add_argument('--profile', required=True)
    build.add_argument('--programs', nargs='+', required=True, metavar='DIR|NAME=FILE',
                       help='files of programs, stripped; NAME.symbols: their functions\' names')
    build.add_argument('--output', required=True, type=Path, metavar='ARCHIVE')
    build.add_argument('--depfile', type=Path, help='also write what it was made from, for ninja')
    picture = word('graph', do_graph, 'draw who uses whom, as SVG')
    picture.add_argument('--profile', default='default', help='default: default')
    picture.add_argument('--output', type=Path, metavar='FILE.svg', help='default: standard output')
    words_of = word('explain', do_explain, 'say in plain words what a program may touch')
    words_of.add_argument('--profile', help='default: default, or the first that has it')
    words_of.add_argument('name', metavar='NAME', help='an instance, or a program: each instance')
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    try:
        options.act(options)
    except Problems as problems:
        for text in dict.fromkeys(str(each) for each in problems.args[0]):
            print(text, file=sys.stderr)
        return 1
    except (Wrong, OSError) as error:
        print('scripts/manifest:', error, file=sys.stderr)
        return 1
    return 0
