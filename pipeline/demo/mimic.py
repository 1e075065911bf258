"""Write the MIMIC-CXR-JPG tree: tables and radiographs of all images, lateral views with them.

Source: spec REFLACX B: column orders, values, gzip, LF ends; B2 for the states of the CheXpert
labeler (1, 0, -1 or blank) and how often each label is denied.
"""

import csv
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.values import CHEXPERT_LABELS
from gazescribe.pipeline.demo.cases import Film
from gazescribe.pipeline.demo.drawn import FILM, Drawn, Row
from gazescribe.pipeline.demo.population import Population, draw_film

VIEW_MEANING = {
    "PA": "postero-anterior",
    "AP": "antero-posterior",
    "LATERAL": "lateral",
    "LL": "left lateral",
    "": "",
}
LATERAL_RATE = 0.6  # of PA studies (inferred)
EDGE_CASES = ("no chexpert row", "blank view", "two frontals", "study before ten")
TABLES = ("chexpert", "negbio", "split", "metadata")
GZIP = 31  # zlib's name for a gzip header round 32 kB windows
JPEG_QUALITY = 92
DENIED_PERCENT: dict[str, float] = {  # of studies (B2)
    "Atelectasis": 0.4,
    "Cardiomegaly": 7.0,
    "Consolidation": 3.5,
    "Edema": 11.1,
    "Enlarged Cardiomediastinum": 2.3,
    "Fracture": 0.4,
    "Lung Lesion": 0.4,
    "Lung Opacity": 1.3,
    "Pleural Effusion": 11.9,
    "Pleural Other": 0.1,
    "Pneumonia": 10.7,
    "Pneumothorax": 18.5,
    "Support Devices": 1.4,
}
MEANS: dict[str, dict[str, float]] = {  # chance that a finding is reported under a label
    "acute fracture & fracture": {"Fracture": 1.0},
    "airway wall thickening": {},
    "atelectasis": {"Atelectasis": 1.0, "Lung Opacity": 0.3},
    "consolidation": {"Consolidation": 1.0, "Lung Opacity": 0.5, "Pneumonia": 0.5},
    "enlarged cardiac silhouette": {"Cardiomegaly": 1.0},
    "enlarged hilum": {},
    "groundglass opacity": {"Lung Opacity": 1.0, "Pneumonia": 0.3},
    "hiatal hernia": {},
    "high lung volume - emphysema & emphysema": {},
    "interstitial lung disease & fibrosis": {"Lung Opacity": 1.0},
    "mass": {"Lung Lesion": 1.0},
    "nodule": {"Lung Lesion": 1.0},
    "pleural effusion": {"Pleural Effusion": 1.0},
    "pleural thickening": {"Pleural Other": 1.0},
    "pneumothorax": {"Pneumothorax": 1.0},
    "pulmonary edema": {"Edema": 1.0, "Lung Opacity": 0.2},
    "support devices": {"Support Devices": 1.0},
    "wide mediastinum & abnormal mediastinum contour": {"Enlarged Cardiomediastinum": 1.0},
}
UNCERTAIN_UP_TO = 3  # certainty of a lesion whose report hedges


@dataclass(frozen=True)
class MimicImage:
    """One row of the metadata; `case` is what a frontal one shows."""

    case: Film
    view: str
    date: int
    time: float

    @property
    def is_frontal(self) -> bool:
        """Whether it shows the chest from the front or back, said or not."""
        return self.view in ("PA", "AP", "")


IMAGE = np.dtype([("film", FILM), ("view", "S7"), ("date", "i4"), ("time", "f8")])
"""What an image is drawn from."""


def plan_images(
    population: Population, seed: int, edge_case_rate: float
) -> tuple[Drawn[MimicImage], frozenset[int]]:
    """List all images by subject, study and image, and the studies without CheXpert labels.

    Each edge case of `EDGE_CASES` is given to a share of the studies that nobody annotated, at
    least one.
    """
    rng = np.random.default_rng([seed, 5])
    order = rng.permutation(len(population.extra))
    n = max(1, round(edge_case_rate * order.size))
    extra = population.extra.rows["study_id"]
    marked = {
        name: set(extra[order[k * n : (k + 1) * n]].tolist()) for k, name in enumerate(EDGE_CASES)
    }
    films = population.cases.rows
    rows = np.empty(3 * len(films), IMAGE)  # more than there will be
    end = 0
    for film in films:
        study, view = int(film["study_id"]), film["view"].decode()
        date = int(rng.integers(2110, 2200)) * 10_000 + int(rng.integers(1, 13)) * 100
        early = study in marked["study before ten"] or rng.random() < 0.3
        hour = int(rng.integers(0, 10) if early else rng.integers(10, 24))
        minute, second = (int(part) for part in rng.integers(0, 60, 2))
        time = hour * 10_000 + minute * 100 + second + int(rng.integers(1, 1000)) / 1000
        views = ["" if study in marked["blank view"] else view]
        date += int(rng.integers(1, 29))
        groups = [film["groups"]]
        if study in marked["two frontals"]:
            views.append("AP")
            groups.append(rng.integers(0, 2**32, 4))
        if view == "PA" and rng.random() < LATERAL_RATE:
            views.append(("LATERAL", "LL")[int(rng.integers(2))])
            groups.append(rng.integers(0, 2**32, 4))
        of_study = rows[end : end + len(views)]
        of_study["film"], of_study["date"], of_study["time"] = film, date, time
        of_study["view"], of_study["film"]["groups"] = views, groups
        end += len(views)
    ids = rows["film"][:end]
    order = np.lexsort((*ids["groups"].T[::-1], ids["study_id"], ids["subject_id"]))
    images_in_order = Drawn(rows[order], partial(_image, seed=seed))
    return images_in_order, frozenset(marked["no chexpert row"])


