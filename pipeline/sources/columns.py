"""Columns of our tables that a manifest may map."""

from typing import ClassVar

from gazescribe.pipeline.core.yaml_files import Strict
from gazescribe.pipeline.sources.cells import AudioStart, Number, Place, PxPerDeg, Text, Time, Valid

SIDES = (("x", "width"), ("y", "height"))  # of a rectangle: its axes, and how long it is there


class TableColumns(Strict):
    """Columns of one of our tables; `table` names it in faults."""

    table: ClassVar[str]
    reading_id: Text | None = None


class PartColumns(TableColumns):
    """The part of the image that was on screen, and where it stood there; its edges, by row."""

    shown_xmin_px: Number | None = None
    shown_ymin_px: Number | None = None
    shown_xmax_px: Number | None = None
    shown_ymax_px: Number | None = None
    shown_width_px: Number | None = None  # in place of xmax
    shown_height_px: Number | None = None
    on_screen_xmin_px: Number | None = None  # in screen pixels
    on_screen_ymin_px: Number | None = None
    on_screen_xmax_px: Number | None = None
    on_screen_ymax_px: Number | None = None
    on_screen_width_px: Number | None = None
    on_screen_height_px: Number | None = None


class ReadingColumns(PartColumns):
    """Columns of a table of readings; `audio_start` is on the clock of the gaze."""

    table: ClassVar[str] = "readings"
    subject_id: Text | None = None
    study_id: Text | None = None
    dicom_id: Text | None = None
    split: Text | None = None
    width_px: Text | None = None
    height_px: Text | None = None
    image_path: Text | None = None
    text: Text | None = None
    diagnosis: Text | None = None
    audio_start: AudioStart | None = None
    image_area_xmin_px: Number | None = None  # where the image may stand on the screen
    image_area_ymin_px: Number | None = None
    image_area_xmax_px: Number | None = None
    image_area_ymax_px: Number | None = None
    image_area_width_px: Number | None = None
    image_area_height_px: Number | None = None


class ImageColumns(TableColumns):
    """Columns of a table of images, for what the table of readings does not say of its images."""

    table: ClassVar[str] = "images"
    dicom_id: Text
    subject_id: Text | None = None
    study_id: Text | None = None
    split: Text | None = None
    width_px: Text | None = None
    height_px: Text | None = None
    image_path: Text | None = None
    diagnosis: Text | None = None


class SessionColumns(TableColumns):
    """Columns of a table whose rows may be of a session, which trials cut into readings."""

    session: Text | None = None


class TrialColumns(SessionColumns):
    """Columns of a table of trials: which part of a session is a reading; on the clock of the gaze.

    A trial without an end lasts until the next starts.
    """

    table: ClassVar[str] = "trials"
    start: Time | None = None
    end: Time | None = None
    audio_start: AudioStart | None = None


class MessageColumns(SessionColumns):
    """Columns of a table of what was sent to the tracker, on the clock of the gaze."""

    table: ClassVar[str] = "messages"
    time_s: Time
    message: Text


class GazeColumns(SessionColumns):
    """Columns that any table of gaze may have: the screen and the image as the recorder knew them.

    Positions in `screen_px` or `px` count in these pixels.
    """

    screen_width_px: Number | None = None
    screen_height_px: Number | None = None
    image_width_px: Number | None = None
    image_height_px: Number | None = None


class ViewColumns(GazeColumns, PartColumns):
    """Columns of gaze on an image that may be zoomed or moved."""


class FixationColumns(ViewColumns):
    """Columns of a table of fixations."""

    table: ClassVar[str] = "fixations"
    fixation: Text | None = None  # names a fixation within its reading; its rows are joined
    onset_s: Time
    offset_s: Time | None = None
    duration_s: Time | None = None
    x_px: Place
    y_px: Place
    px_per_deg_x: PxPerDeg | None = None
    px_per_deg_y: PxPerDeg | None = None
    pupil_area_norm: Number | None = None
    valid: Valid | None = None


class WordColumns(SessionColumns):
    """Columns of a table of words, or of phrases with a time each."""

    table: ClassVar[str] = "words"
    text: Text
    onset_s: Time
    offset_s: Time | None = None
    duration_s: Time | None = None
    sentence: Text | None = None


class SampleColumns(ViewColumns):
    """Columns of a table of gaze samples."""

    table: ClassVar[str] = "samples"
    time_s: Time
    x_px: Place
    y_px: Place
    valid: Valid | None = None


class EllipseColumns(TableColumns):
    """Columns of a table of ellipses or boxes that readers drew, one label a row."""

    table: ClassVar[str] = "ellipses"
    ellipse: Text | None = None
    label: Text
    xmin_px: Place
    ymin_px: Place
    xmax_px: Place
    ymax_px: Place
    certainty: Text


class RegionColumns(TableColumns):
    """Columns of a table of named boxes."""

    table: ClassVar[str] = "regions"
    region: Text
    xmin_px: Place
    ymin_px: Place
    xmax_px: Place
    ymax_px: Place


class CertaintyColumns(TableColumns):
    """Columns of a table of certainties, one label a row."""

    table: ClassVar[str] = "certainties"
    label: Text
    certainty: Text
