import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.files import replacing_folder
from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.gaze.fixations import agreement
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, reading, table, write_tables

NOTHING = table([], "fixations")


def samples(reading_id, places, per_place=30, **changes):
    rows = []
    for number in range(per_place * len(places)):
        x_px, y_px = places[number // per_place]
        row = {"sample": number, "time_s": number / 100, "x_px": x_px, "y_px": y_px}
        rows.append({"reading_id": reading_id, **row, "valid": True, "inside": True, **changes})
    return rows


@pytest.fixture
def tables(tmp_path):
    """Three readings: with fixations of its own, without samples, and left out at ingest."""

    def write(**changes):
        given = {
            "readings": [reading("R1", "heart."), reading("R2"), reading("R3", has_gaze=False)],
            "samples": samples("R1", [(20, 20), (80, 20)]) + samples("R3", [(1, 1)]),
            "fixations": [
                fixation(0, 0.0, 0.3, x_px=20.0, y_px=20.0, shown_xmin_px=0.0),
                fixation(1, 0.3, 0.6, x_px=80.0, y_px=26.0, shown_xmin_px=5.0),
            ],
        }
        return write_tables(tmp_path / "in", **(given | changes))

    return write


def run(tables, tmp_path, *options):
    out = tmp_path / "out"
    text = gazescribe("fixations", tables, out, "--workers", "1", *options)
    return (
        text,
        read_table(out, "fixations").to_pylist(),
        json.loads((out / "fixations.json").read_text()),
    )


def test_resolution_and_view_come_from_the_fixations_that_are_there(tables, tmp_path):
    text, rows, summary = run(tables(), tmp_path)
    assert [(row["reading_id"], row["x_px"], row["y_px"]) for row in rows] == [
        ("R1", 20, 20),
        ("R1", 80, 20),
    ]
    assert [row["onset_s"] for row in rows] == [0, 0.3]
    assert [row["offset_s"] for row in rows] == pytest.approx([0.3, 0.6])
    assert [row["px_per_deg_y"] for row in rows] == [12, 12]
    assert [row["shown_xmin_px"] for row in rows] == [0, 5]
    assert summary["without_gaze"] == {"left out before": 1, "no samples": 1}
    assert "idt: 2 fixations of 1 reading from 90 samples; without gaze: left out before 1" in text


def test_the_other_tables_come_along(tables, tmp_path):
    given = tables()
    run(given, tmp_path)
    readings = read_table(tmp_path / "out", "readings")
    assert readings["has_gaze"].to_pylist() == [True, False, False]
    assert read_table(tmp_path / "out", "words").equals(read_table(given, "words"))
    assert not (tmp_path / "out" / "samples.parquet").exists()


def test_rows_that_others_put_out_of_order_are_sorted(tables, tmp_path):
    folder = tables()
    run(folder, tmp_path / "as written")
    path = folder / "words.parquet"
    words = pq.read_table(path)
    assert words.num_rows > 1
    pq.write_table(words.take(list(reversed(range(words.num_rows)))), path)
    run(folder, tmp_path / "shuffled")
    rows = [read_rows(tmp_path / name) for name in ("as written", "shuffled")]
    assert rows[0] == rows[1]


def read_rows(folder):
    """Words as they lie in the file, unsorted by the reader."""
    return pq.read_table(folder / "out" / "words.parquet").to_pylist()


def test_tables_of_an_earlier_run_do_not_stay(tables, tmp_path):
    left = {"samples": samples("R9", [(1, 1)]), "regions": []}
    with replacing_folder(tmp_path / "out", "tables") as folder:
        write_tables(folder, readings=[reading("R9")], **left)
    run(tables(), tmp_path)
    assert not (tmp_path / "out" / "samples.parquet").exists()
    assert not (tmp_path / "out" / "regions.parquet").exists()


def test_tables_of_another_data_set_are_not_mixed_with(tables, tmp_path):
    given, rows = tables(), table([reading("R1")], "readings")
    write_table(rows, given, "readings", {"source": "one 1"})
    write_table(rows, tmp_path / "out", "readings", {"source": "other 1"})
    result = invoke("fixations", given, tmp_path / "out")
    assert result.exit_code == 2
    assert "tables of other lie here, and one would mix with them" in result.output
    assert not (tmp_path / "out" / "fixations.parquet").exists()


def test_what_is_unknown_is_asked_for(tables, tmp_path):
    given = tables(
        fixations=[],
        readings=[reading("R1", has_gaze=False), reading("R3", has_gaze=False)],
        attributes=[
            {"reading_id": "R3", "name": f"px_per_deg_{axis}", "value": value}
            for axis, value in (("x", "20.0"), ("y", "21.0"))
        ],
    )
    _, rows, summary = run(given, tmp_path)
    assert [(row["reading_id"], row["px_per_deg_y"]) for row in rows] == [("R3", 21)]
    assert summary["without_gaze"] == {"pixels per degree unknown": 1}
    _, rows, summary = run(given, tmp_path, "--px-per-deg", "10")
    assert [row["px_per_deg_x"] for row in rows] == [10, 10, 20]
    assert summary["without_gaze"] == {}


@pytest.mark.parametrize("value", ["wide", "-3", "inf"])
def test_a_size_of_a_degree_that_is_none(tables, tmp_path, value):
    sizes = [{"reading_id": "R3", "name": f"px_per_deg_{axis}", "value": value} for axis in "xy"]
    readings = [reading("R1", has_gaze=False), reading("R3", has_gaze=False)]
    given = tables(fixations=[], readings=readings, attributes=sizes)
    result = invoke("fixations", given, tmp_path / "out")
    assert result.exit_code == 2
    assert "table attributes: this is not a size of a degree, px_per_deg_x and" in result.output


def test_options_reach_the_method(tables, tmp_path):
    _, rows, summary = run(tables(), tmp_path, "--method", "ivt", "--min-duration-s", "0.4")
    assert rows == []
    assert summary["method"] == "ivt"
    assert summary["without_gaze"]["no fixation"] == 1


def test_the_same_bytes_again(tables, tmp_path):
    run(tables(), tmp_path)
    before = (tmp_path / "out" / "fixations.parquet").read_bytes()
    run(tables(), tmp_path)
    assert (tmp_path / "out" / "fixations.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["in", "in"], "OUT is TABLES", id="itself"),
        pytest.param(["in", "out", "--px-per-deg", "0"], "0.0 is not above 0", id="no pixels"),
        pytest.param(["in", "out", "--smooth-s", "-1"], "--smooth-s: .*found -1.0", id="range"),
        pytest.param(["in", "out", "--against", "."], "there is no table fix", id="against"),
    ],
)
def test_what_cannot_be(tables, tmp_path, monkeypatch, options, message):
    tables()
    monkeypatch.chdir(tmp_path)
    result = invoke("fixations", *options)
    assert result.exit_code == 2
    assert re.search(message, result.output)
    assert not (tmp_path / "out").exists()


