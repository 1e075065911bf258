"""Tables and figures of both papers, as `gazescribe tabulate` wrote them.

`tables.md` has every table as people read it, with the published figures beside and notes under it;
`tabulate.json` names the figures.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.report.section import Figure, Section, embed_figure
from gazescribe.pipeline.report.sheets import Sheet, read_sheet, sheet
from gazescribe.pipeline.report.written import Tabulated, read_json, rerun

SYSTEMS = {
    "mil": "Network for localisation (Lanfredi et al. 2023)",
    "cooperative": "Network for saliency and diagnosis (Qiu et al. 2025)",
}
_CELL = re.compile(r"(?<!\\)\|")
_NAME = re.compile(r"[\w-]+")
_SOURCE = "All columns: "


def networks(folder: Path, run: RunLayout) -> Iterator[Section]:
    """Give a section for each paper's network, and for each other that the run has results of."""
    for system in dict.fromkeys([*SYSTEMS, *run.results]):
        title = SYSTEMS.get(system, system)
        relative = run.results.get(system)
        if relative is None or not (folder / relative).is_dir():
            missing = f"No tables yet: gazescribe tabulate {system} SCORES results/{system}."
            yield Section(system, title, missing=missing)
            continue
        lead, sheets = _tables(folder / relative)
        figures = list(_figures(folder / relative))
        yield Section(system, title, lead=lead, sheets=sheets, pictures=figures)


def _tables(folder: Path) -> tuple[list[str], list[Sheet]]:
    path = folder / "tables.md"
    if path.is_file():
        return read_page(path.read_text(encoding="utf-8"))
    return [], [read_sheet(found, titled(found.stem)) for found in sorted(folder.glob("*.csv"))]


def read_page(text: str) -> tuple[list[str], list[Sheet]]:
    """Read a page of tables as `pipeline.results.rows.page` writes it.

    Parameters
    ----------
    text : str
        Markdown: paragraphs, then for each table a heading, the table, and notes.

    Returns
    -------
    tuple
        Paragraphs before the first table, and the tables with their notes.
    """
    lead: list[str] = []
    sheets: list[Sheet] = []
    title = ""
    for block in text.split("\n\n"):
        paragraph = block.strip()
        if paragraph.startswith("## "):
            title = paragraph.removeprefix("## ")
        elif paragraph.startswith("|"):
            head, _, *body = map(_cells, paragraph.splitlines())
            sheets.append(sheet(title, head, body, shown=len(body)))
        elif paragraph and not paragraph.startswith(("# ", _SOURCE)):
            if sheets:
                sheets[-1] = replace(sheets[-1], notes=[*sheets[-1].notes, paragraph])
            else:
                lead.append(paragraph)
    return lead, sheets


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _CELL.split(line.strip())[1:-1]]


def _figures(folder: Path) -> Iterator[Figure]:
    path = folder / "tabulate.json"
    named = read_json(path, Tabulated, rerun(path)).figures if path.is_file() else None
    if named is None:
        names = [found.stem for found in sorted(folder.glob("*.png"))]
    else:
        names = [name.rpartition(".")[0] or name for name in named]
    for name in names:
        found = embed_figure(folder, name, titled(name)) if _NAME.fullmatch(name) else None
        if found is not None:
            yield found


def titled(name: str) -> str:
    """Make a title of a file's name: `table_6_iou` is Table 6 iou."""
    text = name.replace("_", " ").replace("-", " ")
    return f"{text[:1].upper()}{text[1:]}"
