"""Write the MIMIC-CXR-JPG tree: tables and radiographs of all images, lateral views with them.

Source: spec REFLACX B: column orders, values, gzip, LF ends.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.schemas import CHEXPERT_LABELS
from gazescribe.pipeline.demo.cases import Case
from gazescribe.pipeline.demo.chexpert import chexpert_labels
from gazescribe.pipeline.demo.population import Population

KEYS = ("subject_id", "study_id")
SPLIT_COLUMNS = ("dicom_id", "study_id", "subject_id", "split")
METADATA_COLUMNS = (
    "dicom_id",
    "subject_id",
    "study_id",
    "PerformedProcedureStepDescription",
    "ViewPosition",
    "Rows",
    "Columns",
    "StudyDate",
    "StudyTime",
    "ProcedureCodeSequence_CodeMeaning",
    "ViewCodeSequence_CodeMeaning",
    "PatientOrientationCodeSequence_CodeMeaning",
)
VIEW_MEANING = {
    "PA": "postero-anterior",
    "AP": "antero-posterior",
    "LATERAL": "lateral",
    "LL": "left lateral",
    "": "",
}
LATERAL_RATE = 0.6  # of PA studies (inferred)
EDGE_CASES = ("no chexpert row", "blank view", "two frontals", "study before ten")
JPEG_QUALITY = 92


@dataclass(frozen=True)
class MimicImage:
    """One row of the metadata; `case` is what a frontal one shows."""

    case: Case
    view: str
    date: int
    time: float

    @property
    def is_frontal(self) -> bool:
        """Whether it shows the chest from the front or back, said or not."""
        return self.view in ("PA", "AP", "")


def plan_images(
    population: Population, seed: int, edge_case_rate: float
) -> tuple[list[MimicImage], frozenset[int]]:
    """List all images, and the studies that have no row of CheXpert labels.

    Studies that nobody annotated have the edge cases of `EDGE_CASES`, at least one each.

    Parameters
    ----------
    population : Population
        Frontal images.
    seed : int
        Of the data set.
    edge_case_rate : float
        Share of the unannotated studies with each edge case.

    Returns
    -------
    images : list of MimicImage
        By subject, study and image.
    unlabelled : frozenset of int
        Study ids.
    """
    rng = np.random.default_rng([seed, 5])
    order = rng.permutation(len(population.extra))
    n = max(1, round(edge_case_rate * order.size))
    marked = {
        name: {population.extra[place].study_id for place in order[k * n : (k + 1) * n]}
        for k, name in enumerate(EDGE_CASES)
    }
    images = []
    for case in population.cases:
        study = case.study_id
        date = int(rng.integers(2110, 2200)) * 10_000 + int(rng.integers(1, 13)) * 100
        early = study in marked["study before ten"] or rng.random() < 0.3
        hour = int(rng.integers(0, 10) if early else rng.integers(10, 24))
        minute, second = (int(part) for part in rng.integers(0, 60, 2))
        time = hour * 10_000 + minute * 100 + second + int(rng.integers(1, 1000)) / 1000
        view = "" if study in marked["blank view"] else case.view
        first = MimicImage(case, view, date + int(rng.integers(1, 29)), time)
        images.append(first)
        if study in marked["two frontals"]:
            images.append(replace(first, case=_another(rng, case), view="AP"))
        if case.view == "PA" and rng.random() < LATERAL_RATE:
            side = ("LATERAL", "LL")[int(rng.integers(2))]
            images.append(replace(first, case=_another(rng, case), view=side))
    images.sort(key=lambda image: (image.case.subject_id, image.case.study_id, image.case.dicom_id))
    return images, frozenset(marked["no chexpert row"])


def _another(rng: np.random.Generator, case: Case) -> Case:
    """Give the same study's next picture: another id, its first group of zeros too."""
    groups = [f"{part:08x}" for part in rng.integers(0, 2**32, 4)]
    return replace(case, dicom_id="-".join(["00000000", *groups]))


def write_tables(images: Sequence[MimicImage], unlabelled: frozenset[int], root: Path) -> None:
    """Write the four tables and the list of files.

    Parameters
    ----------
    images : sequence of MimicImage
        By subject, study and image.
    unlabelled : frozenset of int
        Studies left out of the label tables.
    root : pathlib.Path
        Root of the tree.
    """
    root.mkdir(parents=True, exist_ok=True)
    studies = {image.case.study_id: image.case for image in images}
    labels = [
        (case.subject_id, study, *chexpert_labels(case).values())
        for study, case in studies.items()
        if study not in unlabelled
    ]
    for labeler in ("chexpert", "negbio"):
        rows = [(*row[:2], *map(_state, row[2:])) for row in labels]
        _write_table(root, labeler, (*KEYS, *CHEXPERT_LABELS), rows)
    _write_table(root, "split", SPLIT_COLUMNS, [_split_row(image) for image in images])
    _write_table(root, "metadata", METADATA_COLUMNS, [_metadata_row(image) for image in images])
    names = [f"{image.case.folder}/{image.case.dicom_id}.jpg\n" for image in images]
    (root / "IMAGE_FILENAMES").write_text("".join(names), encoding="utf-8")


def _state(value: int | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _write_table(
    root: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path = root / f"mimic-cxr-2.0.0-{name}.csv.gz"
    path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


def _split_row(image: MimicImage) -> tuple[Any, ...]:
    case = image.case
    return case.dicom_id, case.study_id, case.subject_id, case.split


def _metadata_row(image: MimicImage) -> tuple[Any, ...]:
    case = image.case
    portable = case.view == "AP"
    procedure = "CHEST (PORTABLE AP)" if portable else "CHEST (PA AND LAT)"
    return (
        case.dicom_id,
        case.subject_id,
        case.study_id,
        procedure,
        image.view,
        case.height_px,
        case.width_px,
        image.date,
        image.time,
        procedure,
        VIEW_MEANING[image.view],
        "" if portable else "Erect",
    )


def write_images(images: Sequence[MimicImage], root: Path) -> int:
    """Draw and write some radiographs as 8-bit grey JPG; the task of one worker.

    Returns
    -------
    int
        Files written.
    """
    from PIL import Image

    from gazescribe.pipeline.demo.pictures import radiograph

    for image in images:
        case = image.case
        pixels = (
            radiograph(case, case.height_px, case.width_px) if image.is_frontal else _lateral(case)
        )
        path = root / case.folder / f"{case.dicom_id}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, quality=JPEG_QUALITY)
    return len(images)


def _lateral(case: Case) -> NDArray[np.uint8]:
    """Draw a chest from the side, roughly: no reader takes it, but the file is there."""
    y = np.linspace(-1, 1, case.height_px)[:, None]
    x = np.linspace(-1, 1, case.width_px)[None, :]
    body = np.clip(1.3 - (x / 0.75) ** 2 - (y / 1.1) ** 2, 0, 1)
    lung = np.clip(1 - ((x - 0.05) / 0.5) ** 2 - ((y + 0.1) / 0.65) ** 2, 0, 1)
    spine = np.exp(-(((x - 0.45 - 0.1 * y**2) / 0.08) ** 2))
    grey: NDArray[np.uint8] = (
        np.clip(0.75 * body - 0.45 * lung + 0.2 * spine * body, 0, 1) * 255
    ).astype(np.uint8)
    return grey
