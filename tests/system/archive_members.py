"""Looks into the boot archive of a profile: `system` first, then exactly the programs that the profile
names, each on a page of its own, then the names of their functions, of all or (release) none; none of
tests/system/programs, no right to inject faults.

Usage: archive_members.py PROFILE ARCHIVE
"""
from pathlib import Path
import sys

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'scripts/lib'), str(ROOT / 'scripts/gen')]
import cpio  # noqa: E402
from manifest.wiring import Sources  # noqa: E402


def main(profile, archive):
    members = list(cpio.members(Path(archive).read_bytes()))
    names = [name for name, _, _ in members]
    instances = Sources(ROOT).compose(profile).instances
    wanted = {each.manifest.name for each in instances} - {'root'}
    tests = {path.parent.name for path in ROOT.glob('tests/system/programs/*/*.toml')}
    assert tests, 'tests/system/programs has no manifests: this looks in the wrong place'
    assert names[0] == 'system', names
    tables = [name for name in names if name.endswith('.symbols')]
    programs = names[1:len(names) - len(tables)]
    assert sorted(programs) == sorted(wanted), (names, wanted)
    assert not tables or tables == [name + '.symbols' for name in programs], names
    assert not tests & set(programs), tests & set(programs)
    assert not any('injector' in each.manifest.rights for each in instances)
    assert all(offset % cpio.PAGE == 0 for name, _, offset in members if name not in tables)


main(*sys.argv[1:])
