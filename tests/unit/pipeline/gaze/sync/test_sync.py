"""`sync` finds what was planted: a lead, an offset of the clocks, a bias of the tracker."""

import json
import shutil
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.commands.sync import lines
from gazescribe.pipeline.core.errors import ManifestError, RuleError, SchemaError
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.gaze.sync.anatomy import load_anatomy, namings
from gazescribe.pipeline.gaze.sync.drift import anatomy_drift, calibration_drift
from gazescribe.pipeline.gaze.sync.estimates import run
from gazescribe.pipeline.gaze.sync.lead import arrival_s, curve_of, estimate, peak_s, shifts_of
from gazescribe.pipeline.gaze.sync.sessions import read_sessions
from tests.running import gazescribe, invoke
from tests.synthetic import columns_of, fixation, reading, sentences, table, words, write_tables
from tests.unit.pipeline.ingest.egd.egd_tree import EgdTree, dicom_id

SYNC = load_params().sync.model_copy(update={"n_bootstrap": 60, "smooth_s": 1.0})
SAID = {  # a sentence of six words, the fourth of which names the box
    "cardiac silhouette": "there is normal heart seen .",
    "left lower lung zone": "there is clear left base .",
    "right upper lung zone": "there is clear right apex .",
    "trachea": "there is midline trachea seen .",
}
BOXES = {region: (30 * k, 20, 30 * k + 20, 60) for k, region in enumerate(SAID)}


def regions(reading_id="R1"):
    sides = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")
    return [
        {"reading_id": reading_id, "region": name, **dict(zip(sides, box, strict=True))}
        for name, box in BOXES.items()
    ]


