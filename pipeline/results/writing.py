"""Write the results of a network: CSV, all tables as Markdown, LaTeX and data, pictures, JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.figures import FORMATS, Plate, captions, save
from gazescribe.pipeline.core.files import replacing_folder, write_headline, write_json
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.results.latex import document_tex, figures_tex, table_tex
from gazescribe.pipeline.results.rows import PaperTable

TYPES = {"i": "integer", "u": "integer", "f": "number", "b": "boolean"}
"""Of columns in `tables.json`, by kind of NumPy type; all else is text."""

Summary = dict[str, Any]


@dataclass(frozen=True)
class NetworkResults:
    """Tables and figures of one network by name, a file without suffix; None: it was not made."""

    title: str  # heading of the page
    notes: Sequence[str]  # sentences that hold for all tables
    tables: Mapping[str, PaperTable | None]
    figures: Mapping[str, Plate | None]
    # the table that a figure draws, where it does not bear its name
    table_of: Mapping[str, str] = field(default_factory=dict)
    # marks behind numbers, and their meaning
    footnotes: Mapping[str, str] = field(default_factory=dict)

    @property
    def made(self) -> dict[str, PaperTable]:
        """The tables that could be made."""
        return {name: table for name, table in self.tables.items() if table}

    @property
    def drawn(self) -> dict[str, Plate]:
        """The figures that could be drawn."""
        return {name: figure for name, figure in self.figures.items() if figure}


def write_results(
    results: NetworkResults,
    metrics: Summary,
    headline: tuple[str, Mapping[str, float | None]],
    out: Path,
    settings: Figures,
) -> Summary:
    """Write everything, and give the content of `tabulate.json`: metrics, names of what was made.

    `headline` is the name of the network and the few numbers to compare runs by.
    A table or picture of an earlier run that is no longer made goes.
    """
    names = {*results.tables, *results.figures}
    obsolete = [f"{name}.{kind}" for name in names - {*results.made} for kind in ("csv", "tex")]
    for name in names - {*results.drawn}:
        obsolete += [f"{name}.{suffix}" for suffix in FORMATS]
    summary = metrics | {
        "tables": [*results.made],
        "figures": [*results.drawn],
        "not_made": sorted(names - {*results.made, *results.drawn}),
    }
    with replacing_folder(out, "results", obsolete=obsolete, mark="tabulate.json") as folder:
        for name, table in results.made.items():
            table.frame.to_csv(
                folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n"
            )
        for name, text in as_latex(results).items():
            (folder / f"{name}.tex").write_text(text, encoding="utf-8")
        (folder / "tables.md").write_text(page(results), encoding="utf-8")
        write_json(as_data(results), folder / "tables.json")
        for name, plate in results.drawn.items():
            save(plate.figure, folder, name, settings)
        write_json(captions(results.drawn), folder / "captions.json")
        write_headline(folder, *headline)
        write_json(summary, folder / "tabulate.json")
    return summary


def as_latex(results: NetworkResults) -> dict[str, str]:
    """Give the LaTeX of each table, of the figures, and of a document of all, by name."""
    texts = {name: table_tex(name, table) for name, table in results.made.items()}
    document = document_tex(results.title, results.notes, [*texts])
    return texts | {"figures": figures_tex(results.drawn), "results": document}


def page(results: NetworkResults) -> str:
    """Format all tables as one page, each with its notes and the name of its CSV file."""
    parts = [f"# {results.title}", *results.notes]
    for name, table in results.made.items():
        parts += [f"## {table.title}", markdown(table), *table.notes]
        parts.append(f"All columns: [{name}.csv]({name}.csv)")
    return "\n\n".join(parts) + "\n"


def markdown(table: PaperTable) -> str:
    """Format a table as Markdown; numbers that are written as they are stand on the right."""
    sides = [
        "---:" if column.dtype.kind in TYPES and table.format_of(str(heading)) is str else "---"
        for heading, column in table.shown.items()
    ]
    lines = [[str(heading) for heading in table.shown], sides, *table.texts()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def as_data(results: NetworkResults) -> dict[str, Any]:
    """Give the content of `tables.json`: each table as it is shown, and all its values.

    It has `schema_version`, `title`, `notes`, `footnotes` (meaning by mark), `figures` (name,
    files, title and caption) and `tables`: name, title, file, notes, names of its figures, `shown`
    (columns with heading and type, rows of text) and `values` (columns with name and type, rows).
    """
    drawn = [*results.drawn]
    tables = []
    for name, table in results.made.items():
        # as in the CSV file: six digits; unknown is null
        rows = table.frame.astype(object).itertuples(index=False)
        values = [[_six_digits(value) for value in row] for row in rows]
        content = {
            "name": name,
            "title": table.title,
            "file": f"{name}.csv",
            "notes": table.notes,
            "figures": [figure for figure in drawn if results.table_of.get(figure, figure) == name],
            "shown": {"columns": _columns(table.shown, "heading"), "rows": table.texts()},
            "values": {"columns": _columns(table.frame, "name"), "rows": values},
        }
        tables.append(content)
    return {
        "schema_version": 1,
        "title": results.title,
        "notes": list(results.notes),
        "footnotes": dict(results.footnotes),
        "tables": tables,
        "figures": [
            {
                "name": name,
                "files": [f"{name}.{suffix}" for suffix in FORMATS],
                "title": plate.title,
                "caption": plate.caption,
            }
            for name, plate in results.drawn.items()
        ],
    }


def _columns(frame: pd.DataFrame, key: str) -> list[dict[str, str]]:
    return [
        {key: str(name), "type": TYPES.get(column.dtype.kind, "text")}
        for name, column in frame.items()
    ]


def _six_digits(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    if isinstance(value, np.generic):
        return value.item()
    return None if pd.isna(value) else value


def plain(value: Any) -> Any:
    """Round a number for JSON; what is not known is null."""
    if not isinstance(value, float):
        return value
    return round(float(value), 6) if np.isfinite(value) else None
