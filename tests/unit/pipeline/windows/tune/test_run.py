import json
import shutil

import pandas as pd
import pytest
import yaml

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.windows.tune.candidates import learned_weights
from gazescribe.pipeline.windows.tune.cases import gather
from gazescribe.pipeline.windows.tune.run import share_training
from gazescribe.pipeline.windows.tune.settings import SearchSettings
from tests.conftest import ROOT
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, mention, reading, table, write_tables

TEXT = "edema is here. the lungs are clear. there may be a fracture."
FILES = {
    "scores.parquet",
    "scores.csv",
    "ranking.csv",
    "by_label.csv",
    "params.patch.yaml",
    "tune.json",
    *(f"iou_by_{what}.{suffix}" for what in ("delay", "label") for suffix in ("png", "pdf", "svg")),
    "captions.json",
    "headline.json",
}


@pytest.fixture(scope="session")  # the test with workers runs last
def given(tmp_path_factory):
    """Four subjects; the eyes rest on the ellipse from 1 s on, while and after it is named."""
    folder = tmp_path_factory.mktemp("tune")
    ids = [f"R{number}" for number in range(4)]
    boxes = {"xmin_px": 10, "ymin_px": 10, "xmax_px": 50, "ymax_px": 60, "certainty": 4}
    tables = write_tables(
        folder / "tables",
        readings=[
            reading(one, TEXT, phase=1, split="train", subject_id=99000000 + number)
            for number, one in enumerate(ids)
        ],
        fixations=[
            fixation(at, at, at + 0.9, reading_id=one, x_px=30 + at, y_px=35 + 2 * at)
            for one in ids
            for at in range(14)
        ],
        ellipses=[
            {"reading_id": one, "ellipse": at, "label": label, **boxes}
            for one in ids
            for at, label in enumerate(["Pulmonary edema", "Fracture"])
        ],
    )
    mentions = [
        mention(TEXT, said, label, report_id=one)
        for one in ids
        for said, label in (("edema", "pulmonary edema"), ("fracture", "acute fracture & fracture"))
    ]
    path = folder / "mentions.parquet"
    table(mentions, "mentions").to_pandas().to_parquet(path)
    return tables, path


@pytest.fixture(scope="session")  # the test with workers runs last
def params(tmp_path_factory):
    """Small and quick, with all ideas switched on."""
    content = yaml.load(resource("params.yaml").read_text(), yaml.CSafeLoader)
    content["tune"] |= {"size": 64, "n_bootstrap": 20}
    for idea in ("soft", "contrast", "context", "learned"):
        content["tune"][idea]["used"] = True
    path = tmp_path_factory.mktemp("params") / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope="session")  # the test with workers runs last
