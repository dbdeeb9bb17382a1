"""How a benchmark says what it found: TAP, with tables and figures as its comments."""

TOLERANCE = 0.02  # more than so much above a baseline is a failure


def comment(text):
    print(''.join(f'# {line}\n' for line in text.splitlines()), end='', flush=True)


def result(number, good, name, why=''):
    print(f'{"ok" if good else "not ok"} {number} - {name}', flush=True)
    if not good:
        comment(why)
    return good
