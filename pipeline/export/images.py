"""The radiographs of an export, where they are asked for: PNG, without any metadata."""

import re
from pathlib import Path

from pipeline.errors import GazeError
from pipeline.export.check import PICTURES
from pipeline.export.ids import hash_id
from pipeline.ingest.roots import find_root
from pipeline.manifests import load_manifest
from pipeline.radiographs import SUFFIXES, read_radiograph
from pipeline.tables import read_table

_SAFE = re.compile(r"(?!.*\.\.)\w[\w.-]*(/\w[\w.-]*)*")


def plan_images(
    tables: Path, root: Path, folder: Path, key: bytes | None
) -> tuple[list[tuple[Path, Path]], dict[str, int]]:
    """Find the radiographs of all readings.

    Parameters
    ----------
    tables : pathlib.Path
        Ingested folder.
    root : pathlib.Path
        MIMIC-CXR-JPG, a folder above it, or any folder in which the paths of the readings begin.
    folder : pathlib.Path
        The export.
    key : bytes or None
        Replaces the names where ids are.

    Returns
    -------
    tuple
        (file, PNG to write) of each, and the counts.

    Raises
    ------
    GazeError
        If there is no image at all, or a path leaves the folder.
    """
    readings = read_table(tables, "readings", ["dicom_id", "image_path"]).to_pylist()
    paths = {row["dicom_id"]: row["image_path"] for row in readings}
    known = {dicom_id: path for dicom_id, path in sorted(paths.items()) if path}
    unsafe = sorted(path for path in known.values() if not _SAFE.fullmatch(path))
    if unsafe:
        raise GazeError("these paths leave the folder of the images.", where=tables, faults=unsafe)
    found = _find_all(root, known) or _find_all(
        find_root(root, load_manifest("mimic-cxr-jpg")), known
    )
    if not found:
        what = f"none of the {len(paths)} radiographs is here."
        raise GazeError(what, where=root, remedy="Give the folder that holds files/p10 and so on.")
    out = folder / PICTURES
    out.mkdir()
    tasks = [
        (path, out / f"{hash_id('dicom', dicom_id, key) if key else dicom_id}.png")
        for dicom_id, path in found.items()
    ]
    return tasks, {"images": len(found), "images absent": len(paths) - len(found)}


def _find_all(root: Path, paths: dict[str, str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for dicom_id, path in paths.items():
        files = (root.resolve() / f"{path}{suffix}" for suffix in SUFFIXES)
        there = next((file for file in files if file.is_file()), None)
        found |= {dicom_id: there} if there else {}
    return found


def write_image(task: tuple[Path, Path]) -> None:
    """Write one radiograph as PNG, 8-bit grey, in its own size."""
    from PIL import Image

    source, target = task
    Image.fromarray(read_radiograph(source)).save(target, format="PNG")
