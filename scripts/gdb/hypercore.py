"""Loaded into gdb by the command that `scripts/run --gdb` prints: settings, pretty-printers for the
kernel's objects, and commands. Tests: tests/gdb. Next: hypercore/commands.py, docs/howto/debug.md.
"""
from pathlib import Path
import sys

import gdb
import gdb.printing

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from hypercore import commands, printers  # noqa: E402

# The kernel is one ELF without threads or libraries: no questions, and long values in full.
for setting in ('confirm off', 'pagination off', 'print pretty on', 'disassembly-flavor intel'):
    gdb.execute('set ' + setting)
gdb.printing.register_pretty_printer(None, printers.printers(), replace=True)
commands.register()