def dictated(rng, reading_id, lead_s, size=None):
    """A reading that names the boxes in random order, and gaze there `lead_s` before each."""
    order = rng.permutation(list(SAID)).tolist()
    size = size or {"width_px": 130, "height_px": 80}
    text = " ".join(SAID[region] for region in order)
    gaze = []
    for number in range(112):
        at_s = number * 0.25
        sentence = int((at_s + lead_s) // 6)
        named = order[sentence] if 0 <= sentence < len(order) else rng.choice(list(SAID))
        x_px = BOXES[named][0] + 10.0
        gaze.append(
            fixation(number, at_s, at_s + 0.24, reading_id=reading_id, x_px=x_px, y_px=40.0)
        )
    return reading(reading_id, text, dataset="egd", **size), gaze, regions(reading_id)


def write(folder, n=12, lead_s=1.5, name=lambda number: f"R{number}"):
    rng = np.random.default_rng(3)
    made = [dictated(rng, name(number), lead_s) for number in range(n)]
    return write_tables(
        folder,
        readings=[row for row, _, _ in made],
        fixations=[row for _, rows, _ in made for row in rows],
        regions=[row for _, _, rows in made for row in rows],
    )


@pytest.fixture
def params(tmp_path):
    content = yaml.safe_load(resource("params.yaml").read_text(encoding="utf-8"))
    content["sync"].update(n_bootstrap=60, smooth_s=1.0)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def delayed(folder, seconds):
    """The same tables with a clock of speech that is ahead."""
    for name in ("words", "sentences"):
        rows = pq.read_table(folder / f"{name}.parquet").to_pandas()
        rows[["onset_s", "offset_s"]] += seconds
        spoken = table(rows.to_dict("records"), name)
        pq.write_table(spoken, folder / f"{name}.parquet")


def summary(*arguments):
    return json.loads(gazescribe("sync", *arguments, "--json"))


@pytest.mark.parametrize("lead_s", [0.5, 1.5, 2.5])
def test_the_planted_arrival_is_found_within_its_interval(tmp_path, params, lead_s):
    found = summary(write(tmp_path / "tables", lead_s=lead_s), "--params", params)
    arrival = found["arrival"]
    assert arrival["value_s"] == pytest.approx(lead_s, abs=0.2)
    assert arrival["low_s"] - 0.1 <= lead_s <= arrival["high_s"] + 0.1
    assert (arrival["n_readings"], arrival["p"]) == (12, pytest.approx(1 / 61, abs=1e-4))
    assert found["offset"]["value_s"] == pytest.approx(1.5 - lead_s, abs=0.2)
    assert found["sessions"] is None
    # the naming word is 3 s into a visit of 6 s that begins lead_s before the sentence
    assert found["lead"]["value_s"] == pytest.approx(lead_s, abs=0.6)


def test_a_planted_offset_shifts_the_estimates_by_as_much(tmp_path, params):
    tables = write(tmp_path / "tables")
    before = summary(tables, "--params", params)
    delayed(tables, 0.8)
    after = summary(tables, "--params", params)
    for name, sign in (("lead", 1), ("arrival", 1), ("offset", -1)):
        moved = after[name]["value_s"] - before[name]["value_s"]
        assert moved == pytest.approx(sign * 0.8, abs=0.11), name


@settings(max_examples=15, deadline=None)
@given(steps=st.integers(-20, 20), seed=st.integers(0, 1000))
def test_any_offset_of_whole_steps_shifts_the_curve(steps, seed):
    rng = np.random.default_rng(seed)
    row, gaze, _ = dictated(rng, "R1", 1.0)
    fixations = columns_of(gaze, "fixations")
    order = [region for line in row["text"].split(" . ") for region in SAID if line in SAID[region]]
    spoken = [(6.05 + 6 * k, np.array([BOXES[name]])) for k, name in enumerate(order[:2])]
    moved = [(at_s + 0.1 * steps, boxes) for at_s, boxes in spoken]
    one, other = (curve_of(fixations, phrases, SYNC) for phrases in (spoken, moved))
    middle = slice(20, -20)
    shifted = slice(20 + steps, len(one.excess) - 20 + steps)
    np.testing.assert_allclose(other.excess[shifted], one.excess[middle], atol=1e-9)
    assert one.n.any()


def test_gaze_that_looks_anywhere_is_no_more_than_chance():
    rng = np.random.default_rng(1)
    p = []
    for _ in range(15):
        curves = []
        for _ in range(8):
            gaze = [
                fixation(k, k / 4, k / 4 + 0.24, x_px=float(rng.choice([10, 40, 70, 100])))
                for k in range(100)
            ]
            spoken = [(at_s, np.array([(0, 0, 20, 80)])) for at_s in rng.uniform(5, 20, 3)]
            curves.append(curve_of(columns_of(gaze, "fixations"), spoken, SYNC))
        p.append(estimate(curves, peak_s, SYNC)["p"])
    assert np.mean(np.array(p) < 0.05) <= 0.2
    assert 0.25 < np.mean(p) < 0.75


def test_excess_is_the_share_inside_less_that_of_the_whole_reading():
    gaze = columns_of([fixation(0, 0, 1, x_px=10.0), fixation(1, 1, 4, x_px=90.0)], "fixations")
    curve = curve_of(gaze, [(2.05, np.array([(0, 0, 20, 80)]))], SYNC)
    seen = dict(zip(shifts_of(SYNC), curve.excess / np.maximum(curve.n, 1), strict=True))
    assert seen[1.5] == pytest.approx(0.75)  # at 0.55 s; a quarter of the gaze is inside
    assert seen[0.5] == pytest.approx(-0.25)
    assert curve.n[shifts_of(SYNC) > 2.1].sum() == 0  # there is no gaze before the reading


def test_arrival_is_half_of_the_rise_and_unknown_beyond_the_grid():
    shifts_s = np.array([-1.0, 0.0, 1.0, 2.0, 3.0])
    rise = np.array([0, 0.8, 0.8, 0.1, -0.1])  # half way from -0.1 to 0.8 is 0.35
    assert arrival_s(rise, shifts_s) == pytest.approx(1 + 0.45 / 0.7)
    assert np.isnan(arrival_s(np.array([0, 0.8, 0.8, 0.7, 0.6]), shifts_s))


def test_too_few_readings_have_no_estimate(tmp_path, params):
    tables = write(tmp_path / "tables", n=3)
    found = summary(tables, "--params", params)
    assert (found["lead"]["value_s"], found["lead"]["n_readings"]) == (None, 3)
    assert "only 3 readings name anatomy" in gazescribe("sync", tables, "--params", params)
    shown = invoke(
        "sync", tables, "--params", params, "--apply", tmp_path / "new", "--what", "offset"
    )
    assert shown.exit_code == 2
    assert "more than by chance (p = None)" in shown.output


def test_phrases_are_found_longest_first_in_any_case_and_spelling():
    text = "Bibasilar haze . RIGHT-sided pleural  effusion . heartland . the bases . hila ."
    spoken = words(text)
    left_out = Counter()
    boxes = [row for row in regions() if row["region"] == "left lower lung zone"]
    boxes += [{**boxes[0], "region": "right costophrenic angle"}]
    found = list(
        namings(
            text,
            columns_of(spoken, "words"),
            columns_of(sentences(spoken), "sentences"),
            columns_of(boxes, "regions"),
            load_anatomy(),
            left_out,
        )
    )
    assert [(one.word_s, one.sentence_s) for one in found] == [(0, 0), (3, 3), (10, 9)]
    assert left_out == {"phrases whose box is missing": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(
            "about: x\nregion: {}\n", "region is unknown; the nearest is regions", id="key"
        ),
        pytest.param("about: x\nregions: {heart: ['']}\n", "at least one word", id="empty"),
        pytest.param("about: x\nregions: {}\n", "at least one word", id="none"),
    ],
)
def test_a_map_of_phrases_that_cannot_be_meant_is_refused(tmp_path, content, said):
    (tmp_path / "anatomy.yaml").write_text(content)
    with pytest.raises(RuleError, match=said):
        load_anatomy(tmp_path)


