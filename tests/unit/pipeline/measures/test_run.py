"""One reading whose measures are worked out by hand."""

import csv

import pytest

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.measures.run import NAMES, Sources, run
from gazescribe.pipeline.measures.settings import Measures
from tests.synthetic import fixation, mention, reading, table, write_tables
from tests.unit.pipeline.scanpaths.test_run import gaussian, window

PARAMS = Measures(
    max_saccade_s=0.1, coverage_deg=1.0, lungs=["left lung", "right lung"], entropy_grid=(1, 2)
)
LEAST = {"min_share": 0.2, "min_certainty": 3, "workers": 1}
TEXT = "edema seen . left lung clear ."
BOX = {"xmin_px": 0, "ymin_px": 0, "xmax_px": 40, "ymax_px": 80}
LEFT, RIGHT = {"x_px": 20.0, "y_px": 40.0}, {"x_px": 80.0, "y_px": 40.0}


@pytest.fixture
def lab(tmp_path):
    """R1 looks left, left, right, left, and off the image; the sentence of edema ends at 2.5 s."""
    looks = [
        fixation(0, 0.0, 0.2, **LEFT),
        fixation(1, 0.25, 0.5, **LEFT),
        fixation(2, 0.55, 2.55, **RIGHT),
        fixation(3, 2.6, 3.0, **LEFT),
        fixation(4, 4.0, 4.5, x_px=500.0, y_px=0.0),
    ]
    tables = write_tables(
        tmp_path / "tables",
        readings=[
            reading("R1", TEXT),
            reading("R2", has_gaze=False),
            reading("R3", width_px=None),
            reading("R4"),
        ],
        fixations=looks,
        regions=[{"reading_id": "R1", "region": "left lung", **BOX}],
        ellipses=[
            {"reading_id": "R1", "ellipse": 0, "label": "Pulmonary edema", "certainty": 4, **BOX}
        ],
    )
    associated = tmp_path / "associated"
    windows = [
        {**window("R1", 0, "sentence", ["Edema"], 0.25, 1.0), "sentence": 0},
        window("R1", 1, "reading", [], 0, 4.5),
    ]
    drawn = [gaussian("R1", 0, 1, 0.25), gaussian("R1", 0, 2, 0.45)]
    write_table(table(windows, "windows"), associated, "windows")
    write_table(table(drawn, "gaussians"), associated, "gaussians")
    return Sources(tables, associated)


def measured(out, name):
    key = ("label", "kind", "region") if name != "reading_measures" else ("label",)
    rows = read_table(out, name).to_pylist()
    return {tuple(row[part] for part in key): row for row in rows}


def test_regions(lab, tmp_path):
    summary = run(lab, tmp_path / "out", PARAMS, **LEAST)
    rows = measured(tmp_path / "out", "region_measures")
    lung = rows["", "anatomy", "left lung"]
    assert lung["dwell_s"] == pytest.approx(0.85)
    assert lung["share"] == pytest.approx(0.85 / 3.35)
    assert (lung["n_fixations"], lung["n_visits"], lung["first_fixation_s"]) == (3, 2, 0.0)
    assert lung["visit_mean_s"] == pytest.approx(0.425)
    assert lung["area_share"] == pytest.approx(40.5 / 100, abs=0.01)
    assert lung["n_revisits_after_mention"] is None
    assert rows["", "image", "image"]["share"] == pytest.approx(2.85 / 3.35)
    edema = rows["Edema", "ellipse", "Edema"]
    assert edema["dwell_s"] == pytest.approx(0.25)
    assert edema["share"] == pytest.approx(0.25 / 0.7)
    assert (edema["n_visits"], edema["first_fixation_s"]) == (1, 0.25)
    # The last look left begins at 2.6 s, behind the sentence, and is not the first.
    assert edema["n_revisits_after_mention"] == 1
    assert rows["Edema", "anatomy", "left lung"]["n_revisits_after_mention"] == 1
    assert summary["left_out"]["readings"] == {
        "no fixation": 1,
        "no gaze": 1,
        "no image size": 1,
    }


