"""`gazescribe train`: train the networks that a CONFIG names.

Reads a CONFIG and the folders it names. Writes for each run OUT/<run>/model.safetensors, epochs.csv
(what was logged, one row an epoch), train.json, and texts of the system's own. They come together,
the checkpoint last: where it is, the run is done, and a second call leaves it alone as long as
settings and data are the same. What is done is kept in the store (`models.core.store`): where OUT
was emptied, it comes from there. One call at a time trains a run.
"""

import csv
import dataclasses
import importlib
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gazescribe.models.core.checkpoint import FILE, Checkpoint, read_metadata, save_checkpoint
from gazescribe.models.core.config import Config
from gazescribe.models.core.device import Machine, process_rank
from gazescribe.models.core.runs import portable, run_hash
from gazescribe.models.core.store import (
    entry_of,
    is_whole,
    keeping,
    link_all,
    read_state,
    set_aside,
    write_state,
)
from gazescribe.pipeline.core.errors import AlignmentError, GazeError
from gazescribe.pipeline.core.files import replacing, replacing_folder, write_json
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.locks import alone

if TYPE_CHECKING:  # Lightning takes 20 s to import
    from gazescribe.models.training.epochs import Course
    from gazescribe.models.training.fitting import Job

SUMMARY = "train.json"
WRITTEN = (FILE, SUMMARY, "*.csv")
"""What a run leaves, and a later one replaces; the curves of DVCLive are its own affair."""
RESUME = Path("resume") / "epoch.pt"
EPOCHS = RESUME.with_name("epochs.csv")
"""In the entry of the store; the rows of the epochs so far, which go to the run when it is done."""
CONTENT = "trained networks"
IN_CHECKPOINT = ("best_epoch", "best_score", "epochs", "monitor", "training", "warnings")
"""Of the summary; not how long it took, so that the same training gives the same bytes."""


def train_run(
    run: Any, config: Config, out: Path, data: str, choose: Callable[[], Machine]
) -> dict[str, Any]:
    """Train one run, unless it is in OUT or in the store already.

    `out` is the folder of all runs, `data` what `training_data` says of this one; `choose` tells on
    what to train, if need be. Gives what `train.json` says; `skipped`, where nothing was trained;
    `linked`, where it comes from the store. Of a run that is in OUT and has lost that file it gives
    what its checkpoint says: all but times and memory. Raises GazeError if another call trains
    this run.
    """
    folder = out / run.name
    key = run_hash(run, data, out)
    if (earlier := _read_summary(folder, key)) is not None:
        return {**earlier, "skipped": True, "linked": False}
    entry = entry_of(key)
    trained = entry / "run"
    is_trained = is_whole(trained)
    # Chosen late: a run that is only linked does without torch, which takes seconds to import.
    machine = None if is_trained else choose()
    warnings = []
    if process_rank() == 0:  # one of the processes that train together writes
        writing = replacing_folder(folder, CONTENT, obsolete=WRITTEN, mark=FILE)
        with alone(entry), writing as staging:
            if machine is not None:
                if trained.exists():
                    warnings.append(set_aside(trained))
                _train_and_keep(run, config, out, key, machine)
            link_all(trained, staging)
    elif machine is not None:
        _train(run, config, out, entry, machine)
    if machine is not None:
        from gazescribe.models.training.fitting import wait_for_all

        wait_for_all()  # else the next run could look for a checkpoint that is being written
    summary = _read_summary(trained, key) or {"warnings": []}
    summary["warnings"] = [*summary["warnings"], *warnings]
    return {**summary, "skipped": is_trained, "linked": is_trained}


def _train_and_keep(run: Any, config: Config, out: Path, key: str, machine: Machine) -> None:
    """Train a run into its entry of the store, and write there what comes of it."""
    entry = entry_of(key)
    settings = portable(dataclasses.asdict(run))
    resume = entry / RESUME
    about = {} if resume.exists() else {"epoch": 0, "seconds": 0.0}
    write_state(entry, system=config.system, run=settings, status="running", error=None, **about)
    try:
        course, job, summary = _train(run, config, out, entry, machine)
        checkpoint = Checkpoint(
            system=config.system,
            run=settings,
            run_hash=key,
            labels=list(job.labels),
            input=dict(job.input),
            training={name: summary[name] for name in IN_CHECKPOINT},
            weights=course.best_weights,
        )
        with keeping(entry / "run", CONTENT, FILE) as staging:
            write_run(checkpoint, course.rows, summary, job.files, staging)
    except BaseException as fault:
        is_stopped = isinstance(fault, KeyboardInterrupt | SystemExit)
        status = "stopped" if is_stopped else "failed"
        with suppress(GazeError, OSError):  # what is said first is what went wrong
            write_state(entry, status=status, error=str(fault) or type(fault).__name__)
        raise
    write_state(entry, status="done", epoch=len(course.rows), seconds=course.seconds)
    shutil.rmtree(resume.parent, ignore_errors=True)


def _train(
    run: Any, config: Config, out: Path, entry: Path, machine: Machine
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
    begun = read_state(entry).get("epochs_begun", 0)

    def write_progress(course: "Course") -> None:
        nonlocal begun
        begun += 1  # with those that were cut off
        n_epochs = len(course.rows)
        if n_epochs:
            with replacing(entry / EPOCHS) as beside:
                write_rows(course.rows, beside)
        else:  # of a state that was deleted, to start anew
            (entry / EPOCHS).unlink(missing_ok=True)
        write_state(entry, epoch=n_epochs, seconds=course.seconds, epochs_begun=begun)

    course = fit(job, resume=entry / RESUME, machine=machine, live=live, at_epoch=write_progress)
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
    write_rows(rows, folder / EPOCHS.name)
    write_json(summary, folder / SUMMARY)
    save_checkpoint(checkpoint, folder / FILE)


def write_rows(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write what was logged, one row an epoch."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
