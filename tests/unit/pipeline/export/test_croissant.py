"""The Croissant file by `mlcroissant`: valid, and its records are the tables."""

import json
import warnings

import numpy as np
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.shards import open_shards

from .conftest import make_inputs

mlcroissant = pytest.importorskip("mlcroissant")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rdflib's of its own
FORMS = ("parquet", "npy", "npz", "webdataset", "hf", "zarr", "coco", "bids")


def opened(folder):
    return mlcroissant.Dataset(jsonld=folder / "croissant.json")


def records(dataset, name):
    return [
        {key.split("/")[1]: value for key, value in row.items()} for row in dataset.records(name)
    ]


@pytest.mark.parametrize("form", FORMS)
def test_it_is_valid_and_its_tables_load(inputs, exported, form):
    dataset = opened(exported(form))
    assert not dataset.metadata.ctx.issues.errors
    names = [one.id for one in dataset.metadata.record_sets]
    assert {"readings", "windows", "gaussians"} <= set(names)
    gaussians = records(dataset, "gaussians")
    expected = pq.read_table(inputs.associated / "gaussians.parquet").to_pylist()
    assert sorted(row["x_px"] for row in gaussians) == sorted(row["x_px"] for row in expected)
    assert records(dataset, "readings")[2]["phase"] is None


@pytest.mark.parametrize("form", ["parquet", "hf"])
def test_maps_load_as_records(inputs, exported, form):
    rows = records(opened(exported(form)), "label")
    shards = open_shards(inputs.label)
    expected = {
        (row["reading_id"], row["label"]): shards[n]
        for n, row in enumerate(shards.index.to_pylist())
    }
    assert len(rows) == len(expected) == 4
    for row in rows:
        found = np.stack([np.asarray(line) for line in row["map"]])
        key = (row["reading_id"].decode(), row["label"].decode())
        np.testing.assert_array_equal(found.reshape(32, 24), expected[key])


def test_real_sources_leave_nothing_to_recommend(tmp_path):
    made = make_inputs(tmp_path / "in", subject_id=98000001, dicom_id="not-of-the-demo")
    made.export(tmp_path / "out", "npy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        issues = opened(tmp_path / "out").metadata.ctx.issues
    assert not issues.errors
    assert not issues.warnings


@pytest.mark.parametrize(
    ("options", "day"),
    [((), "2021-09-27"), (("--published", "2027-01-31"), "2027-01-31")],
    ids=["newest-source", "as-asked"],
)
def test_the_day_of_publication_is_no_clock_s(tmp_path, options, day):
    made = make_inputs(tmp_path / "in", subject_id=98000001, dicom_id="not-of-the-demo")
    made.export(tmp_path / "out", "npy", *options)  # of REFLACX, and MIMIC-CXR-JPG of 2019
    assert json.loads((tmp_path / "out/croissant.json").read_text())["datePublished"] == day


def test_checksums_are_in_it(exported):
    content = json.loads((exported("npy") / "croissant.json").read_text())
    sums = dict(
        reversed(line.split("  "))
        for line in (exported("npy") / "SHA256SUMS").read_text().split("\n")[:-1]
    )
    objects = [one for one in content["distribution"] if one["@type"] == "cr:FileObject"]
    assert len(objects) == 5
    assert all(sums[one["contentUrl"]] == one["sha256"] for one in objects)