def test_readings(lab, tmp_path):
    run(lab, tmp_path / "out", PARAMS, **LEAST)
    rows = measured(tmp_path / "out", "reading_measures")
    whole, edema = rows["",], rows["Edema",]
    assert (whole["n_fixations"], whole["n_saccades"]) == (5, 3)
    assert whole["gaze_s"] == pytest.approx(3.35)
    assert whole["off_image_share"] == pytest.approx(0.5 / 3.35)
    assert whole["fixation_rate_hz"] == pytest.approx(5 / 4.5)
    assert whole["fixation_median_s"] == pytest.approx(0.4)
    assert whole["saccade_mean_s"] == pytest.approx(0.05)
    assert whole["amplitude_mean_px"] == pytest.approx(40)
    assert whole["path_deg"] == pytest.approx(120 / whole_scale(lab))
    # Transitions: left to left, left to right, right to left.
    assert whole["stationary_entropy"] == pytest.approx(0.9183, abs=1e-4)
    assert whole["transition_entropy"] == pytest.approx(2 / 3)
    assert whole["lung_coverage"] > edema["lung_coverage"] - 1e-9
    assert (edema["n_fixations"], edema["n_saccades"]) == (2, 1)
    assert edema["fixation_sd_s"] == pytest.approx(1.75 / 2**0.5)


def whole_scale(lab):
    return read_table(lab.tables, "fixations")["px_per_deg_x"][0].as_py()


def test_leads(lab, tmp_path):
    """Words come each second: edema at 0 s, "left lung" at 3 s, whose sentence begins then."""
    mentions = tmp_path / "mentions.parquet"
    span = {**mention(TEXT, "edema"), "onset_s": 0.0, "offset_s": 0.5}
    write_table(table([span], "mentions"), tmp_path, "mentions")
    sources = Sources(lab.tables, lab.associated, mentions=mentions)
    run(sources, tmp_path / "out", PARAMS, **LEAST)
    rows = measured(tmp_path / "out", "mention_leads")
    edema = rows["Edema", "ellipse", "Edema"]
    assert (edema["sentence_s"], edema["word_s"], edema["look_s"]) == (0.0, 0.0, 0.0)
    assert (edema["visit_s"], edema["lead_s"]) == (0.5, 0.0)
    lung = rows["", "anatomy", "left lung"]
    assert (lung["sentence"], lung["sentence_s"], lung["word_s"]) == (1, 3.0, 3.0)
    assert lung["look_s"] == 2.6
    assert lung["word_lead_s"] == pytest.approx(0.4)


def test_own_regions_are_measured_too(lab, tmp_path):
    path = tmp_path / "own.csv"
    text = "reading_id,region,xmin_px,ymin_px,xmax_px,ymax_px\nR1,edema,60,0,99,80\n"
    path.write_text(text)
    sources = Sources(lab.tables, lab.associated, regions=path)
    run(sources, tmp_path / "out", PARAMS, **LEAST)
    own = measured(tmp_path / "out", "region_measures")["Edema", "own", "edema"]
    assert own["dwell_s"] == pytest.approx(0.45)
    lead = measured(tmp_path / "out", "mention_leads")["Edema", "own", "edema"]
    assert lead["lead_s"] == pytest.approx(-0.55)  # first looked at behind the sentence's begin


def test_names_of_own_regions_are_no_formulas(lab, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("reading_id,region,xmin_px,ymin_px,xmax_px,ymax_px\nR1,=1+1,60,0,99,80\n")
    run(Sources(lab.tables, lab.associated, regions=path), tmp_path / "out", PARAMS, **LEAST)
    with (tmp_path / "out/region_measures.csv").open(newline="") as file:
        named = {row["region"] for row in csv.DictReader(file)}
    assert "'=1+1" in named
    assert "=1+1" not in named


def test_every_column_is_explained_beside_the_tables(lab, tmp_path):
    run(lab, tmp_path / "out", PARAMS, **LEAST)
    with (tmp_path / "out/columns.csv").open(newline="") as file:
        explained = {(row["table"], row["column"]) for row in csv.DictReader(file)}
    for name in NAMES:
        with (tmp_path / f"out/{name}.csv").open(newline="") as file:
            assert {(name, column) for column in next(csv.reader(file))} <= explained


def test_windows_of_other_tables(lab, tmp_path):
    other = write_tables(tmp_path / "other", readings=[reading("R9")])
    out = tmp_path / "out"
    with pytest.raises(SchemaError, match="1 readings have windows but are not in"):
        run(Sources(other, lab.associated), out, PARAMS, **LEAST)
    write_table(table([gaussian("R1", 0, 9, 1.0)], "gaussians"), lab.associated, "gaussians")
    with pytest.raises(AlignmentError, match="R1: 1, the first of them 9"):
        run(lab, out, PARAMS, **LEAST)
