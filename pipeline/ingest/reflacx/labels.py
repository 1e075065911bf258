"""Ellipses, labels and the chest box of one REFLACX reading."""

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
    sort_corners,
    usable_rows,
)
from gazescribe.pipeline.ingest.reflacx_metadata import ReflacxReading, findings_of
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.manifests import Manifest

BOX = {f"{side}_px": side for side in ("xmin", "ymin", "xmax", "ymax")}


def read_ellipses(
    root: Path, reading: ReflacxReading, manifest: Manifest, chunk: Chunk
) -> dict[str, int] | None:
    """Add the ellipses; give the highest certainty drawn of each label, None if unknown."""
    file = manifest.file("ellipses")
    findings = findings_of(file, reading, chunk)
    labels = manifest.labels[f"phase_{reading.phase}"].names
    # `Other` is text in the metadata and True or False here.
    cells = read_columns(root, file, findings, labels=labels, loses="ellipses")
    if cells is None:
        return None
    box, certainty, usable = _usable_ellipses(cells, labels, findings)
    _check_boxes(box, reading, findings, "ellipse")
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
    cells: Columns, labels: Sequence[str], findings: Findings
) -> tuple[dict[str, Floats], list[int], Mask]:
    box, _ = number_columns(cells, BOX)
    certainty, _ = numbers(cells["certainty"])
    flags = list(zip(*(map(boolean, cells[label]) for label in labels), strict=True))
    unreadable = np.array([None in row for row in flags], dtype=bool)
    for values in box.values():
        unreadable |= np.isnan(values)
    unlabelled = np.array([not any(row) for row in flags], dtype=bool)
    reasons = {
        "ellipse_unreadable": ("lack a number or a True/False", unreadable),
        "ellipse_certainty": ("have a certainty outside 1 to 5", ~np.isin(certainty, range(1, 6))),
        "ellipse_no_label": ("stand for no label", unlabelled),
    }
    usable = usable_rows(reasons, findings, loses="ellipses")
    return box, np.where(usable, certainty, 0).astype(int).tolist(), usable


def _check_boxes(
    box: dict[str, Floats], reading: ReflacxReading, findings: Findings, kind: str
) -> None:
    """Sort the corners of boxes in place; warn of what is unusual."""
    for axis in "xy":
        message = "had their corners swapped"
        findings.add_rows("warning", f"{kind}_reversed", message, sort_corners(box, axis))
    flat = (box["xmin_px"] == box["xmax_px"]) | (box["ymin_px"] == box["ymax_px"])
    findings.add_rows("warning", f"{kind}_no_area", "have no area", flat)
    if reading.width_px is not None and reading.height_px is not None:
        out = (box["xmin_px"] < 0) | (box["ymin_px"] < 0)
        out |= (box["xmax_px"] > reading.width_px) | (box["ymax_px"] > reading.height_px)
        findings.add_rows("warning", f"{kind}_off_image", "reach over the image's edge", out)


def add_labels(
    reading: ReflacxReading, manifest: Manifest, drawn: dict[str, int] | None, chunk: Chunk
) -> None:
    """Add certainties, flags and free text of the metadata row."""
    labels = manifest.labels[f"phase_{reading.phase}"]
    findings = Findings(reading.file, reading.reading_id, chunk.faults)
    certainties: dict[str, int | None] = {}
    for label in labels.certainty:
        value, _ = numbers([reading.labels[label]])
        # The program of phases 1 and 2 could leave -1 where a chosen label was never drawn (A5.2).
        if value[0] == -1:
            message = f"{label} is -1: chosen, certainty unknown"
            findings.add("warning", "certainty_unknown", message, row=reading.row)
            certainties[label] = None
        elif value[0] in range(6):
            certainties[label] = int(value[0])
        else:
            message = f"{label} has the certainty {reading.labels[label]!r}, not 0 to 5"
            findings.add("loss", "certainty_unreadable", message, row=reading.row, loses="labels")
    differ = [
        f"{label} {stated} against {drawn.get(label, 0)}"
        for label, stated in certainties.items()
        if drawn is not None and stated is not None and stated != drawn.get(label, 0)
    ]
    if differ:
        message = f"certainties differ from the ellipses': {', '.join(differ)}"
        findings.add("warning", "certainty_not_drawn", message, row=reading.row)
    rows = {"label": list(certainties), "certainty": list(certainties.values())}
    chunk.add("certainties", reading.reading_id, rows)
    attributes: dict[str, str] = {}
    for name in labels.flag:
        pressed = boolean(reading.labels[name])
        # The published program writes False where the reader drew an ellipse (spec reflacx A5.2).
        is_drawn = name in (drawn or {})
        if pressed is None and not is_drawn:
            message = f"{name} is {reading.labels[name]!r}, not True or False"
            findings.add("loss", "flag_unreadable", message, row=reading.row, loses="labels")
        else:
            attributes[name] = "true" if pressed or is_drawn else "false"
    attributes |= {name: reading.labels[name] for name in labels.text if reading.labels[name]}
    attributes["labeler_tuning"] = "true" if reading.tuning else "false"
    attributes["mimic_split"] = reading.mimic_split
    chunk.add_attributes(reading.reading_id, attributes)


def read_chest(root: Path, reading: ReflacxReading, manifest: Manifest, chunk: Chunk) -> None:
    """Add the chest box to the chunk."""
    file = manifest.file("chest")
    findings = findings_of(file, reading, chunk)
    cells = read_columns(root, file, findings, loses="region")
    if cells is None:
        return
    box, _ = number_columns(cells, BOX)
    n_rows = len(box["xmin_px"])
    if n_rows != 1:
        message = f"one chest box was expected, {n_rows} found"
        findings.add("loss", "chest_not_one", message, loses="region")
    elif any(np.isnan(values[0]) for values in box.values()):
        findings.add("loss", "chest_unreadable", "a corner is no number", row=1, loses="region")
    else:
        _check_boxes(box, reading, findings, "chest")
        chunk.add("regions", reading.reading_id, {"region": ["chest"], **box})
