"""The paper's central claim: stages beside the identical network trained on both tasks at once.

Reads: with a folder of trained models, `train.json` and `epochs.csv` of each run that takes part.
Source: Qiu, Rivaz, Xiao 2025, I and III; `spec/cooperative.md` D2.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.yaml_files import explain
from gazescribe.pipeline.results.cooperative.measured import OURS, Model
from gazescribe.pipeline.results.cooperative.scores import METRICS, PIXELS, Run
from gazescribe.pipeline.results.cooperative.tables import PAPER_METRICS
from gazescribe.pipeline.results.rows import Table, number

CURVES = {"val_classes": "cross-entropy", "val_saliency": "KL"}
"""Columns of `epochs.csv`: losses of both tasks on validation images."""

DIAGNOSIS = ("macro", "accuracy")
NOTE = (
    "Means over seeds; KL, CC and HS on valid pixels. Time: of training, and of what goes before it"
    " (reading, features of a frozen trunk), with that of the stages before. Memory: the most of"
    " any of these stages; on a CPU it is the whole process, libraries and earlier runs included."
    " Epochs: of the last stage, and which of them was best, from 0."
)


class Training(BaseModel):
    """What is used of `train.json`; it may say more."""

    model_config = ConfigDict(frozen=True)

    seconds: float = Field(ge=0)
    prepare_s: float = Field(ge=0)
    peak_memory_mib: float | None
    epochs: int = Field(ge=1)
    best_epoch: int = Field(ge=0)


@dataclass(frozen=True)
class Trained:
    """How one run was trained: `train.json` and `epochs.csv`."""

    run: Run
    training: Training
    epochs: pd.DataFrame


def taking_part(models: Mapping[str, Model]) -> list[str]:
    """Name ours and the joint models; nothing where one of the two is absent."""
    joint = [
        name
        for name, model in models.items()
        if model.runs
        and model.runs[0].scores.settings.get("network") == "fusion"
        and model.runs[0].scores.settings.get("objective") == "joint"
    ]
    ours = [name for name in OURS if name in models]
    return ours + joint if ours and joint else []


def chain(run: Run, runs: Mapping[str, Run]) -> list[Run]:
    """Give the stages of a run, the first one first; those that were not evaluated are left out."""
    first = run.init_from
    return [*(chain(runs[first], runs) if first and first in runs else []), run]


def read_trained(
    models: Mapping[str, Model], runs: Mapping[str, Run], folder: Path
) -> dict[str, Trained]:
    """Read how the runs of the comparison and their stages were trained, by run.

    Raises
    ------
    SchemaError
        If a file is absent or not what it must be; all faults at once.
    """
    names = taking_part(models)
    wanted = {
        stage.name: stage
        for name in names
        for run in models[name].runs
        for stage in chain(run, runs)
    }
    found: dict[str, Trained] = {}
    faults: list[str] = []
    for name, run in sorted(wanted.items()):
        try:
            found[name] = _read(run, folder)
        except (OSError, UnicodeDecodeError, ValueError) as error:
            text = str(error)
            if isinstance(error, ValidationError):
                text = "; ".join(explain(one, Training) for one in error.errors(include_url=False))
            elif isinstance(error, FileNotFoundError):
                text = f"{Path(error.filename).name} not found"
            faults.append(f"{name}: {text}")
    if faults:
        what = "these runs are not as `gazescribe train` leaves them."
        raise SchemaError(what, where=folder, faults=faults)
    return found


def _read(run: Run, folder: Path) -> Trained:
    content = json.loads((folder / run.name / "train.json").read_text(encoding="utf-8"))
    epochs = pd.read_csv(folder / run.name / "epochs.csv")
    if "epoch" not in epochs or epochs["epoch"].dtype.kind != "i":
        message = "epochs.csv has no whole numbers in a column epoch"
        raise ValueError(message)
    return Trained(run, Training.model_validate(content), epochs)


def joint_table(
    models: Mapping[str, Model], runs: Mapping[str, Run], trained: Mapping[str, Trained]
) -> Table | None:
    """Scores and cost of ours and of each joint model."""
    names = taking_part(models)
    if not names:
        return None
    frame = pd.DataFrame([_row(models[name], runs, trained) for name in names])
    seen = frame[["model", "stages"]].copy()
    for metric in (*DIAGNOSIS, *PAPER_METRICS):
        seen[metric if metric in DIAGNOSIS else metric.upper()] = frame[metric].map(number)
    headings = {
        "total_s": "time, s",
        "peak_memory_mib": "memory, MiB",
        "epochs": "epochs",
        "best_epoch": "best",
    }
    for column, heading in headings.items():
        seen[heading] = [number(value, 1) for value in frame[column]]
    seen = seen.rename(columns={"macro": "AUROC, macro"})
    absent = "" if trained else " Time and memory need `--models`."
    title = "Stages beside joint training of the identical network, test"
    return Table("joint_or_staged", title, frame, seen, [NOTE + absent])


def _row(model: Model, runs: Mapping[str, Run], trained: Mapping[str, Trained]) -> dict[str, Any]:
    row: dict[str, Any] = {"model": model.name, "n_seeds": len(model.runs)}
    row["stages"] = ", ".join(one.model for one in chain(model.runs[0], runs))
    for metric in DIAGNOSIS:
        measures = model.diagnosed.measures if model.diagnosed else {}
        row[metric] = measures[metric].mean()[0] if measures else np.nan
    fit = model.maps.get(("saliency", PIXELS[0]))
    for metric in PAPER_METRICS:
        row[metric] = fit.measure.mean()[METRICS.index(metric)] if fit else np.nan
    costs = [_cost(chain(run, runs), trained) for run in model.runs] if trained else [{}]
    means = pd.DataFrame(costs, columns=COSTS, dtype=float).mean()
    return row | {name: means[name] for name in COSTS}


COSTS = ["training_s", "prepare_s", "total_s", "peak_memory_mib", "epochs", "best_epoch"]


def _cost(stages: Sequence[Run], trained: Mapping[str, Trained]) -> dict[str, float | None]:
    """Sum time over the stages of a run; unknown memory of one makes that of all unknown."""
    of = [trained[stage.name].training for stage in stages]
    training_s, prepare_s = sum(one.seconds for one in of), sum(one.prepare_s for one in of)
    peaks = [one.peak_memory_mib for one in of if one.peak_memory_mib is not None]
    return {
        "training_s": training_s,
        "prepare_s": prepare_s,
        "total_s": training_s + prepare_s,
        "peak_memory_mib": max(peaks) if len(peaks) == len(of) else None,
        "epochs": of[-1].epochs,
        "best_epoch": of[-1].best_epoch,
    }
