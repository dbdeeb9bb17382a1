"""When the kernel is entered, in instructions since the machine was switched on, as its TSC counts
them under --icount. Firmware and loader take their time before, so the kernel alone cannot tell.

The kernel is replaced by a copy that differs in its first instructions only: they send the TSC's low
half to COM1 and end the emulator. Loader and image stay what they were, so the moment is the same
to the instruction. Whoever uses it: run.py.
"""
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'scripts/lib'))
import guest_test  # noqa: E402
from launcher import Guest, scratch_folder  # noqa: E402
from options import checked  # noqa: E402
import project  # noqa: E402

_STUB = bytes.fromhex(
    '0f31'          # rdtsc
    '66baf803'      # mov  $0x3f8, %dx
    'b904000000'    # mov  $4, %ecx
    'ee'            # 1: out %al, (%dx)
    'c1e808'        # shr  $8, %eax
    'e2fa'          # loop 1b
    '66baf400'      # mov  $0xf4, %dx
    'b810000000'    # mov  $0x10, %eax
    'ef'            # out  %eax, (%dx)
    'f4ebfd')       # 2: hlt; jmp 2b


def with_stub(elf):
    """An ELF64 file's bytes with the stub at its entry. [System V ABI, "ELF Header"]"""
    data = bytearray(elf)
    entry, headers = struct.unpack_from('<QQ', data, 24)
    size, count = struct.unpack_from('<HH', data, 54)
    for at in range(headers, headers + size * count, size):
        kind, _, offset, address, _, file_size = struct.unpack_from('<IIQQQQ', data, at)
        if kind == 1 and address <= entry and entry + len(_STUB) <= address + file_size:
            start = offset + entry - address
            data[start:start + len(_STUB)] = _STUB
            return bytes(data)
    raise ValueError('no segment holds the entry')


def kernel_entered(build, root_server, cmdline=None):
    """Instructions from power-on to the first of the kernel; None when the guest did not say."""
    with scratch_folder() as scratch:
        kernel = scratch / 'kernel.elf'
        kernel.write_bytes(with_stub(project.kernel_elf(Path(build)).read_bytes()))
        options = guest_test.parse(['--build', str(build), '--icount', '--kernel', str(kernel),
                                    '--root-server', str(root_server), '--timeout', '60',
                                    '--cmdline', cmdline or ''])
        output = bytearray()
        with Guest(checked(options), guest_test.make_image(options, scratch), scratch) as guest:
            guest.on_output.append(output.extend)
            if guest.run() != 0 or len(output) < 4:
                return None
        return struct.unpack('<I', output[-4:])[0]
