"""The radiographs of an export, where they are asked for: PNG, without any metadata."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.file_names import check_file_names
from gazescribe.pipeline.core.tables import read_table, table_path
from gazescribe.pipeline.export.check import PICTURES
from gazescribe.pipeline.export.ids import hash_id
from gazescribe.pipeline.images.paths import find_radiograph, leads_out, radiographs_root
from gazescribe.pipeline.images.reading import read_sized

Task = tuple[Path, tuple[int, int] | None, Path]
"""Radiograph, its (height, width) in the table, and the PNG to write."""


def plan_images(
    tables: Path, root: Path, folder: Path, key: bytes | None
) -> tuple[list[Task], dict[str, int]]:
    """Find the radiographs of all readings, and name the PNG to write for each; count them.

    They lie below `root`, as `radiographs_root` has it. A key replaces their names as it does ids.

    Raises
    ------
    GazeError
        If there is no image at all, or a path leaves the folder.
    """
    columns = ["dicom_id", "image_path", "height_px", "width_px"]
    readings = read_table(tables, "readings", columns).to_pylist()
    if key is None:
        ids = [row["dicom_id"] for row in readings]
        check_file_names(ids, "dicom_id", table_path(tables, "readings"))
    paths = {row["dicom_id"]: row["image_path"] for row in readings}
    sizes = {row["dicom_id"]: (row["height_px"], row["width_px"]) for row in readings}
    named = {dicom_id: path for dicom_id, path in sorted(paths.items()) if path}
    unsafe = sorted(path for path in named.values() if leads_out(path))
    if unsafe:
        raise GazeError("these paths leave the folder of the images.", where=tables, faults=unsafe)
    root = radiographs_root(root, list(named.values()))
    (folder / PICTURES).mkdir()
    tasks = []
    for dicom_id, path in named.items():
        file = find_radiograph(root, path)
        if file:
            name = hash_id("dicom", dicom_id, key) if key else dicom_id
            size = None if None in sizes[dicom_id] else sizes[dicom_id]
            tasks.append((file, size, folder / PICTURES / f"{name}.png"))
    return tasks, {"images": len(tasks), "images absent": len(paths) - len(tasks)}


def write_image(task: Task) -> str | None:
    """Write one radiograph as PNG, 8-bit grey, at its table's size; give the reason if it cannot.

    Boxes, masks and maps of the export are in pixels of that size.
    """
    from PIL import Image

    source, image_size, target = task
    try:
        picture = read_sized(source, image_size)
    except GazeError as error:
        return error.what.rstrip(".")
    Image.fromarray(picture).save(target, format="PNG")
    return None


def count_images(
    reasons: Iterable[str | None], counts: Mapping[str, int], root: Path
) -> dict[str, int]:
    """Complete the counts of `plan_images` by what `write_image` gave for each radiograph.

    Raises
    ------
    GazeError
        If none was written.
    """
    lost = Counter(reason for reason in reasons if reason)
    written = counts["images"] - lost.total()
    if not written:
        message = f"not one of {plural(counts['images'], 'radiograph')} can be read."
        faults = [f"{reason}: {n}" for reason, n in sorted(lost.items())]
        raise GazeError(message, where=root, remedy="Fetch them again.", faults=faults)
    unreadable = {f"images unreadable ({reason})": n for reason, n in sorted(lost.items())}
    return {**counts, "images": written, **unreadable}
