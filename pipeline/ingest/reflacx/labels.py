"""What the reader of one REFLACX reading saw: ellipses, labels, the box round the chest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import (
    Columns,
    Floats,
    Mask,
    boolean,
    number_columns,
    numbers,
    read_columns,
)
from gazescribe.pipeline.ingest.reflacx.metadata import Reading, findings
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.manifests import Manifest

BOX = {f"{side}_px": side for side in ("xmin", "ymin", "xmax", "ymax")}


def read_ellipses(
    root: Path, reading: Reading, manifest: Manifest, chunk: Chunk
) -> dict[str, int] | None:
    """Add the ellipses; give the highest certainty drawn of each label, None if unknown."""
    file = manifest.file("ellipses")
    found = findings(file, reading, chunk)
    labels = manifest.labels[f"phase_{reading.phase}"].names
    cells = read_columns(root, file, found, labels=labels, loses="ellipses")
    if cells is None:
        return None
    box, certainty, usable = _usable_ellipses(cells, labels, found)
    _warn_of_boxes(box, reading, found, "ellipse")
    drawn: dict[str, int] = {}
    rows: dict[str, list[Any]] = {"ellipse": [], "label": [], "certainty": []}
    for number in np.flatnonzero(usable):
        for label in labels:
            if boolean(cells[label][number]):
                rows["ellipse"].append(number)
                rows["label"].append(label)
                rows["certainty"].append(certainty[number])
                drawn[label] = max(drawn.get(label, 0), certainty[number])
    corners = {side: values[rows["ellipse"]] for side, values in box.items()}
    chunk.add("ellipses", reading.reading_id, {**rows, **corners})
    return drawn


def _usable_ellipses(
    cells: Columns, labels: Sequence[str], found: Findings
) -> tuple[dict[str, Floats], list[int], Mask]:
    box, _ = number_columns(cells, BOX)
    certainty, _ = numbers(cells["certainty"])
    flags = [[boolean(cell) for cell in cells[label]] for label in labels]
    per_row = list(zip(*flags, strict=True))
    unreadable = np.array([None in row for row in per_row], dtype=bool)
    for values in box.values():
        unreadable |= np.isnan(values)
    unstated = ~unreadable & ~np.isin(certainty, range(1, 6))
    unlabelled = ~unreadable & ~unstated & np.array([not any(row) for row in per_row], dtype=bool)

    def lose(code: str, message: str, rows: Mask) -> None:
        found.add_rows("loss", f"ellipse_{code}", message, rows, loses="ellipses")

    lose("unreadable", "lack a number or a True/False", unreadable)
    lose("certainty", "have a certainty outside 1 to 5", unstated)
    lose("no_label", "stand for no label", unlabelled)
    usable = ~(unreadable | unstated | unlabelled)
    return box, np.where(usable, certainty, 0).astype(int).tolist(), usable


def _warn_of_boxes(box: dict[str, Floats], reading: Reading, found: Findings, what: str) -> None:
    """Sort the corners of boxes in place; warn of what is unusual."""
    for low, high in (("xmin_px", "xmax_px"), ("ymin_px", "ymax_px")):
        turned = box[low] > box[high]
        found.add_rows("warning", f"{what}_reversed", "had their corners swapped", turned)
        box[low], box[high] = np.minimum(box[low], box[high]), np.maximum(box[low], box[high])
    flat = (box["xmin_px"] == box["xmax_px"]) | (box["ymin_px"] == box["ymax_px"])
    found.add_rows("warning", f"{what}_no_area", "have no area", flat)
    if reading.width_px is not None and reading.height_px is not None:
        out = (box["xmin_px"] < 0) | (box["ymin_px"] < 0)
        out |= (box["xmax_px"] > reading.width_px) | (box["ymax_px"] > reading.height_px)
        found.add_rows("warning", f"{what}_off_image", "reach over the image's edge", out)


def add_labels(
    reading: Reading, manifest: Manifest, drawn: dict[str, int] | None, chunk: Chunk
) -> None:
    """Add certainties, flags and free text of the metadata row."""
    labels = manifest.labels[f"phase_{reading.phase}"]
    found = Findings(reading.file, reading.reading_id, chunk.faults)
    certainties: dict[str, int | None] = {}
    for label in labels.certainty:
        value, _ = numbers([reading.labels[label]])
        if value[0] == -1:
            message = f"{label} is -1: chosen, certainty unknown"
            found.add("warning", "certainty_unknown", message, row=reading.row)
            certainties[label] = None
        elif value[0] in range(6):
            certainties[label] = int(value[0])
        else:
            message = f"{label} has the certainty {reading.labels[label]!r}, not 0 to 5"
            found.add("loss", "certainty_unreadable", message, row=reading.row, loses="labels")
    _compare_with_ellipses(certainties, drawn, reading, found)
    rows = {"label": list(certainties), "certainty": list(certainties.values())}
    chunk.add("certainties", reading.reading_id, rows)
    attributes = {
        **_flags(reading, labels.flag, drawn, found),
        **{name: reading.labels[name] for name in labels.text if reading.labels[name]},
        "labeler_tuning": "true" if reading.tuning else "false",
        "mimic_split": reading.mimic_split,
    }
    rows = {"name": list(attributes), "value": list(attributes.values())}
    chunk.add("attributes", reading.reading_id, rows)


def _flags(
    reading: Reading, names: Sequence[str], drawn: dict[str, int] | None, found: Findings
) -> dict[str, str]:
    """Flag = pressed in the metadata, or drawn: the metadata says False where one was drawn."""
    flags = {}
    for name in names:
        pressed = boolean(reading.labels[name])
        is_drawn = name in (drawn or {})
        if pressed is None and not is_drawn:
            message = f"{name} is {reading.labels[name]!r}, not True or False"
            found.add("loss", "flag_unreadable", message, row=reading.row, loses="labels")
            continue
        flags[name] = "true" if pressed or is_drawn else "false"
    return flags


def _compare_with_ellipses(
    certainties: dict[str, int | None],
    drawn: dict[str, int] | None,
    reading: Reading,
    found: Findings,
) -> None:
    if drawn is None:
        return
    differ = [
        f"{label} {stated} against {drawn.get(label, 0)}"
        for label, stated in certainties.items()
        if stated is not None and stated != drawn.get(label, 0)
    ]
    if differ:
        message = f"certainties differ from the ellipses': {', '.join(differ)}"
        found.add("warning", "certainty_not_drawn", message, row=reading.row)


def read_chest(root: Path, reading: Reading, manifest: Manifest, chunk: Chunk) -> None:
    """Add the chest box to the chunk."""
    file = manifest.file("chest")
    found = findings(file, reading, chunk)
    cells = read_columns(root, file, found, loses="region")
    if cells is None:
        return
    box, _ = number_columns(cells, BOX)
    n_rows = len(box["xmin_px"])
    if n_rows != 1:
        message = f"one chest box was expected, {n_rows} found"
        found.add("loss", "chest_not_one", message, loses="region")
    elif any(np.isnan(values[0]) for values in box.values()):
        found.add("loss", "chest_unreadable", "a corner is no number", row=1, loses="region")
    else:
        _warn_of_boxes(box, reading, found, "chest")
        chunk.add("regions", reading.reading_id, {"region": ["chest"], **box})
