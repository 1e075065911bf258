"""The parameters: `params.yaml`, read and checked in this one place.

Values live in the file alone, never here; a missing or unknown key is an error that names the
nearest known one. Stages get their section, never the file.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import click
from pydantic import Field, StringConstraints

from pipeline.demo.settings import Demo
from pipeline.detection import Detection
from pipeline.errors import ParamsError
from pipeline.ingest.settings import Ingest
from pipeline.labeler.settings import Conventions
from pipeline.networks import Mil, MilProfile
from pipeline.networks_cooperative import Cooperative, CooperativeProfile
from pipeline.resources import resource
from pipeline.strict import Strict, check, read_yaml
from pipeline.sync.settings import Sync

Section = TypeVar("Section", bound=Strict)

StartRule = Literal[
    "startofsentence",
    "mention",
    "endofsentence",
    "allsentences",
    "double",
    "andpause",
    "single",
    "all",
]
ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
EndRule = Literal["startofsentence", "endofsentence", "firstmention", "lastmention", "nextword"]


class Associate(Strict):
    """Section `associate`: which gaze belongs to which mention."""

    unit: Literal["sentence", "mention"]
    start: StartRule
    lag_s: float = Field(ge=0)
    end: EndRule
    mention_time: Literal["start", "end"]
    trailing_text: Literal["sentence", "drop"]
    uncertain_opens: bool
    sigma_deg: float = Field(gt=0)


class Images(Strict):
    """Section `images`: how radiographs are fitted into shards."""

    size: int | str
    source: Literal["jpg", "dicom"]
    resize: Literal["direct", "published"]


class Heatmaps(Strict):
    """Section `heatmaps`: how maps are drawn."""

    size: int | str
    amplitude: Literal["mass", "peak"]
    resize: Literal["direct", "published"]
    saliency_from: Literal["fixations", "samples"]
    samples_sigma_px: float = Field(gt=0)
    min_certainty: int = Field(ge=1, le=5)


class SoftWindows(Strict):
    """Weights over the time to the mention instead of windows with edges."""

    used: bool
    shapes: list[Literal["box", "triangle", "hann"]] = Field(min_length=1)
    onsets_s: list[float] = Field(min_length=1)
    widths_s: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)


class Contrast(Strict):
    """Maps less the map of all gaze."""

    used: bool
    strengths: list[Annotated[float, Field(gt=0, le=1)]] = Field(min_length=1)


class Context(Strict):
    """Gaze of the sentences before and after."""

    used: bool
    weights: list[Annotated[float, Field(ge=-1, le=1)]] = Field(min_length=1)


class Tune(Strict):
    """Section `tune`: the search over extraction windows."""

    phases: list[Annotated[int, Field(ge=1, le=3)]] = Field(min_length=1)
    size: int = Field(ge=1)
    resize: Literal["direct", "published"]
    thresholds: Literal["all", "published"]
    n_bootstrap: int = Field(ge=1)
    confidence: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
    soft: SoftWindows
    contrast: Contrast
    context: Context


class EvaluateLabels(Strict):
    """Section `evaluate_labels`: mentions against the readers' own certainties."""

    phase: int = Field(ge=1, le=3)
    n_bootstrap: int = Field(ge=1)
    confidence: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
    n_examples: int = Field(ge=0)


class Degrade(Strict):
    """Section `degrade`: a label's mentions made worse."""

    label: str
    drop_share: float = Field(ge=0, le=1)
    add_share: float = Field(ge=0, le=1)
    seed: int = Field(ge=0)


class Tabulate(Strict):
    """Section `tabulate`: tables and figures of the networks' scores."""

    n_bootstrap: int = Field(ge=1)
    confidence: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
    n_examples: int = Field(ge=1)


class Params(Strict):
    """All sections of `params.yaml`."""

    profile: ProfileName
    ingest: Ingest
    fixations: Detection
    label: Conventions
    evaluate_labels: EvaluateLabels
    degrade: Degrade
    associate: Associate
    images: Images
    heatmaps: Heatmaps
    tune: Tune
    mil: Mil
    cooperative: Cooperative
    tabulate: Tabulate
    sync: Sync
    demo: Demo


class Profile(Strict):
    """All sections of `params/<profile>.yaml`."""

    mil: MilProfile
    cooperative: CooperativeProfile


def load_params(path: Path | None = None) -> Params:
    """Read the parameters.

    Parameters
    ----------
    path : pathlib.Path, optional
        The file; else `params.yaml` in the working folder, else the packaged one.

    Raises
    ------
    ParamsError
        If a key is missing, unknown or out of range; all faults at once.
    """
    return read_yaml(path or resource("params.yaml"), Params, ParamsError)


def load_profile(name: str, path: Path | None = None) -> Profile:
    """Read a profile: the sizes of the networks.

    Parameters
    ----------
    name : str
        Which, as `params.yaml` says.
    path : pathlib.Path, optional
        The parameter file that named it: the folder `params` beside it comes first, then the one of
        the working folder, then the packaged one.

    Raises
    ------
    ParamsError
        If there is no such profile, or a key is missing, unknown or out of range.
    """
    beside = path.parent / "params" if path else resource("params")
    folder = beside if (beside / f"{name}.yaml").is_file() else resource("params")
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if name not in known:
        what = f"there is no profile {name!r}; known are {', '.join(known)}."
        raise ParamsError(what, where=folder, remedy="Set `profile` in params.yaml.")
    return read_yaml(folder / f"{name}.yaml", Profile, ParamsError)


def size_of(given: str | None, params: Params, path: Path | None = None) -> str | None:
    """Give the size that an option asks for: a network's name stands for that of its images.

    Parameters
    ----------
    given : str or None
        N, HxW, `native`, or the section of a network in the profile; None stays None.
    params : Params
        They name the profile.
    path : pathlib.Path, optional
        Where they were read from, as for `load_profile`.

    Returns
    -------
    str or None
        What `parse_size` reads.
    """
    if given not in Profile.model_fields:
        return given
    frame: str = getattr(load_profile(params.profile, path), given).frame
    return frame


def parse_size(text: str | int) -> tuple[int, int] | None:
    """Read a size: N or HxW in model pixels; `native` is None.

    Raises
    ------
    ParamsError
        If it is none of these.
    """
    if str(text) == "native":
        return None
    sides = str(text).lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() and int(side) for side in sides):
        raise ParamsError(
            f"size {text!r} is neither N nor HxW in model pixels.", remedy="Say 512, or 640x512."
        )
    return int(sides[0]), int(sides[-1])


def override(section: Section, **given: object) -> Section:
    """Replace values of a section by options of the command line; None means not given.

    Raises
    ------
    ParamsError
        If a value is out of range; it is named as the option of the running command.
    """
    changed = {key: value for key, value in given.items() if value is not None}
    content = {**section.model_dump(), **changed}
    try:
        return check(content, type(section), ParamsError, where="options")
    except ParamsError as error:
        parts = [fault.partition(":") for fault in error.faults]
        faults = ["".join((option_of(key), *rest)) for key, *rest in parts]
        raise ParamsError(error.what, where=error.where, faults=faults) from error


def option_of(key: str) -> str:
    """Spell a key as the option of the running command that sets it; else as it is."""
    context = click.get_current_context(silent=True)
    options = context.command.params if context else []
    return next((option.opts[0] for option in options if option.name == key), key)
