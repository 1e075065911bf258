"""Synthetic score tables of MIL runs with known truth.

A model's `skill` moves the probabilities of positive images, in standard deviations of the others;
its `iou` is the mean IoU of its reported map at the threshold 0.5, which is best.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.geometry.iou import PUBLISHED_THRESHOLDS
from gazescribe.pipeline.results.measures import Measure
from gazescribe.pipeline.results.mil.models import MapScores, MilModel
from gazescribe.pipeline.results.mil.scores import MilScores
from gazescribe.pipeline.results.runs import ScoredRun

SETTINGS: dict[str, Any] = {
    "supervision": "gaze",
    "annotated_share": 1.0,
    "share_rule": "subjects",
    "drop_duplicates": False,
    "max_unannotated": None,
    "objective": "mil",
    "backbone": "tiny",
    "weights": None,
    "image_size": 64,
    "layers": [3, 4],
    "grid": 4,
    "decoder": True,
    "balanced": "published",
    "lambda_annotated": 3.0,
    "lambda_decoder": 300.0,
    "lambda_cam": 0.0,
    "map_threshold": 0.15,
    "normalise": "once",
    "epochs": 2,
    "batch_size": 10,
    "precision": "32",
    "workers": 0,
}
MODELS: dict[str, dict[str, Any]] = {
    "unannotated": {"supervision": "none", "decoder": False},
    "ellipse": {"supervision": "ellipse"},
    "et": {},
    "cross_entropy": {"supervision": "none", "decoder": False, "objective": "cross_entropy"},
    "et_degraded": {"supervision": "degraded"},
    "ablation_1": {
        "supervision": "report",
        "layers": [4],
        "grid": 2,
        "balanced": "off",
        "decoder": False,
    },
    "ablation_2": {"layers": [4], "grid": 2, "balanced": "off", "decoder": False},
    "ablation_3": {"layers": [4], "grid": 2, "decoder": False},
    "ablation_4": {"decoder": False},
    "ablation_5": {"supervision": "report"},
}
IOU = {"unannotated": 0.2, "ellipse": 0.34, "et": 0.26, "cross_entropy": 0.18}
N_MIMIC, N_REFLACX = 80, 50

N_PATIENTS = 40
"""Behind the measures of `model`."""


def write_scores(
    folder: Path,
    models: Mapping[str, Mapping[str, Any]] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    iou: Mapping[str, float] | None = None,
    skill: Mapping[str, float] | None = None,
    thresholds: Sequence[float] = PUBLISHED_THRESHOLDS,
    noise: float = 0.05,
) -> Path:
    """Write one folder a run; the same cases and targets in all."""
    for model, changed in (MODELS if models is None else models).items():
        for seed in seeds:
            settings = {"name": f"{model}-seed{seed}", "model": model, "seed": seed}
            settings |= SETTINGS | dict(changed)
            mean = (iou or IOU).get(model, 0.25)
            random = np.random.default_rng([*model.encode(), seed])
            write_run(
                folder / settings["name"],
                settings,
                classification(random, (skill or {}).get(model, 1.5)),
                localisation(random, mean, thresholds, noise, decoder=settings["decoder"]),
                thresholds,
            )
    return folder


def write_run(
    folder: Path,
    settings: Mapping[str, Any],
    classified: Mapping[str, Any],
    localised: Mapping[str, Any],
    thresholds: Sequence[float],
) -> None:
    """Write the three files of a run."""
    named = {key: settings[key] for key in ("model", "seed")} | {"run": settings["name"]}
    for name, columns in (("mil_classification", classified), ("mil_localisation", localised)):
        n = len(columns["dicom_id"])
        write_table({**columns, **{key: [value] * n for key, value in named.items()}}, folder, name)
    train = {"images": 300, "positive": {label: 30 + at for at, label in enumerate(TEN_LABELS)}}
    n_train = round(90 * settings["annotated_share"])
    reflacx = {"images": n_train, "positive": dict.fromkeys(TEN_LABELS, 9)}
    counts = {
        "mimic": dict.fromkeys(("train", "validate", "test"), train),
        "reflacx": {"train": reflacx, "validate": reflacx, "test": reflacx},
    }
    content = {
        "settings": dict(settings),
        "thresholds": list(thresholds),
        "counts": counts,
        "seconds": 1.5,
    }
    (folder / "scores.json").write_text(json.dumps(content))


def subject(number: int) -> int:
    """Two images a subject."""
    return 99000001 + number // 2


def classification(random: np.random.Generator, skill: float) -> dict[str, list[Any]]:
    """Probabilities of positive images lie `skill` standard deviations above the others'."""
    truth = np.random.default_rng(7)
    columns: dict[str, list[Any]] = {}
    for dataset, n in (("mimic", N_MIMIC), ("reflacx", N_REFLACX)):
        for split in ("validate", "test"):
            target = truth.random((n, len(TEN_LABELS))) < 0.3
            target[:, 1] |= split == "test"  # a label of one class
            score = random.normal(size=target.shape) + skill * target
            for (image, label), positive in np.ndenumerate(target):
                row = {
                    "dataset": dataset,
                    "split": split,
                    "dicom_id": f"{dataset}-{split}-{image:03d}",
                    "subject_id": subject(image),
                    "reading_id": f"{split}-{image:03d}" if dataset == "reflacx" else None,
                    "label": TEN_LABELS[label],
                    "probability": 1 / (1 + np.exp(-score[image, label])),
                    "target": positive,
                }
                for name, value in row.items():
                    columns.setdefault(name, []).append(value)
    return columns


