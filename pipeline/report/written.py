"""JSON that stages wrote, as far as the pages read it."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, Field

from gazescribe.pipeline.core import foreign
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import settle
from gazescribe.pipeline.core.yaml_files import Strict, check

Model = TypeVar("Model", bound=Strict)


class WrittenJson(Strict):
    """What the pages need of a file; it may hold more."""

    model_config = ConfigDict(extra="ignore")


class IngestFault(WrittenJson):
    """Rows of raw files that an ingest found fault with."""

    severity: str
    loses: str
    rows: int


class Counts(WrittenJson):
    """What the pages look for by name in the JSON of any stage; the rest is taken as it is."""

    kind: str | None = None
    rows: dict[str, int] = Field(default_factory=dict)
    counts: dict[str, int] = Field(default_factory=dict)
    faults: dict[str, IngestFault] = Field(default_factory=dict)
    params: dict[str, Any] = Field(default_factory=dict)
    n_windows: dict[str, int] = Field(default_factory=dict)
    n_mentions: int | None = None
    n_maps: int | None = None


class Ingested(Counts):
    """`ingest.json`."""

    dataset: str
    version: str
    rows: dict[str, int]
    counts: dict[str, int]
    faults: dict[str, IngestFault]
    lost: dict[str, int]
    lost_rows: dict[str, int]


class FoundFixations(Counts):
    """`fixations.json`."""

    readings: int
    readings_with_gaze: int
    samples: int
    fixations: int
    without_gaze: dict[str, int]


class Associated(Counts):
    """`associate.json`; without mentions their number is null."""

    params: dict[str, Any]
    split_source: str
    n_readings: int
    n_mentions: int | None
    n_readings_gaze_begins_late: int
    n_windows: dict[str, int]
    n_gaussians: int
    readings_left_out: dict[str, int]
    mentions_left_out: dict[str, int]


class DrawnMaps(Counts):
    """`heatmaps.json`."""

    kind: str
    params: dict[str, Any]
    split_source: str
    n_maps: int
    n_readings: int
    n_shards: int
    n_blank: int
    maps_by_label: dict[str, int]
    left_out: dict[str, Any]


class FittedImages(Counts):
    """`images.json`."""

    params: dict[str, Any]
    n_listed: int
    n_images: int
    n_shards: int
    left_out: dict[str, Any]
    scaled_copies: dict[str, Any]


class Rate(WrittenJson):
    """A rate as mean over labels."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n_defined: int
    n_items: int


class EvaluatedParams(WrittenJson):
    """Of `evaluate-labels`."""

    phase: int


class PaperRates(WrittenJson):
    """Macro rates by what is counted."""

    positive_or_uncertain: dict[str, Rate]


class Macro(WrittenJson):
    """Macro rates by reference."""

    certainty_above_0: PaperRates


class EvaluatedLabels(WrittenJson):
    """`evaluate_labels.json`: what Table 4 of Lanfredi et al. 2023 counts."""

    n_readings: int
    n_images: int
    params: EvaluatedParams
    macro: Macro


class Best(WrittenJson):
    """The best rule of a search."""

    rule: str
    iou_cross_validated: float | None
    iou_cross_validated_interval: tuple[float | None, float | None] | None = None
    iou_paper: float | None


class Tuned(WrittenJson):
    """`tune.json`."""

    n_rules: int
    n_rules_published: int
    n_readings: int
    n_subjects: int
    best: Best


class MadeScanpaths(Counts):
    """`scanpaths.json`."""

    params: dict[str, Any]
    split_source: str
    n_readings: int
    n_findings: int
    n_fixations: int
    n_fixations_of_findings: int
    findings_by_label: dict[str, int]
    left_out: dict[str, dict[str, int]]


class Measured(Counts):
    """`measures.json`."""

    params: dict[str, Any]
    split_source: str
    n_readings: int
    n_rows: dict[str, int]
    n_readings_without_lungs: int
    left_out: dict[str, dict[str, int]]


ALWAYS: dict[str, type[WrittenJson]] = {
    "ingest": Ingested,
    "fixations": FoundFixations,
    "associate": Associated,
    "heatmaps": DrawnMaps,
    "images": FittedImages,
    "scanpaths": MadeScanpaths,
    "measures": Measured,
    "evaluate_labels": EvaluatedLabels,
    "tune": Tuned,
}
"""What a stage always writes, by the name of its file: one that lacks any of it is not whole."""


class Caption(WrittenJson):
    """What stands under a figure of a stage."""

    title: str
    caption: str = ""


class SearchCaptions(WrittenJson):
    """`captions.json` of a search; older versions wrote none."""

    iou_by_delay: Caption = Caption(title="IoU against the delay, for each end of the window")
    iou_by_label: Caption = Caption(title="IoU against the delay, for each label")


def read_json(path: Path, model: type[Model], remedy: str | None = None) -> Model:
    """Read a JSON file into a model; refuse one that is absent or lacks anything, all at once."""
    return check(load_json(path, remedy), model, GazeError, where=path, remedy=remedy)


def load_json(path: Path, remedy: str | None = None) -> dict[str, Any]:
    """Read a JSON object as it is; raises as `read_json` does."""
    settle(path.parent)
    content: dict[str, Any] = foreign.read_json(path, GazeError, remedy=remedy)
    return content


def rerun(path: Path) -> str:
    """Say how a file is made anew: its stage has its name."""
    return f"Run `gazescribe {path.stem.replace('_', '-')}` again."
