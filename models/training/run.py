"""`gazescribe train`: train the networks that a CONFIG names.

Reads a CONFIG and the folders it names. Writes for each run OUT/<run>/model.safetensors, epochs.csv
(what was logged, one row an epoch) and train.json. The checkpoint comes last: where it is, the run
is done, and a second call leaves it alone as long as settings and data are the same.
"""

import csv
import dataclasses
import importlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gazescribe.models.core.checkpoint import FILE, Checkpoint, read_metadata, save_checkpoint
from gazescribe.models.core.config import Config
from gazescribe.models.core.runs import run_hash
from gazescribe.pipeline.core.files import replacing, write_json

if TYPE_CHECKING:  # Lightning takes 20 s to import
    from gazescribe.models.training.fitting import Machine

SUMMARY = "train.json"
RESUME = Path(".resume")
IN_CHECKPOINT = ("best_epoch", "best_score", "epochs", "monitor", "training", "warnings")
"""Of the summary; not how long it took, so that the same training gives the same bytes."""


def train_run(run: Any, config: Config, out: Path, data: str, machine: "Machine") -> dict[str, Any]:
    """Train one run, unless its checkpoint is there already.

    `out` is the folder of all runs, `data` the `data_hash` of the inputs. Gives what `train.json`
    says, and `skipped`; of a run that is done and has lost that file, what its checkpoint says: all
    but times and memory.
    """
    from gazescribe.models.training.epochs import seed_all
    from gazescribe.models.training.fitting import fit, wait_for_all
    from gazescribe.models.training.memory import forget_peak, peak_mib

    folder = out / run.name
    key = run_hash(run, data, out)
    if (earlier := _read_summary(folder, key)) is not None:
        return {**earlier, "skipped": True}
    seed_all(run.seed)  # before `prepare`, which builds the network: its first weights
    forget_peak(machine.accelerator)
    begin = time.monotonic()
    system = importlib.import_module(f"gazescribe.models.{config.system}.training")
    job = system.prepare(run, config.inputs, out, machine)
    prepare_s = time.monotonic() - begin
    resume = RESUME / key
    live = folder / "dvclive" if run.log == "dvclive" else None
    course = fit(job, resume=resume / "epoch.pt", machine=machine, live=live)
    summary = {
        **course.summary,
        "prepare_s": round(prepare_s, 1),
        "peak_memory_mib": peak_mib(machine.accelerator),
        "monitor": job.plan.monitor,
        "training": dict(job.training),
        "warnings": list(job.warnings),
    }
    if machine.rank == 0:
        checkpoint = Checkpoint(
            system=config.system,
            run=dataclasses.asdict(run),
            run_hash=key,
            labels=list(job.labels),
            input=dict(job.input),
            training={name: summary[name] for name in IN_CHECKPOINT},
            weights=course.best_weights,
        )
        write_run(checkpoint, course.rows, summary, folder)
        shutil.rmtree(resume, ignore_errors=True)
    wait_for_all()  # else the next run could look for a checkpoint that is being written
    return {**summary, "skipped": False}


def _read_summary(folder: Path, key: str) -> dict[str, Any] | None:
    """Read the summary of a run of this hash, or what its checkpoint repeats of it."""
    metadata = read_metadata(folder / FILE) if (folder / FILE).is_file() else {}
    if metadata.get("run_hash") != key:
        return None
    path = folder / SUMMARY
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    summary: dict[str, Any] = content or metadata["training"]
    return summary


def write_run(
    checkpoint: Checkpoint,
    rows: Sequence[Mapping[str, float]],
    summary: Mapping[str, Any],
    folder: Path,
) -> None:
    """Write what came of a run; the checkpoint last, since where it is the run is done."""
    (folder / FILE).unlink(missing_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with replacing(folder / "epochs.csv") as beside, beside.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    write_json(summary, folder / SUMMARY)
    save_checkpoint(checkpoint, folder / FILE)
