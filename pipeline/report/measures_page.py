"""The page of `measures`: what was measured, pictures, means, and what each column is.

Reads: the tables that `measures` wrote. Writes: pictures with `captions.json`, and one page,
offline. Params: `figures`.
Drops: nothing; tables show means over readings, the files have every row.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from gazescribe.pipeline.core.figures import captions, save
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.measures.figures import own_ellipses, plates
from gazescribe.pipeline.measures.run import NAMES, describe_columns
from gazescribe.pipeline.report.notices import notice_of
from gazescribe.pipeline.report.numbers import number
from gazescribe.pipeline.report.pages import write_page
from gazescribe.pipeline.report.sheets import Sheet, embed_figure, figure_paths, sheet

BY_REGION = {
    "share": "mean",
    "area_share": "mean",
    "dwell_s": "mean",
    "first_fixation_s": "median",
    "n_visits": "mean",
    "n_revisits_after_mention": "mean",
}
SHOWN = ("mean", "std", "min", "50%", "max")


def show_measures(
    folder: Path, summary: Mapping[str, Any], *, tables: Path, settings: Figures
) -> None:
    """Draw the pictures of a folder that `measures` wrote from `tables`, and write its page."""
    regions, readings, leads = (read_table(folder, name).to_pandas() for name in NAMES)
    drawn = plates(regions, readings, leads)
    for name, plate in drawn.items():
        save(plate.figure, folder, name, settings)
    write_json(captions(drawn), folder / "captions.json")
    pictures = [
        embed_figure(figure_paths(folder, name), plate.title, caption=plate.caption)
        for name, plate in drawn.items()
    ]
    write_page(
        folder / "measures.html",
        "measures.html",
        ["style.css"],
        [],
        notice=notice_of([tables]),
        facts=_facts(summary),
        pictures=pictures,
        sheets=[
            _by_region(regions[regions["label"] == ""], "Regions, all gaze", ["kind", "region"]),
            _by_region(own_ellipses(regions), "Findings, in their own ellipses", ["label"]),
            _of_readings(readings[readings["label"] == ""]),
            _of_leads(leads),
        ],
        columns=_columns(),
    )


def _facts(summary: Mapping[str, Any]) -> list[str]:
    """Say how much was measured, and what was left out."""
    rows = ", ".join(f"{number(n)} {name}" for name, n in summary["n_rows"].items())
    facts = [f"{number(summary['n_readings'])} readings; rows: {rows}."]
    if summary["n_readings_without_lungs"]:
        n = number(summary["n_readings_without_lungs"])
        facts.append(f"{n} readings have no region of the lungs: their coverage is not known.")
    for kind, counts in summary["left_out"].items():
        if counts:
            reasons = ", ".join(f"{number(n)} {why}" for why, n in counts.items())
            facts.append(f"Of {kind} left out: {reasons}.")
    return facts


def _by_region(rows: pd.DataFrame, title: str, keys: list[str]) -> Sheet:
    groups = rows.groupby(keys, sort=True)
    measured = {name: how for name, how in BY_REGION.items() if rows[name].notna().any()}
    means = groups.agg(measured)
    cells = [
        [*_texts(key), number(n), *(_cell(value) for value in row)]
        for key, n, row in zip(means.index, groups.size(), means.to_numpy(float), strict=True)
    ]
    heads = [f"{name}, {how}" if how != "mean" else name for name, how in measured.items()]
    return sheet(title, [*keys, "readings", *heads], cells)


def _of_readings(rows: pd.DataFrame) -> Sheet:
    described = rows.drop(columns=["reading_id", "label"]).astype(float).describe().T
    cells = [
        [str(name), number(int(row["count"])), *(_cell(row[column]) for column in SHOWN)]
        for name, row in described.iterrows()
    ]
    heads = ["measure", "readings", "mean", "sd", "least", "median", "most"]
    return sheet("Readings, all gaze", heads, cells)


def _of_leads(rows: pd.DataFrame) -> Sheet:
    cells = []
    for (kind, label), group in rows.groupby(["kind", "label"], sort=True):
        leads_s = group["lead_s"].dropna()
        quartiles = leads_s.quantile([0.25, 0.5, 0.75]) if len(leads_s) else [float("nan")] * 3
        texts = [str(kind), str(label), number(len(group)), number(len(leads_s))]
        cells.append([*texts, *map(_cell, quartiles)])
    heads = ["kind", "label", "mentions", "looked at", "lead, first quarter", "median", "third"]
    return sheet("Gaze before speech, s", heads, cells)


def _columns() -> Sheet:
    rows = describe_columns().to_pylist()
    heads = ["table", "column", "unit", "description"]
    return sheet("Columns", heads, [[row[head] for head in heads] for row in rows], shown=len(rows))


def _texts(key: object) -> list[str]:
    return [str(part) for part in key] if isinstance(key, tuple) else [str(key)]


def _cell(value: float) -> str:
    return "" if pd.isna(value) else number(round(float(value), 9))  # 6e-16 is rounding
