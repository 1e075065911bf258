"""The paper's central claim: stages beside the identical network trained on both tasks at once.

Reads: with a folder of trained models, `train.json` and `epochs.csv` of each run that takes part.
Source: Qiu, Rivaz, Xiao 2025, I and III; `spec/cooperative.md` D2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gazescribe.pipeline.core.errors import GazeError, SchemaError, quote
from gazescribe.pipeline.core.foreign import check_file, parsing, read_json
from gazescribe.pipeline.core.yaml_files import explain
from gazescribe.pipeline.results.cooperative.measured import OURS, CooperativeModel, Models
from gazescribe.pipeline.results.cooperative.scores import METRICS, PIXELS, CooperativeRun
from gazescribe.pipeline.results.cooperative.tables import PAPER_METRICS
from gazescribe.pipeline.results.rows import PaperTable, number

CURVES = {"val_classes": "cross-entropy", "val_saliency": "KL"}
"""Columns of `epochs.csv`: losses of both tasks on validation images."""

DIAGNOSIS = ("macro", "accuracy")
COSTS = ["training_s", "prepare_s", "total_s", "peak_memory_mib", "epochs", "best_epoch"]
COST_HEADINGS = {
    "total_s": "time (s)",
    "peak_memory_mib": "memory (MiB)",
    "epochs": "epochs",
    "best_epoch": "best epoch",
}
NOTE = (
    "Means over seeds; KL, CC and HS on valid pixels. Time: of training, and of what goes before it"
    " (reading, features of a frozen trunk), with that of the stages before. Memory: the most of"
    " any of these stages; on a CPU it is the whole process, libraries and earlier runs included."
    " Epochs: of the last stage, and which of them was best, from 0."
)


class TrainingRecord(BaseModel):
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

    run: CooperativeRun
    training: TrainingRecord
    epochs: pd.DataFrame


def taking_part(models: Models) -> list[str]:
    """Name ours and the joint models; nothing where one of the two is absent."""
    joint = [
        name
        for name, model in models.items()
        if model.runs
        and model.runs[0].settings.get("network") == "fusion"
        and model.runs[0].settings.get("objective") == "joint"
    ]
    ours = [name for name in OURS if name in models]
    return ours + joint if ours and joint else []


def chain(run: CooperativeRun, runs: Mapping[str, CooperativeRun]) -> list[CooperativeRun]:
    """Give the stages of a run, the first one first; those that were not evaluated are left out."""
    first = run.init_from
    return [*(chain(runs[first], runs) if first and first in runs else []), run]


def read_trained(
    models: Models, runs: Mapping[str, CooperativeRun], folder: Path
) -> dict[str, Trained]:
    """Read how the runs of the comparison and their stages were trained, by run.

    Files that are absent or not what they must be are refused, all faults at once.
    """
    stages = {
        stage.name: stage
        for name in taking_part(models)
        for run in models[name].runs
        for stage in chain(run, runs)
    }
    trained: dict[str, Trained] = {}
    faults: list[str] = []
    for name, run in sorted(stages.items()):
        try:
            trained[name] = _read(run, folder)
        except ValidationError as error:
            details = [explain(fault, TrainingRecord) for fault in error.errors(include_url=False)]
            faults.append(f"{name}: {'; '.join(details)}")
        except GazeError as error:
            file = Path(error.where or "").name
            absent = not (folder / name / file).exists()
            faults.append(
                f"{name}: {file} not found" if absent else f"{name}: {file}: {error.what}"
            )
        except ValueError as error:
            faults.append(f"{name}: {error}")
    if faults:
        message = "these runs are not as `gazescribe train` leaves them."
        raise SchemaError(message, where=folder, faults=faults)
    return trained


def _read(run: CooperativeRun, folder: Path) -> Trained:
    content = read_json(folder / run.name / "train.json")
    path = folder / run.name / "epochs.csv"
    check_file(path)
    with parsing(path, "a CSV file"):
        epochs = pd.read_csv(path)
    if "epoch" not in epochs or epochs["epoch"].dtype.kind != "i":
        raise ValueError("epochs.csv has no whole numbers in a column epoch")
    if strange := [name for name in epochs if epochs[name].dtype.kind not in "if"]:
        message = f"epochs.csv has values that are no numbers in {quote(strange[0])}"
        raise ValueError(message)
    return Trained(run, TrainingRecord.model_validate(content), epochs)


def joint_table(
    models: Models,
    runs: Mapping[str, CooperativeRun],
    trained: Mapping[str, Trained],
) -> PaperTable | None:
    """Scores and cost of ours and of each joint model."""
    names = taking_part(models)
    if not names:
        return None
    frame = pd.DataFrame([_row(models[name], runs, trained) for name in names])
    headings = {"model": "model", "stages": "stages", "macro": "AUROC, macro"}
    headings |= {"accuracy": "accuracy", **{metric: metric.upper() for metric in PAPER_METRICS}}
    headings |= COST_HEADINGS
    shown = frame[list(headings)].rename(columns=headings)
    formats = dict.fromkeys(COST_HEADINGS.values(), partial(number, digits=1))
    absent = "" if trained else " Time and memory need `--models`."
    title = "Stages beside joint training of the identical network, test"
    return PaperTable(title, frame, shown, [NOTE + absent], formats)


def _row(
    model: CooperativeModel, runs: Mapping[str, CooperativeRun], trained: Mapping[str, Trained]
) -> dict[str, Any]:
    row: dict[str, Any] = {"model": model.name, "n_seeds": len(model.runs)}
    row["stages"] = ", ".join(stage.model for stage in chain(model.runs[0], runs))
    for metric in DIAGNOSIS:
        row[metric] = model.diagnosed.measures[metric].mean()[0] if model.diagnosed else np.nan
    fit = model.maps.get(("saliency", PIXELS[0]))
    for metric in PAPER_METRICS:
        row[metric] = fit.measure.mean()[METRICS.index(metric)] if fit else np.nan
    costs = [_cost(chain(run, runs), trained) for run in model.runs] if trained else [{}]
    means = pd.DataFrame(costs, columns=COSTS, dtype=float).mean()
    return row | {name: means[name] for name in COSTS}


def _cost(
    stages: Sequence[CooperativeRun], trained: Mapping[str, Trained]
) -> dict[str, float | None]:
    """Sum time over the stages of a run; unknown memory of one makes that of all unknown."""
    trainings = [trained[stage.name].training for stage in stages]
    training_s = sum(training.seconds for training in trainings)
    prepare_s = sum(training.prepare_s for training in trainings)
    peaks = [training.peak_memory_mib for training in trainings]
    peaks_mib = [peak for peak in peaks if peak is not None]
    return {
        "training_s": training_s,
        "prepare_s": prepare_s,
        "total_s": training_s + prepare_s,
        "peak_memory_mib": max(peaks_mib) if len(peaks_mib) == len(peaks) else None,
        "epochs": trainings[-1].epochs,
        "best_epoch": trainings[-1].best_epoch,
    }
