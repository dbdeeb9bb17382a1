"""What scripts/gdb/hypercore.py adds to gdb. printers.py: values in words; kernel.py: finds the
kernel's objects in memory that may be corrupt; commands.py: caps, threads, runqueues, ipc.
"""
