"""All readings of one image, as the template and script of their common page take them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gazescribe.pipeline.core.errors import ArrayError
from gazescribe.pipeline.geometry.canvas import Canvas, FloatMap, Size, join_ellipses
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.report.agreement import THRESHOLDS, Agreement, agree
from gazescribe.pipeline.report.inspector import Inspector, Look, canvas_of, inspect
from gazescribe.pipeline.report.menu import WHOLE, Choice, Piece, cut
from gazescribe.pipeline.report.parts import Parts, Row
from gazescribe.pipeline.report.pictures import fit_size

COMPARED_PX = 512  # long side of the maps that are drawn and compared, as in the window search


@dataclass(frozen=True)
class Plate:
    """One of the readings, and what it has of one choice."""

    page: Inspector
    choice: Choice | None  # None where it has neither window nor ellipse of it
    said: list[list[Piece]]  # the sentences about it


@dataclass(frozen=True)
class CommonChoice:
    """A label, or all gaze, chosen for all readings at once."""

    key: str  # id on the page
    title: str
    plates: list[Plate]
    maps: list[FloatMap | None]  # None where there is no gaze
    agreement: Agreement
    summary: str  # what the live region says of it

    @property
    def n_maps(self) -> int:
        """Readings with a map of it."""
        return sum(heatmap is not None for heatmap in self.maps)


@dataclass(frozen=True)
class SideBySide:
    """All that the page of one image shows."""

    image_size: Size
    frame: Letterbox  # where the image lies on the plates
    pages: list[Inspector]  # a reading each
    choices: list[CommonChoice]
    data: Row  # what the script reads


def compare(readings: Sequence[tuple[Parts, Look]]) -> SideBySide:
    """Work out what the page of an image shows.

    The readings, in the order of the page, are of one image, and their tables give it one size.
    """
    image_size = readings[0][0].image_size
    if image_size is None or any(parts.image_size != image_size for parts, _ in readings):
        raise ArrayError("readings side by side must be of images of one size.")
    pages = [inspect(parts, look, COMPARED_PX) for parts, look in readings]
    choices = list(_choices(pages, [look for _, look in readings], image_size))
    return SideBySide(
        image_size=image_size,
        frame=Letterbox.fit(image_size, fit_size(image_size, COMPARED_PX)),
        pages=pages,
        choices=choices,
        data={
            "plates": [_script_plate(page) for page in pages],
            "choices": {choice.key: _script_choice(choice) for choice in choices},
            "thresholds": THRESHOLDS,
            "size": image_size,
            "amplitude": readings[0][1].amplitude,
        },
    )


def _choices(
    pages: Sequence[Inspector], looks: Sequence[Look], image_size: Size
) -> Iterator[CommonChoice]:
    """Give the labels that a reading has a window or an ellipse of, then all gaze."""
    size = fit_size(image_size, COMPARED_PX)
    canvases = [
        canvas_of(page.parts.gaussians, image_size, size, look.amplitude)
        for page, look in zip(pages, looks, strict=True)
    ]
    titles = {choice.key: choice.title for page in pages for choice in page.choices}
    # Without gaze there still is a page, on which all gaze is of no reading.
    titles = {
        key: title for key, title in titles.items() if key.startswith("label") or key in WHOLE
    }
    titles = titles or {"reading": WHOLE["reading"]}
    channels = {f"label-{n}": name for n, name in enumerate(looks[0].label_map.channels)}
    for key in [*channels, *WHOLE]:
        if key not in titles:
            continue
        label = channels.get(key)
        plates = [
            Plate(
                page,
                next((choice for choice in page.choices if choice.key == key), None),
                sentences_about(page.parts, look, label),
            )
            for page, look in zip(pages, looks, strict=True)
        ]
        maps = [_map(plate, canvas) for plate, canvas in zip(plates, canvases, strict=True)]
        masks = [_ellipses(plate, image_size, size) for plate in plates]
        yield CommonChoice(
            key=key,
            title=titles[key],
            plates=plates,
            maps=maps,
            agreement=agree(maps, masks),
            summary=_summary(titles[key], maps, masks),
        )


def _map(plate: Plate, canvas: Canvas) -> FloatMap | None:
    if plate.choice is None:
        return None
    windows = [plate.page.parts.windows[number]["window"] for number in plate.choice.windows]
    heatmap, highest = canvas.label_map(windows)
    return heatmap if highest > 0 else None


def _ellipses(plate: Plate, image_size: Size, size: Size) -> FloatMap | None:
    """Join the ellipses that are certain enough, as the maps of ellipses do."""
    drawn = [] if plate.choice is None else plate.choice.ellipses
    boxes_px = [
        (
            row["x_px"] - row["rx_px"],
            row["y_px"] - row["ry_px"],
            row["x_px"] + row["rx_px"],
            row["y_px"] + row["ry_px"],
        )
        for row in plate.page.ellipses
        if row["number"] in drawn and not row["faint"]
    ]
    if not boxes_px:
        return None
    return join_ellipses(boxes_px, image_size, size, "direct").astype(np.float32)


def _summary(title: str, maps: Sequence[object], masks: Sequence[object]) -> str:
    n_maps, n_drawn = (sum(drawn is not None for drawn in some) for some in (maps, masks))
    text = f"{title}. {n_maps} of {len(maps)} readings have a map of it"
    return f"{text}, {n_drawn} have ellipses." if n_drawn else f"{text}."


def sentences_about(parts: Parts, look: Look, label: str | None) -> list[list[Piece]]:
    """Cut out the sentences with a mention of a label, whatever its polarity; None is all of them.

    A mention outside of any sentence stands for itself.
    """
    mentions = [
        row
        for row in parts.mentions
        if label is None or label in look.label_map.channels_of(row["label"])
    ]
    spans: set[tuple[int, int]] = set()
    for mention in mentions:
        around = [row for row in parts.sentences if _overlap(row, mention)] or [mention]
        spans.update((row["char_start"], row["char_end"]) for row in around)
    text = parts.reading["text"] or ""
    if label is None:
        spans.update((row["char_start"], row["char_end"]) for row in parts.sentences)
    if label is None and text and not parts.sentences:  # its words have no times
        spans = {(0, len(text))}
    return [cut(text, start, end, parts.words, mentions) for start, end in sorted(spans)]


def _overlap(row: Row, other: Row) -> bool:
    return bool(row["char_start"] < other["char_end"] and other["char_start"] < row["char_end"])


def _script_plate(page: Inspector) -> Row:
    return {
        "windows": page.data["windows"],
        "fixations": [[row["x_px"], row["y_px"]] for row in page.parts.fixations],
        "radii_px": page.radii_px,
    }


def _script_choice(choice: CommonChoice) -> Row:
    agreement = choice.agreement
    return {
        "said": choice.summary,
        "windows": [plate.choice.windows if plate.choice else [] for plate in choice.plates],
        "ellipses": [plate.choice.ellipses if plate.choice else [] for plate in choice.plates],
        "iou": [
            [[_rounded(value) for value in row] for row in matrix]
            for matrix in agreement.map_iou.values()
        ],
        "mean": [_rounded(value) for value in agreement.mean_map_iou.values()],
    }


def _rounded(value: float | None) -> float | None:
    """Keep the decimals that the page shows, so that its script rounds nothing itself."""
    return None if value is None else round(value, 2)
