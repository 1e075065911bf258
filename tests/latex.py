"""LaTeX as far as it can be checked without TeX: what opens is closed, rows fit their columns."""

import re

from pylatexenc.latexwalker import LatexEnvironmentNode, LatexWalker

TABLES = ("tabular", "longtable")
SIDES = re.compile(r"\\begin{\w+}{((?:[^{}]|{[^{}]*})*)}")
BODY = re.compile(
    r"\\toprule\n(.*)\n\\(?:bottomrule\n\\end{tabular}|end{longtable})", flags=re.DOTALL
)
RULES = re.compile(r"\\(?:toprule|midrule|bottomrule|endhead|endfoot)\s*")


def check_document(text):
    """Parse strictly: what opens is closed, a row has a cell for each column, letters are ASCII."""
    assert text.isascii()
    nodes, _, length = LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
    assert length == len(text)
    for node in environments(nodes):
        if node.environmentname in TABLES:
            table = node.latex_verbatim()
            n_columns = len(re.sub(r"p{[^{}]*}", "p", SIDES.search(table).group(1)))
            for row in rows_of(table):
                assert len(row) == n_columns, row


def environments(nodes):
    for node in nodes or ():
        if node is None:
            continue
        if isinstance(node, LatexEnvironmentNode):
            yield node
        yield from environments(getattr(node, "nodelist", ()))


def rows_of(text):
    """Give the rows of a table's LaTeX, its head first, as cells."""
    rows = []
    for line in BODY.search(text).group(1).splitlines():
        if not RULES.fullmatch(line):
            assert line.endswith(r" \\"), line
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)&", line.removesuffix(r" \\"))])
    return rows
