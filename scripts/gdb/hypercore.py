"""Loaded into gdb by the command that `scripts/run --gdb` prints. Sets up what every session needs;
commands and pretty-printers for kernel objects register themselves below.
Next: docs/howto/debug.md.
"""
import gdb


class HypercoreHelp(gdb.Command):
    """hypercore: lists the commands this file adds."""

    def __init__(self):
        super().__init__('hypercore', gdb.COMMAND_USER, prefix=True)

    def invoke(self, _argument, _from_tty):
        gdb.execute('help hypercore')


# The kernel is one ELF without threads or libraries: no questions, and long values in full.
for setting in ('confirm off', 'pagination off', 'print pretty on', 'disassembly-flavor intel'):
    gdb.execute('set ' + setting)
HypercoreHelp()
