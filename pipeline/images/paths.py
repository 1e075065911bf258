"""Where the files of radiographs lie: one rule for every command that shows or reads them.

`readings.image_path` says it, from the folder that holds them: whole, or without its suffix as in
MIMIC-CXR, which comes as JPEG and as DICOM.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path, PurePosixPath

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.file_names import (
    DICOM_SUFFIXES,
    PICTURE_SUFFIXES,
    RADIOGRAPH_SUFFIXES,
)
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.walking import MAX_DEPTH, levels


def leads_out(image_path: str) -> bool:
    """Tell whether a path would leave the folder of the radiographs."""
    pure = PurePosixPath(image_path)
    return pure.is_absolute() or ".." in pure.parts or "\\" in image_path


def find_radiograph(
    root: Path, image_path: str | None, suffixes: Sequence[str] = RADIOGRAPH_SUFFIXES
) -> Path | None:
    """Find the file of a radiograph: the path as it is, else with each suffix.

    Parameters
    ----------
    root : pathlib.Path
        Folder in which the path begins.
    image_path : str or None
        As in the table `readings`.
    suffixes : sequence of str
        In the order in which they are tried.

    Returns
    -------
    pathlib.Path or None
        None where there is no path, or no such file.

    Raises
    ------
    GazeError
        If the path leads out of the folder.
    """
    if image_path is None:
        return None
    if leads_out(image_path):
        raise GazeError(f"image_path {image_path!r} leads out of {root}.")
    paths = (root / f"{image_path}{suffix}" for suffix in ("", *suffixes))
    return next((path for path in paths if path.is_file()), None)


def radiographs_root(
    start: Path,
    image_paths: Sequence[str],
    kinds: Sequence[Sequence[str]] = (PICTURE_SUFFIXES, DICOM_SUFFIXES),
    *,
    name: str | None = None,
) -> Path:
    """Find the folder in which the paths of radiographs begin.

    Parameters
    ----------
    start : pathlib.Path
        It, or a folder above it; nearer folders win.
    image_paths : sequence of str
        As in the table `readings`; one that is there is enough.
    kinds : sequence of sequence of str
        Suffixes; a folder with files of an earlier kind wins over all with a later one.
    name : str, optional
        Of the data set: the folder of that name in `start`, and those in it, win over all others,
        where radiographs of other data sets may have the same names; that beside `start` is last.

    Raises
    ------
    GazeError
        If there are no paths, if no folder holds one, or two equally near folders do.
    """
    if not image_paths:
        raise GazeError("no reading names its radiograph: image_path is empty in every row.")
    heads = {path.partition("/")[0] if "/" in path else "" for path in image_paths}
    manifest = load_manifest("mimic-cxr-jpg")
    for (place, depth), suffixes in product(_places(start, name), kinds):
        for level in levels(place, manifest, depth):
            trees = [
                folder
                for folder in level
                if any((folder / head).is_dir() for head in heads)  # cheaper than to try all paths
                and any(find_radiograph(folder, path, suffixes) for path in image_paths)
            ]
            if len(trees) > 1:
                message = f"{len(trees)} trees with these radiographs lie here."
                faults, remedy = [str(tree) for tree in trees], "Name the one you mean."
                raise GazeError(message, where=start, remedy=remedy, faults=faults)
            if trees:
                return trees[0]
    first = image_paths[0]
    suffix = "" if PurePosixPath(first).suffix.lower() in RADIOGRAPH_SUFFIXES else kinds[0][0]
    raise GazeError(
        f"none of the {len(image_paths)} radiographs is here; the first is {first}{suffix}.",
        where=start,
        remedy="Give the folder in which this path begins, or one above it.",
    )


def _places(start: Path, name: str | None) -> Iterator[tuple[Path, int]]:
    """Give the folders to look in, each with how far down: as `find_root` has it."""
    if name is not None and (start / name).is_dir():
        yield start / name, 1
    yield start, MAX_DEPTH
    if name is not None and (beside := start.resolve().parent / name).is_dir():
        yield beside, 1
