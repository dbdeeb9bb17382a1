#!/usr/bin/env python3
"""Makes a C++ source of an HTML page with inline CSS and JavaScript: its text, and the Content-Security-Policy
that lets exactly these run, by their hashes, and nothing come from elsewhere. [CSP Level 3, section 2.3.1]"""
import argparse
import base64
import hashlib
from pathlib import Path
import re

PIECE = 2000  # bytes of a string literal; compilers need not take more than 65,536


def hashes(page, tag):
    """Sources of a policy for the elements `tag`, which must have no attributes."""
    blocks = re.findall(rf'<{tag}>(.*?)</{tag}>', page, re.S)
    if len(blocks) != len(re.findall(rf'<{tag}\b', page)):
        raise SystemExit(f'web_page: an element {tag} with attributes')
    digests = (hashlib.sha256(block.encode()).digest() for block in blocks)
    return ' '.join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def policy(page):
    return '; '.join(("default-src 'none'", f"style-src {hashes(page, 'style')}",
                      f"script-src {hashes(page, 'script')}", "connect-src 'self'", 'img-src data:',
                      "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"))


def literal(data):
    """Bytes as string literals, one after another."""
    def quoted(piece):
        return '"' + ''.join(chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?'
                             else f'\\{byte:03o}' for byte in piece) + '"'
    return '\n    '.join(quoted(data[i:i + PIECE]) for i in range(0, len(data), PIECE))


def source(page):
    return f'''// Made by scripts/gen/web_page.py.
#include "servers/http/page.hpp"

namespace http_server {{

std::string_view const page{{
    {literal(page.encode())}, {len(page.encode())}}};
std::string_view const page_policy{{
    {literal(policy(page).encode())}}};

}} // namespace http_server
'''


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('page', type=Path)
    parser.add_argument('output', type=Path)
    options = parser.parse_args()
    options.output.write_text(source(options.page.read_text()))


if __name__ == '__main__':
    main()
