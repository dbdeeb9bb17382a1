"""As much of x86-64's encoding as faults.py needs: where an instruction's register and address fields
are, which of its registers it reads and which it writes, and how to change them without changing its
length. An instruction that is not understood has no such fields, so it is never changed by them.
[Intel SDM volume 2, chapter 2 "Instruction Format", appendix A "Opcode Map"]
"""
from dataclasses import dataclass

NOP = 0x90
_PREFIXES = frozenset((0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66, 0x67))
_TWO_BYTE = 0x100  # opcodes behind 0f


def _low(*bases):
    return frozenset(base + n for base in bases for n in range(2))


_ARITHMETIC = (0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30)  # add or adc sbb and sub xor
# Which field of ModRM is which operand: r/m := op(r/m, reg), reg := op(reg, r/m) and so on.
_TO_MEMORY = _low(*_ARITHMETIC) | {0x88, 0x89, 0x1c0, 0x1c1, 0x1b0, 0x1b1}
_TO_REGISTER = _low(*(base + 2 for base in _ARITHMETIC)) | {
    0x63, 0x69, 0x6b, 0x8a, 0x8b, 0x1af, 0x1b6, 0x1b7, 0x1be, 0x1bf, 0x1bc, 0x1bd,
    *range(0x140, 0x150)}
_ONLY_READ = _low(0x38, 0x3a, 0x84) | {0x1a3}  # cmp, test, bt
_LOAD_ADDRESS = frozenset((0x8d,))  # lea
_IMMEDIATE = frozenset((0x80, 0x81, 0x83, 0xc0, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3))  # /7 of 8x: cmp
_STORE_IMMEDIATE = frozenset((0xc6, 0xc7))
_GROUP_3 = frozenset((0xf6, 0xf7))  # test, test, not, neg, mul, imul, div, idiv
_GROUP_45 = frozenset((0xfe, 0xff))  # inc, dec, call, ..., jmp, ..., push
_SET = frozenset(range(0x190, 0x1a0))
_MODRM = (_TO_MEMORY | _TO_REGISTER | _ONLY_READ | _LOAD_ADDRESS | _IMMEDIATE | _STORE_IMMEDIATE
          | _GROUP_3 | _GROUP_45 | _SET)


@dataclass(frozen=True)
class Fields:
    """Offsets into the instruction; 0 where it has no such byte."""
    opcode: int
    rex: int  # its offset
    rex_byte: int
    opcode_at: int
    modrm: int
    sib: int
    displacement: int
    displacement_bytes: int


def fields(code):
    """The parts of an instruction; None when it is none of those that are understood."""
    at = 0
    while at < len(code) and code[at] in _PREFIXES:
        at += 1
    rex, rex_byte = 0, 0
    if at < len(code) and code[at] & 0xf0 == 0x40:
        rex, rex_byte = at, code[at]
        at += 1
    if at < len(code) and code[at] == 0x0f:
        at += 1
        opcode = _TWO_BYTE | code[at] if at < len(code) else 0
    else:
        opcode = code[at] if at < len(code) else 0
    if at >= len(code):
        return None
    if opcode not in _MODRM or at + 1 >= len(code):
        return Fields(opcode, rex, rex_byte, at, 0, 0, 0, 0)
    modrm = at + 1
    mode, rm = code[modrm] >> 6, code[modrm] & 7
    sib = modrm + 1 if mode != 3 and rm == 4 else 0
    displacement = (sib or modrm) + 1
    size = {0: 4 if rm == 5 or (sib and code[sib] & 7 == 5) else 0, 1: 1, 2: 4, 3: 0}[mode]
    return Fields(opcode, rex, rex_byte, at, modrm, sib, displacement if size else 0, size)


def _in_opcode(opcode):
    """Whether the opcode's own low bits name a register, and what happens to it."""
    if 0x50 <= opcode <= 0x57:
        return 'source'  # push
    if 0x58 <= opcode <= 0x5f or 0xb0 <= opcode <= 0xbf:
        return 'destination'  # pop, mov immediate
    return None


