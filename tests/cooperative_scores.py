"""Synthetic score tables of cooperative runs with known truth.

A model's `skill` raises the logit of the target, in standard deviations of the others; its `fit` is
the mean of its CC, and of all else in proportion.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.core.values import DIAGNOSES
from gazescribe.pipeline.results.cooperative.scores import METRICS

SETTINGS: dict[str, Any] = {
    "fold": None,
    "n_folds": 5,
    "split": "table",
    "network": "unet",
    "objective": "saliency",
    "init_from": None,
    "weights": None,
}
MODELS: dict[str, dict[str, Any]] = {
    "contrastive": {"objective": "triplet", "weights": "weights/imagenet.safetensors"},
    "dual_encoder": {"init_from": "contrastive", "network": "dual_encoder"},
    "cooperative": {
        "init_from": "dual_encoder",
        "network": "fusion",
        "objective": "cross_entropy",
    },
    "mt_unet": {"objective": "joint"},
    "unet_s": {},
    "joint_sum": {"network": "fusion", "objective": "joint"},
}
SKILL = {"cooperative": 2.5, "mt_unet": 0.5, "joint_sum": 1.0}
FIT = {"cooperative": 0.6, "dual_encoder": 0.6, "mt_unet": 0.5, "unet_s": 0.4, "joint_sum": 0.5}
BASELINE_FIT = {"centre": 0.3, "mean": 0.35}
TARGET = {"saliency_from": "samples", "sigma_deg": None, "sigma_px": 75.5}
N = 48


def dicom_id(number: int) -> str:
    return f"00000000-{number:08d}"


def subject(number: int) -> int:
    """Two images a patient."""
    return 99000001 + number // 2


def target(number: int) -> str:
    return DIAGNOSES[number % 3]


def write_scores(
    folder: Path,
    models: Mapping[str, Mapping[str, Any]] | None = None,
    seeds: Sequence[int] = (0, 1),
    images: Sequence[int] = range(N),
) -> Path:
    """Write one folder a run; images in the order given; a fold's own images where there is one."""
    for model, changed in (MODELS if models is None else models).items():
        for seed in seeds:
            settings = {**SETTINGS, **changed, "model": model, "seed": seed}
            settings["name"] = f"{model}-seed{seed}"
            if settings["split"] == "folds":
                settings["fold"] = seed % settings["n_folds"]
            if first := settings["init_from"]:
                settings["init_from"] = f"{first}-seed{seed}"
            folds = settings["n_folds"] if settings["fold"] is not None else 1
            own = [one for one in images if one // 6 % folds == (settings["fold"] or 0)]
            write_run(folder / settings["name"], settings, own)
    return folder


def write_run(folder: Path, settings: Mapping[str, Any], images: Sequence[int]) -> None:
    """Write the files of a run; which tables is what its model has."""
    folder.mkdir(parents=True)
    model, seed = settings["model"], settings["seed"]
    named = {key: settings[key] for key in ("model", "seed", "fold")} | {"run": settings["name"]}
    diagnosed, compared = [], []
    for number in images:
        about = {
            **named,
            "split": "test",
            "dicom_id": dicom_id(number),
            "subject_id": subject(number),
        }
        random = np.random.default_rng([*model.encode(), seed, number])
        if model in SKILL:
            logits = random.normal(size=3)
            logits[DIAGNOSES.index(target(number))] += SKILL[model]
            chances = np.exp(logits) / np.exp(logits).sum()
            diagnosed.append(row(about, target(number), chances))
        if model in FIT:
            fits = {"saliency": FIT[model], **BASELINE_FIT}
            fits |= {"gradcam": FIT[model] / 2} if model in SKILL else {}
            for kind, mean in fits.items():
                always = np.random.default_rng([number, len(kind)]).normal(0, 0.1)
                own = 0 if kind in BASELINE_FIT else random.normal(0, 0.05)
                compared += maps(about, kind, mean + always + own)
    write_tables(folder, diagnosed, compared)
    content = {"settings": dict(settings), "counts": {"left_out": {}, "n": {}}, "seconds": 1.5}
    content["inference"] = {"s_an_image": 0.25 + seed, "n_images": 5, "machine": "an abacus"}
    content["targets"] = {"trained": TARGET, "scored": TARGET}
    (folder / "scores.json").write_text(json.dumps(content))


def row(about: Mapping[str, Any], truth: str, chances: Sequence[float]) -> dict[str, Any]:
    named = {f"p_{name}": float(one) for name, one in zip(DIAGNOSES, chances, strict=True)}
    return {**about, "target": truth, **named}


def maps(about: Mapping[str, Any], kind: str, fit: float) -> list[dict[str, Any]]:
    """Rows of both kinds of pixels; a third of the images has no fixation."""
    values = dict.fromkeys(METRICS, fit) | {"kl": 1.5 - fit}
    if int(about["dicom_id"][-1]) % 3 == 0:
        values |= dict.fromkeys(METRICS[4:])
    more = {name: value if value is None else value + 0.1 for name, value in values.items()}
    base = {**about, "reading_id": about["dicom_id"], "map": kind}
    return [{**base, "pixels": "valid", **values}, {**base, "pixels": "all", **more}]


def write_tables(
    folder: Path, diagnosed: Sequence[Mapping[str, Any]], compared: Sequence[Mapping[str, Any]]
) -> None:
    for name, rows in (
        ("cooperative_classification", diagnosed),
        ("cooperative_saliency", compared),
    ):
        if rows:
            columns = {key: [one[key] for one in rows] for key in rows[0]}
            write_table(columns, folder, name)


def reorder(folder: Path, rows: Sequence[int]) -> None:
    """Put the rows of all tables into another order, that of their first rows as given."""
    for path in sorted(folder.rglob("*.parquet")):
        table = pq.read_table(path)
        pq.write_table(table.take([*rows, *range(max(rows) + 1, len(table))]), path)


def write_examples(folder: Path, images: Sequence[int], kinds: Sequence[str]) -> None:
    """Write pictures of 8 × 6 pixels."""
    random = np.random.default_rng(0)
    maps_of = {kind: random.random((len(images), 8, 6)).astype(np.float16) for kind in kinds}
    np.savez(
        folder / "examples.npz",
        dicom_id=np.array([dicom_id(one) for one in images]),
        diagnosis=np.array([target(one) for one in images]),
        image=random.integers(0, 255, (len(images), 8, 6)).astype(np.uint8),
        **maps_of,
    )


def write_training(folder: Path, runs: Sequence[str]) -> Path:
    """Write train.json and epochs.csv: each stage takes 10 s and 1 s before, and 500 MiB."""
    for at, name in enumerate(runs):
        (folder / name).mkdir(parents=True)
        content = {
            "seconds": 10.0,
            "prepare_s": 1.0,
            "peak_memory_mib": 500.0 + at,
            "epochs": 2,
            "best_epoch": 1,
        }
        (folder / name / "train.json").write_text(json.dumps(content))
        text = "epoch,val_classes,val_saliency\n0,1.1,0.9\n1,1.0,0.8\n"
        (folder / name / "epochs.csv").write_text(text)
    return folder
