"""The lint's rules that run tools: clang-format, the compiler on each header alone, readelf on the
kernel. Rows are (path, line, rule, text). Header results are cached by content in the build
folder; only successes are, so a finding is always fresh.
"""
from concurrent.futures import ThreadPoolExecutor
import hashlib
import json
import os
from pathlib import PurePosixPath
import re
import shlex
import subprocess

_PLACE = re.compile(r'^(\S[^:\n]*):(\d+):\d+: (?:fatal )?(?:error|warning): (.*)$', re.M)
# Of a compile command these say what to make of one source file, not how to read it.
_DROP_WITH_VALUE = {'-o', '-MF', '-MQ', '-MT'}
_DROP = {'-c', '-MD', '-MMD'}


def check_format(tree, names):
    """Layout as .clang-format says; one finding for each file, at its first difference."""
    if not names:
        return
    result = subprocess.run(['clang-format-14', '--dry-run', '--Werror', *names], cwd=tree.root,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seen = set()
    for match in _PLACE.finditer(result.stderr.decode(errors='replace')):
        if match[1] not in seen:
            seen.add(match[1])
            yield match[1], int(match[2]), 'format', f'run clang-format-14 -i {match[1]}'
    if result.returncode and not seen:
        text = result.stderr.decode(errors='replace').strip().splitlines()
        yield '.clang-format', 1, 'format', f'clang-format-14 failed: {text[-1] if text else "?"}'


def flags_of(entry):
    """The flags of one compile command, without its input and outputs."""
    words = entry.get('arguments') or shlex.split(entry['command'])
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in _DROP_WITH_VALUE:
            skip = True
        elif word not in _DROP and word != entry['file'] and not word.startswith('-fdiagnostics'):
            kept.append(word)
    return kept


def command_for(name, commands):
    """The compile command of the source nearest to a header: same language, longest common path,
    freestanding before hosted (the kernel's own build before its host test)."""
    wanted = ('.c',) if name.endswith('.h') else ('.cpp', '.c')

    def score(entry):
        source = entry['source']
        common = len(os.path.commonprefix([PurePosixPath(name).parts,
                                           PurePosixPath(source).parts]))
        return (source.endswith(wanted[0]), common, '-ffreestanding' in entry['flags'])

    fitting = [entry for entry in commands if entry['source'].endswith(wanted)]
    return max(fitting, key=score, default=None)


def load_commands(tree, build, include_roots):
    entries = json.loads((build / 'compile_commands.json').read_text())
    for entry in entries:
        path = os.path.normpath(os.path.join(entry['directory'], entry['file']))
        entry['source'] = os.path.relpath(path, tree.root)
        entry['flags'] = flags_of(entry) + [f'-I{tree.root / each}' for each in include_roots]
    return entries


def reach(name, closure):
    """The header and everything of the tree it includes, directly or not."""
    seen, todo = set(), [name]
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.add(each)
            todo += closure.get(each, ())
    return sorted(seen)


def _compile(tree, build, name, entry):
    """None when the header compiles alone, else (path, line, text)."""
    language = 'c' if entry['source'].endswith('.c') else 'c++'
    # -fsyntax-only on an empty file that includes it: `#pragma once in main file` is no issue then.
    command = entry['flags'] + ['-fsyntax-only', '-x', language, '-']
    result = subprocess.run(command, cwd=entry['directory'], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE,
                            # The declaration: ISO C forbids an empty translation unit.
                            input=f'#include "{tree.root / name}"\nextern int one;\n'.encode())
    if result.returncode == 0:
        return None
    text = result.stderr.decode(errors='replace')
    match = _PLACE.search(text)
    if match and match[3].startswith('#error'):
        return None  # a header that refuses to be included, and says why
    if not match:
        return name, 1, text.strip().splitlines()[-1] if text.strip() else 'the compiler failed'
    path = os.path.relpath(os.path.join(entry['directory'], match[1]), tree.root)
    return path, int(match[2]), match[3]


def check_headers(tree, names, closure, build, include_roots, jobs):
    """Every header compiles alone: it includes what it uses."""
    commands = load_commands(tree, build, include_roots)
    cache_file = build / 'lint-headers.json'
    try:
        cache = set(json.loads(cache_file.read_text()))
    except (OSError, ValueError):
        cache = set()
    work = []
    for name in names:
        entry = command_for(name, commands)
        if entry is None:
            yield name, 1, 'header', 'no source file of its language is built: cannot check it'
            continue
        digest = hashlib.sha256(json.dumps(entry['flags']).encode())
        for each in reach(name, closure):
            digest.update(each.encode() + b'\0' + tree.text(each).encode() + b'\0')
        work.append((name, entry, digest.hexdigest()))
    good = {key for _, _, key in work} & cache
    todo = [item for item in work if item[2] not in cache]
    with ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda item: _compile(tree, build, item[0], item[1]), todo)
        for (name, _, key), problem in zip(todo, results):
            if problem is None:
                good.add(key)
            else:
                path, line, text = problem
                yield path, line, 'header', f'{name} does not compile alone: {text}'
    cache_file.write_text(json.dumps(sorted(good)))


def check_kernel_elf(tree, build):
    """No static constructors in the kernel: nobody would run them."""
    elf = build / 'microkernel' / 'hypercore.elf'
    if not elf.exists():
        if tree.named(('.cpp',), 'microkernel/'):
            yield 'microkernel/meson.build', 1, 'kernel-elf', f'{elf.name} is not built: build first'
        return
    sections = subprocess.run(['readelf', '-SW', str(elf)], check=True,
                              stdout=subprocess.PIPE).stdout.decode()
    for match in re.finditer(r'\s(\.init_array|\.ctors|\.preinit_array)\b', sections):
        yield ('microkernel', 1, 'constructors', f'the kernel has a section {match[1]}: make the '
               'object behind it constinit')
