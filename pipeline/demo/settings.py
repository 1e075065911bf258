"""What is planted in the synthetic data set, and how often: section `demo` of `params.yaml`."""

from typing import Literal

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict

Images = Literal["native", "small", "none"]  # small: a sixth of it, coordinates too; none: tables


class Demo(Strict):
    """Parameters of `demo`.

    Gaze arrives at a finding `lag_s` before the first word of its sentence; the distribution of
    durations, gaps and certainties is that of the data sets (spec REFLACX A14) and not here.
    """

    readings: int = Field(ge=1)  # REFLACX readings; `images_by_phase` says why at least 11
    seed: int = Field(ge=0)
    lag_s: float = Field(ge=0.1, le=10)
    lag_spread_s: float = Field(ge=0)  # standard deviation, by sentence; lags stay ≥ 0.1
    search_s: float = Field(gt=0)  # median of the silent search before the first word
    look_ahead_s: float = Field(ge=0)  # eyes leave a finding this long before the period ends
    wander_rate: float = Field(ge=0, lt=1)  # of fixations during a finding's sentence
    off_image_rate: float = Field(ge=0, le=0.3)  # of all fixations; readers vary around it
    tracker_error_deg: float = Field(ge=0)  # mean offset of a reading (spec REFLACX A14)
    zoom_rate: float = Field(ge=0, le=1)  # of findings looked at closely
    miss_rate: float = Field(ge=0, lt=1)  # of findings, for each of five readers of an image
    ellipse_spread: float = Field(ge=0)  # between readers, relative to the radii
    edge_case_rate: float = Field(gt=0, le=0.2)  # of the readings that can have it; ≥ 1 each
    gaze_readings: int = Field(ge=0)  # readings with gaze.csv at 1 kHz, 3 MB each
