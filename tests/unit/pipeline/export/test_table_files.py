"""Tables as Parquet and CSV, against those that they were made from."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.export.as_bids import _cell
from gazescribe.pipeline.export.table_files import write_csv

TABLES = ("windows", "gaussians", "readings")


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("form", ["parquet", "npy"])
def test_tables_lose_nothing(inputs, exported, form, name):
    folder = inputs.tables if name == "readings" else inputs.associated
    expected = pq.read_table(folder / f"{name}.parquet")
    hidden = {"text", "image_path"} if name == "readings" else set()
    expected = expected.drop_columns(sorted(hidden)).to_pylist()
    assert len(expected) > 2
    if form == "parquet":
        assert pq.read_table(exported(form) / f"{name}.parquet").to_pylist() == expected
        return
    found = list(csv.DictReader(io.StringIO((exported(form) / f"{name}.csv").read_text())))
    assert [
        {key: read_cell(row[key], value) for key, value in one.items()}
        for row, one in zip(found, expected, strict=True)
    ] == [{key: rounded(key, value) for key, value in one.items()} for one in expected]


def rounded(name, value):
    """Times as text are in microseconds."""
    return round(value, 6) if name.endswith("_s") and value is not None else value


def read_cell(text, like):
    """Read a cell of a CSV as whatever stood in Parquet."""
    if like is None or isinstance(like, str):
        return text or like
    return json.loads(text)


def test_csv_has_lists_as_json_and_nothing_for_null(tmp_path):
    columns = {"labels": [["a", "b"], [], None], "x": [0.1 + 0.2, None, 1.0]}
    write_csv(pa.table(columns), tmp_path / "new/a.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "new/a.csv").read_text())))
    assert [row["labels"] for row in rows] == ['["a", "b"]', "[]", ""]
    assert [row["x"] for row in rows] == ["0.30000000000000004", "", "1"]


def test_cells_of_bids_are_no_formulas():
    assert [_cell(text) for text in ("=1", "'a", "a\tb\r\nc", -1.5, None)] == [
        *("'=1", "''a", "a b  c", "-1.5", "n/a"),
    ]
