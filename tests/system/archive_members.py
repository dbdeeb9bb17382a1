"""Looks into the boot archive of a profile: `system` first, then exactly the programs that the profile
names, each on a page of its own; none of tests/system/programs, no right to inject faults.

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
    assert sorted(names[1:]) == sorted(wanted), (names, wanted)
    assert not tests & set(names), tests & set(names)
    assert not any('injector' in each.manifest.rights for each in instances)
    assert all(offset % cpio.PAGE == 0 for _, _, offset in members)


main(*sys.argv[1:])
