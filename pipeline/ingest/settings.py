"""What the readers are told: parameters (they change the tables) and options (lists, workers)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from gazescribe.pipeline.core.yaml_files import Strict
from gazescribe.pipeline.ingest.quality import Quality

TOLERANCE = 1e-6  # of a sum of shares, which are written in decimals

PositiveShare = Annotated[float, Field(gt=0, lt=1)]


def _check_sum(shares: tuple[float, ...]) -> tuple[float, ...]:
    if abs(sum(shares) - 1) > TOLERANCE:
        message = f"shares that add to 1 expected, these add to {sum(shares):g}"
        raise ValueError(message)
    return shares


class Ingest(Strict):
    """Section `ingest`: splits, clocks, and which gaze is good enough."""

    seed: int = Field(ge=0)
    val_share: float = Field(gt=0, lt=1)
    tuning_share: float = Field(gt=0, lt=1)
    egd_shares: Annotated[
        tuple[PositiveShare, PositiveShare, PositiveShare], AfterValidator(_check_sum)
    ]  # in the order of `SPLITS`
    own_shares: Annotated[
        tuple[PositiveShare, PositiveShare, PositiveShare], AfterValidator(_check_sum)
    ]  # likewise
    val_subjects: Path | None
    tuning_readings: Path | None
    audio_offset_s: float
    pause_s: float | None = Field(gt=0)
    quality: Quality


@dataclass(frozen=True)
class IngestOptions:
    """What `ingest` and `verify` are given on the command line beside root and output."""

    val_subjects: Path | None = None  # the authors' published list
    tuning_readings: Path | None = None  # likewise
    # MIMIC-CXR-JPG's folder or metadata table, for EGD's splits and sizes
    mimic_metadata: Path | None = None
    # REFLACX's tables or raw tree, for the splits of EGD and MIMIC-CXR-JPG
    reflacx: Path | None = None
    samples: bool = False  # write gaze samples too
    workers: int | None = None  # as in `map_tasks`
    scheduler: str | None = None
