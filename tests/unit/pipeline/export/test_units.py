"""Units of all columns, and times without the noise of binary fractions."""

import csv
import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.export.units import round_time, round_times, unit_of, with_units

FORMS = ("parquet", "npy", "npz", "webdataset", "hf", "zarr", "coco", "bids")


@pytest.mark.parametrize("form", FORMS)
def test_every_column_has_a_unit(exported, form):
    rows = list(csv.DictReader((exported(form) / "columns.csv").read_text().splitlines()))
    assert len(rows) > 30
    assert not [row for row in rows if not row["unit"]]
    units = {(row["table"], row["column"]): row["unit"] for row in rows}
    assert units["windows", "start_s"] == "s"
    assert units["windows", "n_mentions"] == "count"
    assert units["readings", "subject_id"] == "none"


@pytest.mark.parametrize("name", ["windows.parquet", "maps/label/part-00000.parquet"])
def test_parquet_files_carry_the_units(exported, name):
    schema = pq.read_schema(exported("parquet") / name)
    assert all(unit_of(field) for field in schema)


def test_zarr_arrays_carry_the_units(exported):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(exported("zarr") / "maps.zarr/label", mode="r")
    assert {name: array.attrs["unit"] for name, array in group.arrays()}["gaze_s"] == "s"


def test_croissant_bids_and_coco_name_the_units(exported):
    croissant = (exported("npy") / "croissant.json").read_text()
    assert "Standard deviation (px)" in croissant
    assert "(none)" not in croissant
    sessions = json.loads((exported("bids") / "sub-reflacx/sub-reflacx_sessions.json").read_text())
    assert sessions["width_px"]["Units"] == "px"
    coco = json.loads((exported("coco") / "annotations/label/masks_train.json").read_text())
    assert coco["info"]["units"]["area"] == "px²"


def test_units_that_are_stated_stay():
    fields = [pa.field("n_a", pa.int32()), pa.field("x", pa.int32(), metadata={"unit": "deg"})]
    units = [unit_of(field) for field in with_units(pa.schema(fields))]
    assert units == ["count", "deg"]


def test_times_are_rounded_and_nothing_else():
    noisy = 4.64 - 1.5
    assert str(noisy) == "3.1399999999999997"
    fields = [
        pa.field("start_s", pa.float64(), metadata={"unit": "s"}),
        pa.field("x", pa.float64()),
    ]
    table = pa.table([[noisy, None, 1 / 3], [noisy, None, 1 / 3]], schema=pa.schema(fields))
    found = round_times(table).to_pydict()
    assert found == {"start_s": [3.14, None, 0.333333], "x": [noisy, None, 1 / 3]}
    assert round_time(noisy) == 3.14
    assert round_time(np.array([noisy])).tolist() == [3.14]


@pytest.mark.parametrize("form", ["npy", "npz", "webdataset", "zarr", "coco", "bids"])
def test_no_time_that_is_text_has_more_than_six_digits(exported, form):
    files = [path for path in exported(form).rglob("*") if path.suffix in {".csv", ".tsv"}]
    assert files
    for path in files:
        separator = "\t" if path.suffix == ".tsv" else ","
        for row in csv.DictReader(path.read_text().splitlines(), delimiter=separator):
            times = [
                row[name] for name in row if name.endswith("_s") or name in {"onset", "duration"}
            ]
            assert not [time for time in times if re.search(r"\.\d{7}|e-", time)], path
