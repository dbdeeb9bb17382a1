"""A rough reader of C++ (and C, assembly, linker scripts): enough for the lint to count code lines
and to find where functions begin and end. It keeps every line break, so line numbers stay true.
"""
import re

_TOKEN = re.compile(
    r'//(?:\\\n|[^\n])*'                          # line comment
    r'|/\*.*?\*/'                                 # block comment
    r'|R"(?P<d>[^\s()\\]{0,16})\(.*?\)(?P=d)"'    # raw string
    r'|"(?:\\.|[^"\\\n])*"'                       # string
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'",      # character, not a digit separator
    re.S)


def _blank(match):
    text = match[0]
    if text.startswith('/'):
        return '\n' * text.count('\n') or ' '
    # A literal stays code, but what is in it must not look like code.
    return '""' + '\n' * text.count('\n')


def without_comments(text):
    return _TOKEN.sub(_blank, text)


def code_lines(text):
    """Numbers (from 1) of the lines that hold code: not blank, not only comment."""
    return [number for number, line in enumerate(without_comments(text).split('\n'), 1)
            if line.strip()]


_CONTAINER = re.compile(r'\b(?:namespace|class|struct|union|enum)\b|extern\s*""\s*$')
# After the parameter list: what may stand before the body.
_FUNCTION = re.compile(
    r'\)\s*(?:const|volatile|noexcept(?:\s*\([^()]*\))?|override|final|&&?|try|mutable'
    r'|->\s*[\w:<>,*&\s\[\]]+|requires\b[^{]*|__attribute__\s*\(\(.*?\)\)|\s)*$', re.S)
# A member initialiser such as `: value_{` or `, ok_(true), value_{`.
_INITIALISER = re.compile(r'\)\s*(?:noexcept\s*)?:(?!:)[^;]*[\w>]\s*$', re.S)
_NAME = re.compile(r'([~\w:]+|operator\s*[^\s(]+)\s*\(')


class Function:
    def __init__(self, name, first, last, code):
        self.name, self.first, self.last, self.code = name, first, last, code


def functions(text):
    """Every function with its name, first and last line, and number of code lines."""
    # Preprocessor lines (with continuations) may hold unbalanced braces: leave them out.
    plain = re.sub(r'^[ \t]*#(?:\\\n|[^\n])*', lambda m: '\n' * m[0].count('\n'),
                   without_comments(text), flags=re.M)
    found = []
    stack = []    # 'container', 'body' or 'other' for each open brace
    header = 0    # where the text in front of the next brace begins
    start = None  # (name, offset) of the function being read
    for match in re.finditer(r'[{};]', plain):
        position, symbol = match.start(), match[0]
        if symbol == '{':
            stack.append(_brace_kind(plain[header:position], start is not None))
            if stack[-1] == 'body':
                words = plain[header:position]
                begin = header + len(words) - len(words.lstrip())
                name = _NAME.search(words)
                start = (name[1] if name else '?', begin)
            if stack[-1] in ('container', 'body'):
                header = position + 1
        elif symbol == '}' and stack:
            kind = stack.pop()
            if kind == 'body':
                found.append(_function(plain, start, position))
                start = None
            if kind in ('container', 'body'):
                header = position + 1
        elif symbol == ';' and start is None and 'other' not in stack:
            header = position + 1
    return found


def _brace_kind(words, inside):
    if inside or _INITIALISER.search(words):
        return 'other'
    if _FUNCTION.search(words) and '(' in words and not words.rstrip().endswith('='):
        return 'body'
    # The last brace of `: a_{1}, b_{2} {` opens the body.
    if re.search(r'\)\s*(?:noexcept\s*)?:(?!:).*[})]\s*$', words, re.S):
        return 'body'
    return 'container' if _CONTAINER.search(words) else 'other'


def _function(plain, start, end):
    name, begin = start
    first = plain.count('\n', 0, begin) + 1
    last = plain.count('\n', 0, end) + 1
    code = sum(bool(line.strip()) for line in plain[begin:end + 1].split('\n'))
    return Function(name, first, last, code)
