"""`gazescribe configure`: resolve the parameters of a network into the CONFIG that trains it.

Reads params.yaml, params/<profile>.yaml and rules/columns.yaml. Writes one JSON in which nothing is
left to a default: `gazescribe train` needs it alone, on a machine without DVC and pydantic.
"""

from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Any

import click

from gazescribe.models.cooperative.settings import CooperativeEvaluation, cooperative_runs
from gazescribe.models.core.config import SCHEMA_VERSION
from gazescribe.models.mil.settings import MilEvaluation, MilInputs, mil_runs
from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import Params, Profile, load_params, load_profile
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.dictation.label_maps import load_column_map

COLUMNS_OF = ("reflacx", "mimic-cxr-jpg", "egd")
"""Data sets whose own columns say which labels an image has."""


@options.command("configure")
@click.argument("system", type=click.Choice(["mil", "cooperative"]))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@options.params_option
@options.json_option
def configure(system: str, out: Path, params_file: Path | None, as_json: bool) -> None:
    """Write the CONFIG of a network, from params.yaml and the profile it names."""
    config = _below_here(resolved(system, params_file))
    write_json(config, out)
    names = [run["name"] for run in config["runs"]]
    counts = {"profile": config["profile"], "runs": names}
    line = f"{len(names)} runs of {system}, profile {config['profile']} → {out}"
    options.summarise(line, counts, as_json=as_json)


def _below_here(value: Any) -> Any:
    """Name files below the working folder from there, as on any machine; others stay absolute."""
    if isinstance(value, dict):
        return {name: _below_here(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_below_here(part) for part in value]
    if isinstance(value, str) and PurePath(value).is_relative_to(Path.cwd()):
        return PurePath(value).relative_to(Path.cwd()).as_posix()
    return value


def resolved(system: str, params_file: Path | None = None) -> dict[str, Any]:
    """Give the CONFIG of a network, as `models.core.config` reads it.

    Without `params_file`, parameters are those of the working folder, else the packaged ones.
    Raises ParamsError if one is missing, unknown or out of range.
    """
    params = load_params(params_file)
    profile = load_profile(params.profile, params_file)
    parts = {"mil": _mil, "cooperative": _cooperative}[system](params, profile)
    return {
        "schema_version": SCHEMA_VERSION,
        "system": system,
        "profile": params.profile,
        **parts,
    }


def _mil(params: Params, profile: Profile) -> dict[str, Any]:
    channels = {name: load_column_map(name, TEN_LABELS) for name in COLUMNS_OF}
    scoring = asdict(params.mil.evaluation)
    return {
        "inputs": asdict(MilInputs(**vars(params.mil.inputs), channels=channels)),
        "runs": [asdict(run) for run in mil_runs(params.mil, profile.mil)],
        "evaluation": asdict(MilEvaluation(**scoring, batch_size=profile.mil.batch_size)),
    }


def _cooperative(params: Params, profile: Profile) -> dict[str, Any]:
    section, sizes = params.cooperative, profile.cooperative
    return {
        "inputs": asdict(section.inputs),
        "runs": [asdict(run) for run in cooperative_runs(section, sizes)],
        "evaluation": asdict(CooperativeEvaluation(sizes.evaluation_batch_size)),
    }