def _operands(it, code):
    """(what ModRM's reg is, what its r/m is): 'source', 'destination' or None."""
    number = code[it.modrm] >> 3 & 7
    if it.opcode in _TO_MEMORY:
        return 'source', 'destination'
    if it.opcode in _TO_REGISTER:
        return 'destination', 'source'
    if it.opcode in _ONLY_READ:
        return 'source', 'source'
    if it.opcode in _LOAD_ADDRESS:
        return 'destination', None
    if it.opcode in _IMMEDIATE:
        compares = number == 7 and it.opcode in (0x80, 0x81, 0x83)
        return None, 'source' if compares else 'destination'
    if it.opcode in _STORE_IMMEDIATE or it.opcode in _SET:
        return None, 'destination'
    if it.opcode in _GROUP_3:
        return None, 'destination' if number in (2, 3) else 'source'
    return None, 'destination' if number in (0, 1) else 'source'  # _GROUP_45


def registers(code, role):
    """Places of register numbers of three bits with this role: (offset, shift)."""
    it = fields(code)
    if it is None:
        return []
    if not it.modrm:
        return [(it.opcode_at, 0)] if _in_opcode(it.opcode) == role else []
    places = []
    reg, rm = _operands(it, code)
    if reg == role:
        places.append((it.modrm, 3))
    if rm == role and code[it.modrm] >> 6 == 3:
        places.append((it.modrm, 0))
    return places


def _with(code, at, shift, number):
    changed = bytearray(code)
    changed[at] = changed[at] & ~(7 << shift) | number << shift
    return bytes(changed)


def _other(chance, number, forbidden=()):
    return chance.choice([n for n in range(8) if n != number and n not in forbidden])


def other_register(code, role, chance):
    """The same instruction with another register in that role."""
    at, shift = chance.choice(registers(code, role))
    return _with(code, at, shift, _other(chance, code[at] >> shift & 7))


def has_address(code):
    """Whether it reads or writes memory by an address whose computation can be changed."""
    it = fields(code)
    return bool(it and it.modrm and code[it.modrm] >> 6 != 3 and it.opcode not in _LOAD_ADDRESS)


def other_address(code, chance):
    """The same instruction with another base register or another displacement."""
    it = fields(code)
    base_at = it.sib or it.modrm
    no_base = code[base_at] & 7 == 5 and code[it.modrm] >> 6 == 0
    if it.displacement and (no_base or chance.random() < 0.5):
        changed = bytearray(code)
        bit = chance.randrange(8 * it.displacement_bytes)
        changed[it.displacement + bit // 8] ^= 1 << bit % 8
        return bytes(changed)
    # As r/m 4 means a SIB byte and 5 may mean no base: both would change the length.
    return _with(code, base_at, 0, _other(chance, code[base_at] & 7, (4, 5) if not it.sib else (5,)))


def loaded_register(code):
    """The number (0 to 15) of the register that a move, xor or lea loads without reading it; None
    for everything else."""
    it = fields(code)
    if it is None:
        return None
    if not it.modrm:
        if not 0xb8 <= it.opcode <= 0xbf:
            return None
        return it.opcode & 7 | (it.rex_byte & 1) << 3
    byte = code[it.modrm]
    reg, rm = byte >> 3 & 7 | (it.rex_byte & 4) << 1, byte & 7 | (it.rex_byte & 1) << 3
    register = byte >> 6 == 3
    if it.opcode in (0x8b, 0x8d, 0x63, 0x1b6, 0x1b7, 0x1be, 0x1bf):
        return reg
    if it.opcode == 0x89 and register or it.opcode == 0x31 and register and reg == rm:
        return rm
    if it.opcode == 0xc7 and register:
        return rm
    return None


def is_conditional_jump(code):
    it = fields(code)
    return bool(it) and (0x70 <= it.opcode <= 0x7f or 0x180 <= it.opcode <= 0x18f)


def inverted(code):
    """A conditional jump on the opposite condition, which differs in the opcode's lowest bit."""
    it = fields(code)
    changed = bytearray(code)
    changed[it.opcode_at] ^= 1
    return bytes(changed)
