"""Fit radiographs into shards: each read once, letterboxed, of 8 bits or 16.

Reads: folders of tables (`images` of MIMIC-CXR-JPG, or `readings` of any other data set) and the
trees of the radiographs.
Writes: `images-00000.npy` … , `index.parquet`, `images.json`.
Params: `images`.
Drops: radiographs that are absent, cannot be read or have another aspect than the table says,
counted by reason. Copies at another scale lie in the frame of their originals.
Source: Lanfredi et al. 2023, `spec/mil.md` 6.5; Qiu et al. 2025, `spec/cooperative.md` section 1.

Files are read ahead of their decoding. A run that is cut off keeps its finished shards beside OUT,
and the next one goes on from there.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from gazescribe.pipeline.core.errors import GazeError, ParamsError, SchemaError
from gazescribe.pipeline.core.file_names import DICOM_SUFFIXES, PICTURE_SUFFIXES
from gazescribe.pipeline.core.files import replacing, stamp, write_json
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import ROWS_A_SHARD, shard_folder, shard_name
from gazescribe.pipeline.core.tables import read_table, table_path, write_table
from gazescribe.pipeline.geometry.published import published_frame
from gazescribe.pipeline.geometry.sizes import parse_size
from gazescribe.pipeline.images.ahead import ahead, content_of
from gazescribe.pipeline.images.fetching import fetch_first, fetched
from gazescribe.pipeline.images.paths import find_radiograph, leads_out, radiographs_root
from gazescribe.pipeline.images.reading import (
    check_aspect,
    decode_radiograph,
    fit_radiograph,
)
from gazescribe.pipeline.images.settings import Images
from gazescribe.pipeline.sources.loading import load_manifest

SUFFIXES = {"jpg": PICTURE_SUFFIXES, "dicom": DICOM_SUFFIXES}
SHOWN_IDS = 10
DECIDE_THE_BYTES = ("gazescribe", "numpy", "pillow", "pydicom", "scipy")

Row = dict[str, Any]


@dataclass(frozen=True)
class Fitting:
    """What a worker needs to fit a shard: where to write, and how."""

    folder: Path
    suffixes: tuple[str, ...]
    size: tuple[int, int]
    resize: str
    is_scaled: bool
    bits: int


class File(NamedTuple):
    """A radiograph's file: where it lies, what `stamp` says of it, its bytes if they were read."""

    path: Path | None
    stamp: list[int] | None
    content: bytes | None = None


def list_images(
    sources: Sequence[tuple[Path, Path]], suffixes: Sequence[str]
) -> tuple[list[Row], list[str]]:
    """List the radiographs of folders of tables, each once, sorted; earlier folders win.

    Also the ids that stand for another file in a later folder, whose file is not taken.

    `sources` are folders of tables, each with the tree of its radiographs or one above it. A folder
    has a table `images`, or else `readings`. A row has dicom_id, study_id, subject_id, path (as
    `find_radiograph` takes it), width_px, height_px and tree, where the path begins.
    """
    listed: dict[str, Row] = {}
    other_files: set[str] = set()
    for folder, root in sources:
        name, path = "images", "path"
        if not table_path(folder, name).is_file():
            name, path = "readings", "image_path"
        columns = ["dicom_id", "study_id", "subject_id", path, "width_px", "height_px"]
        rows = read_table(folder, name, columns).rename_columns({path: "path"}).to_pylist()
        _check_paths(rows, table_path(folder, name))
        for row in rows:
            first = listed.setdefault(row["dicom_id"], row | {"tree": root})
            if row["path"] and (first["path"], first["tree"]) != (row["path"], root):
                other_files.add(row["dicom_id"])
    rows = [listed[dicom_id] for dicom_id in sorted(listed)]
    for root in dict.fromkeys(root for _, root in sources):
        paths = [row["path"] for row in rows if row["tree"] == root and row["path"]]
        # Without any path each radiograph is left out later, and the error there says the reasons.
        names = {folder.name for folder, other in sources if other == root}
        own = names.pop() if len(names) == 1 else None
        fetch_first(root, paths, suffixes)
        tree = radiographs_root(root, paths, (suffixes,), name=own) if paths else root
        for row in rows:
            if row["tree"] == root:
                row["tree"] = tree
    return rows, sorted(other_files)