def test_tables_without_samples(tables, tmp_path):
    folder = tables()
    (folder / "samples.parquet").unlink()
    result = invoke("fixations", folder, tmp_path / "out")
    assert result.exit_code == 2
    assert "there is no table samples" in result.output


def test_agreement_by_hand():
    theirs = table([fixation(0, 0, 1), fixation(1, 2, 3), fixation(2, 5, 6)], "fixations")
    ours = table(
        [fixation(0, 0.5, 1.5, x_px=80.0), fixation(1, 2, 3, y_px=88.0), fixation(2, 8, 9)],
        "fixations",
    )
    found = agreement(ours, theirs, ["R1"])
    assert found == {
        "readings": 1,
        "count_ratio": 1,
        "time_iou": pytest.approx(1.5 / 4.5),
        "share_matched": pytest.approx(2 / 3),
        "distance_deg": pytest.approx(3.5),  # 30 px of 10 a degree, 48 of 12
        "onset_apart_s": pytest.approx(0.25),
        "offset_apart_s": pytest.approx(0.25),
    }


def test_nothing_agrees_with_nothing():
    found = agreement(NOTHING, table([fixation(0, 0, 1)], "fixations"), [])
    assert found["readings"] == 0
    assert set(found.values()) == {0, None}


def test_the_summary_says_how_it_compares(tables, tmp_path):
    folder = tables()
    text, _, summary = run(folder, tmp_path, "--against", folder)
    assert "against theirs in 1 reading: 1.00 times as many, time IoU 1.00, 100% matched" in text
    assert summary["agreement"]["distance_deg"] == pytest.approx(np.median([0, 0.5]))


def test_noise_is_measured_and_warned_of(tables, tmp_path):
    rng = np.random.default_rng(0)
    rows = samples("R1", [(20, 20), (80, 20)])
    for row in rows:
        row["x_px"] += rng.normal(0, 4)
        row["y_px"] += rng.normal(0, 4)
    folder = tables(samples=rows)
    text, _, summary = run(folder, tmp_path)
    assert "1 of 1 reading are noisier than idt bears" in text
    assert summary["noise"]["median_deg"] == pytest.approx(
        2 * 0.37, abs=0.12
    )  # 10 and 12 px a degree
    assert summary["noise"]["readings_beyond"] == 1
    text, found, _ = run(folder, tmp_path, "--method", "i2mc", "--against", folder)
    assert len(found) == 2
    assert "warning" not in text


def test_a_reading_searched_in_vain_counts(tables, tmp_path):
    folder = tables()
    summary = run(
        folder, tmp_path, "--dispersion-deg", "1e-9", "--min-duration-s", "0.5", "--against", folder
    )[2]
    assert summary["agreement"]["readings"] == 1
    assert summary["agreement"]["count_ratio"] == 0
    assert summary["agreement"]["time_iou"] == 0
