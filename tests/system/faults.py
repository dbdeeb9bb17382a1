"""Faults for the injector (docs/howto/inject.md): from a program's machine code and a seed, what to
change, in seven classes named after those that MINIX 3's injector takes its faults from
[minix/commands/swifi: run_swifi; it is Swift's for Nooks, which he made of Ng's for the Rio file cache,
as its fault_model.c says]. What each does is our own:

    source       an instruction reads another register
    destination  an instruction writes another register
    pointer      a memory operand's address is computed otherwise
    interface    a parameter is not passed: what was in its register is
    loop         a condition that ends a loop is inverted
    text         one bit of the code is flipped
    elide        an instruction is left out

A fault never changes the length of an instruction, and the same program, class and seed always give
the same fault. Decoding of instructions: x86_code.py.
"""
import bisect
from dataclasses import dataclass
import random
import re
import subprocess

import x86_code
from x86_code import NOP

PAGE = 4096
CLASSES = ('source', 'destination', 'pointer', 'interface', 'loop', 'text', 'elide')
ARGUMENT_REGISTERS = frozenset((7, 6, 2, 1, 8, 9))  # rdi rsi rdx rcx r8 r9
LOOK_BACK = 8  # instructions before a call that may load its parameters


@dataclass(frozen=True)
class Instruction:
    address: int
    code: bytes
    text: str  # mnemonic and operands as objdump writes them
    function: str

    @property
    def mnemonic(self):
        return self.text.split(' ', 1)[0]

    @property
    def target(self):
        """Where a direct jump goes, else None."""
        match = re.match(r'j\w+ +([0-9a-f]+)', self.text)
        return int(match[1], 16) if match else None


@dataclass(frozen=True)
class Fault:
    kind: str
    seed: int
    address: int
    before: bytes
    after: bytes
    text: str  # the instruction, for people


_FUNCTION = re.compile(r'^[0-9a-f]+ <(.*)>:$')
_LINE = re.compile(r'^ +([0-9a-f]+):\t([0-9a-f ]+)\t(.*)$')


def parse(listing):
    """Instructions of objdump -d -w."""
    function, out = '', []
    for line in listing.splitlines():
        if match := _FUNCTION.match(line):
            function = match[1]
        elif match := _LINE.match(line):
            out.append(Instruction(int(match[1], 16), bytes.fromhex(match[2]),
                                   match[3].split('#')[0].strip(), function))
    return out


def disassemble(program):
    """The instructions of an ELF file that may be changed: those on one page, without padding."""
    listing = subprocess.run(['objdump', '-d', '-w', '--section=.text', str(program)], check=True,
                             capture_output=True, text=True).stdout
    return [each for each in parse(listing)
            if each.address // PAGE == (each.address + len(each.code) - 1) // PAGE
            and not re.match(r'(cs )?nop|xchg +%ax,%ax|int3|\(bad\)', each.text)]


# --- where a class of faults can happen ---------------------------------------------------------

def _parameters(program):
    """Instructions that load a parameter of a call or system call."""
    for n, each in enumerate(program):
        if not re.match(r'call|syscall', each.text):
            continue
        free = set(ARGUMENT_REGISTERS)
        for before in reversed(program[max(0, n - LOOK_BACK):n]):
            if before.function != each.function or re.match(r'j|call|ret|syscall', before.text):
                break
            register = x86_code.loaded_register(before.code)
            if register in free:
                free.remove(register)
                yield before


def _loop_ends(program):
    """Conditional jumps that go back, or out of what a jump back encloses."""
    loops = [(each.target, each.address, each.function) for each in program
             if each.target is not None and each.target < each.address]
    for each in program:
        if not x86_code.is_conditional_jump(each.code) or each.target is None:
            continue
        for first, last, function in loops:
            if each.function == function and first <= each.address <= last \
                    and (each.address == last or not first <= each.target <= last):
                yield each
                break


def blocks(instructions):
    """The instructions with which a block begins, through which control flows to its end."""
    targets = {each.target for each in instructions}
    before = None
    for each in instructions:
        if before is None or each.address in targets or each.function != before.function \
                or re.match(r'j|call|ret|syscall', before.text):
            yield each
        before = each


class Program:
    """A victim's machine code, with the places that each class of faults has in it."""

    def __init__(self, instructions):
        self.blocks = [each.address for each in blocks(instructions)]
        self.places = {
            'source': [i for i in instructions if x86_code.registers(i.code, 'source')],
            'destination': [i for i in instructions
                            if x86_code.registers(i.code, 'destination')],
            'pointer': [i for i in instructions if x86_code.has_address(i.code)],
            'interface': list(dict.fromkeys(_parameters(instructions))),
            'loop': list(_loop_ends(instructions)),
            'text': instructions,
            'elide': instructions,
        }

    def block_of(self, address):
        return self.blocks[bisect.bisect_right(self.blocks, address) - 1]

    def fault(self, kind, seed):
        """The fault of this class and seed."""
        chance = random.Random(f'{kind} {seed}')
        place = chance.choice(self.places[kind])
        return Fault(kind, seed, place.address, place.code, _changed(kind, place.code, chance),
                     place.text)


def _changed(kind, code, chance):
    if kind in ('source', 'destination'):
        return x86_code.other_register(code, kind, chance)
    if kind == 'pointer':
        return x86_code.other_address(code, chance)
    if kind == 'loop':
        return x86_code.inverted(code)
    if kind == 'text':
        bit = chance.randrange(8 * len(code))
        changed = bytearray(code)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)
    return bytes([NOP]) * len(code)
