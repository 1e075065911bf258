"""An invented data set with labels of its own: photographs of plates, read aloud under a tracker.

Nothing in it is a radiograph and none of its labels is one of the ten. Every reader looks at a mark
while naming it. Subjects are numbered 99…, as all that is invented here.
"""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

LABELS = ("Crack", "Dent", "Stain")
SIDE_PX = 64
SPLITS = ("train", "train", "train", "train", "validate", "validate", "test", "test")
PX_PER_DEG = 8


def write_rules(folder: Path, labels: Sequence[str] = LABELS) -> Path:
    """Write a rules folder from nothing: a class, a concept and a channel for each label."""
    classes = [label.casefold() for label in labels]
    content = {
        "labels.yaml": {
            "channels": list(labels),
            "labels": {one: [label] for one, label in zip(classes, labels, strict=True)},
        },
        "columns.yaml": {
            "archive": {one: [label] for one, label in zip(classes, labels, strict=True)}
        },
        "vocabulary/plates.yaml": {
            "about": "Marks on plates.",
            "concepts": [
                {"id": f"mark_{number}", "labels": [one], "phrases": [one]}
                for number, one in enumerate(classes)
            ],
        },
        "polarity/negation_before.yaml": {
            "about": "Denial before the mark.",
            "family": "negation",
            "direction": "before",
            "effect": "negative",
            "order": 1,
            "reach": "clause",
            "rules": [{"id": "no", "phrases": ["no"]}],
        },
    }
    for name, part in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.safe_dump(part, sort_keys=False))
    return folder


def write_data(
    folder: Path, labels: Sequence[str] = LABELS, *, name: str = "plates", ellipses: bool = False
) -> Path:
    """Write readings with gaze and words below `folder`/raw; give the manifest beside it.

    There are two photographs of each label in each of eight subjects; of each label half is there.
    """
    raw = folder / "raw"
    (raw / "img").mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[dict]] = {"readings": [], "fixations": [], "words": [], "ellipses": []}
    random = np.random.default_rng(0)
    for number, (split, _) in enumerate((s, k) for s in SPLITS for k in range(len(labels))):
        present = [labels[number % len(labels)]]
        reading = f"P{number:03d}"
        grey = random.integers(60, 90, (SIDE_PX, SIDE_PX)).astype(np.uint8)
        rows["readings"].append(
            {"reading": reading, "person": 99_000_000 + number // len(labels), "split": split}
            | {"image": f"img_{reading}", "path": f"img/{reading}.png"}
            | {"width": SIDE_PX, "height": SIDE_PX}
        )
        time_s = 2.0
        for at, label in enumerate(labels):
            x, y = _place(at, len(labels))
            is_there = label in present
            if is_there:
                grey[y - 6 : y + 6, x - 6 : x + 6] = 120 + 100 * at // len(labels)
                box = {"x0": x - 6, "y0": y - 6, "x1": x + 6, "y1": y + 6}
                rows["ellipses"].append({"reading": reading, "label": label, "sure": 5} | box)
            rows["fixations"].append(
                {"reading": reading, "start": time_s - 1, "end": time_s + 0.5, "x": x, "y": y}
            )
            said = f"{label.casefold()} there." if is_there else f"no {label.casefold()}."
            for word in said.split():
                times = {"from": time_s, "to": time_s + 0.4}
                rows["words"].append({"reading": reading, "word": word} | times)
                time_s += 0.5
            time_s += 1.5
        Image.fromarray(grey).save(raw / "img" / f"{reading}.png")
    if not ellipses:
        del rows["ellipses"]
    for table, content in rows.items():
        _write_csv(raw / f"{table}.csv", content)
    manifest = folder / f"{name}.yaml"
    manifest.write_text(yaml.safe_dump(_manifest(name, rows), sort_keys=False))
    return manifest


def write_archive(folder: Path, labels: Sequence[str] = LABELS) -> Path:
    """Write pictures with a table of labels, which nobody looked at, below `folder`/archive.

    There are as many subjects as of the readings; their labels are named in small letters, as
    columns.yaml of `write_rules` has them.
    """
    root = folder / "archive"
    root.mkdir(parents=True)
    images, certainties = [], []
    for number, split in enumerate(SPLITS):
        name = f"A{number}"
        grey = np.random.default_rng(number).integers(0, 256, (SIDE_PX, SIDE_PX)).astype(np.uint8)
        Image.fromarray(grey).save(root / f"{name}.png")
        images.append({"image": name, "person": 99_000_500 + number, "split": split})
        for at, label in enumerate(labels):
            is_there = number % len(labels) == at
            certainties.append({"image": name, "label": label.casefold(), "sure": 5 * is_there})
    _write_csv(root / "images.csv", images)
    _write_csv(root / "labels.csv", certainties)
    columns = {"reading_id": "image", "dicom_id": "image", "image_path": "image"}
    columns |= {"subject_id": "person", "split": "split"}
    said = {"reading_id": "image", "label": "label", "certainty": "sure"}
    tables = {
        "readings": {"file": "images.csv", "columns": columns},
        "certainties": {"file": "labels.csv", "columns": said},
    }
    manifest = folder / "archive.yaml"
    manifest.write_text(yaml.safe_dump({"name": "archive", "tables": tables}, sort_keys=False))
    return manifest


def _write_csv(path: Path, rows: list[dict]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _place(at: int, n: int) -> tuple[int, int]:
    """Each label has its own place, so that an untrained map is a bad one."""
    angle = 2 * np.pi * at / n
    return round(32 + 18 * float(np.cos(angle))), round(32 + 18 * float(np.sin(angle)))


def _manifest(name: str, rows: dict[str, list[dict]]) -> dict:
    columns = {
        "readings": {"reading_id": "reading", "subject_id": "person", "dicom_id": "image"}
        | {"split": "split", "width_px": "width", "height_px": "height", "image_path": "path"},
        "fixations": {"reading_id": "reading", "onset_s": "start", "offset_s": "end"}
        | {"x_px": "x", "y_px": "y"},
        "words": {"reading_id": "reading", "text": "word", "onset_s": "from", "offset_s": "to"},
        "ellipses": {"reading_id": "reading", "label": "label", "certainty": "sure"}
        | {"xmin_px": "x0", "ymin_px": "y0", "xmax_px": "x1", "ymax_px": "y1"},
    }
    tables = {table: {"file": f"{table}.csv", "columns": columns[table]} for table in rows}
    return {"name": name, "resolution": {"px_per_deg": PX_PER_DEG}, "tables": tables}


def write_params(folder: Path, packaged: Path, inputs: dict, models: dict[str, dict]) -> None:
    """Write params.yaml and params/demo.yaml for one epoch of a tiny network of some models."""
    params = yaml.safe_load((packaged / "params.yaml").read_text())
    params["mil"]["inputs"] |= inputs
    params["mil"]["variants"] = models
    params["tabulate"]["n_bootstrap"] = 20
    profile = yaml.safe_load((packaged / "params" / "demo.yaml").read_text())
    profile["mil"] |= {"models": list(models), "epochs": 1, "image_size": 32, "batch_size": 4}
    (folder / "params").mkdir(exist_ok=True)
    for name, content in (("params.yaml", params), ("params/demo.yaml", profile)):
        (folder / name).write_text(json.dumps(content))
