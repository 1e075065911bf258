"""One reading, as the inspector's template and script take it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gazescribe.pipeline.dictation.label_maps import LabelMap
from gazescribe.pipeline.geometry.canvas import GAUSSIAN_COLUMNS, Canvas, Size
from gazescribe.pipeline.geometry.gaussians import Peaks
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.report.menu import (
    WHOLE,
    Choice,
    of_labels,
    of_sentence,
    of_whole,
    overlap,
    spoken,
)
from gazescribe.pipeline.report.parts import Parts, Row
from gazescribe.pipeline.report.pictures import fit_size
from gazescribe.pipeline.report.timeline import Timeline, TimelineItem, lay_out

MARKS = {"positive": "+", "negative": "−", "uncertain": "?"}
SCRIPT_FIXATION = (  # what the script reads of a fixation, in this order
    *("onset_s", "offset_s", "x_px", "y_px"),
    *(f"shown_{side}_px" for side in ("xmin", "ymin", "xmax", "ymax")),
)
SCRIPT_MENTION = ("label", "polarity", "text", "span_s", "words")
LONGEST = 34  # letters of a text on the timeline
LETTER_WIDTH = 0.55  # mean advance of the letters of names over the image, in their height


@dataclass(frozen=True)
class Look:
    """What decides how maps and ellipses look."""

    amplitude: str  # mass or peak, as in `params.yaml`, heatmaps
    min_certainty: int  # ellipses below it are drawn with a broken line
    label_map: LabelMap  # channels in order, and those that each label reaches
    column_map: Mapping[str, tuple[str, ...]]  # channels of each label of the source's ellipses


@dataclass(frozen=True)
class Inspector:
    """All that the page of one reading shows."""

    parts: Parts  # rows of the reading
    size: Size | None  # (height, width) of heatmaps; None where the image's size is unknown
    frame: Letterbox | None  # where the image lies in a heatmap
    labels: list[Choice]
    sentences: list[Choice]
    whole: list[Choice]
    ellipses: list[Row]  # centre, radii and labels
    regions: list[Row]  # boxes of the anatomy, and where their names stand
    radii_px: list[float]  # circle of each fixation, in image pixels
    letter_px: float  # height of letters over the image, in image pixels
    timeline: Timeline
    data: Row  # what the script reads

    @property
    def choices(self) -> list[Choice]:
        """Everything that can be chosen, as it stands on the page."""
        return [*self.labels, *self.sentences, *self.whole]


def inspect(parts: Parts, look: Look, longest_px: int) -> Inspector:
    """Work out what the page of a reading shows; its heatmaps are `longest_px` long at most."""
    size = None if parts.image_size is None else fit_size(parts.image_size, longest_px)
    mentions = [
        {
            **row,
            "number": number,
            "span_s": spoken(row, parts.words),
            "words": overlap(row, parts.words),
            "channels": look.label_map.channels_of(row["label"]),
        }
        for number, row in enumerate(parts.mentions)
    ]
    ellipses = _ellipses(parts.ellipses, look)
    labels = list(of_labels(parts, look.label_map.channels, mentions, ellipses))
    sentences = [of_sentence(row, parts, mentions, ellipses) for row in parts.sentences]
    whole = list(of_whole(parts))
    timeline = _timeline(parts, mentions)
    canvas = None
    if size is not None and parts.image_size is not None:
        canvas = canvas_of(parts.gaussians, parts.image_size, size, look.amplitude)
    side_px = max(parts.image_size or (1,))
    letter_px = round(side_px / 36, 2)
    data = {
        "amplitude": look.amplitude,
        "size": parts.image_size,
        "letter_px": letter_px,
        "duration_s": timeline.duration_s,
        "px_per_s": timeline.px_per_s,
        "fixations": [[row[name] for name in SCRIPT_FIXATION] for row in parts.fixations],
        "words": [[row[name] for name in ("onset_s", "offset_s", "text")] for row in parts.words],
        "mentions": [{name: row[name] for name in SCRIPT_MENTION} for row in mentions],
        "ellipses": {row["number"]: row["labels"] for row in ellipses},
        "windows": list(_windows(parts, canvas)),
        "choices": {choice.key: _choice(choice, parts) for choice in [*labels, *sentences, *whole]},
    }
    return Inspector(
        parts=parts,
        size=size,
        frame=None if canvas is None else canvas.frame,
        labels=labels,
        sentences=sentences,
        whole=whole,
        ellipses=ellipses,
        regions=_regions(parts.regions, letter_px),
        radii_px=[_radius(row, side_px) for row in parts.fixations],
        letter_px=letter_px,
        timeline=timeline,
        data=data,
    )


def _choice(choice: Choice, parts: Parts) -> Row:
    """Give the script what belongs to a choice, as numbers of rows."""
    words = {piece.word for piece in choice.pieces if piece.word is not None}
    labels = dict.fromkeys(label for n in choice.windows for label in parts.windows[n]["labels"])
    return {
        "title": choice.title,
        "labels": [choice.title] if choice.key.startswith("label") else list(labels),
        "windows": choice.windows,
        "ellipses": choice.ellipses,
        "mentions": [row["number"] for row in choice.mentions],
        "words": sorted(words.union(*(row["words"] for row in choice.mentions))),
        "said": choice.summary,
        "span_s": choice.span_s,
    }


def _radius(row: Row, side_px: int) -> float:
    """Give circles whose area grows with the length of the fixation."""
    length_s = max(row["offset_s"] - row["onset_s"], 0.0)
    return round(float(side_px * (0.006 + 0.018 * length_s**0.5)), 2)


def _ellipses(rows: Sequence[Row], look: Look) -> list[Row]:
    """Join the rows of each ellipse: it may carry several labels."""
    ellipses: dict[int, Row] = {}
    for row in rows:
        ellipse = ellipses.setdefault(
            row["ellipse"],
            {
                "number": row["ellipse"],
                "x_px": (row["xmin_px"] + row["xmax_px"]) / 2,
                "y_px": (row["ymin_px"] + row["ymax_px"]) / 2,
                "rx_px": abs(row["xmax_px"] - row["xmin_px"]) / 2,
                "ry_px": abs(row["ymax_px"] - row["ymin_px"]) / 2,
                "labels": [],
                "channels": [],
                "faint": row["certainty"] < look.min_certainty,
            },
        )
        ellipse["labels"].append(row["label"])
        ellipse["channels"] += look.column_map.get(row["label"], ())
    return list(ellipses.values())


def _regions(rows: Sequence[Row], letter_px: float) -> list[Row]:
    """Place the name of each box at its top left corner, lower where names would overlap."""
    placed: list[Row] = []
    for row in sorted(rows, key=lambda row: (row["ymin_px"], row["xmin_px"])):
        x_px, y_px = row["xmin_px"] + letter_px / 4, row["ymin_px"] + letter_px
        end_px = x_px + len(row["region"]) * letter_px * LETTER_WIDTH
        while any(
            abs(name["y_px"] - y_px) < letter_px and name["x_px"] < end_px and x_px < name["end_px"]
            for name in placed
        ):
            y_px += letter_px / 2
        placed.append({**row, "x_px": x_px, "y_px": y_px, "end_px": end_px})
    return placed


def _timeline(parts: Parts, mentions: Sequence[Row]) -> Timeline:
    ends = [row["offset_s"] for row in [*parts.fixations, *parts.words]]
    windows = [
        TimelineItem(row["start_s"], row["end_s"], _short(", ".join(row["labels"])), (number,))
        for number, row in enumerate(parts.windows)
        if row["kind"] not in WHOLE
    ]
    sentences = [
        TimelineItem(row["onset_s"], row["offset_s"], str(row["sentence"] + 1), (row["sentence"],))
        for row in parts.sentences
    ]
    return lay_out(
        max([*ends, *(row["end_s"] for row in parts.windows), 1.0]),
        [
            ("sentences", 18, sentences),
            ("words", 15, list(_timed(parts.words))),
            ("mentions", 20, list(_mentioned(mentions))),
            ("windows", 20, windows),
            ("fixations", 18, list(_timed(parts.fixations))),
        ],
    )


def _timed(rows: Sequence[Row]) -> Iterator[TimelineItem]:
    """Place words and fixations; punctuation is not spelt, for it takes the place of words."""
    for number, row in enumerate(rows):
        text = row.get("text", "")
        spelt = text if any(letter.isalnum() for letter in text) else ""
        yield TimelineItem(row["onset_s"], row["offset_s"], spelt, (number,))


def _mentioned(mentions: Sequence[Row]) -> Iterator[TimelineItem]:
    """Place mentions; those of the same words and polarity share a place."""
    places: dict[tuple[float, float, str], list[Row]] = {}
    for row in mentions:
        if row["span_s"] is not None:
            places.setdefault((*row["span_s"], row["polarity"]), []).append(row)
    for (onset_s, offset_s, polarity), rows in sorted(places.items()):
        text = _short(f"{MARKS[polarity]} {', '.join(row['label'] for row in rows)}")
        numbers = tuple(row["number"] for row in rows)
        yield TimelineItem(onset_s, offset_s, text, numbers, polarity)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def canvas_of(gaussians: Sequence[Row], image_size: Size, size: Size, amplitude: str) -> Canvas:
    """Factor the Gaussians of a reading on a frame."""
    columns = {name: np.array([row[name] for row in gaussians], float) for name in GAUSSIAN_COLUMNS}
    return Canvas(columns, image_size, size, amplitude=amplitude)


def _windows(parts: Parts, canvas: Canvas | None) -> Iterator[Row]:
    """Give the script what it draws from: of each window its Gaussians, and the peak at full size.

    The peak is worked out here: the browser would need every pixel of the original image for it.
    """
    number = {row["fixation"]: n for n, row in enumerate(parts.fixations)}
    columns = [name for name in GAUSSIAN_COLUMNS if name != "window"]
    for row in parts.windows:
        gaussians = [g for g in parts.gaussians if g["window"] == row["window"]]
        top = 0.0
        if canvas is not None:
            inside = canvas.window == row["window"]
            peaks = Peaks(canvas.full_rows[inside], canvas.full_columns[inside])
            top = peaks.of(canvas.weight_s[inside])
        yield {
            "start_s": row["start_s"],
            "end_s": row["end_s"],
            "peak": top,
            "fixations": [number[gaussian["fixation"]] for gaussian in gaussians],
            "gaussians": [[gaussian[name] for name in columns] for gaussian in gaussians],
        }
