"""`gazescribe configure`: resolve the parameters of a network into the CONFIG that trains it.

Reads params.yaml, params/<profile>.yaml, and labels.yaml and columns.yaml of the rules. Writes one
JSON in which nothing is left to a default: `gazescribe train` needs it alone, on a machine without
DVC and pydantic. Into a folder it writes a CONFIG for each run, and for every model that the
parameters know, listed by the profile or not: what one of them says does not change with the
others. It says how much memory of a device each needs (`models.training.estimate`), where torch is
installed.
"""

from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

import click

from gazescribe.models.commands.run_memory import (
    MemorySize,
    as_counts,
    check_fit,
    estimated,
    table_of,
)
from gazescribe.models.cooperative.settings import (
    CooperativeEvaluation,
    CooperativeInputs,
    SaliencyDrawing,
    cooperative_runs,
)
from gazescribe.models.core.config import SCHEMA_VERSION, Config, settings_of
from gazescribe.models.core.settings import Drawing
from gazescribe.models.mil.settings import (
    MaskDrawing,
    MilEvaluation,
    MilFolders,
    MilInputs,
    mil_runs,
)
from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import (
    Params,
    Profile,
    load_params,
    load_profile,
    overridden,
)
from gazescribe.pipeline.core.errors import GazeError, ParamsError
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_column_map, load_label_map
from gazescribe.pipeline.geometry.sizes import parse_size

COLUMNS_OF = ("reflacx", "mimic-cxr-jpg", "egd")
"""Data sets whose own columns say which labels an image has."""


@options.command("configure", example="gazescribe configure mil mil.json")
@click.argument("system", type=click.Choice(["mil", "cooperative"]))
@click.argument("out", type=options.FOLDER)
@options.params_option
@click.option(
    "--rules",
    type=options.EXISTING_FOLDER,
    help="mil: rules folder, whose channels are the labels.  [default: ./rules]",
)
@click.option(
    "--memory",
    type=MemorySize(),
    help="Refuse what does not fit a device with so much memory, such as 24GB.",
)
@options.json_option
def configure(
    system: str,
    out: Path,
    params_file: Path | None,
    rules: Path | None,
    memory: int | None,
    as_json: bool,
) -> None:
    """Write the CONFIG of a network, from params.yaml and the profile it names.

    OUT is a file that ends in .json, with all runs of the models that the profile lists; or a
    folder, with a file <run>.json for each run of every model there is.

    For images of 256 pixels and more, and wherever --memory is given, it estimates how much memory
    of a device each network needs. That takes torch and some seconds.
    """
    if rules is not None and system != "mil":  # it would be without effect
        raise click.UsageError(f"--rules is an option of mil, not of {system}.")
    is_file = out.suffix == ".json"
    config = _below_here(resolved(system, params_file, every_model=not is_file, rules=rules))
    needed = []
    note = ""
    try:
        chosen = config_of(system, params_file, every_model=not is_file, rules=rules)
        needed = estimated(chosen, everything=memory is not None)
    except GazeError as lacking:
        if memory is not None:
            raise
        note = f"; {lacking.what}"
    if memory is not None:
        check_fit(needed, memory)
    if is_file:
        write_json(config, out)
    else:
        with replacing_folder(out, "settings of runs", obsolete=("*.json",)) as folder:
            for run in config["runs"]:
                write_json({**config, "runs": [run]}, folder / f"{run['name']}.json")
    names = [run["name"] for run in config["runs"]]
    profile = config["profile"]
    otherwise = overridden(load_profile(profile, params_file))
    counts = {
        "profile": profile,
        "overrides": otherwise,
        "runs": names,
        "memory": as_counts(needed),
    }
    line = f"{len(names)} runs of {system}, profile {profile} → {out}{note}"
    if otherwise:
        values = ", ".join(f"{key}: {value}" for key, value in otherwise.items())
        line += f"; in place of params.yaml, the profile sets {values}"
    line = "\n".join([*table_of(needed), line])
    options.summarise(line, counts, as_json=as_json)


