"""What an instruction of the kernel does beyond its registers: which memory it touches, whether it
serialises. Reads objdump's AT&T syntax; an operand that is not understood raises, so that a trace
is never silently short. Whoever uses it: paths.py.
"""
from collections import namedtuple
import re
import subprocess

# One access to memory: bytes from an address.
Access = namedtuple('Access', 'address size')

_LINE = re.compile(r'^ *([0-9a-f]+):\t(.*)$')
_SYMBOL = re.compile(r'^([0-9a-f]{16}) <(.*)>:$')
_PREFIXES = ('rep', 'repz', 'repnz', 'lock', 'cs', 'data16', 'notrack', 'bnd', 'rex.W')
_MEMORY = re.compile(
    r'(?:%[c-gs]s:)?(-?0x[0-9a-f]+)?\((%\w+)?(?:,(%\w+)(?:,([1248]))?)?\)'
    r'|(?:^|,)(?:%[c-gs]s:)?\*?(0x[0-9a-f]+)(?=,|$)')
_WIDTHS = {'b': 1, 'w': 2, 'l': 4, 'q': 8}
# These name an address and read nothing there.
_NO_ACCESS = re.compile(r'lea$|lea[lq]|nop|prefetch|invlpg|ud[012]|(?:in|out)[bwl]?$')
_STATE = re.compile(r'f?x(?:save|rstor)|fnsave|frstor')
_STATE_BYTES = 512  # the x87 and SSE part of the area
# [Intel SDM vol. 3A, "Serializing Instructions"]
_SERIALISING = re.compile(r'iret|cpuid|wrmsr|invlpg|invpcid|invept|invvpid|wbinvd|invd$|lgdt|lidt|'
                          r'lldt|ltr|rsm|serialize')


def _width(register):
    """Bytes of a general or SSE register."""
    name = register.lstrip('%')
    if name.startswith(('xmm', 'mm')):
        return 16
    if re.fullmatch(r'r[a-ds]?[a-z]?[xip]?|r\d+', name) and name[0] == 'r':
        return 8
    if name[0] == 'e' or re.fullmatch(r'r\d+d', name):
        return 4
    if name[-1] in 'lhb' and len(name) <= 4 and name not in ('sl',):
        return 1
    return 2


def _wide_name(register):
    """The 64-bit register of which this is a part. Addresses use no smaller ones than 32 bits."""
    name = register.lstrip('%')
    return 'r' + name[1:] if name[0] == 'e' else name.rstrip('d') if name[1].isdigit() else name


class Instruction:
    """One decoded instruction."""

    def __init__(self, address, text):
        self.address = address
        words = text.split('#')[0].split('<')[0].split()
        self.repeats = words[:1] and words[0].startswith('rep')
        while words and words[0] in _PREFIXES:
            del words[0]
        self.mnemonic = words[0] if words else ''
        self.operands = words[1] if len(words) > 1 else ''
        self.text = text
        self.next = None  # the address behind it
        branch = self.mnemonic.startswith(('j', 'call'))
        self._memory = None
        if not _NO_ACCESS.match(self.mnemonic) and not (branch and '*' not in self.operands):
            self._memory = list(_MEMORY.finditer(self.operands))
            if self.operands.count('(') != sum('(' in each[0] for each in self._memory):
                raise ValueError(f'{address:#x}: what does this touch? {text}')

    def as_nop(self):
        """An instruction without effect in its place."""
        nop = Instruction(self.address, 'nop')
        nop.next = self.next
        return nop

    @property
    def loads_cr3(self):
        return self.mnemonic == 'mov' and self.operands.endswith(',%cr3')

    @property
    def writes_msr(self):
        return self.mnemonic == 'wrmsr'

    @property
    def serialises(self):
        return bool(_SERIALISING.match(self.mnemonic)) or (
            self.mnemonic == 'mov' and bool(re.search(r',%(?:cr[0-7]|d[br]\d)$', self.operands)))

    def _size(self):
        if _STATE.match(self.mnemonic):
            return _STATE_BYTES
        if self.mnemonic.startswith(('call', 'jmp')):
            return 8
        if extended := re.fullmatch(r'mov[sz]([bwl])[wlq]', self.mnemonic):
            return _WIDTHS[extended[1]]
        outside = re.sub(r'\([^)]*\)', '', self.operands)
        registers = re.findall(r'%(?![c-gs]s\b)\w+', outside)
        if registers and not self.mnemonic.startswith(('sh', 'sa', 'ro')):
            return _width(registers[-1])
        return _WIDTHS.get(self.mnemonic[-1], 8)

    def accesses(self, registers):
        """The memory it touches, given the registers before it."""
        result = []
        for part in self._memory or ():
            displacement, base, index, scale, absolute = part.groups()
            if absolute:
                result.append(Access(int(absolute, 16), self._size()))
                continue
            address = int(displacement or '0', 16)
            if base == '%rip':
                address += self.next
            elif base:
                address += registers[_wide_name(base)]
            if index:
                address += registers[_wide_name(index)] * int(scale or 1)
            result.append(Access(address & (1 << 64) - 1, self._size()))
        if self.mnemonic.startswith(('push', 'call')):
            result.append(Access(registers['rsp'] - 8, 8))
        elif self.mnemonic.startswith(('pop', 'ret', 'leave')):
            result.append(Access(registers['rsp'], 8))
        elif self.mnemonic.startswith('iret'):
            result.append(Access(registers['rsp'], 40))
        return result


def disassemble(elf):
    """({address: Instruction}, {address: function}) of an ELF's text."""
    text = subprocess.run(['objdump', '-d', '-C', '-w', '--no-show-raw-insn', str(elf)], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    instructions, functions = {}, {}
    function, previous = '?', None
    for line in text.splitlines():
        if symbol := _SYMBOL.match(line):
            function = symbol[2]
        elif match := _LINE.match(line):
            instruction = Instruction(int(match[1], 16), match[2])
            if previous:
                previous.next = instruction.address
            previous = instructions[instruction.address] = instruction
            functions[instruction.address] = function
    return instructions, functions
