"""tests/bench/machine_code.py: what an instruction touches, from objdump's text."""
from pathlib import Path
import sys
import unittest

sys.path.append(str(Path(__file__).resolve().parents[3] / 'tests/bench'))
from machine_code import Access, Instruction  # noqa: E402

REGISTERS = {name: 0 for name in ('rax', 'rcx', 'rdx', 'rbx', 'rbp', 'r8', 'r12', 'rsi', 'rdi')}
REGISTERS.update(rsp=0x1000, rdi=0x2000, rax=3, r8=0x8000)


def touched(text):
    instruction = Instruction(0x100, text)
    instruction.next = 0x108
    return instruction.accesses(REGISTERS)


class Accesses(unittest.TestCase):
    def check(self, text, *wanted):
        self.assertEqual(touched(text), [Access(*each) for each in wanted], text)

    def test_addresses(self):
        self.check('mov    0x10(%rdi),%rcx', (0x2010, 8))
        self.check('mov    %rcx,-0x8(%rdi,%rax,8)', (0x2010, 8))
        self.check('mov    0x20(%rip),%eax        # 128 <x>', (0x128, 4))
        self.check('mov    0xffffffff80001000,%rax', (0xffffffff80001000, 8))
        self.check('mov    0x4(,%rax,4),%rcx', (0x10, 8))

    def test_sizes(self):
        self.check('movb   $0x1,(%rdi)', (0x2000, 1))
        self.check('movzbl (%rdi),%eax', (0x2000, 1))
        self.check('movzwl 0x2(%rdi),%eax', (0x2002, 2))
        self.check('mov    %al,(%r8)', (0x8000, 1))
        self.check('cmpl   $0x5,(%rdi)', (0x2000, 4))
        self.check('movups %xmm0,(%rdi)', (0x2000, 16))
        self.check('shlq   %cl,(%rdi)', (0x2000, 8))

    def test_stack(self):
        self.check('push   %rax', (0xff8, 8))
        self.check('pop    %rax', (0x1000, 8))
        self.check('ret', (0x1000, 8))
        self.check('call   ffffffff80001000 <f>', (0xff8, 8))
        self.check('call   *0x8(%rdi)', (0x2008, 8), (0xff8, 8))
        self.check('iretq', (0x1000, 40))

    def test_nothing(self):
        for text in ('lea    0x8(%rdi),%rax', 'nopw   0x0(%rax,%rax,1)', 'out    %al,(%dx)',
                     'mov    $0xffffffff80001000,%rax', 'jmp    ffffffff80001000 <f>', 'sysretq'):
            self.check(text)

    def test_strings(self):
        self.check('rep stos %rax,%es:(%rdi)', (0x2000, 8))
        self.assertTrue(Instruction(0, 'rep movsb %ds:(%rsi),%es:(%rdi)').repeats)

    def test_what_is_not_understood(self):
        with self.assertRaises(ValueError):
            Instruction(0, 'vgatherdps (%rax,%ymm0,4,7),%xmm1')


class Kinds(unittest.TestCase):
    def test_serialising(self):
        for text in ('iretq', 'wrmsr', 'mov    %rax,%cr3', 'invlpg (%rdi)', 'cpuid'):
            self.assertTrue(Instruction(0, text).serialises, text)
        for text in ('mov    %cr3,%rax', 'sysretq', 'rdmsr', 'lret', 'mov    %rax,%cr8'):
            self.assertFalse(Instruction(0, text).serialises, text)

    def test_cr3(self):
        self.assertTrue(Instruction(0, 'mov    %rax,%cr3').loads_cr3)
        self.assertFalse(Instruction(0, 'mov    %rax,%cr4').loads_cr3)


if __name__ == '__main__':
    unittest.main()
