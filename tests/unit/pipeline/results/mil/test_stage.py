"""The whole stage on synthetic scores: what it writes, and that it is the same every time."""

import json
import shutil

import pandas as pd
import pytest

from gazescribe.pipeline.core.files import entries, replacing_folder
from tests.printed import checking_save
from tests.results_files import check_results
from tests.running import gazescribe, invoke
from tests.scores import IOU, MODELS, write_examples, write_scores

TABLES = (
    "table_1_auroc_by_label",
    "table_2_label_groups",
    "table_3_counts",
    "table_5_averages",
    "table_6_iou_by_label",
    "table_6_by_map",
    "table_7_ablation",
    "ellipse_shares",
    "noise",
    "lambdas",
    "comparisons",
    "maps",
    "thresholds",
    "histogram",
)
FIGURES = (
    "table_1_auroc_by_label",
    "table_5_averages",
    "table_6_iou_by_label",
    "table_6_pointing_by_label",
    "table_7_ablation",
    "ellipse_shares",
    "lambdas",
    "histogram",
    "figure_4",
    "figure_4_by_label",
)
JSON = ("tables", "tabulate", "captions", "headline")
MORE = {
    "ellipse_20": {"supervision": "ellipse", "annotated_share": 0.2},
    "et_light": {"lambda_annotated": 0.3},
}
FEW = ("unannotated", "ellipse", "et", "et_degraded", "ablation_4")
NOISE = {
    "params": {"label": "Pleural abnormality"},
    "before": {"certainty_above_0": {"recall": 0.9, "precision": 0.9}},
    "after": {"certainty_above_0": {"recall": 0.5, "precision": 0.8}},
    "shares": {
        "drop": {"asked": 0.45, "reached": 0.44},
        "add": {"asked": 0.05, "reached": 0.05, "possible": 0.5},
    },
}


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scores")
    models = {name: MODELS[name] for name in FEW} | MORE
    write_scores(folder, models, seeds=(0, 1), iou=IOU | {"ellipse_20": 0.24})
    for name in ("unannotated", "ellipse", "et"):
        write_examples(folder / f"{name}-seed0", n=4)
    return folder


@pytest.fixture(scope="module")
def params(tmp_path_factory):
    """Fewer resamples."""
    from gazescribe.pipeline.core.resources import resource

    text = resource("params.yaml").read_text(encoding="utf-8")
    file = tmp_path_factory.mktemp("params") / "params.yaml"
    head, section, tail = text.partition("\ntabulate:")
    tail = tail.replace("n_bootstrap: 1000", "n_bootstrap: 50", 1)
    file.write_text(head + section + tail.replace("n_examples: 3", "n_examples: 1", 1))
    return file


