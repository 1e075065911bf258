import json

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import Plate
from gazescribe.pipeline.core.files import entries, replacing_folder
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.results.rows import PaperTable
from gazescribe.pipeline.results.writing import (
    NetworkResults,
    as_data,
    markdown,
    page,
    plain,
    write_results,
)

PICTURES = Figures(text="text")
NAN = float("nan")
SHOWN = pd.DataFrame({"label": ["a", None], "n": pd.array([3, None], "Int64"), "x": [0.5, NAN]})


def results(*figures):
    frame = pd.DataFrame({"label": ["a", "b"], "mean": [0.123456789, NAN], "main": [True, False]})
    table = PaperTable("Table 1", frame, SHOWN, ["A note."])
    drawn = {
        name: Plate(Figure(), name.upper(), "Seen.") if name in figures else None
        for name in ("scores", "curves", "maps")
    }
    return NetworkResults(
        "Results",
        ["Read first."],
        {"scores": table, "counts": None},
        drawn,
        {"curves": "scores"},
        {"†": "a README."},
    )


def test_markdown():
    """Numbers as they are stand on the right, formatted ones as text."""
    table = PaperTable("T", pd.DataFrame(), SHOWN, formats={"x": str})
    assert markdown(table).splitlines() == [
        "| label | n | x |",
        "| --- | ---: | ---: |",
        "| a | 3 | 0.5 |",
        "| – | – | – |",
    ]
    formatted = PaperTable("T", pd.DataFrame(), SHOWN)
    assert markdown(formatted).splitlines()[1:3] == ["| --- | ---: | --- |", "| a | 3 | 0.500 |"]


def test_page():
    assert page(results()) == (
        "# Results\n\nRead first.\n\n## Table 1\n\n| label | n | x |\n| --- | ---: | --- |\n"
        "| a | 3 | 0.500 |\n| – | – | – |\n\nA note.\n\nAll columns: [scores.csv](scores.csv)\n"
    )


def test_tables_as_data():
    assert as_data(results("curves", "scores", "maps")) == {
        "schema_version": 1,
        "title": "Results",
        "notes": ["Read first."],
        "footnotes": {"†": "a README."},
        "figures": [
            {
                "name": name,
                "files": [f"{name}.png", f"{name}.pdf", f"{name}.svg"],
                "title": name.upper(),
                "caption": "Seen.",
            }
            for name in ("scores", "curves", "maps")
        ],
        "tables": [
            {
                "name": "scores",
                "title": "Table 1",
                "file": "scores.csv",
                "notes": ["A note."],
                "figures": ["scores", "curves"],
                "shown": {
                    "columns": [
                        {"heading": "label", "type": "text"},
                        {"heading": "n", "type": "integer"},
                        {"heading": "x", "type": "number"},
                    ],
                    "rows": [["a", "3", "0.500"], ["–", "–", "–"]],
                },
                "values": {
                    "columns": [
                        {"name": "label", "type": "text"},
                        {"name": "mean", "type": "number"},
                        {"name": "main", "type": "boolean"},
                    ],
                    "rows": [["a", 0.123457, True], ["b", None, False]],
                },
            }
        ],
    }


def test_files_and_what_an_earlier_run_left(tmp_path):
    with replacing_folder(tmp_path, "results") as folder:
        for stale in ("counts.csv", "counts.tex", "maps.pdf", "maps.svg", "kept.csv"):
            (folder / stale).write_text("old")
    summary = write_results(
        results("scores"), {"n_runs": 3}, ("mil", {"iou": 0.5}), tmp_path, PICTURES
    )
    assert summary == {
        "n_runs": 3,
        "tables": ["scores"],
        "figures": ["scores"],
        "not_made": ["counts", "curves", "maps"],
    }
    assert json.loads((tmp_path / "tabulate.json").read_text()) == summary
    made = {"tables.md", "tables.json", "captions.json", "headline.json", "tabulate.json"}
    made |= {"figures.tex", "results.tex"}
    assert json.loads((tmp_path / "headline.json").read_text()) == {"mil": {"iou": 0.5}}
    made |= {f"scores.{suffix}" for suffix in ("csv", "tex", "png", "pdf", "svg")}
    assert entries(tmp_path) == made | {"kept.csv"}
    assert (tmp_path / "scores.csv").read_text().splitlines()[1:] == ["a,0.123457,True", "b,,False"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.12345678, 0.123457), (NAN, None), (np.inf, None), (3, 3), ("a", "a"), (None, None)],
)
def test_plain(value, expected):
    assert plain(value) == expected
