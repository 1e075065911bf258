import pytest

from tests.unit.pipeline.ingest.by_manifest.lab import SCREEN


def rows_of(*fixations):
    """Write rows of the reading A1: start, end, x, y and the fixation's number."""
    lines = [",".join(str(cell) for cell in ("A1", *row)) for row in fixations]
    return "id,start,end,x,y,n\n" + "\n".join(lines) + "\n"


SAID_AGAIN = [(0.0, 0.5, 10, 20, 1)] * 3 + [(0.6, 1.0, 50, 60, 2)] * 2


def test_rows_of_one_fixation_are_joined_by_its_number(lab):
    lab.files["fixations.csv"] = rows_of(*SAID_AGAIN)
    lab.tables["fixations"]["columns"]["fixation"] = "n"
    lab.ingest()
    assert lab.column("fixations", "onset_s") == [0.0, 0.6]
    assert lab.column("fixations", "offset_s") == [0.5, 1.0]
    assert "fixation_repeated" not in lab.reasons()


def test_samples_of_a_fixation_give_its_time_and_mean_place(lab):
    samples = [(0.0, 0.1, 10, 20, 1), (0.1, 0.2, 12, 20, 1), (0.2, 0.3, 14, 26, 1)]
    lab.files["fixations.csv"] = rows_of(*samples)
    lab.tables["fixations"]["columns"]["fixation"] = "n"
    (row,) = lab.ingest().rows("fixations")
    assert (row["onset_s"], row["offset_s"]) == (0.0, pytest.approx(0.3))
    assert (row["x_px"], row["y_px"]) == (12, 22)


def test_a_duration_that_each_row_repeats_counts_from_the_first(lab):
    """As Tobii writes it: a row a sample, with its own time and the fixation's duration."""
    rows = "".join(f"A1,{start},0.2,10,20,1\n" for start in (1.0, 1.1, 1.19))
    lab.files["fixations.csv"] = f"id,start,length,x,y,n\n{rows}"
    columns = lab.tables["fixations"]["columns"]
    columns |= {"duration_s": "length", "fixation": "n"}
    del columns["offset_s"]
    (row,) = lab.ingest().rows("fixations")
    assert (row["onset_s"], row["offset_s"]) == (1.0, pytest.approx(1.2))
    del columns["fixation"]
    (row,) = lab.ingest().rows("fixations")
    assert (row["onset_s"], row["offset_s"]) == (1.0, pytest.approx(1.2))
    assert lab.reasons()["fixation_repeated"] == 2


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        pytest.param([(0, 1, 10, 20, 1), (1, 2, 90, 20, 1)], "fixation_apart", id="far"),
        pytest.param(
            [(0, 1, 10, 20, 1), (1, 2, 50, 20, 2), (2, 3, 10, 20, 1)], "fixation_apart", id="later"
        ),
        pytest.param([(0, 1, 10, 20, ""), (1, 2, 10, 20, "")], "fixation_no_number", id="blank"),
    ],
)
def test_rows_that_are_not_one_fixation_are_lost(lab, rows, code):
    lab.files["fixations.csv"] = rows_of(*rows)
    lab.tables["fixations"]["columns"]["fixation"] = "n"
    lab.ingest()
    assert lab.reasons()[code] == 2
    assert len(lab.rows("fixations")) == len(rows) - 2


def test_rows_that_say_a_fixation_again_are_lost_and_counted(lab):
    lab.files["fixations.csv"] = rows_of(*SAID_AGAIN)
    lab.ingest()
    assert lab.column("fixations", "offset_s") == [0.5, 1.0]
    assert lab.summary["faults"]["fixation_repeated"] == {
        "severity": "loss",
        "loses": "fixations",
        "rows": 3,
        "items": 1,
    }


def test_fixations_of_both_eyes_at_once_count_once(lab):
    lab.files["fixations.csv"] = rows_of((0.0, 0.5, 10, 20, 1), (0.01, 0.48, 12, 21, 2))
    lab.ingest()
    assert lab.column("fixations", "x_px") == [10]
    assert lab.reasons()["fixation_inside_another"] == 1


