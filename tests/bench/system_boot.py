"""What a boot costs, from the first instruction of our loader to the prompt: instructions, by whose
code they are, and seconds. QEMU counts by a plugin (peer/blocks.c); whose a block of code is, is
told by its address and bytes, since every program has addresses of its own space. Used by system.py.
"""
from collections import Counter
from pathlib import Path
import re
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'system'))
import rig  # noqa: E402
from launcher import scratch_folder  # noqa: E402
from system_guest import Failure  # noqa: E402

ENTRY_BYTES = 24
SHORTEST = 12  # bytes of a block that are looked up in a loader that the firmware has moved
HASHING = re.compile(r'Sha256')


def segments(elf):
    """(address, bytes) of an ELF's executable segments, its entry, its PVH entry or None.
    [System V ABI, "ELF Header", "Program Header", "Note Section"]"""
    data = elf.read_bytes()
    entry, headers = struct.unpack_from('<QQ', data, 24)
    size, count = struct.unpack_from('<HH', data, 54)
    segments = []
    for at in range(headers, headers + size * count, size):
        kind, flags, offset, address, _, file_size = struct.unpack_from('<IIQQQQ', data, at)
        if kind == 1 and flags & 1:
            segments.append((address, data[offset:offset + file_size]))
        if kind == 4:
            name, = struct.unpack_from('<I', data, offset)
            entry, = struct.unpack_from('<I', data, offset + 12 + (name + 3 & ~3))
    return segments, entry


def _pe_entry(path):
    """(address, bytes from it on) of a PE image's entry. [PE format, "Optional Header"]"""
    data = path.read_bytes()
    header, = struct.unpack_from('<I', data, 0x3c)
    sections, optional = struct.unpack_from('<H12xH', data, header + 6)
    entry, = struct.unpack_from('<I', data, header + 24 + 16)
    for i in range(sections):
        size, address, _, offset = struct.unpack_from('<IIII', data,
                                                      header + 24 + optional + 40 * i + 8)
        if address <= entry < address + size:
            return entry, data[offset + entry - address:]
    raise ValueError(f'{path}: no section holds the entry')


def _loader_entry(build, firmware):
    if firmware == 'uefi':
        return _pe_entry(build / 'boot/efi/loader.efi')
    pieces, entry = segments(build / 'boot/pvh/loader.elf')
    address, data = next(it for it in pieces if it[0] <= entry < it[0] + len(it[1]))
    return entry, data[entry - address:]


class Code:
    """Whose code a block is."""

    def __init__(self, build, firmware):
        elfs = {'kernel': build / 'microkernel/hypercore.elf', 'root': build / 'servers/root/root.elf'}
        for path in [*build.glob('servers/*.elf'), *build.glob('drivers/*.elf')]:
            elfs[path.stem] = path
        if firmware != 'uefi':
            elfs['loader'] = build / 'boot/pvh/loader.elf'
        self.loader = b''
        if firmware == 'uefi':
            self.loader = b''.join(data for _, data in segments(build / 'boot/efi/loader.so')[0])
        self.segments = [(name, address, data) for name, path in elfs.items()
                         for address, data in segments(path)[0]]
        self.drivers = {path.stem for path in build.glob('drivers/*.elf')}
        self.hashing = {name: _functions(path, HASHING) for name, path in elfs.items()}
        if firmware == 'uefi':
            self.hashing['loader'] = self._bytes_of(build / 'boot/efi/loader.so')

    @staticmethod
    def _bytes_of(elf):
        """The hashing functions' bytes, of code that has moved."""
        pieces, _ = segments(elf)
        return [data[first - address:last - address] for first, last in _functions(elf, HASHING)
                for address, data in pieces if address <= first < address + len(data)]

    def owner(self, address, code):
        """'hashing', or a program's name, 'loader' or 'firmware'."""
        for name, start, data in self.segments:
            at = address - start
            if 0 <= at and data[at:at + len(code)] == code:
                hashes = any(first <= address < last for first, last in self.hashing[name])
                return 'hashing' if hashes else 'drivers' if name in self.drivers else name
        if len(code) < SHORTEST or code not in self.loader:
            return 'firmware'
        return 'hashing' if any(code in each for each in self.hashing['loader']) else 'loader'


def _functions(elf, name):
    """Address ranges of the functions whose names match."""
    text = subprocess.run(['nm', '-S', '-C', str(elf)], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    found = re.findall(r'^([0-9a-f]+) ([0-9a-f]+) [tTwWuV] (.*)$', text, re.M)
    return [(int(start, 16), int(start, 16) + int(size, 16)) for start, size, symbol in found
            if name.search(symbol)]


def _counts(lines, code):
    """{whose: instructions} of the plugin's lines."""
    counts = Counter()
    for line in lines:
        address, executions, instructions, data = line.split()
        owner = code.owner(int(address, 16), bytes.fromhex(data))
        counts[owner] += int(executions) * int(instructions)
    return counts


def measure(build, firmware, plugin):
    """({whose: instructions}, seconds) from the loader's entry to the prompt. The seconds are those
    of an emulator that counts: without counting it takes less."""
    build = Path(build)
    address, entry = _loader_entry(build, firmware)
    with scratch_folder() as scratch:
        blocks = scratch / 'blocks'
        counting = (f'{plugin},out={blocks},entry={entry[:ENTRY_BYTES].hex()},'
                    f'at={address & 0xfff}')
        with rig.Session('default', ['--firmware', firmware], build=build,
                         machine=['-plugin', counting, '-d', 'plugin,cpu_reset']) as guest:
            guest.prompt()
            prompt = time.monotonic()
            guest.guest.qmp.send('quit')
            guest.guest.run(deadline=prompt + 10)
        begun, *lines = blocks.read_text().splitlines() or ['']
        if not begun:
            raise Failure('the loader was not entered')
        return _counts(lines, Code(build, firmware)), prompt - float(begun)
