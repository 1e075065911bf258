"""The parameters: `params.yaml` and the profile it names, read and checked in this one place.

Values live in the files alone, never here; a missing or unknown key is an error that names the
nearest known one. What a profile sets otherwise wins. Stages get their section, never the file.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import StringConstraints

from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.resources import resource, shipped
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.core.yaml_files import Strict, check, load_yaml, read_yaml
from gazescribe.pipeline.demo.settings import Demo
from gazescribe.pipeline.dictation.evaluation.settings import Degrade, EvaluateLabels
from gazescribe.pipeline.dictation.labeler.settings import Conventions
from gazescribe.pipeline.dictation.language_model.settings import LanguageModel
from gazescribe.pipeline.gaze.settings import Detection
from gazescribe.pipeline.gaze.sync.settings import Sync
from gazescribe.pipeline.images.settings import Images
from gazescribe.pipeline.ingest.settings import Ingest
from gazescribe.pipeline.maps.settings import Heatmaps
from gazescribe.pipeline.measures.settings import Measures
from gazescribe.pipeline.results.settings import Tabulate
from gazescribe.pipeline.scanpaths.settings import Scanpaths, ScoreScanpaths
from gazescribe.pipeline.windows.learned.settings import Learned
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.tune.settings import Tune

ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
DatasetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]

if TYPE_CHECKING:
    MilSection: TypeAlias = Any
    MilProfile: TypeAlias = Any
    CooperativeSection: TypeAlias = Any
    CooperativeProfile: TypeAlias = Any
else:
    # Named by their paths, as the group names commands, since `pipeline/` imports nothing of
    # `models/`. Every command reads these sections, too: a typo in them stops any of them.
    mil = import_module("gazescribe.models.mil.settings")
    cooperative = import_module("gazescribe.models.cooperative.settings")
    MilSection, MilProfile = mil.MilSection, mil.MilProfile
    CooperativeSection = cooperative.CooperativeSection
    CooperativeProfile = cooperative.CooperativeProfile


class Params(Strict):
    """All sections of `params.yaml`."""

    profile: ProfileName
    datasets: list[DatasetName]
    samples_alone: list[DatasetName]
    radiographs: list[DatasetName]
    stages_of: list[Literal["papers"]]
    pages_of: list[Literal["lists"]]
    maps: Literal["gaussians", "shards"]
    ingest: Ingest
    fixations: Detection
    label: Conventions
    language_model: LanguageModel
    evaluate_labels: EvaluateLabels
    degrade: Degrade
    associate: Associate
    learned: Learned
    images: Images
    heatmaps: Heatmaps
    tune: Tune
    scanpaths: Scanpaths
    score_scanpaths: ScoreScanpaths
    measures: Measures
    mil: MilSection
    cooperative: CooperativeSection
    tabulate: Tabulate
    figures: Figures
    sync: Sync
    demo: Demo


NETWORKS = ("mil", "cooperative")


class Overrides(Strict):
    """Sections of `params.yaml` in which a profile can set values otherwise; checked when merged.

    `dvc.yaml` names them in each stage that reads the section: another profile runs those again.
    """

    ingest: dict[str, Any]
    associate: dict[str, Any]
    images: dict[str, Any]
    heatmaps: dict[str, Any]
    tune: dict[str, Any]
    mil: dict[str, Any]
    cooperative: dict[str, Any]


class Profile(Strict):
    """All sections of `params/<profile>.yaml`."""

    overrides: Overrides
    mil: MilProfile
    cooperative: CooperativeProfile


def load_params(path: Path | None = None) -> Params:
    """Read the parameters: of this file, else `params.yaml` in the working folder, else packaged.

    What the profile that the file names sets otherwise is in them.

    Raises
    ------
    ParamsError
        If there is no such profile, or a key of either file is missing, unknown or out of range, or
        a data set is named twice; all faults of a file at once.
    """
    file = path or resource("params.yaml")
    remedy = f"All keys of this version stand, with their meaning, in {shipped('params.yaml')}."
    params = read_yaml(file, Params, ParamsError, remedy=remedy)
    if faults := [*_list_faults(params)]:
        raise ParamsError("these lists of data sets cannot be used.", where=file, faults=faults)
    overrides = load_profile(params.profile, path).overrides.model_dump()
    if not any(overrides.values()):
        return params
    content = _merged(load_yaml(file, ParamsError), overrides)
    place = f"overrides of {_profile_file(params.profile, path)}"
    return check(content, Params, ParamsError, where=place)


def _list_faults(params: Params) -> Iterator[str]:
    """Say of which data sets DVC would make two stages with one output, or one without input."""
    with_gaze = [*params.datasets, *params.samples_alone]
    for name, count in Counter(with_gaze).items():
        if count > 1:
            yield (
                f"{name} stands twice in `datasets` and `samples_alone`: name it once, in"
                " `samples_alone` if it has samples and no fixations, else in `datasets`"
            )
    for name, count in Counter(params.radiographs).items():
        if count > 1:
            yield f"`radiographs` names {name} twice"
        if name not in with_gaze:
            yield f"`radiographs` names {name}, which is in neither `datasets` nor `samples_alone`"
    if params.stages_of and params.pages_of:
        yield "`pages_of` must be [] beside the stages of the papers: their page is stage `report`"


def _merged(into: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace values, at any depth; keys that are new come with them, to be checked."""
    both = dict(into)
    for name, value in values.items():
        inner = both.get(name)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            both[name] = _merged(inner, value)
        else:
            both[name] = value
    return both


def overridden(profile: Profile) -> dict[str, Any]:
    """Name the values of `params.yaml` that a profile sets otherwise, by their dotted keys."""
    return dict(_dotted(profile.overrides.model_dump()))


def _dotted(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def load_profile(name: str, path: Path | None = None) -> Profile:
    """Read the profile that a parameter file names: sizes of the networks, and values of its own.

    The folder `params` beside that file comes first, then the one of the working folder, then the
    packaged one.

    Raises
    ------
    ParamsError
        If there is no such profile, or a key is missing, unknown or out of range.
    """
    return read_yaml(_profile_file(name, path), Profile, ParamsError)


def _profile_file(name: str, path: Path | None) -> Path:
    beside = path.parent / "params" if path else resource("params")
    folder = beside if (beside / f"{name}.yaml").is_file() else resource("params")
    profiles = sorted(file.stem for file in folder.glob("*.yaml"))
    if name not in profiles:
        message = f"there is no profile {name!r}; known are {', '.join(profiles)}."
        raise ParamsError(message, where=folder, remedy="Set `profile` in params.yaml.")
    return folder / f"{name}.yaml"


def size_of(size: str | None, params: Params, path: Path | None = None) -> str | None:
    """Give the size that an option sets, as `parse_size` reads it; None stays None.

    The name of a network stands for the size of its images in the profile that `params`, read from
    `path`, name.
    """
    if size not in NETWORKS:
        return size
    frame: str = getattr(load_profile(params.profile, path), size).frame
    return frame
