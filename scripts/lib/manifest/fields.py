"""How a table of a manifest is read: each key once, with the reader of its type, and every fault as
a problem with its line.
"""
import re

from manifest.toml import Problem

PAGE = 4096
MAX_OBJECT = 16 << 20  # memory_manager::max_object_bytes
REQUIRED = object()
_SUFFIX = {'': 1, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}


class Table:
    """One table being read: each key is taken once, what is left over is unknown."""

    def __init__(self, document, data, path, problems):
        self.document, self.path, self.problems = document, path, problems
        self.data = dict(data) if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.complain('must be a table')

    def line(self, *keys):
        return self.document.line(*self.path, *keys)

    def complain(self, text, *keys):
        where = '.'.join(str(part) for part in self.path + keys if not isinstance(part, int))
        self.problems.append(Problem(self.document.path, self.line(*keys),
                                     f'{where}: {text}' if where else text))

    def take(self, key, read, default=REQUIRED):
        """The value of `key` as read(value) makes it; a ValueError of it becomes a problem."""
        if key not in self.data:
            if default is REQUIRED:
                self.complain(f'"{key}" is missing')
                return None
            return default
        try:
            return read(self.data.pop(key))
        except ValueError as error:
            self.complain(str(error), key)
            return None if default is REQUIRED else default

    def tables(self, key, limit):
        """The inline tables of an array."""
        rows = self.data.pop(key, [])
        if not isinstance(rows, list) or len(rows) > limit:
            self.complain(f'must be a list of at most {limit} tables', key)
            return []
        return [Table(self.document, row, self.path + (key, number), self.problems)
                for number, row in enumerate(rows)]

    def table(self, key):
        return Table(self.document, self.data.pop(key, {}), self.path + (key,), self.problems)

    def finish(self):
        for key in self.data:
            self.complain('unknown key', key)


def boolean(value):
    if not isinstance(value, bool):
        raise ValueError('must be true or false')
    return value


def number(low, high):
    def read(value):
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError('must be a number')
        if not low <= value <= high:
            raise ValueError(f'{value} is not within {low} to {high}')
        return value
    return read


def text(value):
    if not isinstance(value, str) or not value:
        raise ValueError('must be a string')
    return value


def name(longest):
    def read(value):
        if not re.fullmatch(r'[a-z][a-z0-9_\-]*', text(value)):
            raise ValueError(f'"{value}": names are small letters, digits, - and _')
        if len(value) > longest:
            raise ValueError(f'"{value}" is too long: at most {longest} characters')
        return value
    return read


def one_of(*choices):
    def read(value):
        if value not in choices or isinstance(value, bool):
            raise ValueError(f'{value!r} is none of ' + ', '.join(str(each) for each in choices))
        return value
    return read


def list_of(read_one, longest=64):
    def read(value):
        if not isinstance(value, list) or len(value) > longest:
            raise ValueError(f'must be a list of at most {longest}')
        return [read_one(each) for each in value]
    return read


def size(value):
    """Bytes, a whole number of pages, of a string such as "256K"."""
    match = re.fullmatch(r'([0-9]{1,9})([KMG])', value) if isinstance(value, str) else None
    if not match:
        raise ValueError('must be a size as a string with K, M or G, such as "64K"')
    result = int(match[1]) * _SUFFIX[match[2]]
    if result == 0 or result % PAGE:
        raise ValueError('must be a multiple of 4K above 0')
    return result


def shared_size(value):
    """Bytes of an object that memory-manager shares out."""
    result = size(value)
    if result > MAX_OBJECT:
        raise ValueError(f'is above {MAX_OBJECT >> 20}M')
    return result


def volume(value):
    """Bytes, any number of them, of a string such as "0", "1500" or "2M"."""
    match = re.fullmatch(r'([0-9]{1,9})([KMG]?)', value) if isinstance(value, str) else None
    if not match:
        raise ValueError('must be a number of bytes as a string, such as "0" or "2M"')
    return int(match[1]) * _SUFFIX[match[2]]


def power_of_two(value):
    result = size(value)
    if result & (result - 1) or result > 1 << 30:
        raise ValueError('must be a power of two, at most 1G')
    return result


def microseconds(value):
    if value == 'none':
        return 0
    match = re.fullmatch(r'([0-9]{1,7})(us|ms|s)', value) if isinstance(value, str) else None
    if not match or int(match[1]) == 0:
        raise ValueError('must be a time such as "50ms", or "none"')
    return int(match[1]) * {'us': 1, 'ms': 1000, 's': 1000000}[match[2]]


def function(value):
    """"00:10.0" as bus << 8 | device << 3 | function."""
    match = re.fullmatch(r'([0-9a-f]{2}):([01][0-9a-f])\.([0-7])', value) \
        if isinstance(value, str) else None
    if not match:
        raise ValueError('must be a PCI function such as "00:10.0"')
    return int(match[1], 16) << 8 | int(match[2], 16) << 3 | int(match[3])