def localisation(
    random: np.random.Generator,
    mean: float,
    thresholds: Sequence[float],
    noise: float,
    *,
    decoder: bool,
) -> dict[str, list[Any]]:
    """IoU is highest at 0.5; the reported map is the decoder's, or the spatial activations."""
    truth = np.random.default_rng(8)
    tried = np.array(thresholds)
    shape = np.exp(-(((tried - 0.5) / 0.3) ** 2))
    first = "decoder" if decoder else "spatial"
    columns: dict[str, list[Any]] = {}
    for split in ("validate", "test"):
        for reading in range(N_REFLACX):
            labels = truth.choice(len(TEN_LABELS), 2, replace=False)
            hard = truth.normal(0, 0.08)
            for label in labels:
                if split == "validate" and label == 7:
                    continue  # a label without validation case
                for kind in ("decoder", "spatial", "gradcam")[not decoder :]:
                    best = mean - 0.03 * (kind != first)
                    peak = float(np.clip(best + hard + random.normal(0, noise), 0, 1))
                    row = {
                        "split": split,
                        "reading_id": f"{split}-{reading:03d}",
                        "dicom_id": f"reflacx-{split}-{reading:03d}",
                        "subject_id": subject(reading),
                        "label": TEN_LABELS[label],
                        "map": kind,
                        "iou": peak * shape,
                        "hit": bool(random.random() < 2 * mean),
                        "area_px": 100 + reading,
                    }
                    for name, value in row.items():
                        columns.setdefault(name, []).append(value)
    return columns


def write_examples(folder: Path, n: int = 12, size: int = 64) -> None:
    """Write pictures of the first test cases: a disc, and a map whose peak lies on it or beside."""
    table = localisation(np.random.default_rng(0), 0.25, [0.5], 0, decoder=True)
    rows = [
        (reading, label)
        for split, reading, label, kind in zip(
            table["split"], table["reading_id"], table["label"], table["map"], strict=True
        )
        if split == "test" and kind == "decoder"
    ][:n]
    random = np.random.default_rng(1)
    y, x = np.mgrid[:size, :size]
    centres = random.uniform(0.3, 0.7, (n, 2)) * size
    distance = np.hypot(y - centres[:, :1, None], x - centres[:, 1:, None])
    maps = np.exp(-(((distance + random.normal(0, 3, (n, 1, 1))) / (size / 8)) ** 2))
    np.savez(
        folder / "examples.npz",
        reading_id=np.array([reading for reading, _ in rows]),
        label=np.array([label for _, label in rows]),
        image=(255 * random.random((n, 1, 1)) * np.exp(-((x - size / 2) ** 2) / 900)).astype("u1")
        + np.zeros((n, size, size), np.uint8),
        mask=distance < size / 8,
        decoder=maps.astype(np.float16)[:, ::2, ::2],
        spatial=maps.astype(np.float16)[:, ::16, ::16],
        gradcam=maps.astype(np.float16)[:, ::16, ::16],
    )


def model(
    name: str,
    iou: Sequence[Sequence[float]],
    auroc: Sequence[Sequence[float]] | None = None,
    draws: int = 200,
    spread: float = 0.01,
    **settings: Any,
) -> MilModel:
    """Give a scored model without any file: IoU and AUROC of each run and label as they are here.

    Resamples move the runs and labels of all models together, so that differences stay.
    """
    named = {"name": f"{name}-seed0", "model": name, "seed": 0}
    content = {"images": round(100 * settings.get("annotated_share", 1)), "positive": {}}
    scores = MilScores(
        settings={**SETTINGS, **MODELS.get(name, {}), **settings, **named},
        thresholds=[0.5],
        counts={"reflacx": {"train": content}},
    )
    one = measure(iou, draws, spread)
    classes = measure(iou if auroc is None else auroc, draws, spread)
    thresholds = pd.DataFrame(
        {
            "label": TEN_LABELS,
            "threshold": 0.5,
            "validation_iou": one.mean(),
            "n_validation": 4,
            "n_test": 4,
            "chosen_on": "this label",
        }
    )
    cases = pd.DataFrame(
        {
            "reading_id": [f"R{at:02d}" for at in range(10)],
            "label": TEN_LABELS,
            "iou": one.mean(),
        }
    )
    maps = {"decoder": MapScores(thresholds, one, one, one, cases)}
    positive = np.full((2, len(TEN_LABELS)), 20)
    runs = [ScoredRun(Path(f"{name}-seed{seed}"), scores) for seed in one.seeds]
    n_patients = dict.fromkeys(("auroc", "iou", "pointing"), N_PATIENTS)
    of_classes = {"mimic": classes}, classes, {"mimic": positive}
    return MilModel(name, runs, *of_classes, maps, "decoder", n_patients)


def measure(by_run: Sequence[Sequence[float]], draws: int, spread: float) -> Measure:
    """Give values as they are, and resamples that move all of them together."""
    values = np.array(by_run, float)
    if values.shape[1] == 1:
        values = values.repeat(len(TEN_LABELS), axis=1)
    moves = np.random.default_rng(0).normal(0, spread, (draws, 1, 1))
    return Measure(TEN_LABELS, tuple(range(len(values))), values, values + moves)
