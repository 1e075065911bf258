"""The whole stage on synthetic scores: what it writes, and that it is the same every time."""

import json
import re
import shutil

import pandas as pd
import pytest

from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.results.cooperative.stage import run
from gazescribe.pipeline.results.settings import Tabulate
from tests.cooperative_scores import N, reorder, write_examples, write_scores, write_training
from tests.printed import checking_save
from tests.results_files import check_results
from tests.running import invoke

TABLES = (
    "table_1_diagnosis",
    "diagnosis_tests",
    "table_2_saliency",
    "table_2_further_metrics",
    "saliency_tests",
    "gradcam",
    "gradcam_tests",
    "joint_or_staged",
    "inference_time",
)
FIGURES = ("table_1_diagnosis", "table_2_saliency", "gradcam", "joint_curves", "examples")
PARAMS = Tabulate(n_bootstrap=60, confidence=0.95, seed=0, n_examples=2, min_patients=8)
PICTURES = Figures(text="text")
STAGES = ("contrastive", "dual_encoder", "cooperative", "joint_sum")


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    folder = write_scores(tmp_path_factory.mktemp("scores"))
    kinds = ("target", "saliency", "gradcam")
    for name in ("cooperative-seed0", "mt_unet-seed0"):
        write_examples(folder / name, range(8), kinds)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    runs = [f"{name}-seed{seed}" for seed in (0, 1) for name in STAGES]
    return write_training(tmp_path_factory.mktemp("models"), runs)