def _below_here(value: Any) -> Any:
    """Name files below the working folder from there, as on any machine; others stay absolute."""
    if isinstance(value, dict):
        return {name: _below_here(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_below_here(part) for part in value]
    if isinstance(value, str) and PurePath(value).is_relative_to(Path.cwd()):
        return PurePath(value).relative_to(Path.cwd()).as_posix()
    return value


def resolved(
    system: str,
    params_file: Path | None = None,
    *,
    every_model: bool = False,
    rules: Path | None = None,
) -> dict[str, Any]:
    """Give the CONFIG of a network, as `models.core.config` reads it.

    Its runs are those of the models that the profile lists, or of every model. Without
    `params_file`, parameters are those of the working folder, else the packaged ones; so are rules.
    Raises ParamsError if one is missing, unknown or out of range, RuleError for faulty rules.
    """
    config = config_of(system, params_file, every_model=every_model, rules=rules)
    faults_of = settings_of(system).start_faults
    _check_starts(config.profile, chain.from_iterable(faults_of(run) for run in config.runs))
    return {"schema_version": SCHEMA_VERSION, **asdict(config)}


def config_of(
    system: str,
    params_file: Path | None = None,
    *,
    every_model: bool = False,
    rules: Path | None = None,
) -> Config:
    """Give what `resolved` gives, as `read_config` would, whatever its networks start from."""
    params = load_params(params_file)
    profile = load_profile(params.profile, params_file)
    if every_model:
        profile = _with_every_model(params, profile)
    parts = _mil(params, profile, rules) if system == "mil" else _cooperative(params, profile)
    return Config(system, params.profile, *parts)


def _check_starts(profile: str, faults: Iterable[str]) -> None:
    """Refuse runs of which it is not said what they start from: each parameter once."""
    named = list(dict.fromkeys(faults))
    if named:
        message = f"profile {profile} does not say what its networks start from."
        remedy = "Nothing is downloaded: copy the file here and give its path."
        raise ParamsError(message, where=f"params/{profile}.yaml", remedy=remedy, faults=named)


def _with_every_model(params: Params, profile: Profile) -> Profile:
    """Give a profile that lists all models of the parameters, in their order."""
    listed = profile.cooperative.models
    models = {name: listed.get(name, {}) for name in params.cooperative.variants}
    return Profile(
        overrides=profile.overrides,
        mil=replace(profile.mil, models=tuple(params.mil.variants)),
        cooperative=replace(profile.cooperative, models=models),
    )


Parts = tuple[Any, tuple[Any, ...], Any]
"""Inputs, runs and evaluation."""


def _mil(params: Params, profile: Profile, rules: Path | None) -> Parts:
    folders: MilFolders = params.mil.inputs
    known = load_label_map(rules)
    inputs = MilInputs(
        **vars(folders),
        maps=params.maps,
        drawing=Drawing(params.heatmaps.amplitude, params.heatmaps.resize),
        labels=known.channels,
        channels={name: _columns(name, known, rules) for name in COLUMNS_OF},
        own_channels={
            name: known.by_name if dataset.mentions else _columns(name, known, rules)
            for name, dataset in folders.datasets.items()
        },
        masks=_masks(params, known, rules) if params.maps == "gaussians" else None,
    )
    runs = tuple(mil_runs(params.mil, profile.mil))
    _check_inputs("mil", inputs, runs)
    evaluation = MilEvaluation(
        **asdict(params.mil.evaluation),
        batch_size=profile.mil.batch_size,
        example_seed=min(profile.mil.seeds),
    )
    return inputs, runs, evaluation


def _masks(params: Params, known: LabelMap, rules: Path | None) -> MaskDrawing:
    """Say how ellipses are drawn, of REFLACX and of data sets of one's own."""
    names = [name for name, dataset in params.mil.inputs.datasets.items() if dataset.ellipse_maps]
    channels = {name: _columns(name, known, rules) for name in ("reflacx", *names)}
    return MaskDrawing(params.heatmaps.min_certainty, parse_size(params.heatmaps.size), channels)


def _columns(name: str, known: LabelMap, rules: Path | None) -> dict[str, tuple[str, ...]]:
    """Channels of the columns of a data set; rules of one's own need not have any."""
    return load_column_map(name, known.channels, rules, optional=True)


def _cooperative(params: Params, profile: Profile) -> Parts:
    section, sizes = params.cooperative, profile.cooperative
    # Not square, as the published way of fitting maps needs it: drawn at model size.
    drawn = params.heatmaps
    drawing = SaliencyDrawing(
        drawn.amplitude, "direct", drawn.saliency_from, drawn.samples_sigma_px
    )
    inputs = CooperativeInputs(**vars(section.inputs), maps=params.maps, drawing=drawing)
    runs = tuple(cooperative_runs(section, sizes))
    _check_inputs("cooperative", inputs, runs)
    evaluation = CooperativeEvaluation(sizes.evaluation_batch_size)
    return inputs, runs, evaluation


def _check_inputs(system: str, inputs: Any, runs: tuple[Any, ...]) -> None:
    if faults := settings_of(system).input_faults(inputs, runs):
        message = "data sets have not what they are named for."
        raise ParamsError(message, where=f"params.yaml, {system}", faults=faults)
