"""The page of the network's figures, whose tables stand between marks. Used by net.py, net_http.py."""
import re

import project

PAGE = project.ROOT / 'docs/architecture/network-performance.md'
PLOTS = project.ROOT / 'docs/architecture/plots'


def between(mark):
    return re.compile(rf'(?<=<!-- {mark} -->\n).*?(?=<!-- {mark} end -->)', re.S)


def table(mark):
    """What stands there."""
    return between(mark).search(PAGE.read_text())[0]


def replace(mark, text):
    PAGE.write_text(between(mark).sub(lambda _: text + '\n', PAGE.read_text()))
