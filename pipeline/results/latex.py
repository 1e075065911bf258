"""Tables and figures as LaTeX: booktabs, text escaped, the best model of a row bold.

A table whose models stand side by side in the paper does so here, with the interval over subjects
under or behind each mean; the others are as on the page. `results.tex` is a document of all.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from pylatexenc.latexencode import UnicodeToLatexEncoder

from gazescribe.pipeline.core.figures import SINGLE_MM, Plate
from gazescribe.pipeline.results.names import METRICS, model_name
from gazescribe.pipeline.results.rows import UNKNOWN, PaperTable, Wide, between, number

STACKED_FROM = 5  # columns of means: from here on the interval stands under its mean
DIGITS = 3  # of means: equal ones as they are printed are both best
LONG_ROWS = 45  # a table of more rows goes over pages
LEAST_WIDTH = 0.12  # of such a cell, of the line
LINE_LETTERS, CELL_LETTERS = 110, 24  # of a line; of a cell that may be broken where that is full

TABLE = r"""\begin{table*}[tp]
\centering\footnotesize
\caption{%(title)s}\label{tab:%(name)s}
\begin{tabular}{%(sides)s}
\toprule
%(head)s
\midrule
%(body)s
\bottomrule
\end{tabular}
\par\smallskip
\begin{minipage}{\linewidth}\footnotesize %(notes)s\end{minipage}
\end{table*}
"""
LONG_TABLE = r"""{\footnotesize
\begin{longtable}{%(sides)s}
\caption{%(title)s}\label{tab:%(name)s}\\
\toprule
%(head)s
\midrule
\endhead
\bottomrule
\endfoot
%(body)s
\end{longtable}
\noindent %(notes)s\par}
"""
FIGURE = r"""\begin{%(kind)s}[tp]
\centering
\includegraphics{%(name)s.pdf}
\caption{\textbf{%(title)s.} %(caption)s}\label{fig:%(name)s}
\end{%(kind)s}
"""
DOCUMENT = r"""\documentclass{article}
\usepackage[a4paper,margin=15mm]{geometry}
\usepackage{booktabs,graphicx,longtable}
\begin{document}
\section*{%(title)s}
%(notes)s

%(inputs)s
\end{document}
"""

OF_THE_PAPER = re.compile(r"(Table \d+): (.)(.*)")
HYPHEN = re.compile(r"(?<![\w.])-(?=\d)")  # before a number, where a minus belongs

_ENCODER = UnicodeToLatexEncoder(unknown_char_policy="keep", unknown_char_warning=False)


@dataclass(frozen=True)
class Grid:
    """A table in LaTeX's own words."""

    sides: list[str]  # l, r or p{…} of each column
    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Cells:
    """Our means and the published ones, by row and model."""

    ours: dict[tuple[str, str], str]
    published: dict[tuple[str, str], str]


def escape(text: str) -> str:
    """Write a text so that LaTeX prints it as it is."""
    escaped: str = _ENCODER.unicode_to_latex(HYPHEN.sub("−", text))
    # behind the end of a line these would be its arguments
    return f"{{{escaped}}}" if escaped.startswith(("[", "*")) else escaped


def table_tex(name: str, table: PaperTable) -> str:
    """Format one table, with its title and notes."""
    grid = _side_by_side(table.wide) if table.wide else _as_shown(table)
    notes = [*table.notes]
    if table.wide:
        brackets = f"Brackets: {table.wide.confidence:.0%} bootstrap intervals over subjects."
        notes.append(f"{brackets} Bold: the best mean of several.")
    return (LONG_TABLE if len(grid.rows) > LONG_ROWS else TABLE) % {
        "name": name,
        "title": escape(_title(table.title)),
        "sides": "".join(grid.sides),
        "head": _line(grid.head),
        "body": "\n".join(_line(cells) for cells in grid.rows),
        "notes": " ".join(escape(note) for note in notes),
    }


def _title(title: str) -> str:
    """Give the number that a table has in its paper behind the title: LaTeX counts anew."""
    if parts := OF_THE_PAPER.fullmatch(title):
        number_there, first, rest = parts.groups()
        return f"{first.upper()}{rest} ({number_there} of the paper)"
    return title


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _as_shown(table: PaperTable) -> Grid:
    """Take the columns of the page, with models and metrics by their names."""
    headings = [str(heading) for heading in table.shown]
    texts = []
    for cells in table.texts():
        named = zip(headings, cells, strict=True)
        texts.append([_words(heading, cell) for heading, cell in named])
    longest = [max(map(len, cells)) for cells in zip(headings, *texts, strict=True)]
    is_full = sum(longest) > LINE_LETTERS
    sides = []
    for heading, letters in zip(headings, longest, strict=True):
        side = "r" if table.shown[heading].dtype.kind in "iuf" else "l"
        if is_full and letters > CELL_LETTERS:
            width = max(0.85 * letters / sum(longest), LEAST_WIDTH)
            side = f"p{{{width:.2f}\\linewidth}}"
        sides.append(side)
    rows = [[escape(cell) for cell in cells] for cells in texts]
    head = [escape(heading.replace("_", " ")) for heading in headings]
    return Grid(sides, head, rows)


