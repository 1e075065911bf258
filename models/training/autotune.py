"""`gazescribe train --autotune`: train each run in the way that is fastest on this machine.

A few steps of each way are tried (`models.training.ways`). The choice is written into CONFIG, as
the settings precision, channels_last and compile of all runs whose steps cost the same, and
`cache_features: all` where that saves time: seeds and variants are compared, so they are trained
alike. From there the hash of a run, its training, going
on with it and its evaluation know it. Where one of them has begun, nothing is tried: it goes on as
CONFIG has it, and so do the others.
"""

import dataclasses
import gc
import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gazescribe.models.core.checkpoint import FILE, read_metadata
from gazescribe.models.core.config import Config, read_config, settings_of
from gazescribe.models.core.device import Machine, machine_name
from gazescribe.models.core.runs import run_hash, training_data
from gazescribe.models.core.store import STATE, entry_of
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.locks import alone

if TYPE_CHECKING:  # Lightning takes seconds to import
    from gazescribe.models.training.ways import Trial

CHOSEN = ("precision", "channels_last", "compile")


@dataclass(frozen=True)
class Tuning:
    """How a run is to be trained, and why.

    Attributes
    ----------
    run : dataclass of settings
        With the chosen ones.
    lines : tuple of str
        For people: what was tried, or why nothing was.
    figures : dict, optional
        The same for programs; None where nothing was tried.
    """

    run: Any
    lines: tuple[str, ...]
    figures: dict[str, Any] | None = None


def autotune(name: str, path: Path, out: Path, machine: Machine) -> Tuning:
    """Choose the way of one run, and write it into the CONFIG at `path`.

    `out` is the folder of all runs. Raises GazeError as preparing the run does, if no way works, if
    several devices are asked for, or if another call tries the same CONFIG.
    """
    if machine.devices > 1:
        raise ParamsError(
            "ways are tried on one device.",
            remedy="Call train with --autotune and without --devices first, and stop it when it"
            " trains; CONFIG has the choice then.",
        )
    # Not of the file itself, which has a lock of its own while it is written.
    with alone(path.with_suffix(".autotune")):
        config = read_config(path)
        run = next(run for run in config.runs if run.name == name)
        alike = [other for other in config.runs if _cost(other, config) == _cost(run, config)]
        if (begun := _begun(alike, config, out)) is not None:
            return Tuning(run, (f"{name}: as CONFIG has it, for {begun} has begun so",))
        system = importlib.import_module(f"gazescribe.models.{config.system}.training")
        if getattr(system, "uses_cache", lambda _: False)(run):
            return Tuning(run, (f"{name}: trains on features that are computed once; as CONFIG",))
        trials, chosen, n_steps = _try_run(run, config, out, machine)
        names = [other.name for other in alike]
        _write(chosen.way, names, path)
    return Tuning(
        dataclasses.replace(run, **chosen.way.settings),
        _lines(name, trials, chosen, n_steps, names, machine),
        {
            "trials": [_figures(trial) for trial in trials],
            "chosen": chosen.way.settings,
            "runs": names,
        },
    )


def _cost(run: Any, config: Config) -> str:
    """Give what decides how long a step takes, but for what is chosen here."""
    settings = dataclasses.asdict(run)
    names = [name for name in settings_of(config.system).PACE if name not in CHOSEN]
    return json.dumps([settings[name] for name in names], sort_keys=True)


def _begun(runs: list[Any], config: Config, out: Path) -> str | None:
    """Name the first of some runs that is trained, or has been begun."""
    data = training_data(config, runs)
    for run in runs:
        try:
            key = run_hash(run, data[run.name], out)
        except ParamsError:  # the run that it starts from is not trained
            continue
        path = out / run.name / FILE
        is_done = path.is_file() and read_metadata(path)["run_hash"] == key
        if is_done or (entry_of(key) / STATE).is_file():
            return str(run.name)
    return None


def _try_run(
    run: Any, config: Config, out: Path, machine: Machine
) -> tuple[list["Trial"], "Trial", int]:
    """Prepare a run, try the ways, and choose; give also the steps of its training."""
    from gazescribe.models.training.epochs import seed_all
    from gazescribe.models.training.ways import Way, choose, steps_of, try_keeping, try_ways

    seed_all(run.seed)
    system = importlib.import_module(f"gazescribe.models.{config.system}.training")
    job = system.prepare(run, config.inputs, out, machine)
    configured = Way(*(getattr(run, name) for name in CHOSEN))
    compiles = not getattr(run, "checkpointing", False)
    trials = try_ways(job, machine, own=configured, compiles=compiles)
    n_steps = steps_of(job)
    # Module and trainer name one another, and hold the processes that load images.
    del job
    gc.collect()
    if getattr(system, "can_keep", lambda _: False)(run) and run.cache_features != "all":
        seed_all(run.seed)
        keeping = dataclasses.replace(run, cache_features="all")
        job = system.prepare(keeping, config.inputs, out, machine)
        fastest = choose(trials, configured, n_steps).way
        trials.append(try_keeping(job, machine, fastest, trials[0].loss))
        del job
        gc.collect()
    return trials, choose(trials, configured, n_steps), n_steps


def _write(way: Any, names: list[str], path: Path) -> None:
    content: dict[str, Any] = read_json(path)
    for settings in content["runs"]:
        if settings["name"] in names:
            settings.update(way.settings)
    write_json(content, path)


def _figures(trial: "Trial") -> dict[str, Any]:
    if trial.fault is not None:
        return {"way": str(trial.way), "fault": trial.fault}
    return {**vars(trial), "way": str(trial.way)}


def _lines(
    name: str,
    trials: list["Trial"],
    chosen: "Trial",
    n_steps: int,
    names: list[str],
    machine: Machine,
) -> tuple[str, ...]:
    import torch

    from gazescribe.models.training.ways import COMPILED_FROM_S

    device = torch.device("cuda" if machine.accelerator == "gpu" else "cpu")
    compiled = any(trial.way.compile for trial in trials)
    is_short = chosen.training_s(n_steps) < COMPILED_FROM_S
    why = "only an hour of training pays for it" if is_short else "it excludes checkpointing"
    minutes = chosen.training_s(n_steps) / 60
    others = f" (and of {len(names) - 1} more)" if len(names) > 1 else ""
    return (
        f"{name} on {machine_name(device)}:",
        f"  {'':42}{'first step':>12}{'s a step':>12}{'loss differs by':>18}",
        *(_line(trial) for trial in trials),
        *[f"  compilation was not tried: {why}"] * (not compiled),
        f"  chosen: {chosen.way}, at most {minutes:.0f} min; it stands in CONFIG{others}",
    )


def _line(trial: "Trial") -> str:
    if trial.fault is not None:
        return f"  {trial.way!s:42}cannot be used: {trial.fault}"
    differs = "–" if trial.difference is None else f"{trial.difference:.1e}"
    line = f"  {trial.way!s:42}{trial.first_s:10.2f} s{trial.step_s:12.4f}{differs:>18}"
    if not trial.way.keeps:
        return line
    memory = f"{trial.kept_bytes / 1e6:,.1f} MB of main memory"
    return f"{line}\n    the first epoch takes {trial.extra_s:.0f} s more; {memory}"
