"""Write the results of a network: CSV, all tables as Markdown and as data, pictures, JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import FORMATS, save
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.results.rows import Table

TYPES = {"i": "integer", "u": "integer", "f": "number", "b": "boolean"}
"""Of columns in `tables.json`, by kind of NumPy type; all else is text."""

Summary = dict[str, Any]


@dataclass(frozen=True)
class Outputs:
    """Names that the results of a network may hold, in the order of `tabulate.json`.

    Attributes
    ----------
    tables, figures : tuple of str
        Names of files, without suffix.
    table_of : mapping of str to str
        The table that a figure draws, where it does not bear its name.
    """

    tables: tuple[str, ...]
    figures: tuple[str, ...]
    table_of: Mapping[str, str]


@dataclass(frozen=True)
class Results:
    """Tables and figures of one network.

    Attributes
    ----------
    title : str
        Heading of the page.
    notes : sequence of str
        Sentences that hold for all tables.
    tables : mapping of str to Table
        By name.
    figures : mapping of str to Figure
        By name.
    footnotes : mapping of str to str
        Marks behind numbers, and their meaning.
    """

    title: str
    notes: Sequence[str]
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]
    footnotes: Mapping[str, str] = field(default_factory=dict)


def by_name(tables: Sequence[Table | None]) -> dict[str, Table]:
    """Name the tables that could be made."""
    return {table.name: table for table in tables if table is not None}


def write_results(results: Results, outputs: Outputs, metrics: Summary, out: Path) -> Summary:
    """Write everything; a table or picture of an earlier run that is no longer made goes.

    Parameters
    ----------
    results : Results
        Tables and figures.
    outputs : Outputs
        All names of tables and figures.
    metrics : dict
        Content of `tabulate.json`, apart from the names of tables and figures.
    out : pathlib.Path
        Folder.

    Returns
    -------
    dict
        Content of `tabulate.json`.
    """
    names = {*outputs.tables, *outputs.figures}
    obsolete = [f"{name}.csv" for name in names - {*results.tables}]
    for name in names - {*results.figures}:
        obsolete += [f"{name}.{suffix}" for suffix in FORMATS]
    summary = metrics | {
        "tables": [name for name in outputs.tables if name in results.tables],
        "figures": [name for name in outputs.figures if name in results.figures],
        "not_made": sorted(names - {*results.tables, *results.figures}),
    }
    with replacing_folder(out, obsolete=obsolete, mark="tabulate.json") as folder:
        for name, table in results.tables.items():
            write_csv(table.frame, folder / f"{name}.csv")
        (folder / "tables.md").write_text(page(results), encoding="utf-8")
        write_json(as_data(results, outputs), folder / "tables.json")
        for name, figure in results.figures.items():
            save(figure, folder, name)
        write_json(summary, folder / "tabulate.json")
    return summary


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table with six digits."""
    frame.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")


def page(results: Results) -> str:
    """Format all tables as one page, each with its notes and the name of its CSV file."""
    parts = [f"# {results.title}", *results.notes]
    for table in results.tables.values():
        parts += [f"## {table.title}", markdown(table), *table.notes]
        parts.append(f"All columns: [{table.name}.csv]({table.name}.csv)")
    return "\n\n".join(parts) + "\n"


def markdown(table: Table) -> str:
    """Format a table as Markdown; numbers that are written as they are stand on the right."""
    sides = [
        "---:" if column.dtype.kind in TYPES and table.format_of(str(heading)) is str else "---"
        for heading, column in table.shown.items()
    ]
    lines = [[str(heading) for heading in table.shown], sides, *table.texts()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def as_data(results: Results, outputs: Outputs) -> dict[str, Any]:
    """Give the content of `tables.json`: each table as it is shown, and all its values.

    Returns
    -------
    dict
        `schema_version`, `title`, `notes`, `footnotes` (meaning by mark), `figures` (name and
        files) and `tables`: name, title, file, notes, names of its figures, `shown` (columns with
        heading and type, rows of text) and `values` (columns with name and type, rows).
    """
    drawn = [name for name in outputs.figures if name in results.figures]
    tables = []
    for name, table in results.tables.items():
        figures = [figure for figure in drawn if outputs.table_of.get(figure, figure) == name]
        named = {"name": name, "title": table.title, "file": f"{name}.csv", "notes": table.notes}
        shown = {"columns": _columns(table.shown, "heading"), "rows": table.texts()}
        values = {"columns": _columns(table.frame, "name"), "rows": _values(table.frame)}
        tables.append({**named, "figures": figures, "shown": shown, "values": values})
    return {
        "schema_version": 1,
        "title": results.title,
        "notes": list(results.notes),
        "footnotes": dict(results.footnotes),
        "tables": tables,
        "figures": [
            {"name": name, "files": [f"{name}.{suffix}" for suffix in FORMATS]} for name in drawn
        ],
    }


def _columns(frame: pd.DataFrame, key: str) -> list[dict[str, str]]:
    return [
        {key: str(name), "type": TYPES.get(column.dtype.kind, "text")}
        for name, column in frame.items()
    ]


def _values(frame: pd.DataFrame) -> list[list[Any]]:
    """Values of a table as in its CSV file: six digits; unknown is null."""
    rows = frame.astype(object).itertuples(index=False)
    return [[_six_digits(value) for value in row] for row in rows]


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
