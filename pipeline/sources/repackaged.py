"""What a folder is that is no root of a data set: a part, an archive, a copy rearranged by others.

Only names are looked at, and the lists of contents of zip archives.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import zip_members
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.manifests import SHIPPED, Manifest
from gazescribe.pipeline.sources.walking import MAX_DEPTH, existing, levels, names_in

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
DICOM_TABLES = ("cxr-record-list.csv", "cxr-study-list.csv")  # of MIMIC-CXR, which has DICOM files
FEW = 20  # names that are looked at in each of many folders

Answer = tuple[str, str]  # what it is, and what to do


def recognise(start: Path, manifest: Manifest) -> Answer | None:
    """Say what a folder is that holds no root of a data set, and what to do; None if unknown."""
    for look in (
        _part_of_tree,
        find_mimic_eye,
        _misspelt,
        _archive,
        _another_data_set,
        _dicom,
        _flat,
    ):
        answer = look(start, manifest)
        if answer is not None:
            return answer
    return None


def _fetch(manifest: Manifest) -> str:
    where = f" from {manifest.access.url}" if manifest.access.url else ""
    return f"Fetch {manifest.long_name}, version {manifest.versions[0]}, itself{where}."


def _part_of_tree(start: Path, manifest: Manifest) -> Answer | None:
    for folder in start.resolve().parents[:MAX_DEPTH]:
        if manifest.signature and existing(folder / manifest.signature):
            return f"This is a part of the tree in {folder}.", f"Give {folder}."
    return None


def find_mimic_eye(start: Path, manifest: Manifest) -> Answer | None:
    """Recognise MIMIC-Eye, which has parts of three data sets in a folder for each patient."""
    patient = re.compile(r"patient_\d{8}")
    folders = [folder for level in levels(start, manifest, depth=2) for folder in level]
    for folder in (*folders, *start.resolve().parents[:3]):
        n_patients = sum(patient.fullmatch(name) is not None for name in names_in(folder))
        if n_patients:
            message = (
                f"{folder} is MIMIC-Eye: REFLACX, EGD and MIMIC-CXR-JPG, taken apart into"
                f" {plural(n_patients, 'folder')} of patients, with other tables and some files"
                " changed. It cannot be read."
            )
            return message, _fetch(manifest)
    return None


def _misspelt(start: Path, manifest: Manifest) -> Answer | None:
    """Find the signature file in other letters, or out of its folder."""
    parts = PurePosixPath(manifest.signature or "").parts
    name = parts[-1].casefold()
    for level in levels(start, manifest):
        for folder in level:
            for path in _folded(folder, parts):
                message = f"{path} is here: capital and small letters count."
                return message, f"Name it {manifest.signature}, as in the release."
            names_by_plain = {
                inner.casefold().removesuffix(".gz"): inner for inner in names_in(folder)
            }
            if len(parts) > 1 and name in names_by_plain:
                message = f"{folder} holds what belongs into a folder {parts[0]}."
                remedy = f"Put it into a folder {parts[0]}, and give the folder above that."
                return message, remedy
    return None


def _folded(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    """Give the paths below a folder that have these names but for the case of letters."""
    for name in names_in(folder):
        folded = name.casefold()
        if len(parts) > 1 and folded == parts[0].casefold():
            yield from _folded(folder / name, parts[1:])
        elif len(parts) == 1 and folded.removesuffix(".gz") == parts[0].casefold():
            yield folder / name


def _archive(start: Path, manifest: Manifest) -> Answer | None:
    """Find archives that are not unpacked: those that hold files of the data set, or may."""
    if start.is_file():
        folders = [start.parent]
        names = [start.name]
    else:
        folders = [folder for level in levels(start, manifest, depth=1) for folder in level]
        names = []
    for folder in folders:
        for name in names or names_in(folder):
            if name.lower().endswith(ARCHIVES) and _may_hold(folder / name, manifest):
                return f"{folder / name} is an archive.", "Unpack it, and give its folder."
    if start.is_file():
        return "This is a file, where a folder is needed.", _fetch(manifest)
    return None


def _may_hold(path: Path, manifest: Manifest) -> bool:
    """Tell whether an archive may hold the data set; only zip archives list their content."""
    signature = PurePosixPath(manifest.signature or "")
    try:
        names = {PurePosixPath(member.filename).name for member in zip_members(path)}
    except SchemaError:
        return True
    inner = {f"{part}.zip" for part in (*signature.parts, "main_data")}  # archives in an archive
    return not names.isdisjoint({signature.name, f"{signature.name}.gz", *inner})


def _another_data_set(start: Path, manifest: Manifest) -> Answer | None:
    for name in SHIPPED:
        other = load_manifest(name)
        if other.signature is None or name == manifest.name:
            continue
        for level in levels(start, other, depth=2):
            for folder in level:
                if existing(folder / other.signature):
                    message = f"{folder} holds {name}, which is another data set."
                    return message, f"Say {name}, or give the folder of {manifest.name}."
    return None


def _dicom(start: Path, manifest: Manifest) -> Answer | None:
    """Recognise MIMIC-CXR, whose radiographs are DICOM files and which has none of the tables."""
    for level in levels(start, manifest, depth=2):
        for folder in level:
            if any(existing(folder / name) for name in DICOM_TABLES) or _images(folder, ".dcm"):
                message = f"{folder} is MIMIC-CXR (DICOM files and reports)."
                remedy = _fetch(manifest)
                if manifest.name == "mimic-cxr-jpg":
                    remedy += (
                        " Of it the tables are needed, the images are not: `gazescribe images"
                        " --source dicom` reads these."
                    )
                return message, remedy
    return None


def _images(folder: Path, suffix: str) -> list[Path]:
    """Give some images of one type in folders that are laid out as MIMIC's, at any of their levels.

    Few folders of each level are entered.
    """
    inside = [folder]
    for _ in range(5):  # files, p10, p10000000, s50000000, and the images
        paths = [inner / name for inner in inside[:FEW] for name in names_in(inner)[:FEW]]
        images = [path for path in paths if path.name.lower().endswith(suffix)]
        if images:
            return images
        inside = [
            path
            for path in paths
            if re.fullmatch(r"files|p\d{2}|p\d{8}|s\d{8}", path.name) and path.is_dir()
        ]
    return []


def _flat(start: Path, manifest: Manifest) -> Answer | None:
    """Find files and folders that have the names of readings or images, but no table of them."""
    ids = "|".join(
        manifest.ids[kind] for kind in ("reading_id", "dicom_id") if kind in manifest.ids
    )
    named = re.compile(rf".*?(?:{ids}).*")
    for level in levels(start, manifest, depth=2):
        for folder in level:
            names = [name for name in names_in(folder) if named.fullmatch(name)]
            if names:
                message = (
                    f"{folder} holds {plural(len(names), 'file or folder', 'files and folders')}"
                    f" named by reading or image, as {names[0]}, without"
                    f" {manifest.signature}, which lists them: others rearranged them."
                )
                return message, _fetch(manifest)
            if _images(folder, ".jpg"):
                message = f"{folder} holds radiographs without {manifest.signature}."
                return message, _fetch(manifest)
    return None
