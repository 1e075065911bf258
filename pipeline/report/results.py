"""Tables and figures of both papers, as `gazescribe tabulate` wrote them.

`tables.json` has every table as people read it, with the published figures beside and notes under
it, and names the figures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from gazescribe.pipeline.core.files import settle
from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.report.numbers import NONE, Cited, aligned, apart, is_number, pointer, told
from gazescribe.pipeline.report.paper_layout import laid_out
from gazescribe.pipeline.report.sheets import (
    Headline,
    Section,
    Sheet,
    embed_figure,
    figure_paths,
    read_sheet,
)
from gazescribe.pipeline.report.written import WrittenJson, read_json

SYSTEMS = {
    "mil": "Network for localisation (Lanfredi et al. 2023)",
    "cooperative": "Network for saliency and diagnosis (Qiu et al. 2025)",
}
FILE = "tables.json"


@dataclass(frozen=True)
class Wanted:
    """A result of a paper's network for the first screen: a row of one of its tables."""

    table: str
    metric: str
    model: str
    columns: tuple[str, str]  # value and interval
    name: str


AVERAGES = ("mean", "over subjects")
WANTED = {
    "mil": [
        Wanted(
            "table_5_averages",
            "auroc",
            "et",
            AVERAGES,
            "Localisation, trained with gaze (ET): AUROC",
        ),
        Wanted(
            "table_5_averages", "iou", "et", AVERAGES, "Localisation, trained with gaze (ET): IoU"
        ),
    ],
    "cooperative": [
        Wanted(
            "table_1_diagnosis",
            "AUROC, macro",
            "cooperative",
            ("mean", "over patients"),
            "Diagnosis by the cooperative network: AUROC",
        ),
        Wanted(
            "table_2_saliency",
            "KL (lower is better)",
            "cooperative",
            ("valid pixels", "over patients"),
            "Saliency by the cooperative network: KL (lower is better)",
        ),
    ],
}
MARKS = " *†‡"  # behind numbers, as `tabulate` explains them
NUMERIC = ("integer", "number")  # types of columns that stand on the right


class ShownColumn(WrittenJson):
    """A column of a table as it is read."""

    heading: str
    type: str


class ShownTable(WrittenJson):
    """A table as it is read: text in all cells."""

    columns: list[ShownColumn]
    rows: list[list[str]]

    @model_validator(mode="after")
    def _rows_are_whole(self) -> "ShownTable":
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a row must have as many cells as there are columns")
        return self


class ResultTable(WrittenJson):
    """One table with its notes."""

    name: str = ""
    title: str
    notes: list[str]
    shown: ShownTable


class ResultFigure(WrittenJson):
    """A figure, by the name of its files without suffix; older versions say nothing of it."""

    name: str
    title: str = ""
    caption: str = ""


class TablesJson(WrittenJson):
    """`tables.json`."""

    schema_version: Literal[1]
    notes: list[str]
    tables: list[ResultTable]
    figures: list[ResultFigure]


def networks(folder: Path, run: RunLayout) -> Iterator[Section]:
    """Give a section for each paper's network, and for each other that the run has results of."""
    for system in dict.fromkeys([*SYSTEMS, *run.results]):
        title = SYSTEMS.get(system, system)
        relative = run.results.get(system)
        if relative is None or not (folder / relative).is_dir():
            missing = f"No tables yet: gazescribe tabulate {system} SCORES results/{system}."
            yield Section(system, title, missing=missing)
        else:
            yield _network(system, title, folder / relative, relative)


