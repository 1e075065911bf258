"""Long tables of results laid out as the papers print them: labels by models, or models by metrics.

The rows of a long table are (label, model) or (model, metric), with a value, its interval and the
published figure. What the layout leaves out is in the long table, folded below it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from markupsafe import Markup

from gazescribe.pipeline.report.numbers import NONE, linked, told
from gazescribe.pipeline.report.sheets import Sheet
from gazescribe.pipeline.results.names import model_name

VALUES = ("mean", "valid pixels")
INTERVALS = ("over subjects", "over patients")
PUBLISHED = "published"
METRICS = {"auroc": "AUROC", "iou": "IoU", "pointing": "pointing game"}
MOST = 8  # columns of models or metrics that can be read beside each other


def laid_out(sheet: Sheet, query: dict[str, str] | None = None) -> Sheet:
    """Lay a long table out, and keep it as the whole; one of another form stays as it is.

    `query` chooses the readings behind its rows in the gallery, to which the labels then lead.
    """
    names = [name for name in ("label", "metric") if name in sheet.columns]
    value = next((name for name in VALUES if name in sheet.columns), None)
    if not names or "model" not in sheet.columns or value is None:
        return with_names(sheet)
    rows = [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]
    by_model = names == ["metric"]  # as Table 5: a row a model
    down, across = (["model"], names) if by_model else (names, ["model"])
    cells = {(_key(row, down), _key(row, across)): _cell(row, value) for row in rows}
    columns = list(dict.fromkeys(_key(row, across) for row in rows))
    if len(cells) < len(rows) or len(columns) > MOST or len(columns) == 1:
        return with_names(sheet)
    fixed = _fixed(rows, down, [*down, *across, value])
    shown = []
    for key, row in {_key(row, down): row for row in rows}.items():
        head = Markup(", ").join(map(_name(query), down, key))
        counts = [row[name] for name in fixed]
        shown.append([head, *counts, *(cells.get((key, column), NONE) for column in columns)])
    headings = [", ".join(map(_named, across, column)) for column in columns]
    numeric = [False, *(sheet.numeric[sheet.columns.index(name)] for name in fixed)]
    return replace(
        sheet,
        columns=[", ".join(down), *fixed, *headings],
        numeric=[*numeric, *(True for _ in columns)],
        rows=shown,
        whole=replace(with_names(sheet), title=f"{sheet.title}, all columns", notes=[]),
    )


def with_names(sheet: Sheet) -> Sheet:
    """Write models and metrics as people call them."""
    rows = [list(map(_named, sheet.columns, row)) for row in sheet.rows]
    return replace(sheet, rows=rows)


def _key(row: dict[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[name] for name in names)


def _cell(row: dict[str, str], value: str) -> str:
    """Write a value, with its interval and the published figure below it where they are known."""
    edges = next((row[name] for name in INTERVALS if name in row), NONE)
    published = row.get(PUBLISHED, NONE)
    cell: str = row[value]
    if edges != NONE:
        cell = told('{value} <span class="under-value">{edges}</span>', value=cell, edges=edges)
    if published != NONE:
        below = '{cell} <span class="under-value">published {published}</span>'
        cell = told(below, cell=cell, published=published)
    return cell


def _fixed(rows: Sequence[dict[str, str]], down: Sequence[str], others: Sequence[str]) -> list[str]:
    """Name the columns of numbers that are the same in all rows of a label, as how many cases."""
    candidates = [name for name in ("positive", "cases") if name in rows[0] and name not in others]
    return [
        name
        for name in candidates
        if len({(_key(row, down), str(row[name])) for row in rows})
        == len({_key(row, down) for row in rows})
    ]


def _name(query: dict[str, str] | None) -> Callable[[str, str], str]:
    """Give a function that names a row, which leads to its readings where it is of a label."""

    def name(column: str, text: str) -> str:
        named = _named(column, text)
        if column != "label" or query is None:
            return named
        return linked(named, {"label": text, **query})

    return name


def _named(column: str, text: str) -> str:
    if column in ("model", "other"):
        return model_name(text)
    return METRICS.get(text, text) if column == "metric" else text
