"""The parameters: `params.yaml`, read and checked in this one place.

Values live in the file alone, never here; a missing or unknown key is an error that names the
nearest known one. Stages get their section, never the file.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import StringConstraints

from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.yaml_files import Strict, read_yaml
from gazescribe.pipeline.demo.settings import Demo
from gazescribe.pipeline.dictation.evaluation.settings import Degrade, EvaluateLabels
from gazescribe.pipeline.dictation.labeler.settings import Conventions
from gazescribe.pipeline.gaze.detection import Detection
from gazescribe.pipeline.gaze.sync.settings import Sync
from gazescribe.pipeline.images.settings import Images
from gazescribe.pipeline.ingest.settings import Ingest
from gazescribe.pipeline.maps.settings import Heatmaps
from gazescribe.pipeline.results.settings import Tabulate
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.tune.settings import Tune

ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]

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
    ingest: Ingest
    fixations: Detection
    label: Conventions
    evaluate_labels: EvaluateLabels
    degrade: Degrade
    associate: Associate
    images: Images
    heatmaps: Heatmaps
    tune: Tune
    mil: MilSection
    cooperative: CooperativeSection
    tabulate: Tabulate
    sync: Sync
    demo: Demo


class Profile(Strict):
    """All sections of `params/<profile>.yaml`."""

    mil: MilProfile
    cooperative: CooperativeProfile


def load_params(path: Path | None = None) -> Params:
    """Read the parameters: of this file, else `params.yaml` in the working folder, else packaged.

    Raises
    ------
    ParamsError
        If a key is missing, unknown or out of range; all faults at once.
    """
    return read_yaml(path or resource("params.yaml"), Params, ParamsError)


def load_profile(name: str, path: Path | None = None) -> Profile:
    """Read the profile that a parameter file names: the sizes of the networks.

    The folder `params` beside that file comes first, then the one of the working folder, then the
    packaged one.

    Raises
    ------
    ParamsError
        If there is no such profile, or a key is missing, unknown or out of range.
    """
    beside = path.parent / "params" if path else resource("params")
    folder = beside if (beside / f"{name}.yaml").is_file() else resource("params")
    profiles = sorted(file.stem for file in folder.glob("*.yaml"))
    if name not in profiles:
        message = f"there is no profile {name!r}; known are {', '.join(profiles)}."
        raise ParamsError(message, where=folder, remedy="Set `profile` in params.yaml.")
    return read_yaml(folder / f"{name}.yaml", Profile, ParamsError)


def size_of(size: str | None, params: Params, path: Path | None = None) -> str | None:
    """Give the size that an option sets, as `parse_size` reads it; None stays None.

    The name of a network stands for the size of its images in the profile that `params`, read from
    `path`, name.
    """
    if size not in Profile.model_fields:
        return size
    frame: str = getattr(load_profile(params.profile, path), size).frame
    return frame
