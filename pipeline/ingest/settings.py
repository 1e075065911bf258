"""What the readers are told: parameters (they change the tables) and options (lists, workers)."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict
from gazescribe.pipeline.ingest.quality import Quality


class Ingest(Strict):
    """Section `ingest`: splits, clocks, and which gaze is good enough."""

    seed: int = Field(ge=0)
    val_share: float = Field(gt=0, lt=1)
    tuning_share: float = Field(gt=0, lt=1)
    val_subjects: Path | None
    tuning_readings: Path | None
    audio_offset_s: float
    quality: Quality


@dataclass(frozen=True)
class IngestOptions:
    """What `ingest` and `verify` are given on the command line beside root and output."""

    val_subjects: Path | None = None  # the authors' published list
    tuning_readings: Path | None = None  # likewise
    # MIMIC-CXR-JPG's folder or metadata table, for EGD's splits and sizes
    mimic_metadata: Path | None = None
    samples: bool = False  # write gaze samples too
    workers: int | None = None  # as in `map_tasks`
    scheduler: str | None = None
