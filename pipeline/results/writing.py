"""Write what a network's part of `tabulate` made: CSV, one page of Markdown, pictures, JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import save
from gazescribe.pipeline.core.files import replacing, write_json
from gazescribe.pipeline.results.rows import Table, page


@dataclass(frozen=True)
class Results:
    """What was made of the scores.

    Attributes
    ----------
    title : str
        Heading of the page.
    notes : sequence of str
        What holds for all tables.
    tables : mapping of str to Table
    figures : mapping of str to Figure
    """

    title: str
    notes: Sequence[str]
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]


def write_results(
    made: Results, summary: Mapping[str, Any], out: Path, names: Iterable[str]
) -> None:
    """Write everything; a table or picture that is no longer made goes.

    Parameters
    ----------
    made : Results
        Tables and figures.
    summary : mapping
        Content of `tabulate.json`.
    out : pathlib.Path
        Folder.
    names : iterable of str
        All tables and figures that there can be.
    """
    for name in {*names}:
        for suffix, kept in ((".csv", made.tables), (".png", made.figures), (".svg", made.figures)):
            if name not in kept:
                (out / f"{name}{suffix}").unlink(missing_ok=True)
    for table in made.tables.values():
        write_csv(table.frame, out / f"{table.name}.csv")
    with replacing(out / "tables.md") as beside:
        text = page(made.title, made.notes, list(made.tables.values()))
        beside.write_text(text, encoding="utf-8")
    for name, figure in made.figures.items():
        save(figure, out, name)
    write_json(summary, out / "tabulate.json")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table with six digits."""
    with replacing(path) as beside:
        frame.to_csv(beside, index=False, float_format="%.6g", lineterminator="\n")


def plain(value: Any) -> Any:
    """Round a number for JSON; what is not known is null."""
    if not isinstance(value, float):
        return value
    return round(float(value), 6) if np.isfinite(value) else None
