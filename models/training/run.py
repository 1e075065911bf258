"""`gazescribe train`: train the networks that a CONFIG names.

Reads a CONFIG and the folders it names. Writes for each run OUT/<run>/model.safetensors, epochs.csv
(what was logged, one row an epoch) and train.json. The checkpoint comes last: where it is, the run
is done, and a second call leaves it alone as long as settings and data are the same.
"""

import csv
import dataclasses
import hashlib
import importlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gazescribe.models.core.config import Config
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.files import replacing, write_json

if TYPE_CHECKING:  # Lightning takes 20 s to import
    from gazescribe.models.core.checkpoint import Checkpoint
    from gazescribe.models.training.fitting import Machine

SUMMARY = "train.json"
RESUME = Path(".resume")
SAID_IN_CHECKPOINT = ("best_epoch", "best_score", "epochs", "monitor", "training", "warnings")
"""Of the summary; not how long it took, so that the same training gives the same bytes."""
WITHOUT_EFFECT = ("workers", "log")
"""Settings that leave the weights as they are."""
HASHED_BYTES = 2**26
"""Files up to this size are hashed; larger ones, such as shards at full size, count by theirs."""


def chosen(config: Config, names: Sequence[str]) -> list[Any]:
    """Choose the runs of these names; all of them where there are no names.

    Raises
    ------
    ParamsError
        If CONFIG has no run of a name.
    """
    known = {run.name: run for run in config.runs}
    unknown = sorted(set(names) - set(known))
    if unknown:
        what = f"there is no run {', '.join(unknown)}."
        raise ParamsError(what, remedy=f"Known are {', '.join(known)}.")
    return [run for name, run in known.items() if name in names or not names]


def train_run(run: Any, config: Config, out: Path, data: str, machine: "Machine") -> dict[str, Any]:
    """Train one run, unless its checkpoint is there already.

    Parameters
    ----------
    run : Run
        Settings of the system of `config`.
    config : Config
        Where it comes from.
    out : pathlib.Path
        Folder of all runs.
    data : str
        `data_hash` of the inputs.
    machine : Machine
        On what.

    Returns
    -------
    dict
        What `train.json` says, and `skipped`. Of a run that is done and has lost that file, what
        its checkpoint says: all but times and memory.
    """
    from gazescribe.models.core.checkpoint import FILE, Checkpoint, read_metadata
    from gazescribe.models.training.epochs import seed_all
    from gazescribe.models.training.fitting import fit, wait_for_all
    from gazescribe.models.training.memory import forget_peak, peak_mib

    folder = out / run.name
    key = run_hash(run, data, out)
    there = read_metadata(folder / FILE) if (folder / FILE).is_file() else {}
    if there.get("run_hash") == key:
        path = folder / SUMMARY
        kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else there["training"]
        return {**kept, "skipped": True}
    seed_all(run.seed)
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
            training={name: summary[name] for name in SAID_IN_CHECKPOINT},
            weights=course.best_weights,
        )
        write_run(checkpoint, course.rows, summary, folder)
        shutil.rmtree(resume, ignore_errors=True)
    wait_for_all()
    return {**summary, "skipped": False}


def write_run(
    checkpoint: "Checkpoint",
    rows: Sequence[Mapping[str, float]],
    summary: Mapping[str, Any],
    folder: Path,
) -> None:
    """Write what came of a run; the checkpoint last, since where it is the run is done."""
    from gazescribe.models.core.checkpoint import FILE, save_checkpoint

    (folder / FILE).unlink(missing_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with replacing(folder / "epochs.csv") as beside, beside.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    write_json(summary, folder / SUMMARY)
    save_checkpoint(checkpoint, folder / FILE)


def run_hash(run: Any, data: str, out: Path) -> str:
    """Identify a run: by its settings, by the data, and by the weights it starts from.

    Those of an earlier run count by its own hash, those of a file by its bytes; one that is not
    there is missed where the network is built.

    Raises
    ------
    ParamsError
        If that run is not trained yet.
    """
    from gazescribe.models.core.checkpoint import FILE, read_metadata

    settings = dataclasses.asdict(run)
    kept = {name: value for name, value in settings.items() if name not in WITHOUT_EFFECT}
    first = settings.get("init_from")
    if first and not (out / first / FILE).is_file():
        what = f"{run.name} starts from the weights of {first}, which is not trained yet."
        raise ParamsError(what, where=out / first / FILE, remedy=f"Train {first} first.")
    before = read_metadata(out / first / FILE)["run_hash"] if first else None
    parts = [kept, data, before]
    if (file := settings.get("weights")) and Path(file).is_file():
        with Path(file).open("rb") as content:
            parts.append(hashlib.file_digest(content, "sha256").hexdigest())
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def data_hash(config: Config) -> str:
    """Identify the inputs: names and sizes of all files, and what those up to 64 MiB say."""
    inputs = vars(config.inputs)
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode())
    for folder in sorted(one for one in inputs.values() if isinstance(one, str)):
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                digest.update(f"{path.as_posix()} {path.stat().st_size}\n".encode())
                if path.stat().st_size <= HASHED_BYTES:
                    digest.update(path.read_bytes())
    return digest.hexdigest()
