import json
import re

import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.windows import associate, parts
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, mention, reading, table, write_tables

TEXT = "all fine . left edema seen . right fracture ."
SPLITS = ("train", "train", "train", "train", "validate", "test")
PLACES = {"edema": (30, 60), "fracture": (70, 20)}


def gaze(reading_id, number):
    """Search until 2.5 s, then edema, and from 7 s on the fracture."""
    random = np.random.default_rng(number)
    for at in range(24):
        onset_s = at * 0.45
        place = random.uniform(0, 100, 2)
        if onset_s > 2.5:
            place = random.normal(PLACES["edema" if onset_s < 7 else "fracture"], 3)
        where = {"x_px": place[0], "y_px": place[1], "reading_id": reading_id}
        yield fixation(at, onset_s, onset_s + 0.4, **where)


@pytest.fixture(scope="session")  # the test with workers runs last
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learned")
    ids = [f"R{number}" for number in range(len(SPLITS))]
    chest = {"region": "chest", "xmin_px": 5, "ymin_px": 5, "xmax_px": 95, "ymax_px": 75}
    write_tables(
        folder / "tables",
        readings=[
            reading(one, TEXT, split=split, subject_id=99000000 + number)
            for number, (one, split) in enumerate(zip(ids, SPLITS, strict=True))
        ],
        fixations=[row for number, one in enumerate(ids) for row in gaze(one, number)],
        regions=[{"reading_id": one, **chest} for one in ids],
    )
    said = [("edema", "pulmonary edema"), ("fracture", "acute fracture & fracture")]
    mentions = [mention(TEXT, *each, report_id=one) for one in ids for each in said]
    table(mentions, "mentions").to_pandas().to_parquet(folder / "mentions.parquet")
    gazescribe(*arguments(folder, "out"))
    return folder


def arguments(folder, out, *options):
    told = folder / "mentions.parquet"
    return "associate", folder / "tables", told, folder / out, "--method", "learned", *options


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_gaze_goes_to_the_sentence_of_its_place(folder):
    windows = read_table(folder / "out", "windows").to_pandas()
    gaussians = read_table(folder / "out", "gaussians").to_pandas()
    of_sentences = windows[windows["kind"] == "sentence"]
    assert len(of_sentences) == 2 * len(SPLITS)
    drawn = gaussians.merge(of_sentences[["reading_id", "window", "labels"]])
    for label, place in (("Edema", PLACES["edema"]), ("Fracture", PLACES["fracture"])):
        own = drawn[drawn["labels"].map(lambda labels, label=label: label in labels)]
        near = np.hypot(own["x_px"] - place[0], own["y_px"] - place[1]) < 15
        assert own["weight_s"][near].sum() > 0.8 * own["weight_s"].sum()


def test_the_summary_says_what_was_learnt_from(folder):
    counts = json.loads((folder / "out" / "associate.json").read_text())
    learned = {"n_readings_of_fit": 4, "n_subjects_of_fit": 4, "n_readings_without_places": 0}
    assert counts["learned"] == learned
    assert counts["params"]["method"] == "learned"
    assert counts["params"]["learned"]["folds"] == 5


@pytest.mark.usefixtures("two_workers")
def test_the_same_bytes_for_any_number_of_workers(folder, monkeypatch):
    monkeypatch.setattr(parts, "READINGS_A_TASK", 2)
    for workers in (1, 2):
        gazescribe(*arguments(folder, f"by{workers}", "--workers", workers))
    assert content(folder / "by1") == content(folder / "by2")


def test_what_is_learnt_does_not_depend_on_how_readings_are_cut_into_tasks(folder, monkeypatch):
    monkeypatch.setattr(parts, "READINGS_A_TASK", 1)
    gazescribe(*arguments(folder, "cut", "--workers", 1))
    for name in ("windows", "gaussians"):
        assert read_table(folder / "cut", name).equals(read_table(folder / "out", name))
    assert content(folder / "cut")["fit.json"] == content(folder / "out")["fit.json"]


def test_a_fit_is_applied_to_other_data(folder):
    """Here to the same: readings of validation and test come out as they did."""
    fit = folder / "out" / "fit.json"
    line = gazescribe(*arguments(folder, "applied", "--fit", fit))
    assert "learnt from 4 readings of 4 subjects, 4 readings of these subjects without" in line
    assert (folder / "applied" / "fit.json").read_bytes() == fit.read_bytes()
    tables = [
        read_table(folder / out, "gaussians").to_pandas().query("reading_id in ('R4', 'R5')")
        for out in ("out", "applied")
    ]
    assert tables[0].equals(tables[1])


def test_a_window_run_leaves_no_fit_behind(folder):
    gazescribe(*arguments(folder, "twice"))
    gazescribe("associate", folder / "tables", folder / "mentions.parquet", folder / "twice")
    assert not (folder / "twice" / "fit.json").exists()
    assert "learned" not in json.loads((folder / "twice" / "associate.json").read_text())


def test_without_mentions_nothing_is_learnt(folder):
    params = load_params()
    summary = associate.run(
        folder / "tables",
        None,
        folder / "bare",
        params.associate.model_copy(update={"method": "learned"}),
        learned=params.learned,
    )
    assert "learned" not in summary
    assert not (folder / "bare" / "fit.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--unit", "mention"], "method learned needs unit sentence", id="unit"),
        pytest.param(
            ["--method", "window", "--fit", "FIT"], "--fit is for method learned", id="fit"
        ),
        pytest.param(["--fit", "MENTIONS"], "is (no|not) ", id="no fit"),
    ],
)
def test_bad_options(folder, options, message):
    files = {"FIT": folder / "out" / "fit.json", "MENTIONS": folder / "mentions.parquet"}
    given = [files.get(option, option) for option in options]
    result = invoke(*arguments(folder, "refused", *given))
    assert result.exit_code == 2
    assert re.search(message, result.output), result.output
    assert not (folder / "refused").exists()
