"""Widths and heights of images by the heads of their files, where no table says them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.file_names import RADIOGRAPH_SUFFIXES
from gazescribe.pipeline.formats.images import picture_size
from gazescribe.pipeline.ingest.by_manifest.own_reading import OwnReading
from gazescribe.pipeline.sources.faults import Fault


def with_sizes(
    readings: Sequence[OwnReading], root: Path, paths: Sequence[str], faults: list[Fault]
) -> list[OwnReading]:
    """Give readings of which no table says the size of the image that of its file below the root.

    `paths` are those of all files there. A file that is not found or cannot be read is a warning.
    """
    by_end: dict[str, list[str]] = {}
    sizes: dict[str, tuple[int, int] | str] = {}
    sized = []
    for reading in readings:
        if reading.image_path is None or None not in reading.size_px:
            sized.append(reading)
            continue
        by_end = by_end or _by_end(paths)
        name = reading.image_path
        if name not in sizes:
            sizes[name] = _find_size(name, root, by_end)
        size = sizes[name]
        if isinstance(size, str):
            code = "image_size_unknown"
            faults.append(Fault("warning", code, size, name, item=reading.reading_id))
            sized.append(reading)
        else:
            width_px, height_px = size
            sized.append(
                replace(reading, width_px=width_px, height_px=height_px, has_file_size=True)
            )
    return sized


def _by_end(paths: Sequence[str]) -> dict[str, list[str]]:
    """Give the pictures by the ends of their paths, with and without suffix: `img/a.png`, `a`."""
    by_end: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        pure = PurePosixPath(path)
        if pure.suffix.lower() in RADIOGRAPH_SUFFIXES:
            for end in _ends(path):
                by_end[end].append(path)
                by_end[end.removesuffix(pure.suffix)].append(path)
    return dict(by_end)


def _ends(path: str) -> Iterator[str]:
    parts = path.split("/")
    for place in range(len(parts)):
        yield "/".join(parts[place:])


def _find_size(image_path: str, root: Path, by_end: dict[str, list[str]]) -> tuple[int, int] | str:
    """Read the size of an image; or say why it is not known."""
    files = by_end.get(image_path.removeprefix("./"), [])
    if not files:
        return "the size of the image is not known, and there is no such file below the root"
    try:
        sizes = {path: picture_size(root / path) for path in files}
    except GazeError as error:
        return f"the size of the image is not known: {error.what}"
    if len({*sizes.values()}) > 1:
        several = " and ".join(f"{path} ({w} by {h})" for path, (w, h) in sizes.items())
        return f"the image may be {several}: write more of its path"
    return sizes[files[0]]