def planted_looks(rng, bias, n=4):
    rows = [
        {"session": session, "picture": f"p{session}", "x_deg": x, "y_deg": y}
        for session, centre in enumerate(bias)
        for x, y in rng.normal(centre, (0.3, 0.8), (n, 2))
    ]
    return pd.DataFrame(rows)


def covered(found, bias):
    return [
        found[session][axis]["low"] <= planted <= found[session][axis]["high"]
        for session, centre in enumerate(bias)
        for axis, planted in zip(("x_deg", "y_deg"), centre, strict=True)
    ]


def test_calibration_recovers_planted_biases_within_their_intervals():
    rng = np.random.default_rng(5)
    bias = rng.normal(0, (0.3, 1.0), (60, 2))
    inside = covered(calibration_drift(planted_looks(rng, bias), SYNC), bias)
    assert len(inside) == 120
    assert 0.88 <= np.mean(inside) < 1


def test_one_look_has_no_interval():
    looks = pd.DataFrame([{"session": 4, "picture": "p", "x_deg": 0.5, "y_deg": -1.0}])
    assert calibration_drift(looks, SYNC) == {
        4: {
            "n_pictures": 1,
            "n_fixations": 1,
            "x_deg": {"value": 0.5, "low": None, "high": None},
            "y_deg": {"value": -1.0, "low": None, "high": None},
        }
    }


@pytest.mark.parametrize("tied", [True, False])
def test_anatomy_recovers_planted_biases_within_their_intervals(tied):
    rng = np.random.default_rng(6)
    bias = rng.normal((0.0, 2.0), (0.3, 1.0), (30, 2))
    habit = np.array([0.2, -1.5])  # where the reader looks, off the middle of the boxes
    deviations = {k: list(rng.normal(one + habit, 0.9, (30, 2))) for k, one in enumerate(bias)}
    calibrated = calibration_drift(planted_looks(rng, bias[:20], n=8), SYNC) if tied else {}
    found = anatomy_drift(deviations, calibrated, SYNC)
    assert {one["tied_to"] for one in found.values()} == {
        "calibration" if tied else "the mean of sessions"
    }
    inside = covered(found, bias if tied else bias - bias.mean(axis=0))
    assert 0.85 <= np.mean(inside) < 1


def test_sessions_of_few_readings_have_no_drift_by_anatomy():
    assert anatomy_drift({1: [np.zeros(2)] * 4}, {}, SYNC) == {}


# A tree of EGD: sessions and calibration pictures.