def _words(heading: str, cell: str) -> str:
    """Name models and metrics as people do."""
    if heading in ("model", "other") and cell != UNKNOWN:
        return model_name(cell)
    return METRICS.get(cell, cell) if heading == "metric" else cell


def _side_by_side(wide: Wide) -> Grid:
    """Put the models beside each other; below each other where there are more of them than rows."""
    names, models = ([*dict.fromkeys(wide.frame[column])] for column in ("row", "model"))
    is_stacked = min(len(names), len(models)) >= STACKED_FROM
    cells = _cells(wide, is_stacked=is_stacked)
    n_of = {name: _n_text(rows["n"]) for name, rows in wide.frame.groupby("row", sort=False)}
    if len(models) > len(names):
        head = ["model", *(f"{METRICS.get(name, name)} ({wide.n}: {n_of[name]})" for name in names)]
        keys = [[(name, model) for name in names] for model in models]
        first = [[model_name(model)] for model in models]
    else:
        head = [wide.heading, wide.n, *map(model_name, models)]
        keys = [[(name, model) for model in models] for name in names]
        first = [[METRICS.get(name, name), n_of[name]] for name in names]
    rows = []
    for begin, of_row in zip(first, keys, strict=True):
        rows.append([*map(escape, begin), *(cells.ours.get(key, "--") for key in of_row)])
        if any(key in cells.published for key in of_row):
            published = [cells.published.get(key, "") for key in of_row]
            rows.append([r"\quad published", *[""] * (len(begin) - 1), *published])
    sides = ["l", *"r" * (len(first[0]) - 1), *"l" * len(keys[0])]
    return Grid(sides, [escape(text) for text in head], rows)


def _cells(wide: Wide, *, is_stacked: bool) -> Cells:
    """Write each mean with its interval; of a row the best mean is bold."""
    cells = Cells({}, {})
    for name, rows in wide.frame.groupby("row", sort=False):
        means = rows["mean"].round(DIGITS)
        best = means.min() if name in wide.lower else means.max()
        for row, mean in zip(rows.to_dict("records"), means, strict=True):
            key = str(name), str(row["model"])
            if pd.isna(mean):
                continue
            text = number(row["mean"])
            if mean == best and means.min() < means.max():
                text = rf"\textbf{{{text}}}"
            interval = between(row["subjects_low"], row["subjects_high"])
            cells.ours[key] = _with_interval(text, interval, is_stacked=is_stacked)
            if not pd.isna(row.get("published")):
                low, high = row.get("published_low"), row.get("published_high")
                text, interval = number(row["published"]), between(low, high)
                text = _with_interval(text, interval, is_stacked=is_stacked)
                cells.published[key] = text
    return cells


def _with_interval(mean: str, interval: str, *, is_stacked: bool) -> str:
    if interval == UNKNOWN:
        return mean
    interval = escape(interval)
    return rf"\shortstack[l]{{{mean}\\{interval}}}" if is_stacked else f"{mean} {interval}"


def _n_text(counts: "pd.Series[int]") -> str:
    """Say how many cases stand behind a row; from the least to the most where models differ."""
    least, most = int(counts.min()), int(counts.max())
    return f"{least}" if least == most else f"{least}–{most}"


def figures_tex(plates: Mapping[str, Plate]) -> str:
    """Format all figures, each at the size it is drawn in."""
    parts = []
    for name, plate in plates.items():
        is_narrow = plate.figure.get_figwidth() * 25.4 < SINGLE_MM + 1
        content = {"name": name, "kind": "figure" if is_narrow else "figure*"}
        content |= {"title": escape(plate.title), "caption": escape(plate.caption)}
        parts.append(FIGURE % content)
    return "\n".join(parts)


def document_tex(title: str, notes: Sequence[str], tables: Sequence[str]) -> str:
    """Make a document of all tables and figures, which also shows what a paper has to load."""
    return DOCUMENT % {
        "title": escape(title),
        "notes": "\n\n".join(escape(note) for note in notes),
        "inputs": "\n".join(rf"\input{{{name}.tex}}" for name in [*tables, "figures"]),
    }
