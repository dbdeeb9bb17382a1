"""Where the instructions of one visit to the kernel were spent, as text: by function, by function with
what it calls, by inlined function, by source line; and the instructions themselves.
Whoever uses it: paths.py.
"""
from collections import Counter
import re
import subprocess


def inlined(elf, addresses):
    """{address: [(function, place), ...]}, innermost first, as the debug information knows them."""
    wanted = sorted(addresses)
    text = subprocess.run(['addr2line', '-e', str(elf), '-a', '-f', '-i', '-C'], check=True,
                          input='\n'.join(map(hex, wanted)).encode(),
                          stdout=subprocess.PIPE).stdout.decode()
    result, current = {}, None
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith('0x'):
            current = result[int(line, 16)] = []
        else:
            place = next(lines).split(' (disc')[0]
            current.append((line, re.sub(r'^.*/(?:microkernel|libs)/', '', place)))
    return result


def inclusive(visit):
    """{function: instructions in it and in what it called}, from the calls and returns."""
    counts, stack = Counter(), ['']
    for address in visit.addresses:
        stack[-1] = visit.code.functions[address]  # a jump may lead into another function, too
        for function in set(stack):
            counts[function] += 1
        mnemonic = visit.code.instructions[address].mnemonic
        if mnemonic.startswith('call'):
            stack.append('')
        elif mnemonic.startswith('ret') and len(stack) > 1:
            stack.pop()
    return counts


def profile(name, visit, top):
    code, counts = visit.code, Counter(visit.addresses)
    frames = inlined(code.elf, counts)
    functions, inner, places = Counter(), Counter(), Counter()
    for address, count in counts.items():
        functions[code.functions[address]] += count
        inner[frames[address][0][0]] += count
        places[frames[address][0][1]] += count
    lines = [f'== {name}: {visit.name}, {len(visit.addresses)} instructions']
    for title, table in (('by function', functions), ('with what they call', inclusive(visit)),
                         ('inlined functions apart', inner), ('by line', places)):
        lines += [f'-- {title}', *(f'{count:7} {what}' for what, count in table.most_common(top))]
    return '\n'.join(lines)


def listing(name, visit):
    lines, function = [f'== {name}: {visit.name}'], None
    for address in visit.addresses:
        if visit.code.functions[address] != function:
            function = visit.code.functions[address]
            lines.append(f'{function}:')
        lines.append(f'  {address:x}  {visit.code.instructions[address].text}')
    return '\n'.join(lines)
