"""Scan paths of people on pictures (OSIE): other people are the ceiling, and above the floors."""

import json

import pandas as pd
import pytest

from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.scanpaths.score import run
from tests.unit.pipeline.scanpaths.test_comparison import PARAMS

N_IMAGES, N_PEOPLE = 4, 4


@pytest.fixture
def paths(shared, tmp_path):
    content = pd.read_csv(shared / "real" / "osie" / "osie_fixations_40.csv")
    images = content["image"].unique()[:N_IMAGES]
    rows = content[content["image"].isin(images) & (content["subject"] < N_PEOPLE)].copy()
    numbers = {image: number for number, image in enumerate(images)}
    rows["reading_id"] = rows["image"] + "-" + rows["subject"].astype(str)
    rows["dicom_id"] = rows["image"].str.removesuffix(".jpg")
    rows["subject_id"] = rows["image"].map(numbers)  # a picture is what a patient is elsewhere
    rows["fixation"] = rows["place"] = rows["index"]
    rows["duration_s"] = rows["weight_s"] = rows["duration_ms"] / 1000
    rows["onset_s"] = rows.groupby("reading_id")["duration_s"].cumsum() - rows["duration_s"]
    rows = rows.rename(columns={"x": "x_px", "y": "y_px"}).drop(columns=["index", "duration_ms"])
    rows = rows.assign(reader=rows["subject"] + 1, label="", width_px=800, height_px=600)
    columns = rows.drop(columns=["image", "subject"]).to_dict("list")
    write_table(columns, tmp_path / "paths", "scanpaths")
    return tmp_path / "paths"


def test_people_are_more_alike_than_floors(paths, tmp_path):
    first = read_table(paths, "scanpaths").to_pandas().groupby("dicom_id").head(5)
    entries = []
    for image, own in first.groupby("dicom_id"):
        places = {"X": own["x_px"].tolist(), "Y": own["y_px"].tolist()}
        entries.append({"name": f"{image}.jpg", "task": "none", **places})
    file = tmp_path / "predicted.json"
    file.write_text(json.dumps(entries))
    summary = run(file, paths, tmp_path / "out", PARAMS, workers=1)
    means = {
        source: {measure: value[0] for measure, value in values.items()}
        for source, values in summary["scores"].items()
        if source != "of"
    }
    for measure in ("scanmatch", "scaled_tde", "multimatch_position", "edit_similarity"):
        ceiling, sampler, walk = (
            means[source][measure] for source in ("other_readers", "map_sampler", "random_walk")
        )
        assert ceiling > max(sampler, walk), measure
    assert means["other_readers"]["scanmatch"] == pytest.approx(0.44, abs=0.1)  # all 584: 0.444