BIAS_PX = (12.0, -50.0)  # screen pixels


def egd_tree(root, n=12, *, calibrated=True):
    """Two sessions; in the second, gaze on the calibration disc is off by BIAS_PX."""
    tree = EgdTree(root)
    for number in range(n):
        one = tree.add(number, mask=False)
        for row in tree.gaze["fixations"]:
            if row["DICOM_ID"] == one:
                row["SESSION_ID"] = 1 + number % 2
    spread = ((-8, -20), (8, 20), (-6, 10), (6, -10))
    for session, bias in ((1, (0, 0)), (2, BIAS_PX)) if calibrated else ():
        for k, (x, y) in enumerate(spread):
            place = 0.5 + (bias[0] + x) / 1920, 0.5 + (bias[1] + y) / 1080
            tree.fixation(dicom_id(session)[:-5], k, 0.5, *place, SESSION_ID=session)
        far = {"SESSION_ID": session}
        tree.fixation(dicom_id(session)[:-5], 9, 0.5, 0.9, 0.9, **far)
    return tree


def test_calibration_rows_give_the_sessions_bias(tmp_path):
    root = egd_tree(tmp_path / "egd").finish()
    found = read_sessions(root, [dicom_id(k) for k in range(12)], 5.0)
    assert Counter(found.of_reading.values()) == {1: 6, 2: 6}
    assert found.left_out == {"calibration fixations far from the disc": 2}
    drift = calibration_drift(found.looks, SYNC)
    assert [drift[session]["n_fixations"] for session in (1, 2)] == [4, 4]
    per_deg = 1920 / 597.7 * 711.2 * np.tan(np.radians(1))
    assert drift[2]["x_deg"]["value"] == pytest.approx(BIAS_PX[0] / per_deg, abs=1e-3)
    assert drift[2]["y_deg"]["value"] == pytest.approx(BIAS_PX[1] / per_deg, abs=3e-3)
    assert abs(drift[1]["y_deg"]["value"]) < 1e-3


def test_a_reading_in_two_sessions_has_none(tmp_path):
    tree = egd_tree(tmp_path / "egd")
    tree.fixation(dicom_id(0), 9, 0.5, 0.5, 0.5, SESSION_ID=2)
    found = read_sessions(tree.finish(), [*(dicom_id(k) for k in range(12)), "other"], 5.0)
    assert dicom_id(0) not in found.of_reading
    assert found.left_out["readings in two sessions"] == 1
    assert found.left_out["readings without a session"] == 1


def spoil_column(root):
    path = root / "fixations.csv"
    path.write_text(path.read_text().replace("SESSION_ID", "SESSION", 1))


def spoil_cell(root):
    path = root / "fixations.csv"
    path.write_text(path.read_text().replace("\n1,", "\none,", 1))


@pytest.mark.parametrize(
    ("spoil", "ids", "said"),
    [
        pytest.param(spoil_column, [dicom_id(1)], "SESSION_ID", id="no-column"),
        pytest.param(spoil_cell, [dicom_id(1)], "'one'", id="no-number"),
        pytest.param(lambda root: None, ["other"], "none of the readings", id="other-tree"),
        pytest.param(
            lambda root: (root / "fixations.csv").unlink(), ["x"], "no such file", id="no-file"
        ),
    ],
)
def test_a_raw_tree_that_does_not_serve_is_said(tmp_path, spoil, ids, said):
    root = egd_tree(tmp_path / "egd").finish()
    spoil(root)
    with pytest.raises(ManifestError, match=said):
        read_sessions(root, ids, 5.0)


@pytest.fixture
def both(tmp_path):
    """Tables with planted gaze, and the raw tree that has their sessions."""
    root = egd_tree(tmp_path / "raw" / "egd").finish()
    return write(tmp_path / "tables", name=dicom_id), root