@pytest.fixture(scope="module")
def out(scores, trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    summary = run(scores, folder, PARAMS, PICTURES, models=trained)
    assert summary == json.loads((folder / "tabulate.json").read_text())
    return folder


def test_files(out):
    found = entries(out)
    pictures = {f"{name}.{suffix}" for name in FIGURES for suffix in ("png", "pdf", "svg")}
    tables = {f"{name}.{suffix}" for name in TABLES for suffix in ("csv", "tex")}
    assert found == tables | pictures | {
        "figures.tex",
        "results.tex",
        "captions.json",
        "headline.json",
        "tables.md",
        "tables.json",
        "tabulate.json",
    }


def test_the_planted_order(out):
    frame = pd.read_csv(out / "table_1_diagnosis.csv").set_index(["metric", "model"])
    assert frame.loc[("macro", "cooperative"), "mean"] > frame.loc[("macro", "mt_unet"), "mean"]
    tested = pd.read_csv(out / "diagnosis_tests.csv").set_index(["metric", "model", "other"])
    better = tested.loc[("accuracy", "cooperative", "mt_unet")]
    assert better["low"] > 0
    assert better["p_mcnemar"] < better["p_mcnemar_holm"] < 0.01
    tested = pd.read_csv(out / "saliency_tests.csv").set_index(["pixels", "metric", "other"])
    own = tested.loc["valid"].loc["cc"]
    assert set(own.index) == {"mt_unet", "unet_s", "joint_sum", "centre_prior", "mean_map"}
    assert (own["low"] > 0).all()
    assert (own["p_t_holm"] < 0.001).all()
    assert (tested.loc["valid"].loc["kl", "high"] < 0).all()


def test_gradcam_stands_beside_maps_that_know_nothing(out):
    frames = [pd.read_csv(out / f"{name}.csv") for name in ("gradcam", "table_2_saliency")]
    gradcam, saliency = (one.set_index(["metric", "pixels", "model"])["mean"] for one in frames)
    for name in ("centre_prior", "mean_map"):
        assert gradcam[("cc", "valid", name)] == saliency[("cc", "valid", name)]
    tested = pd.read_csv(out / "gradcam_tests.csv")
    assert {"centre_prior", "mean_map"} < set(tested["other"])


def test_tables_say_which_tests_take_images_as_independent(out):
    text = (out / "tables.md").read_text()
    for tests in ("Wilson's interval takes", "McNemar:", "DeLong:", "t, Wilcoxon:"):
        assert re.search(rf"{tests}[^|#]* as independent, two of one patient too", text), tests


def test_published_figures_have_their_own_columns(out):
    frame = pd.read_csv(out / "table_2_saliency.csv").set_index(["metric", "model", "pixels"])
    ours = frame.loc[("kl", "cooperative", "all")]
    assert (ours["published"], ours["published_sd"]) == (0.706, 0.183)
    assert pd.isna(frame.loc[("kl", "cooperative", "valid"), "published"])
    frame = pd.read_csv(out / "table_1_diagnosis.csv").set_index(["metric", "model"])
    assert frame.loc[("micro", "mt_unet"), "published"] == 0.847
    assert frame.loc[("macro", "mt_unet"), "published"] == 0.834
    assert pd.isna(frame.loc[("micro", "cooperative"), "published"])
    assert (
        frame["weights"].drop(["mt_unet", "joint_sum"], level=1) == "imagenet.safetensors"
    ).all()


def test_metrics_and_page(out):
    found = json.loads((out / "tabulate.json").read_text())
    assert found["not_made"] == []
    assert found["not_scored"] == ["contrastive"]
    assert "gazegnn" in found["not_there"]
    assert found["models"]["cooperative"]["saliency_valid"]["undefined"]["nss"] == N * 2 // 5
    text = (out / "tables.md").read_text()
    assert text.count("\n## ") == len(TABLES)
    assert "nan" not in text.lower()
    assert "Nothing to score, by what they are: contrastive." in text
    assert "| macro" not in text


def test_the_order_of_rows_changes_no_byte(out, scores, trained, tmp_path, monkeypatch):
    """Pictures have their own test; here each is looked at."""
    check, faults = checking_save(monkeypatch)
    monkeypatch.setattr("gazescribe.pipeline.results.writing.save", check)
    turned = tmp_path / "turned"
    shutil.copytree(scores, turned)
    reorder(turned, [*range(20, N), *range(19, -1, -1)])
    file = "cooperative-seed0/classification.parquet"
    assert (turned / file).read_bytes() != (scores / file).read_bytes()
    run(turned, tmp_path / "out", PARAMS, PICTURES, models=trained)
    assert faults == {name: [] for name in FIGURES}
    written = sorted(entries(tmp_path / "out"))
    assert len(written) == 2 * len(TABLES) + 7
    for name in written:
        assert (out / name).read_bytes() == (tmp_path / "out" / name).read_bytes(), name


def test_one_seed_and_one_model(scores, tmp_path, monkeypatch):
    monkeypatch.setattr("gazescribe.pipeline.results.writing.save", lambda *_: None)
    few = tmp_path / "scores"
    shutil.copytree(scores / "unet_s-seed0", few / "unet_s-seed0")
    result = invoke("tabulate", "cooperative", few, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "1 runs of 1 models, 3 tables and 1 figures; not made for want of" in result.output
    frame = pd.read_csv(tmp_path / "out" / "table_2_saliency.csv")
    assert set(frame["model"]) == {"unet_s", "centre_prior", "mean_map"}
    assert frame[["t_low", "t_high"]].isna().all(axis=None)
    assert frame["subjects_low"].notna().all()
    assert (
        "One seed, so no interval over seeds: unet_s."
        in (tmp_path / "out" / "tables.md").read_text()
    )


def test_nothing_scored(scores, tmp_path):
    few = tmp_path / "scores"
    shutil.copytree(scores / "contrastive-seed0", few / "contrastive-seed0")
    summary = run(few, tmp_path / "out", PARAMS, PICTURES)
    assert summary["not_scored"] == ["contrastive"]
    assert (summary["tables"], summary["models"]) == ([], {})


def test_an_option_of_the_other_network(scores, tmp_path):
    result = invoke("tabulate", "mil", scores, tmp_path / "out", "--models", scores)
    assert result.exit_code == 2
    assert "--models is an option of cooperative, not of mil." in result.output


def test_a_model_that_was_scored_on_other_images(scores, tmp_path):
    few = tmp_path / "scores"
    shutil.copytree(scores / "cooperative-seed0", few / "cooperative-seed0")
    write_scores(few, {"mt_unet": {}}, seeds=[0], images=range(1, N))
    result = invoke("tabulate", "cooperative", few, tmp_path / "out")
    assert result.exit_code == 2
    assert f"mt_unet: {N - 1} images, not those of cooperative ({N})" in result.output
    assert not (tmp_path / "out").exists()


def test_latex_and_csv_say_what_the_json_says(out):
    check_results(out)