@pytest.fixture(scope="module")
def out(scores, params, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    degraded = folder / "degraded.json"
    degraded.write_text(json.dumps(NOISE))
    options = ["--params", params, "--degraded", degraded]
    printed = gazescribe("tabulate", "mil", scores, folder / "out", *options)
    assert printed == (
        "mil: 14 runs of 7 models, 13 tables and 9 figures; not made for want of runs or options:"
        f" histogram → {folder / 'out'}\n"
    )
    return folder / "out"


def test_files(out):
    found = entries(out)
    tables = {f"{name}.csv" for name in TABLES if name != "histogram"}
    drawn = [name for name in FIGURES if name != "histogram"]
    pictures = {f"{name}.{suffix}" for name in drawn for suffix in ("png", "pdf", "svg")}
    latex = {path.replace(".csv", ".tex") for path in tables} | {"figures.tex", "results.tex"}
    assert found == tables | pictures | {f"{name}.json" for name in JSON} | {"tables.md"} | latex
    headline = json.loads((out / "headline.json").read_text())["mil"]
    summary = json.loads((out / "tabulate.json").read_text())["models"]["et"]
    assert headline == {name: summary[name] for name in ("auroc", "iou")}


def test_the_planted_order(out):
    frame = pd.read_csv(out / "table_5_averages.csv")
    iou = frame[frame["metric"] == "iou"].set_index("model")["mean"]
    assert iou["unannotated"] < iou["et"] < iou["ellipse"]
    tested = pd.read_csv(out / "comparisons.csv").set_index(["metric", "model", "other"])
    assert tested.loc[("iou", "et", "unannotated"), "low"] > 0
    assert tested.loc[("iou", "et", "ellipse"), "high"] < 0
    assert tested.loc[("iou", "et", "unannotated"), "p_images"] < 0.001
    known = frame.dropna(subset="published")
    assert set(known["published_source"]) == {"readme"}
    assert frame.loc[frame["published"].isna(), "published_source"].isna().all()


def test_metrics(out):
    found = json.loads((out / "tabulate.json").read_text())
    assert found["not_made"] == ["histogram"]
    et = found["models"]["et"]
    assert et["map"] == "decoder"
    assert et["iou"] == pytest.approx(0.26, abs=0.03)
    assert et["labels_left_out"] == {"auroc": ["Opacity"], "iou": [], "pointing": []}
    assert et["labels_without_validation_case"] == ["Fracture"]
    (share,) = found["equal_share"]
    assert share["share"] == pytest.approx(0.2 + 0.8 * 0.02 / 0.1, abs=0.15)
    assert share["low"] <= share["share"] <= share["high"]


def test_page(out):
    text = (out / "tables.md").read_text()
    assert text.count("\n## ") == 13
    assert "Mentions of Pleural abnormality before: recall 0.900" in text
    assert "nan" not in text.lower().replace("unannotated", "")
    assert "One seed" not in text
    assert "0.335 †" in text
    assert "† README of github.com" in text
    assert "‡ from the paper's text" in text


def test_tables_as_data(out):
    content = json.loads((out / "tables.json").read_text())
    tables = {table["name"]: table for table in content["tables"]}
    assert [*tables] == [name for name in TABLES if name != "histogram"]
    assert {*content["footnotes"]} == {"†", "‡"}
    iou = tables["table_6_iou_by_label"]
    assert iou["figures"] == ["table_6_iou_by_label", "table_6_pointing_by_label"]
    frame = pd.read_csv(out / iou["file"])
    values = iou["values"]
    assert [column["name"] for column in values["columns"]] == list(frame.columns)
    read = pd.DataFrame(values["rows"], columns=list(frame.columns)).astype(frame.dtypes)
    pd.testing.assert_frame_equal(read, frame)
    page = (out / "tables.md").read_text()
    for table in tables.values():
        for row in table["shown"]["rows"]:
            assert f"| {' | '.join(row)} |" in page


def test_the_same_bytes_every_time(out, scores, params, tmp_path, monkeypatch):
    """Pictures have their own test; here each is looked at."""
    check, faults = checking_save(monkeypatch)
    monkeypatch.setattr("gazescribe.pipeline.results.writing.save", check)
    degraded = out.parent / "degraded.json"
    options = ["--params", params, "--degraded", degraded]
    gazescribe("tabulate", "mil", scores, tmp_path / "out", *options)
    assert faults == {name: [] for name in FIGURES if name != "histogram"}
    written = sorted(entries(tmp_path / "out"))
    assert len(written) == 33
    for name in written:
        assert (out / name).read_bytes() == (tmp_path / "out" / name).read_bytes(), name


def test_one_seed_and_one_model(scores, params, tmp_path, monkeypatch):
    """Intervals over seeds are null; what an earlier run made and this one does not is removed."""
    monkeypatch.setattr("gazescribe.pipeline.results.writing.save", lambda *_: None)
    few = tmp_path / "scores"
    shutil.copytree(scores / "unannotated-seed0", few / "unannotated-seed0")
    out = tmp_path / "out"
    with replacing_folder(out, "results") as folder:
        for stale in ("table_7_ablation.csv", "lambdas.png", "kept.csv"):
            (folder / stale).write_text("old")
    printed = gazescribe("tabulate", "mil", few, out, "--params", params, "--json")
    assert json.loads(printed) == json.loads((out / "tabulate.json").read_text())
    assert not (out / "table_7_ablation.csv").exists()
    assert not (out / "lambdas.png").exists()
    assert (out / "kept.csv").exists()
    frame = pd.read_csv(out / "table_5_averages.csv")
    assert frame[["paper_low", "t_high"]].isna().all(axis=None)
    assert frame["subjects_low"].notna().all()
    assert "One seed, so no interval over seeds: unannotated." in (out / "tables.md").read_text()


def test_the_histogram_needs_maps_that_the_grid_divides(scores, tmp_path):
    maps = tmp_path / "maps"
    maps.mkdir()
    result = invoke("tabulate", "mil", scores, tmp_path / "out", "--heatmaps", maps)
    assert result.exit_code == 2
    assert "there is no index of heatmaps" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("{", "this is not what `gazescribe degrade --against` writes", id="no JSON"),
        pytest.param(json.dumps({"params": {}}), "KeyError('label')", id="key"),
        pytest.param(
            json.dumps({name: NOISE[name] for name in NOISE if name != "shares"}),
            "KeyError('shares')",
            id="of an older version",
        ),
        pytest.param(
            json.dumps(NOISE | {"params": {"label": "Emphysema"}}),
            "'Emphysema' is none",
            id="label",
        ),
    ],
)
def test_degraded_that_cannot_be_used(scores, tmp_path, content, message):
    (tmp_path / "degraded.json").write_text(content)
    options = ["--degraded", tmp_path / "degraded.json"]
    result = invoke("tabulate", "mil", scores, tmp_path / "out", *options)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_no_run(tmp_path):
    result = invoke("tabulate", "mil", tmp_path, tmp_path / "out")
    assert result.exit_code == 2
    assert "there is no run in this folder. Give the folder that" in result.output


def test_latex_and_csv_say_what_the_json_says(out):
    check_results(out)
