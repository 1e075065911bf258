import json

import numpy as np
import pytest

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.scanpaths.comparison import compare
from gazescribe.pipeline.scanpaths.ours import Others, read_scan_paths
from gazescribe.pipeline.scanpaths.score import run
from tests.synthetic import table
from tests.unit.pipeline.scanpaths.test_comparison import PARAMS, PATH

READINGS = (("R1", "I1", 1), ("R2", "I1", 1), ("R3", "I2", 2), ("R4", "I3", 3))
"""Reading, image, subject: two read the first image."""


def rows(reading_id, image, subject, label, shift):
    return [
        {
            "reading_id": reading_id,
            "label": label,
            "fixation": number,
            "place": number,
            "onset_s": float(number),
            "duration_s": duration_s,
            "weight_s": duration_s,
            "x_px": x_px,
            "y_px": y_px + shift,
            "dicom_id": image,
            "subject_id": subject,
            "reader": 1,
            "width_px": 100,
            "height_px": 80,
        }
        for number, (x_px, y_px, duration_s) in enumerate(PATH)
    ]


@pytest.fixture
def ours(tmp_path):
    content = []
    for shift, reading in enumerate(READINGS):
        content += rows(*reading, "", 0.0) + rows(*reading, "Edema", float(shift))
    folder = tmp_path / "ours"
    write_table(table(content, "scanpaths"), folder, "scanpaths")
    return folder


def shifted(y):
    return PATH + np.array([0, y, 0])


def predictions(tmp_path, *entries):
    path = tmp_path / "predicted.json"
    path.write_text(json.dumps(entries))
    return path


def predicted(image, task="edema", **columns):
    x, y, duration_s = PATH.T
    lists = {"X": x.tolist(), "Y": y.tolist(), "T": (1000 * duration_s).tolist()}
    return {"name": f"{image}.jpg", "task": task, **lists, **columns}


def values(folder, source, measure, label="all findings", scope="all"):
    found = {
        (row["source"], row["measure"], row["label"], row["scope"]): row
        for row in read_table(folder, "scanpath_scores").to_pylist()
    }
    return found.get((source, measure, label, scope))


def test_scores_are_means_of_pairs(ours, tmp_path):
    """Images I1 (two readers, shifted by 0 and 1) and I2 (by 2) are predicted, I3 is not."""
    out = tmp_path / "out"
    file = predictions(tmp_path, predicted("I1"), predicted("I2"), predicted("I9"))
    summary = run(file, ours, out, PARAMS, workers=1)
    expected = [
        compare(shifted(shift), PATH, (80, 100), PARAMS)["multimatch_position"]
        for shift in range(3)
    ]
    row = values(out, "predicted", "multimatch_position")
    assert row["mean"] == pytest.approx(np.mean(expected))
    assert (row["n_scanpaths"], row["n_subjects"]) == (3, 2)
    assert row["low"] <= row["mean"] <= row["high"]
    ceiling = values(out, "other_readers", "multimatch_position")
    assert ceiling["mean"] == pytest.approx(expected[1])
    assert (ceiling["n_scanpaths"], ceiling["n_subjects"], ceiling["low"]) == (2, 1, None)
    shared = values(out, "predicted", "multimatch_position", scope="several readers")
    assert shared["mean"] == pytest.approx(np.mean(expected[:2]))
    less = values(out, "predicted less other_readers", "multimatch_position")
    assert less["mean"] == pytest.approx(np.mean(expected[:2]) - expected[1])
    assert summary["left_out"] == {
        "of readers, not predicted": 5,
        "predicted, of another image or finding": 1,
    }
    assert summary["scores"]["predicted"]["scanmatch"][0] > 0.9
    assert {"map_sampler", "random_walk"} <= set(summary["scores"])


def test_several_predictions_of_one_image_are_averaged(ours, tmp_path):
    other = predicted("I2", Y=(PATH[:, 1] + 9).tolist())
    file = predictions(tmp_path, predicted("I2"), other)
    run(file, ours, tmp_path / "out", PARAMS, workers=1)
    reference = shifted(2)
    both = [compare(reference, shifted(shift), (80, 100), PARAMS)["scaled_tde"] for shift in (0, 9)]
    assert values(tmp_path / "out", "predicted", "scaled_tde")["mean"] == pytest.approx(
        np.mean(both)
    )


def test_whole_readings_and_other_frames(ours, tmp_path):
    half = {"X": (PATH[:, 0] / 2).tolist(), "Y": (PATH[:, 1] / 2).tolist()}
    file = predictions(tmp_path, predicted("I2", "none", **half))
    run(file, ours, tmp_path / "out", PARAMS, size=(40, 50), workers=1)
    row = values(tmp_path / "out", "predicted", "multimatch_position", "whole reading")
    assert row["mean"] == pytest.approx(1)
    assert values(tmp_path / "out", "predicted", "scanmatch") is None
    assert (
        (tmp_path / "out/scanpath_scores.csv")
        .read_text()
        .splitlines()[0]
        .startswith('"label","scope","measure","source"')
    )


def test_nothing_in_common(ours, tmp_path):
    file = predictions(tmp_path, predicted("I1", "fracture"))
    with pytest.raises(AlignmentError, match=r"\('I1', 'fracture'\); ours are \('I1', ''\)"):
        run(file, ours, tmp_path / "out", PARAMS, workers=1)


def test_floors_know_other_subjects_alone(ours):
    others = Others(read_scan_paths(ours))
    shares = others.of("Edema", 1).places
    assert len(shares) == 8  # R3 and R4
    assert shares[0] == pytest.approx([10.5 / 100, 12.5 / 80])
    assert len(others.of("Fracture", 1).places) == 8  # of all findings, since none has it
    assert Others([]).of("Edema", 1) is None