def _image(row: Row, *, seed: int) -> MimicImage:
    case = draw_film(row["film"], seed=seed)
    return MimicImage(case, row["view"].decode(), int(row["date"]), float(row["time"]))


def write_tables(images: Iterable[MimicImage], unlabelled: frozenset[int], root: Path) -> None:
    """Write the four tables, and the list of files; label tables leave out `unlabelled` studies.

    `images` come by study.
    """
    root.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        writers = {name: stack.enter_context(_writing(root, name)) for name in TABLES}
        names = stack.enter_context((root / "IMAGE_FILENAMES").open("w", encoding="utf-8"))
        for study, images_of_study in groupby(images, lambda image: image.case.study_id):
            images_here = list(images_of_study)
            if study not in unlabelled:
                labels = _labels_row(images_here[0].case)
                writers["chexpert"](labels)
                writers["negbio"](labels)
            for image in images_here:
                writers["split"](_split_row(image))
                writers["metadata"](_metadata_row(image))
                names.write(f"{image.case.folder}/{image.case.dicom_id}.jpg\n")


@contextmanager
def _writing(root: Path, name: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Give a function that writes a row of a gzipped table; the first brings the header."""
    with _Gzipped(root / f"mimic-cxr-2.0.0-{name}.csv.gz") as file:
        writer = csv.writer(file, lineterminator="\n")

        def write(row: Mapping[str, Any]) -> None:
            if not file.begun:
                writer.writerow(row)
            writer.writerow(row.values())

        yield write


class _Gzipped:
    """A gzipped text file without a clock in its header."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._packer = zlib.compressobj(9, wbits=GZIP)
        self.begun = False

    def write(self, text: str) -> None:
        self._file.write(self._packer.compress(text.encode()))
        self.begun = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.write(self._packer.flush())
        self._file.close()


def _labels_row(case: Film) -> dict[str, Any]:
    states = chexpert_labels(case)
    cells = {name: "" if state is None else f"{state:.1f}" for name, state in states.items()}
    return {"subject_id": case.subject_id, "study_id": case.study_id, **cells}


def chexpert_labels(case: Film) -> dict[str, int | None]:
    """Say what the CheXpert labeler would have made of the report of a case's study.

    1 is positive, 0 negative, -1 uncertain, None not mentioned; in the order of `CHEXPERT_LABELS`.
    The study id seeds what the image leaves open, so that every table says the same. `No Finding`
    is 1 where nothing but devices is positive or uncertain and no finding without a column (hernia,
    emphysema) is there.
    """
    rng = np.random.default_rng(case.study_id)
    states: dict[str, int | None] = dict.fromkeys(CHEXPERT_LABELS)
    for lesion in case.lesions:
        for label, chance in MEANS[lesion.finding].items():
            state = -1 if lesion.certainty <= UNCERTAIN_UP_TO else 1
            if rng.random() < chance:
                states[label] = max(states[label] or state, state)
    normal = not any(lesion.finding != "support devices" for lesion in case.lesions)
    if normal:
        states["No Finding"] = 1
    for label, percent in DENIED_PERCENT.items():
        # A healthy chest has more denied: what is denied over all, said of the images without it.
        if states[label] is None and rng.random() < 2 * percent / 100:
            states[label] = 0
    return states


def _split_row(image: MimicImage) -> dict[str, Any]:
    case = image.case
    return {
        "dicom_id": case.dicom_id,
        "study_id": case.study_id,
        "subject_id": case.subject_id,
        "split": case.split,
    }


def _metadata_row(image: MimicImage) -> dict[str, Any]:
    case = image.case
    portable = case.view == "AP"
    procedure = "CHEST (PORTABLE AP)" if portable else "CHEST (PA AND LAT)"
    return {
        "dicom_id": case.dicom_id,
        "subject_id": case.subject_id,
        "study_id": case.study_id,
        "PerformedProcedureStepDescription": procedure,
        "ViewPosition": image.view,
        "Rows": case.height_px,
        "Columns": case.width_px,
        "StudyDate": image.date,
        "StudyTime": image.time,
        "ProcedureCodeSequence_CodeMeaning": procedure,
        "ViewCodeSequence_CodeMeaning": VIEW_MEANING[image.view],
        "PatientOrientationCodeSequence_CodeMeaning": "" if portable else "Erect",
    }


def write_images(images: Sequence[MimicImage], root: Path) -> None:
    """Draw and write some radiographs as 8-bit grey JPG; the task of one worker."""
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


def _lateral(case: Film) -> NDArray[np.uint8]:
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
