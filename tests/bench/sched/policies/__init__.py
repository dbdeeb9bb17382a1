"""Scheduling policies of the laboratory: one file each. A module in this folder that has a class
`Policy` is a policy, named as its file. See base.py for what a policy is asked."""
from importlib import import_module
from pathlib import Path


def load():
    """{name: class}, in the order of names."""
    found = {}
    for path in sorted(Path(__file__).parent.glob('*.py')):
        if path.stem in ('__init__', 'base'):
            continue
        found[path.stem] = import_module(f'policies.{path.stem}').Policy
    return found