def out(given, params, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "tune"
    said = gazescribe("tune", *given, out, "--params", params, "--workers", 1)
    assert said.startswith("158 rules on 4 readings of 4 subjects; best ")
    return out


def test_what_is_written(out):
    assert entries(out) == FILES
    summary = json.loads((out / "tune.json").read_text())
    assert summary["split_source"] == "unknown"
    assert summary["n_by_label"] == {"Edema": 4, "Opacity": 4, "Fracture": 4}
    assert summary["params"]["tune"]["soft"]["used"]
    assert summary["best"]["iou_cross_validated"] > 0.2
    ranking = pd.read_csv(out / "ranking.csv")
    assert ranking["stage"].value_counts().to_dict() == {
        "coarse": 54,
        "coarse and fine": 2,
        "fine": 11,
        "soft window": 36,
        "contrast": 26,
        "context": 26,
        "learned": 3,
        "floor": 2,
        "ceiling": 2,
    }
    assert ranking["rule"][0] == summary["best"]["rule"]
    scores = read_table(out, "scores")
    assert scores.num_rows == len(ranking) * 3 * 1001
    assert len(pd.read_csv(out / "scores.csv")) == len(ranking) * 3 * 26


def test_dvc_names_the_parameters_that_are_used(out):
    """And no others: a new delay for `associate` runs no search."""
    used = json.loads((out / "tune.json").read_text())["params"]
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["tune"]
    keys = {f"{section}.{key}" for section in ("associate", "heatmaps") for key in used[section]}
    *params, of_profile = stage["params"]
    assert set(params) == {*keys, "learned", "tune", "figures"}
    sections = [f"overrides.{section}" for section in ("associate", "heatmaps", "tune")]
    assert of_profile == {"params/${profile}.yaml": sections}


def test_patch_makes_parameters(out, given, tmp_path):
    found = yaml.safe_load((out / "params.patch.yaml").read_text())
    ranking = pd.read_csv(out / "ranking.csv")
    known = ["coarse", "fine", "coarse and fine", "learned"]
    best = ranking[ranking["stage"].isin(known)].iloc[0]
    assert found["associate"]["method"] == ("learned" if best["stage"] == "learned" else "window")
    content = yaml.load(resource("params.yaml").read_text(), yaml.CSafeLoader)
    content["associate"] |= found["associate"]
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    gazescribe("associate", *given, tmp_path / "associated", "--params", path)


@pytest.mark.usefixtures("two_workers")
def test_two_workers_write_the_same_bytes(out, given, params, tmp_path):
    gazescribe("tune", *given, tmp_path, "--params", params, "--workers", 2)
    assert entries(tmp_path) == FILES
    for name in sorted(FILES):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes(), name


def test_published_thresholds(given, tmp_path):
    gazescribe("tune", *given, tmp_path, "--thresholds", "published", "--workers", 1)
    scores = read_table(tmp_path, "scores")
    assert len(set(scores["threshold"].to_pylist())) == 26
    assert scores.num_rows == 71 * 3 * 26
    summary = json.loads((tmp_path / "tune.json").read_text())
    assert summary["params"]["tune"]["thresholds"] == "published"


def test_no_fixation_is_an_error_for_people(given, tmp_path):
    tables, mentions = given
    bare = shutil.copytree(tables, tmp_path / "tables")
    write_table(TABLES["fixations"].schema.empty_table(), bare, "fixations")
    result = invoke("tune", bare, mentions, tmp_path / "out")
    assert result.exit_code == 2
    assert "none of 4 readings with an ellipse and a mention has a fixation" in result.output
    assert not (tmp_path / "out").exists()


def test_no_case_is_an_error_for_people(given, tmp_path):
    content = yaml.load(resource("params.yaml").read_text(), yaml.CSafeLoader)
    content["tune"]["phases"] = [2]
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    result = invoke("tune", *given, tmp_path / "out", "--params", path)
    assert result.exit_code == 2
    assert "no training reading of phases [2] has gaze and an ellipse" in result.output
    assert "other phase: 4" in result.output
    assert not (tmp_path / "out").exists()


def test_rules_that_learn_weigh_as_associate_does(given, tmp_path):
    """On training readings, each explained by the other folds."""
    tables, mentions = given
    gazescribe("associate", tables, mentions, tmp_path / "out", "--method", "learned")
    gaussians = read_table(tmp_path / "out", "gaussians").to_pandas()
    params, label_map = load_params(), load_label_map()
    settings = SearchSettings(
        tune=params.tune,
        associate=params.associate,
        learned=params.learned,
        heatmaps=params.heatmaps,
    )
    shared = share_training(tables, mentions, settings, label_map, None, "utf-8")
    cases, _ = gather(tables, mentions, settings, label_map, shares=shared.shares)
    for case in cases:
        weight_s = learned_weights(case, params=params.learned)
        for window, expected in enumerate(weight_s):  # windows of sentences are the first
            own = gaussians[gaussians["reading_id"].eq(case.reading_id)]
            own = own[own["window"] == window].set_index("fixation")["weight_s"]
            found = own.reindex(case.gaussians["fixation"], fill_value=0)
            assert found.to_numpy() == pytest.approx(expected)
    assert len(cases) == 4