def _check_paths(rows: list[Row], where: Path) -> None:
    """Refuse paths that lead out of the root, or that MIMIC-CXR has for another image."""
    manifest = load_manifest("mimic-cxr-jpg")
    pattern = manifest.matcher(manifest.file("image"))
    faults = []
    for row in rows:
        path = row["path"] or ""
        matched = pattern.fullmatch(f"{path}.jpg")
        if leads_out(path) or (matched and matched["dicom_id"] != row["dicom_id"]):
            faults.append(f"{row['dicom_id']}: {path}")
    if faults:
        raise SchemaError("these are not the paths of the images.", where=where, faults=faults)


def fit_shard(task: tuple[int, list[Row]], fitting: Fitting) -> Row:
    """Read the radiographs of one shard, numbered, into its file; give its note.

    The note has `rows` of the index, in `left_out` the reason of each radiograph that is not there,
    in `copies` those that have another scale than the table says, and how many were decoded scaled.
    It is written beside the shard too, last: where it lies, the shard is finished.
    """
    number, listed = task
    note: Row = {"rows": [], "left_out": {}, "copies": [], "stamps": [], "n_scaled": 0}
    rows, left_out = note["rows"], note["left_out"]
    fitted = np.empty((len(listed), *fitting.size), f"uint{fitting.bits}")
    scaled_to = fitting.size if fitting.is_scaled else None
    files = ahead(partial(_fetch, fitting=fitting), listed)
    for image, file in zip(listed, files, strict=True):
        note["stamps"].append(file.stamp)
        if file.path is None:
            left_out[image["dicom_id"]] = "absent" if image["path"] else "no path in the table"
            continue
        try:
            decoded = decode_radiograph(
                file.path, scaled_to=scaled_to, bits=fitting.bits, content=file.content
            )
            image_size = _table_size(image) or decoded.image_size
            check_aspect(decoded.image_size, image_size, file.path)
            fitted[len(rows)], frame = fit_radiograph(
                decoded, fitting.size, fitting.resize, image_size
            )
        except GazeError as error:
            left_out[image["dicom_id"]] = error.what.rstrip(".")
            continue
        rows.append(
            {
                **{name: image[name] for name in ("dicom_id", "study_id", "subject_id")},
                "shard": number,
                "row": len(rows),
                **{name: getattr(frame, name) for name in ("height", "width", "scale")},
                "pad_x_px": float(frame.pad_x_px),
                "pad_y_px": float(frame.pad_y_px),
                "image_width_px": image_size[1],
                "image_height_px": image_size[0],
            }
        )
        if decoded.image_size != image_size:
            note["copies"].append(image["dicom_id"])
        note["n_scaled"] += decoded.block_px > 1
    shard = fitting.folder / shard_name(number, "images")
    shard.unlink(missing_ok=True)  # of a run that was cut off, with other images in it
    if rows:
        with replacing(shard) as beside, beside.open("wb") as written:
            np.save(written, fitted[: len(rows)])
    write_json(note, _note_path(fitting.folder, number))
    return note


def fetch_and_fit(task: tuple[int, list[Row]], fitting: Fitting) -> Row:
    """Fit one shard, whose radiographs may have to come from a store first."""
    with fetched(task[1], fitting.suffixes):
        return fit_shard(task, fitting)


def _table_size(image: Row) -> tuple[int, int] | None:
    height_px, width_px = image["height_px"], image["width_px"]
    return (height_px, width_px) if height_px and width_px else None


def _note_path(folder: Path, number: int) -> Path:
    return folder / f".images-{number:05d}.json"


def _find(image: Row, fitting: Fitting) -> File:
    path = find_radiograph(Path(image["tree"]), image["path"], fitting.suffixes)
    return File(path, stamp(path))


def _fetch(image: Row, fitting: Fitting) -> File:
    file = _find(image, fitting)  # its stamp first: what changes while it is read is read again
    return file._replace(content=content_of(file.path))


