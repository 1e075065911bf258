"""`gazescribe configure`: resolve the parameters of a network into the CONFIG that trains it.

Reads params.yaml, params/<profile>.yaml and rules/columns.yaml. Writes one JSON in which nothing is
left to a default: `gazescribe train` needs it alone, on a machine without DVC and pydantic.
"""

from collections.abc import Iterable
from dataclasses import asdict
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

import click

from gazescribe.models.cooperative import settings as cooperative
from gazescribe.models.cooperative.settings import CooperativeEvaluation, cooperative_runs
from gazescribe.models.core.config import SCHEMA_VERSION
from gazescribe.models.mil import settings as mil
from gazescribe.models.mil.settings import MilEvaluation, MilInputs, mil_runs
from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import Params, Profile, load_params, load_profile
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import ParamsError
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


def _check_starts(profile: str, faults: Iterable[str]) -> None:
    """Refuse runs of which it is not said what they start from: each parameter once."""
    named = list(dict.fromkeys(faults))
    if named:
        message = f"profile {profile} does not say what its networks start from."
        remedy = "Nothing is downloaded: copy the file here and give its path."
        raise ParamsError(message, where=f"params/{profile}.yaml", remedy=remedy, faults=named)


def _mil(params: Params, profile: Profile) -> dict[str, Any]:
    runs = mil_runs(params.mil, profile.mil)
    _check_starts(params.profile, chain.from_iterable(map(mil.start_faults, runs)))
    channels = {name: load_column_map(name, TEN_LABELS) for name in COLUMNS_OF}
    scoring = asdict(params.mil.evaluation)
    return {
        "inputs": asdict(MilInputs(**vars(params.mil.inputs), channels=channels)),
        "runs": [asdict(run) for run in runs],
        "evaluation": asdict(MilEvaluation(**scoring, batch_size=profile.mil.batch_size)),
    }


def _cooperative(params: Params, profile: Profile) -> dict[str, Any]:
    section, sizes = params.cooperative, profile.cooperative
    runs = cooperative_runs(section, sizes)
    _check_starts(params.profile, chain.from_iterable(map(cooperative.start_faults, runs)))
    return {
        "inputs": asdict(section.inputs),
        "runs": [asdict(run) for run in runs],
        "evaluation": asdict(CooperativeEvaluation(sizes.evaluation_batch_size)),
    }