def _network(system: str, title: str, folder: Path, relative: str) -> Section:
    settle(folder)  # a killed `tabulate` may have left old tables beside new ones
    path = folder / FILE
    if path.is_file():
        remedy = "Run `gazescribe tabulate` again."
        content = read_json(path, TablesJson, remedy)
        file = f"{relative}/{FILE}"
        sheets = [_sheet(table, file, n) for n, table in enumerate(content.tables)]
        tables = zip(content.tables, sheets, strict=True)
        shown = [laid_out(sheet, _behind(table)) for table, sheet in tables]
        notes = [_cited(note, file, "notes", n) for n, note in enumerate(content.notes)]
        headlines = list(_headlines(system, content, sheets))
        figures = [
            embed_figure(
                figure_paths(folder, figure.name),
                figure.title or title_of(figure.name),
                remedy,
                _cited(figure.caption, file, "figures", n, "caption"),
            )
            for n, figure in enumerate(content.figures)
            if (folder / figure.name).parent == folder  # never one of another folder
        ]
        return Section(
            system, title, lead=notes, sheets=shown, pictures=figures, headlines=headlines
        )
    if (folder / "tables.md").is_file():
        network = system if system in SYSTEMS else "NETWORK"
        missing = f"An older version wrote {relative}, without {FILE}. Make its tables again: "
        missing += f"gazescribe tabulate {network} SCORES {relative}."
        return Section(system, title, missing=missing)
    # A network of one's own: whatever tables and pictures lie there.
    sheets = [
        read_sheet(path, title_of(path.stem), f"{relative}/{path.name}")
        for path in sorted(folder.glob("*.csv"))
    ]
    figures = []
    for picture in sorted(folder.glob("*.png")):
        paths = [path for path in figure_paths(folder, picture.stem) if path.exists()] or [picture]
        figures.append(embed_figure(paths, title_of(picture.stem)))
    return Section(system, title, sheets=sheets, pictures=figures)


def _headlines(system: str, content: TablesJson, sheets: Sequence[Sheet]) -> Iterator[Headline]:
    """Find the results for the first screen; those that are not there are left out."""
    by_name = {table.name: sheet for table, sheet in zip(content.tables, sheets, strict=True)}
    for wanted in WANTED.get(system, []):
        sheet = by_name.get(wanted.table)
        for row in sheet.rows if sheet else ():
            cells = dict(zip(sheet.columns, row, strict=True)) if sheet else {}
            if (cells.get("metric"), cells.get("model")) != (wanted.metric, wanted.model):
                continue
            value, edges = (cells.get(column, NONE) for column in wanted.columns)
            published = cells.get("published", NONE)
            text = value if edges == NONE else told("{value} {edges}", value=value, edges=edges)
            yield Headline(system, wanted.name, text, "" if published == NONE else published)


def _behind(table: ResultTable) -> dict[str, str] | None:
    """Say what in the gallery chooses the readings that a table scores, where its title says it."""
    if table.name != "table_6_iou_by_label" or "REFLACX test readings" not in table.title:
        return None
    return {"by": "drawn", "dataset": "reflacx", "split": "test"}


def _sheet(table: ResultTable, file: str, place: int) -> Sheet:
    above = "tables", place
    columns, numeric = [], []
    for number, column in enumerate(table.shown.columns):
        cells, is_numeric = _column(column, [row[number] for row in table.shown.rows])
        columns.append(cells)
        numeric.append(is_numeric)
    rows = [
        [_cited(cell, file, *above, "shown", "rows", n, across) for across, cell in enumerate(row)]
        for n, row in enumerate(zip(*columns, strict=True))
    ]
    return Sheet(
        plain(table.title),
        [plain(column.heading).replace("_", " ") for column in table.shown.columns],
        numeric,
        rows,
        notes=[_cited(note, file, *above, "notes", n) for n, note in enumerate(table.notes)],
    )


def _column(column: ShownColumn, cells: Sequence[str]) -> tuple[list[str], bool]:
    """Write the cells of a column as all of the page are, and tell whether they are numbers."""
    texts = [plain(cell) or NONE for cell in cells]
    if column.type in NUMERIC:
        texts = [apart(text) for text in texts]
    is_numeric = column.type in NUMERIC or all(is_number(text.rstrip(MARKS)) for text in texts)
    return (aligned(texts) if is_numeric else texts), is_numeric


def plain(text: str) -> str:
    """Take Markdown's asterisks out, which tables of an older version have."""
    return text.replace("**", "")


def _cited(text: str, file: str, *keys: str | int) -> str:
    """Name the origin of a text that has numbers."""
    text = plain(text)
    return Cited(text, file, [pointer(*keys)]) if any(map(str.isdecimal, text)) else text


def title_of(name: str) -> str:
    """Make a title of a file's name: `table_6_iou` is Table 6 iou."""
    text = name.replace("_", " ").replace("-", " ")
    return f"{text[:1].upper()}{text[1:]}"