def _read_note(task: tuple[int, list[Row]], fitting: Fitting) -> Row | None:
    """Read the note of a shard that a run finished before it was cut off.

    None where there is none, where a radiograph has changed since, or where one was left out: that
    is tried again.
    """
    number, listed = task
    path = _note_path(fitting.folder, number)
    if not path.is_file() or not (fitting.folder / shard_name(number, "images")).is_file():
        return None
    try:
        note: Row = read_json(path)
        stamps = [file.stamp for file in ahead(partial(_find, fitting=fitting), listed)]
        is_old = note["left_out"] or note["stamps"] != stamps
    except (SchemaError, KeyError):
        return None  # a note that is damaged: the shard is made again
    return None if is_old else note


def run(
    sources: Sequence[tuple[Path, Path]],
    out: Path,
    params: Images,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Fit all radiographs of `sources`, as `list_images` has them, into shards; give the counts.

    Raises
    ------
    GazeError
        If tables, trees and parameters do not fit together, or not one radiograph can be read.
    """
    size = parse_size(params.size)
    if size is None:
        raise ParamsError("shards hold images of one size: native cannot be one.")
    if params.resize == "published":
        published_frame(size, size)  # raises where the frame is no square
    suffixes = SUFFIXES[params.source]
    listed, other_files = list_images(sources, suffixes)
    tasks = [
        (number, listed[first : first + ROWS_A_SHARD])
        for number, first in enumerate(range(0, len(listed), ROWS_A_SHARD))
    ]
    with shard_folder(out, "images", fingerprint=_fingerprint(params, listed)) as folder:
        is_scaled = params.decode == "scaled"
        fitting = Fitting(folder, suffixes, size, params.resize, is_scaled, params.depth)
        earlier = {task[0]: _read_note(task, fitting) for task in tasks}
        to_do = [task for task in tasks if earlier[task[0]] is None]
        fit = partial(fetch_and_fit, fitting=fitting)
        fitted = map_tasks(
            fit, to_do, workers=workers, scheduler=scheduler, description="radiographs"
        )
        later = {task[0]: note for task, note in zip(to_do, fitted, strict=True)}
        notes = [earlier[number] or later[number] for number, _ in tasks]
        rows = [row for note in notes for row in note["rows"]]
        summary = _summary(listed, rows, notes, params)
        if other_files:
            summary["other_files"] = _counted(other_files)
        if listed and not rows:
            message = f"not one of {len(listed)} radiographs can be read."
            faults = [f"{reason}: {counts['n']}" for reason, counts in summary["left_out"].items()]
            trees = ", ".join(sorted({str(row["tree"]) for row in listed}))
            raise GazeError(message, where=trees, faults=faults)
        index = pa.Table.from_pylist(rows, schema=TABLES["image_shards"].schema)
        write_table(index, folder, "image_shards", {"params": params.model_dump_json()})
        table_path(folder, "image_shards").rename(folder / "index.parquet")
        write_json(summary, folder / "images.json")
    return {**summary, "n_shards_kept": len(tasks) - len(to_do)}


def _fingerprint(params: Images, listed: list[Row]) -> str:
    """Hash all that decides the bytes of a shard: a run goes on only where it is the same."""
    versions = {name: version(name) for name in DECIDE_THE_BYTES}
    content = [params.model_dump(), versions, listed]
    as_text = json.dumps(content, sort_keys=True, default=str)  # paths are no JSON
    return hashlib.sha256(as_text.encode()).hexdigest()


def _summary(
    listed: list[Row], rows: list[Row], notes: list[Row], params: Images
) -> dict[str, Any]:
    by_reason: dict[str, list[str]] = {}
    for note in notes:
        for dicom_id, reason in sorted(note["left_out"].items()):
            by_reason.setdefault(reason, []).append(dicom_id)
    return {
        "params": params.model_dump(),
        "n_listed": len(listed),
        "n_images": len(rows),
        "n_shards": len({row["shard"] for row in rows}),
        "left_out": {reason: _counted(ids) for reason, ids in sorted(by_reason.items())},
        "scaled_copies": _counted([dicom_id for note in notes for dicom_id in note["copies"]]),
        "n_decoded_scaled": sum(note["n_scaled"] for note in notes),
    }


def _counted(ids: list[str]) -> dict[str, Any]:
    return {"n": len(ids), "first": ids[:SHOWN_IDS]}