def test_sessions_are_told_with_pixels_degrees_and_leads(both, params, tmp_path):
    tables, root = both
    out = tmp_path / "sync.json"
    printed = gazescribe("sync", tables, "--raw", root.parent, "--params", params, "--out", out)
    assert "session 2: right 0.30°" in printed
    found = json.loads(out.read_text())["sessions"]
    assert found["2"]["calibration"]["x_screen_px"]["value"] == pytest.approx(12, abs=0.05)
    assert found["2"]["calibration"]["y_screen_px"]["value"] == pytest.approx(-50, abs=0.05)
    assert found["2"]["anatomy"]["tied_to"] == "calibration"
    assert found["1"]["arrival"]["value_s"] == pytest.approx(1.5, abs=0.3)
    assert len(found["1"]["readings"]) == 6


def test_no_calibration_rows_are_said(tmp_path, params):
    root = egd_tree(tmp_path / "egd", calibrated=False).finish()
    tables = write(tmp_path / "tables", name=dicom_id)
    printed = gazescribe("sync", tables, "--raw", root, "--params", params)
    assert "no drift by calibration" in printed
    found = summary(tables, "--raw", root, "--params", params)["sessions"]["1"]
    assert found["calibration"] is None
    assert found["anatomy"]["tied_to"] == "the mean of sessions"


def test_both_corrections_are_applied_to_a_copy(both, params, tmp_path):
    tables, root = both
    delayed(tables, 0.8)
    before = {path.name: path.read_bytes() for path in tables.iterdir()}
    out = tmp_path / "moved"
    options = ("--raw", root, "--params", params, "--apply", out, "--what", "both", "--json")
    done = json.loads(gazescribe("sync", tables, *options))
    assert {path.name: path.read_bytes() for path in tables.iterdir()} == before
    offset_s = done["applied"]["offset_s"]
    assert offset_s == pytest.approx(-0.8, abs=0.2)
    drift = {
        axis: done["sessions"]["2"]["calibration"][f"{axis}_deg"]["value"] for axis in ("x", "y")
    }
    was, now = (read_table(folder, "fixations").to_pandas() for folder in (tables, out))
    second = was["reading_id"].isin(done["sessions"]["2"]["readings"])
    assert second.sum() == 6 * 112
    for axis, per_deg in (("x", 10), ("y", 12)):
        moved = now[f"{axis}_px"] - was[f"{axis}_px"]
        np.testing.assert_allclose(moved[second], -drift[axis] * per_deg, atol=1e-9)
        assert (moved[~second] == 0).all()
    spoken = [read_table(folder, "words")["onset_s"].to_numpy() for folder in (tables, out)]
    np.testing.assert_allclose(spoken[1] - spoken[0], offset_s)
    assert (out / "regions.parquet").read_bytes() == before["regions.parquet"]
    assert b"sync" in pq.read_schema(out / "words.parquet").metadata
    assert json.loads((out / "sync.json").read_text())["applied"] == done["applied"]
    again = summary(out, "--raw", root, "--params", params)
    assert again["offset"]["value_s"] == pytest.approx(0, abs=0.11)
    twice = invoke("sync", out, "--apply", tmp_path / "twice", "--what", "offset")
    assert twice.exit_code == 2
    assert "moved by sync already" in twice.output


def test_an_offset_that_may_be_none_is_not_applied(both, params, tmp_path):
    tables, root = both
    arrival = summary(tables, "--params", params)["arrival"]
    assert arrival["low_s"] < arrival["value_s"] < arrival["high_s"]
    content = yaml.safe_load(params.read_text())
    content["sync"]["expected_arrival_s"] = arrival["value_s"]
    params.write_text(yaml.safe_dump(content))
    common = ("sync", tables, "--raw", root, "--params", params, "--apply", tmp_path / "moved")
    refused = invoke(*common, "--what", "offset")
    assert refused.exit_code == 2
    assert "the offset cannot be told from 0: " in refused.output
    assert not (tmp_path / "moved").exists()
    printed = gazescribe(*common, "--what", "both")
    assert "moved gaze of 6 readings; moved words by 0 s (its interval holds 0)" in printed
    assert (tmp_path / "moved/words.parquet").read_bytes() == (
        tables / "words.parquet"
    ).read_bytes()