@pytest.mark.parametrize(
    ("x", "y"),
    [
        pytest.param(0, 0, id="zero"),
        pytest.param(-1, -1, id="negative"),
        pytest.param(-32768, 20, id="16 bits"),
        pytest.param(20, 1e8, id="far"),
    ],
)
def test_lost_eyes_are_no_fixations_in_the_corner(lab, x, y):
    lab.files["fixations.csv"] = rows_of((0, 1, x, y, 1), (1, 2, 50, 60, 2))
    lab.ingest()
    assert lab.column("fixations", "x_px") == [50]
    assert lab.reasons()["fixation_lost"] == 1


@pytest.mark.parametrize(
    ("rows", "unit", "cause"),
    [
        pytest.param(
            [(0, 1, -30, 20, 1), (1, 2, 20, -30, 2)], "px", "set `origin: centre`", id="centre"
        ),
        pytest.param([(0, 1, 140, 90, 1)], "px", "a larger image or screen", id="large"),
        pytest.param([(0, 1, 0.2, 0.3, 1)], "px", "set `unit: share`", id="shares"),
        pytest.param([(0, 1, 300, 250, 1)], "share", "these are pixels", id="pixels"),
        pytest.param([(0, 1, 30, 25, 1)], "share", "set `unit: percent`", id="per cent"),
        pytest.param([(0, 1, 30, 25, 1)], "screen_px", "set `unit: percent`", id="screen per cent"),
        pytest.param([(0, 1, 5, 100, 1)], "screen_px", "`image_area`", id="beside"),
    ],
)
def test_gaze_that_is_nowhere_on_the_image_is_refused(lab, rows, unit, cause):
    lab.manifest["screen"] = SCREEN
    lab.files["fixations.csv"] = rows_of(*rows)
    for name in "xy":
        lab.tables["fixations"]["columns"][f"{name}_px"] = {"column": name, "unit": unit}
    result = lab.run()
    assert result.exit_code == 2
    assert "fixations.csv: every position lies off the image" in result.output
    assert cause in result.output
    assert not (lab.folder / "out").exists()


def test_one_reading_off_the_image_loses_its_gaze_alone(lab):
    lab.files["fixations.csv"] = "id,start,end,x,y\nA1,0,1,150,20\nB2,0,1,50,20\n"
    lab.ingest()
    assert lab.summary["without_gaze"] == {"off the image": 1}
    assert lab.summary["faults"]["gaze_off_image"]["severity"] == "loss"


def with_samples(lab, valid, cells):
    rows = "".join(f"A1,{n / 10},{20 + n},40,{cell}\n" for n, cell in enumerate(cells))
    lab.files["samples.csv"] = f"id,t,x,y,ok\n{rows}"
    columns = {"reading_id": "id", "time_s": "t", "x_px": "x", "y_px": "y", "valid": valid}
    lab.tables["samples"] = {"file": "samples.csv", "columns": columns}


@pytest.mark.parametrize(
    ("valid", "cells", "expected"),
    [
        pytest.param("ok", ["Valid", "Invalid"], [True, False], id="words"),
        pytest.param({"column": "ok", "is": [0, 1]}, [0, 4], [True, False], id="codes"),
        pytest.param({"column": "ok", "is": "good"}, ["good", "bad"], [True, False], id="text"),
        pytest.param({"column": "ok", "at_least": 0.6}, [0.9, 0.05], [True, False], id="least"),
        pytest.param({"column": "ok", "at_most": 1}, [0, 4], [True, False], id="most"),
    ],
)
def test_validity_as_vendors_say_it(lab, valid, cells, expected):
    with_samples(lab, valid, cells)
    assert lab.ingest().column("samples", "valid") == expected


def test_validity_that_is_not_understood_is_refused(lab):
    with_samples(lab, "ok", [0.98, 0.05])
    result = lab.run("ingest", "--workers", "1")
    assert result.exit_code == 2
    assert "samples.csv: it is not known whether '0.98', '0.05' in ok is valid" in result.output
    with_samples(lab, "ok", [0, 0])
    assert lab.ingest().reasons()["samples_none_valid"] == 1


def test_samples_of_lost_eyes_are_invalid(lab):
    with_samples(lab, "ok", [1, 1])
    lab.files["samples.csv"] += "A1,0.2,0,0,1\n"
    assert lab.ingest().column("samples", "valid") == [True, True, False]
    assert lab.reasons()["sample_lost"] == 1
