"""`gazescribe train`: train the networks that a CONFIG names.

Reads a CONFIG and the folders it names. Writes for each run OUT/<run>/model.safetensors, epochs.csv
(what was logged, one row an epoch), train.json, and texts of the system's own. They come together,
the checkpoint last: where it is, the run is done, and a second call leaves it alone as long as
settings and data are the same. One call at a time trains a run.
"""

import csv
import dataclasses
import importlib
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gazescribe.models.core.checkpoint import FILE, Checkpoint, read_metadata, save_checkpoint
from gazescribe.models.core.config import Config
from gazescribe.models.core.runs import portable, run_hash
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.locks import alone

if TYPE_CHECKING:  # Lightning takes 20 s to import
    from gazescribe.models.training.epochs import Course
    from gazescribe.models.training.fitting import Job, Machine

SUMMARY = "train.json"
WRITTEN = (FILE, SUMMARY, "*.csv")
"""What a run leaves, and a later one replaces; the curves of DVCLive are its own affair."""
RESUME = Path(".resume")
IN_CHECKPOINT = ("best_epoch", "best_score", "epochs", "monitor", "training", "warnings")
"""Of the summary; not how long it took, so that the same training gives the same bytes."""


def train_run(run: Any, config: Config, out: Path, data: str, machine: "Machine") -> dict[str, Any]:
    """Train one run, unless its checkpoint is there already.

    `out` is the folder of all runs, `data` the `data_hash` of the inputs. Gives what `train.json`
    says, and `skipped`; of a run that is done and has lost that file, what its checkpoint says: all
    but times and memory. Raises GazeError if another call trains this run.
    """
    from gazescribe.models.training.fitting import wait_for_all

    folder = out / run.name
    key = run_hash(run, data, out)
    if (earlier := _read_summary(folder, key)) is not None:
        return {**earlier, "skipped": True}
    resume = RESUME / key
    if machine.rank == 0:  # one of the processes that train together writes
        writing = replacing_folder(folder, "trained networks", obsolete=WRITTEN, mark=FILE)
        with alone(resume):
            with writing as staging:
                course, job, summary = _train(run, config, out, resume, machine)
                checkpoint = Checkpoint(
                    system=config.system,
                    run=portable(dataclasses.asdict(run)),
                    run_hash=key,
                    labels=list(job.labels),
                    input=dict(job.input),
                    training={name: summary[name] for name in IN_CHECKPOINT},
                    weights=course.best_weights,
                )
                write_run(checkpoint, course.rows, summary, job.files, staging)
            shutil.rmtree(resume, ignore_errors=True)
    else:
        _, _, summary = _train(run, config, out, resume, machine)
    wait_for_all()  # else the next run could look for a checkpoint that is being written
    return {**summary, "skipped": False}


def _train(
    run: Any, config: Config, out: Path, resume: Path, machine: "Machine"
) -> tuple["Course", "Job", dict[str, Any]]:
    """Train a run, or go on with it; give also what `train.json` says."""
    from gazescribe.models.training.epochs import seed_all
    from gazescribe.models.training.fitting import fit
    from gazescribe.models.training.memory import forget_peak, peak_mib

    seed_all(run.seed)  # before `prepare`, which builds the network: its first weights
    forget_peak(machine.accelerator)
    begin = time.monotonic()
    system = importlib.import_module(f"gazescribe.models.{config.system}.training")
    job: Job = system.prepare(run, config.inputs, out, machine)
    prepare_s = time.monotonic() - begin
    live = out / run.name / "dvclive" if run.log == "dvclive" else None
    course = fit(job, resume=resume / "epoch.pt", machine=machine, live=live)
    if math.isnan(course.best_score):
        plan = job.plan
        message = f"{plan.monitor} of {plan.name}, which chooses its epoch, is a number after none"
        remedy = "Look whether the validation images of its inputs show any gaze."
        raise AlignmentError(f"{message} of {len(course.rows)}.", remedy=remedy)
    summary = {
        **course.summary,
        "prepare_s": round(prepare_s, 1),
        "peak_memory_mib": peak_mib(machine.accelerator),
        "monitor": job.plan.monitor,
        "training": dict(job.training),
        "warnings": list(job.warnings),
    }
    return course, job, summary


def _read_summary(folder: Path, key: str) -> dict[str, Any] | None:
    """Read the summary of a run of this hash, or what its checkpoint repeats of it."""
    metadata = read_metadata(folder / FILE) if (folder / FILE).is_file() else {}
    if metadata.get("run_hash") != key:
        return None
    path = folder / SUMMARY
    return {**metadata["training"], **(read_json(path) if path.is_file() else {})}


def write_run(
    checkpoint: Checkpoint,
    rows: Sequence[Mapping[str, float]],
    summary: Mapping[str, Any],
    files: Mapping[str, str],
    folder: Path,
) -> None:
    """Write what came of a run into a folder that replaces that of an earlier one.

    `files` are texts of the system's own, by name.
    """
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with (folder / "epochs.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    write_json(summary, folder / SUMMARY)
    save_checkpoint(checkpoint, folder / FILE)
