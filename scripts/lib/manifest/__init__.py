"""Manifests and the system they make: what the command scripts/manifest is built from.

toml.py (files with line numbers) > fields.py (tables and types) > schema.py and network.py (what may
stand in them) > wiring.py (who serves whom in a profile) > check.py (what is refused) > layout.py
(slots, bits, addresses) > binary.py (the file `system` of the boot archive). graph.py and explain.py
tell people; command.py is the command itself. The contract is docs/architecture/system.md.
"""