def test_why_no_gaze_was_moved(tmp_path, params):
    root = egd_tree(tmp_path / "egd", calibrated=False).finish()
    tables = write(tmp_path / "tables", name=dicom_id)
    options = ("--raw", root, "--params", params, "--apply", tmp_path / "moved", "--what", "drift")
    assert "moved gaze of 0 readings (all intervals hold 0)" in gazescribe("sync", tables, *options)


@pytest.mark.parametrize(
    ("value_s", "said"),
    [
        pytest.param(0.4, "gaze leads words by 0.40 s (0.30 to 0.50)", id="before"),
        pytest.param(-0.1, "gaze follows words by 0.10 s (0.00 to 0.20)", id="after"),
    ],
)
def test_gaze_before_and_after_speech(value_s, said):
    found = {"value_s": value_s, "low_s": value_s - 0.1, "high_s": value_s + 0.1}
    found |= {"n_phrases": 9, "n_readings": 5, "p": 0.01}
    told = list(
        lines({**dict.fromkeys(("lead", "arrival", "offset"), found), "sessions": {}}, SYNC)
    )
    assert told[0].startswith(said)
    after = value_s < 0
    assert f"{'after' if after else 'before'} the sentence; 1.5 s before it was expected" in told[1]


def test_samples_move_with_the_fixations_and_may_leave_the_image(both, params, tmp_path):
    tables, root = both
    second = dicom_id(1)
    rows = [
        {"reading_id": one, "sample": k, "time_s": k / 60, "x_px": x, "y_px": 40.0}
        | {"valid": True, "inside": True}
        for one in (dicom_id(0), second)
        for k, x in enumerate([0.0, 50.0])
    ]
    shutil.rmtree(tables)
    write(tables, name=dicom_id)
    write_table(table(rows, "samples"), tables, "samples", {"source": "kept"})
    out = tmp_path / "moved"
    gazescribe("sync", tables, "--raw", root, "--params", params, "--apply", out, "--what", "drift")
    now = read_table(out, "samples").to_pandas()
    mine = now[now["reading_id"] == second]
    assert mine["inside"].tolist() == [False, True]
    assert mine["x_px"].tolist() == pytest.approx([-3.0, 47.0], abs=0.1)
    assert now[now["reading_id"] != second]["x_px"].tolist() == [0.0, 50.0]
    assert pq.read_schema(out / "samples.parquet").metadata[b"source"] == b"kept"
    assert (out / "words.parquet").read_bytes() == (tables / "words.parquet").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(["--apply", "new"], "belong together", id="apply-alone"),
        pytest.param(["--what", "drift"], "belong together", id="what-alone"),
        pytest.param(["--apply", "new", "--what", "drift"], "needs sessions", id="no-raw"),
        pytest.param(["--apply", "tables", "--what", "offset"], "something here", id="in-place"),
        pytest.param(
            ["--apply", "tables/new", "--what", "offset"], "folder that it is", id="below"
        ),
        pytest.param(["--raw", "."], "no egd tree is here", id="no-tree"),
    ],
)
def test_requests_that_cannot_be_met_are_said(tmp_path, monkeypatch, options, said):
    write(tmp_path / "tables", n=5)
    monkeypatch.chdir(tmp_path)
    shown = invoke("sync", "tables", *options)
    assert shown.exit_code == 2
    assert said in shown.output
    assert not (tmp_path / "new").exists()


def test_other_data_sets_have_neither_these_boxes_nor_sessions(tmp_path):
    chest = {"reading_id": "R1", "region": "chest", "xmin_px": 0, "ymin_px": 0}
    tables = write_tables(
        tmp_path / "tables",
        readings=[reading("R1", "the heart is normal .")],
        fixations=[fixation(0, 0, 1)],
        regions=[{**chest, "xmax_px": 9, "ymax_px": 9}],
    )
    shown = invoke("sync", tables)
    assert shown.exit_code == 2
    assert "(found: chest)" in shown.output
    shown = invoke("sync", tables, "--raw", tmp_path)
    assert "these tables are of reflacx, not of egd" in shown.output
    (tables / "regions.parquet").unlink()
    with pytest.raises(SchemaError, match="no table regions"):
        run(tables, None, SYNC)
