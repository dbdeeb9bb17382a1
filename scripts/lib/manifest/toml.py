"""TOML files that know their lines, because tomllib forgets where things stood. The text is scanned
a second time, for positions only: tables, keys, and the inline tables or strings within an array.
"""
import re
import tomllib

_TABLE = re.compile(r'^\s*(\[\[?)\s*([\w."\-]+)\s*\]\]?')
_KEY = re.compile(r'^\s*([\w\-]+|"[^"]*")\s*=')
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|#[^\n]*|[\[\]{}\n]')


class Problem(Exception):
    """One thing that is wrong, and where."""

    def __init__(self, path, line, text):
        super().__init__(f'{path}:{line}: {text}')
        self.path, self.line, self.text = str(path), line, text


class Document:
    """A parsed file: `data` as tomllib has it, `line(...)` for the path of anything in it."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        try:
            self.data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            match = re.search(r'at line (\d+)', str(error))
            line = int(match[1]) if match else text.count('\n') + 1
            raise Problem(path, line, f'not TOML: {error}') from error
        self._lines = _positions(text)

    def line(self, *path):
        """Line of `path` (keys, and numbers within arrays) or of the nearest thing around it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def words(self):
        """The text without comments and blank lines."""
        text = _TOKEN.sub(lambda match: '' if match[0].startswith('#') else match[0], self.text)
        return ''.join(line.rstrip() + '\n' for line in text.split('\n') if line.strip())


def _positions(text):
    lines, table, counts = {}, (), {}
    rows = text.split('\n')
    number = 0
    while number < len(rows):
        row = rows[number]
        if match := _TABLE.match(row):
            table = tuple(part.strip('"') for part in match[2].split('.'))
            if match[1] == '[[':
                counts[table] = counts.get(table, -1) + 1
                lines.setdefault(table, number + 1)
                table += (counts[table],)
            lines[table] = number + 1
        elif match := _KEY.match(row):
            path = table + (match[1].strip('"'),)
            lines[path] = number + 1
            rest = '\n'.join([row[match.end():], *rows[number + 1:]])
            number += _value_positions(rest, path, number + 1, lines)
        number += 1
    return lines


def _value_positions(text, path, line, lines):
    """Notes where each element of an array value starts; returns how many lines the value goes on."""
    depth = elements = start = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == '\n':
            if depth == 0:
                break
            start += 1
        elif token in '[{':
            depth += 1
        elif token in ']}':
            depth -= 1
        if depth == (2 if token == '{' else 1) and token[0] in '{"\'':
            lines[path + (elements,)] = line + start
            elements += 1
    return start


def load(path, shown=None):
    """Reads a file. shown: the path as messages give it."""
    try:
        text = path.read_text(encoding='utf-8')
    except OSError as error:
        raise Problem(shown or path, 1, f'cannot be read: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise Problem(shown or path, 1, 'is not UTF-8') from error
    return Document(shown or path, text)
