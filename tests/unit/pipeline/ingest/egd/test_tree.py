import pytest

from gazescribe.pipeline.ingest.settings import Options
from tests.unit.pipeline.ingest.egd.egd_tree import dicom_id
from tests.unit.pipeline.ingest.egd.ingested import ONE, TWO, mimic


def test_a_partial_tree_is_read_without_what_is_absent(tree, ingested):
    tree.add(1)
    root = tree.finish()
    for name in ("fixations.csv", "eye_gaze.csv", "bounding_boxes.csv"):
        (root / name).unlink()
    (tree.folder(ONE) / "transcript.json").unlink()
    found = ingested(finish=False)
    (reading,) = found.rows("readings")
    assert reading["has_gaze"] is False
    assert reading["text"] is None
    assert found.reasons() == {
        "fixations_missing": 1,
        "eye_gaze_missing": 1,
        "boxes_missing": 1,
        "transcript_missing": 1,
    }
    assert found.counts["without_gaze"] == {"no usable file": 1}
    assert found.counts["counts"]["transcripts"] == 0
    assert found.rows("samples") == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param((dicom_id(9), "spine", 1, 2, 3, 4), "box_unknown", id="unknown image"),
        pytest.param((ONE, "spine", 1, "x", 3, 4), "box_unreadable", id="no number"),
        pytest.param((ONE, "trachea", 1, 2, 3, 4), "box_twice", id="twice"),
    ],
)
def test_boxes_that_cannot_be_used_are_left_out(tree, ingested, row, reason):
    tree.add(1)
    tree.boxes.append(row)
    found = ingested()
    assert len(found.rows("regions")) == 2
    assert found.reasons()[reason] == 1


def test_a_reversed_box_is_turned(tree, ingested):
    tree.add(1)
    tree.boxes.append((ONE, "spine", 9, 5, 3, 4))
    found = ingested()
    (box,) = found.rows("regions", region="spine")
    assert (box["xmin_px"], box["xmax_px"]) == (5, 9)
    assert found.reasons()["box_reversed"] == 1


def test_size_comes_from_the_mask_then_from_mimic_then_from_the_gaze(tree, ingested, tmp_path):
    tree.add(1, size=(2544, 3056))
    for number in (2, 3, 4):
        one = tree.add(number, size=(2539, 3050), mask=False)
        for step in range(40):
            tree.fixation(one, 1 + step, 0.5, 0.31 + step / 110, 0.1 + step / 50)
    tree.file(dicom_id(4), "left_lung.png", b"no picture")
    folder = mimic(tmp_path / "mimic", {TWO: "train"}, {TWO: (2539, 3050)})
    found = ingested(options=Options(mimic_metadata=folder))
    sizes = [(row["width_px"], row["height_px"]) for row in found.rows("readings")]
    assert sizes == [(2544, 3056), (2539, 3050), (2540, 3050), (2540, 3050)]
    assert found.counts["size_sources"] == {
        "MIMIC metadata": 1,
        "fitted to fixations": 2,
        "left_lung.png": 1,
    }
    assert found.reasons()["mask_unreadable"] == 1
    assert found.reasons()["image_size_fitted"] == 2


def test_a_reading_of_unknown_size_loses_its_gaze_and_is_counted(tree, ingested):
    tree.add(1, mask=False)
    tree.gaze["fixations"].clear()
    tree.fixation(ONE, 0.1, 0.2, 0.1, 0.1)
    found = ingested()
    (reading,) = found.rows("readings")
    assert (reading["width_px"], reading["has_gaze"]) == (None, False)
    assert found.rows("fixations") == found.rows("samples") == []
    reasons = found.reasons()
    assert reasons["image_size_unknown"] == reasons["fixations_of_unknown_size"] == 1
    assert reasons["eye_gaze_of_unknown_size"] == 3
    assert found.counts["without_gaze"] == {"no fixation": 1}


def test_pads_of_another_size_are_noted(tree, ingested):
    tree.add(1, image_left_pad=500, image_right_pad=568)
    assert ingested().reasons()["pads_differ"] == 1
