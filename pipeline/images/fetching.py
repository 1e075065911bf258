"""Radiographs of an object store: each shard fetches its own, and leaves none on this machine.

A release has hundreds of gigabytes of them, which no disk of a worker need hold.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.file_names import RADIOGRAPH_SUFFIXES
from gazescribe.pipeline.core.remote import Store, address_of

TRIED = 32  # paths, to see whether a folder is the one in which they begin


def fetch_first(root: Path, image_paths: Sequence[str], suffixes: Sequence[str]) -> None:
    """Fetch some radiographs if `root` is in a store: others look whether one is there.

    Raises
    ------
    GazeError
        If none is: there, folders below are not searched.
    """
    address = address_of(root)
    if address is None:
        return
    names = [_names(path, suffixes) for path in image_paths[:: len(image_paths) // TRIED + 1]]
    Store(address).fetch(names)
    if not any((root / name).is_file() for alternatives in names for name in alternatives):
        message = f"the radiographs are not here; the first is {names[0][0]}."
        remedy = "Give the folder of the store in which this path begins."
        raise GazeError(message, where=address, remedy=remedy)


@contextmanager
def fetched(images: Sequence[dict[str, Any]], suffixes: Sequence[str]) -> Iterator[None]:
    """Have the radiographs of some rows, as `list_images` gives them, on this machine."""
    trees: dict[Path, list[str]] = {}
    for image in images:
        if image["path"] and address_of(image["tree"]):
            trees.setdefault(image["tree"], []).append(image["path"])
    try:
        for tree, paths in trees.items():
            Store(str(address_of(tree))).fetch(_names(path, suffixes) for path in paths)
        yield
    finally:
        for tree, paths in trees.items():
            for path in paths:
                for name in _names(path, suffixes):
                    (tree / name).unlink(missing_ok=True)


def _names(image_path: str, suffixes: Sequence[str]) -> list[str]:
    """Name the files that may be an image, the likeliest first."""
    with_suffix = [f"{image_path}{suffix}" for suffix in suffixes]
    if PurePosixPath(image_path).suffix.lower() in RADIOGRAPH_SUFFIXES:
        return [image_path, *with_suffix]
    return [*with_suffix, image_path]
