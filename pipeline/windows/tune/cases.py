"""The cases of the search: readings whose reader drew ellipses, ready to be scored.

Source: `spec/mil.md` section 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from gazescribe.pipeline.core.tables import read_readings, rows_of
from gazescribe.pipeline.dictation.label_maps import LabelMap
from gazescribe.pipeline.geometry.canvas import GAUSSIAN_COLUMNS, Columns, Size
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.windows import associate_reading

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Spoken:
    """A sentence that mentions labels: when its first and last mention were said."""

    sentence: int
    first_s: float
    last_s: float
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One reading of the search.

    Attributes
    ----------
    gaussians : dict of ndarray
        A Gaussian for each fixation, as in the table `gaussians`, with `onset_s` and `offset_s`.
    sentences : dict of ndarray
        All sentences of the reading.
    spoken : tuple of Spoken
        Those that mention labels.
    report_s : float
        End of the last word.
    boxes : dict of str to list
        Ellipses that this reader drew, by label.
    """

    reading_id: str
    subject_id: int
    dicom_id: str
    image_size: Size
    gaussians: Columns
    sentences: Columns
    spoken: tuple[Spoken, ...]
    report_s: float
    boxes: dict[str, list[Box]]


def read_cases(
    ids: Sequence[str],
    boxes: dict[str, dict[str, list[Box]]],
    *,
    tables: Path,
    mentions: pa.Table,
    params: Associate,
    label_map: LabelMap,
) -> Iterator[Case]:
    """Read some readings; `boxes` gives the ellipses by reading and label."""
    parts = {
        name: read_readings(tables, name, ids)
        for name in ("readings", "words", "sentences", "fixations")
    }
    spoken = rows_of(mentions, "report_id", ids)
    for reading_id in ids:
        reading = {name: values[0] for name, values in parts["readings"][reading_id].items()}
        yield _case(
            reading,
            {name: part[reading_id] for name, part in parts.items()},
            spoken[reading_id],
            boxes[reading_id],
            params,
            label_map,
        )


def _case(
    reading: dict[str, Any],
    parts: dict[str, Columns],
    mentions: Columns,
    boxes: dict[str, list[Box]],
    params: Associate,
    label_map: LabelMap,
) -> Case:
    image_size = (int(reading["height_px"]), int(reading["width_px"]))
    reading |= {"height_px": image_size[0], "width_px": image_size[1]}
    tables = (parts["words"], parts["sentences"], mentions, parts["fixations"])
    times = []
    for end in ("firstmention", "lastmention"):
        plain = params.model_copy(update={"unit": "sentence", "start": "single", "end": end})
        rows, drawn = associate_reading(reading, *tables, params=plain, label_map=label_map)
        times.append([row for row in rows if row["kind"] == "sentence"])
    nothing = {name: np.zeros(0) for name in ("fixation", *GAUSSIAN_COLUMNS)}
    has_gaze = bool(rows) and rows[-1]["kind"] == "reading"
    gaussians = dict(drawn[-1]) if has_gaze else nothing
    fixations = parts["fixations"]
    rows_of_gaze = np.searchsorted(fixations["fixation"], gaussians["fixation"])
    gaussians |= {name: fixations[name][rows_of_gaze] for name in ("onset_s", "offset_s")}
    spoken = tuple(
        Spoken(first["sentence"], first["end_s"], last["end_s"], first["labels"])
        for first, last in zip(*times, strict=True)
    )
    return Case(
        str(reading["reading_id"]),
        int(reading["subject_id"]),
        str(reading["dicom_id"]),
        image_size,
        gaussians,
        parts["sentences"],
        spoken,
        float(parts["words"]["offset_s"].max(initial=0.0)),
        boxes,
    )
