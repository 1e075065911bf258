"""Rows by hand: three images of one seed, and what stands beside them."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.core.values import DIAGNOSES
from gazescribe.pipeline.results.cooperative import tables
from gazescribe.pipeline.results.cooperative.measured import (
    CooperativeModel,
    score_diagnosis,
    score_maps,
)
from gazescribe.pipeline.results.cooperative.scores import (
    METRICS,
    NO_FOLD,
    Aligned,
    CooperativeScores,
)
from gazescribe.pipeline.results.published import PublishedCooperative, load_published
from gazescribe.pipeline.results.runs import ScoredRun

PUBLISHED = load_published("cooperative", PublishedCooperative)
DRAWS = Draws(20, 0.95, 0)


def aligned(scores):
    cases = pd.DataFrame({"dicom_id": list("abc"), "subject_id": range(3), "fold": NO_FOLD})
    return Aligned(cases.assign(target=DIAGNOSES), (0,), DIAGNOSES, np.array([scores], float))


def sure_of(*names):
    return [[0.8 if name == label else 0.1 for label in DIAGNOSES] for name in names]


@pytest.fixture(scope="module")
def models():
    """MT-UNet tells one of three diagnoses; its KL is 1, 2, 6 on valid pixels, 1 more on all."""
    diagnosed = score_diagnosis(aligned(sure_of(DIAGNOSES[0], *DIAGNOSES[:2])), DRAWS)
    values = np.full((3, len(METRICS)), 0.5)
    values[:, METRICS.index("kl")] = [1, 2, 6]
    values[1, METRICS.index("nss")] = np.nan
    kinds = {("saliency", "valid"): aligned(values), ("saliency", "all"): aligned(values + 1)}
    unet = CooperativeModel("mt_unet", [], diagnosed, score_maps(kinds, DRAWS), "scratch")
    return {"mt_unet": unet, "unet_s": CooperativeModel("unet_s", [], None, {}, "scratch")}


def test_published_figures_stand_beside_the_papers_classes_alone(models):
    for table in (
        tables.diagnosis(models, None, 0.95),
        tables.saliency(models, None, 0.95),
        tables.further_metrics(models, None, 0.95),
    ):
        named = [*table.frame.columns, *table.shown.columns]
        assert not [name for name in named if "published" in name]
        assert not any("Published" in note for note in table.notes)
    assert tables.title_of("Malignant") == "AUROC, Malignant"


def test_diagnosis(models):
    table = tables.diagnosis(models, PUBLISHED, 0.95)
    frame = table.frame.set_index("metric")
    assert frame.index.tolist() == ["macro", "accuracy", *DIAGNOSES, "micro"]
    assert set(frame["model"]) == {"mt_unet"}  # the other gives none
    accuracy = frame.loc["accuracy"]
    assert accuracy["n_images"] == 3
    # one of three is right; Wilson: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)
    share, n, z = accuracy["mean"], 3, 1.959964
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    assert share == pytest.approx(1 / 3)
    assert accuracy["wilson_low"] == pytest.approx(middle - half, abs=1e-6)
    assert accuracy["wilson_high"] == pytest.approx(middle + half, abs=1e-6)
    assert frame.drop("accuracy")["wilson_low"].isna().all()
    assert frame.loc["macro", "published"] == 0.834
    assert table.shown["metric"].tolist()[:2] == ["AUROC, macro", "accuracy"]


def test_fit_of_the_papers_metrics(models):
    table = tables.saliency(models, PUBLISHED, 0.95)
    frame = table.frame.set_index(["metric", "pixels"])
    assert frame.loc[("kl", "valid"), "mean"] == 3
    # deviations −2, −1, 3 from the mean
    assert frame.loc[("kl", "valid"), "sd"] == pytest.approx(np.sqrt(14 / 3))
    assert frame.loc[("kl", "all"), "mean"] == 4
    assert frame["published"].xs("valid", level="pixels").isna().all()
    assert frame["published"].xs("all", level="pixels").notna().all()
    shown = table.shown.set_index("metric").loc["KL (lower is better)"]
    assert (shown["valid pixels"], shown["all pixels"]) == ("3.000 ± 2.160", "4.000 ± 2.160")


def test_images_without_fixations_are_not_counted(models):
    frame = tables.further_metrics(models, PUBLISHED, 0.95).frame
    images = frame[frame["pixels"] == "valid"].set_index("metric")["n_images"]
    assert images.to_dict() == dict.fromkeys(METRICS[3:], 3) | {"nss": 2}


def test_what_nobody_gives_makes_no_table(models):
    without = {"unet_s": models["unet_s"]}
    assert tables.diagnosis(without, PUBLISHED, 0.95) is None
    assert tables.saliency(without, PUBLISHED, 0.95) is None
    assert tables.further_metrics(without, PUBLISHED, 0.95) is None
    assert tables.gradcam(models, 0.95) is None


def with_targets(models, **named):
    """The model under other names, each trained on and scored against such maps."""
    model = models["mt_unet"]
    found = {}
    for name, targets in named.items():
        scores = CooperativeScores(settings={}, counts={}, targets=targets)
        runs = [ScoredRun(Path(f"{name}-seed0"), scores)]
        found[name] = dataclasses.replace(model, name=name, runs=runs)
    return found


FIXATIONS = {"saliency_from": "fixations", "sigma_deg": 1.0, "sigma_px": None}
SAMPLES = {"saliency_from": "samples", "sigma_deg": None, "sigma_px": 75.5}


def test_the_note_says_what_was_trained(models):
    both = {"trained": SAMPLES, "scored": SAMPLES}
    alike = with_targets(models, a=both, b=both)
    (note,) = tables.say_targets(alike, "saliency")
    said = "every gaze sample, Gaussians of σ 75.5 px of the image"
    assert note == f"Trained on: {said}. Scored against: {said}."
    assert note in tables.saliency(alike, PUBLISHED, 0.95).notes
    differing = with_targets(
        models,
        a={"trained": SAMPLES, "scored": FIXATIONS},
        b={"trained": FIXATIONS, "scored": FIXATIONS},
        c={},
    )
    (note,) = tables.say_targets(differing, "saliency")
    degrees = "fixations by their duration, Gaussians of σ 1° of visual angle"
    unsaid = "maps that do not say what they were drawn from"
    assert note == (
        f"Trained on: {said} (a); {degrees} (b); {unsaid} (c)."
        f" Scored against: {degrees} (a, b); {unsaid} (c)."
    )


def test_maps_that_nobody_has_need_no_target(models):
    assert tables.say_targets(models, "saliency") == []  # baselines alone, without runs
    alike = with_targets(models, a={"trained": SAMPLES, "scored": FIXATIONS})
    assert tables.say_targets(alike, "gradcam") == []


def test_inference_time_by_machine(models):
    assert tables.inference(models) is None
    runs = []
    for seed, (seconds, machine) in enumerate([(0.1, "abacus"), (0.3, "abacus"), (4.0, "slate")]):
        timed = {"s_an_image": seconds, "n_images": 5, "machine": machine}
        scores = CooperativeScores(settings={}, counts={}, inference=timed)
        runs.append(ScoredRun(Path(f"mt_unet-seed{seed}"), scores))
    models = {"mt_unet": dataclasses.replace(models["mt_unet"], runs=runs)}
    table = tables.inference(models)
    assert table.frame[["machine", "s_an_image", "n_runs"]].to_numpy().tolist() == [
        ["abacus", pytest.approx(0.2), 2],
        ["slate", 4.0, 1],
    ]
    assert table.texts()[0] == ["mt_unet", "scratch", "2", "0.2", "abacus"]
    assert "about 0.3 s" in table.notes[0]


def test_a_model_as_published_stands_beside_the_published_figure(models):
    named = {"gazegnn_published": dataclasses.replace(models["mt_unet"], name="gazegnn_published")}
    frame = tables.diagnosis(named, PUBLISHED, 0.95).frame.set_index("metric")
    assert frame.loc["accuracy", "published"] == 0.730
