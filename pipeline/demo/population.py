"""Who is in the synthetic data sets: subjects, studies, images, and what each image shows.

REFLACX, EGD and the unannotated rest of MIMIC-CXR-JPG are drawn together, since they share subjects
and the split goes by subject.
Source: spec REFLACX A3 (proportions), A14, B; EGD 1, 2 and 11; design 8 (synthetic ids).
"""

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.demo.cases import HABITATS, Film, draw_anatomy, draw_lesions
from gazescribe.pipeline.demo.drawn import FILM, Drawn, Row, dicom_id

RELEASE = {1: 295, 2: 250, 3: 2507}  # readings (spec REFLACX A3)
RELEASE_READINGS = sum(RELEASE.values())
READERS = 5  # of each image of phases 1 and 2
RELEASE_IMAGES = {1: 59, 2: 50}  # trial numbers have two digits, so there are never more
MIN_READINGS = 2 * READERS + 1
EGD_CASES = 1083
MIN_EGD_CASES = 12
SAME_SUBJECT_RATE = 0.16  # of images (2,199 subjects of 2,616 images)
SPLITS = ("test", "test", "validate", *["train"] * 7)  # ~20 % test (A14); validate for the demo
ALL_FINDINGS_FROM = 30  # images: among so many, each finding is there at least once
SMALL = 6  # `--images small`: native sizes over this

SIZES: tuple[tuple[tuple[int, int], float], ...] = (  # width, height, share (spec EGD 11)
    ((2544, 3056), 0.45),
    ((3056, 2544), 0.25),
    ((2539, 3050), 0.06),
    ((3050, 2539), 0.05),
    ((2500, 2500), 0.06),
    ((2022, 2022), 0.05),
    ((2021, 2505), 0.08),
)
BY_DIAGNOSIS: dict[str, dict[str, float]] = {  # chance of each finding in EGD's classes (inferred)
    "normal": {},
    "chf": {
        "enlarged cardiac silhouette": 0.85,
        "pulmonary edema": 0.7,
        "pleural effusion": 0.55,
        "atelectasis": 0.25,
    },
    "pneumonia": {
        "consolidation": 0.75,
        "groundglass opacity": 0.35,
        "atelectasis": 0.25,
        "pleural effusion": 0.2,
    },
}
FINDINGS = tuple(HABITATS)


@dataclass(frozen=True)
class Population:
    """Images of the data sets; every one of them is in MIMIC-CXR-JPG too.

    `phases` gives the images of REFLACX by phase; `extra` are MIMIC images that nobody annotated;
    `cases` are all of them.
    """

    phases: dict[int, Drawn[Film]]
    egd: Drawn[Film]
    extra: Drawn[Film]
    cases: Drawn[Film]


def images_by_phase(readings: int) -> dict[int, int]:
    """Images of each REFLACX phase, in the release's proportions, at least one each.

    Raises
    ------
    ParamsError
        If there are too few readings for one image of each phase.
    """
    if readings < MIN_READINGS:
        message = f"{readings} REFLACX readings cannot be made."
        remedy = (
            f"Ask for at least {MIN_READINGS}: phases 1 and 2 have {READERS} readers an image"
            " and phase 3 one."
        )
        raise ParamsError(message, remedy=remedy)
    images = {}
    for phase, most in RELEASE_IMAGES.items():
        share = round(readings * RELEASE[phase] / RELEASE_READINGS / READERS)
        images[phase] = min(max(1, share), most)
    return {**images, 3: readings - READERS * sum(images.values())}


def draw_cases(readings: int, seed: int, *, small: bool) -> Population:
    """Draw all images; the other data sets follow REFLACX's number of readings in proportion.

    With `small`, sizes are a sixth of the native ones, and every coordinate counts in them.
    Subjects may have images in several data sets; each has one split.

    Raises
    ------
    ParamsError
        As `images_by_phase`.
    """
    rng = np.random.default_rng([seed, 0])
    phases = images_by_phase(readings)
    n_reflacx = sum(phases.values())
    n_egd = max(MIN_EGD_CASES, round(readings * EGD_CASES / RELEASE_READINGS))
    diagnoses = [("chf", "pneumonia", "normal")[k % 3] for k in range(n_egd)]
    findings = [
        *_with_rich_starts(_assign_findings(rng, n_reflacx), phases),
        *(_by_diagnosis(rng, diagnosis) for diagnosis in diagnoses),
        *_assign_findings(rng, readings),
    ]
    sizes = [*_sizes(rng, n_reflacx), *_sizes(rng, n_egd), *_sizes(rng, readings)]
    n = len(findings)
    views = ["PA" if rng.random() < 0.5 else "AP" for _ in range(n)]
    views[n_reflacx : n_reflacx + n_egd] = ["PA"] * n_egd  # spec EGD 2
    subjects = _subjects(rng, n)
    subjects[n_reflacx + 1] = subjects[n_reflacx]  # EGD: one subject in two classes, always
    splits = _splits(rng, int(subjects.max()) + 1)
    rows = np.zeros(n, FILM)
    rows["number"] = np.arange(n)
    rows["subject_id"] = (99_000_000 + rng.choice(500_000, n, replace=False))[subjects]
    rows["study_id"] = 99_500_000 + rng.choice(500_000, n, replace=False)
    rows["groups"] = _dicom_groups(rng, n)
    rows["width_px"], rows["height_px"] = np.round(np.array(sizes) / (SMALL if small else 1)).T
    rows["view"], rows["split"] = views, np.array(splits, "S8")[subjects]
    rows["diagnosis"][n_reflacx : n_reflacx + n_egd] = diagnoses
    rows["findings"] = [bytes(FINDINGS.index(name) + 1 for name in names) for names in findings]
    cases = Drawn(rows, partial(draw_film, seed=seed))
    ends = np.cumsum([phases[1], phases[2], phases[3], n_egd]).tolist()
    first, second, third, egd, extra = (
        cases[begin:end] for begin, end in zip((0, *ends), (*ends, n), strict=True)
    )
    return Population({1: first, 2: second, 3: third}, egd, extra, cases)


def draw_film(row: Row, *, seed: int) -> Film:
    """Draw the film of a row of `FILM`."""
    findings = findings_of(bytes(row["findings"]))
    width_px, height_px = int(row["width_px"]), int(row["height_px"])
    generator = np.random.default_rng([seed, 1, int(row["number"])])
    anatomy = draw_anatomy(generator, width_px / height_px, findings)
    return Film(
        subject_id=int(row["subject_id"]),
        study_id=int(row["study_id"]),
        dicom_id=dicom_id(row["groups"]),
        width_px=width_px,
        height_px=height_px,
        view=row["view"].decode(),
        split=row["split"].decode(),
        diagnosis=row["diagnosis"].decode() or None,
        anatomy=anatomy,
        lesions=draw_lesions(generator, anatomy, findings),
    )


@cache
def findings_of(codes: bytes) -> tuple[str, ...]:
    """Name the findings of a row of `FILM`; each has one lesion at least."""
    return tuple(FINDINGS[code - 1] for code in codes)


def _assign_findings(rng: np.random.Generator, n: int) -> list[list[str]]:
    """Give each finding to its share of n images; some images get many findings, some none."""
    weights = rng.random(n) ** 1.5 + 1e-3
    lists: list[list[str]] = [[] for _ in range(n)]
    for finding, habitat in HABITATS.items():
        count = max(round(habitat.share * n), int(n >= ALL_FINDINGS_FROM))
        loose = finding == "support devices"
        order = np.log(rng.random(n)) / (1.0 if loose else weights)
        for place in np.argsort(-order, kind="stable")[:count]:
            lists[place].append(finding)
    return lists


def _with_rich_starts(findings: list[list[str]], phases: dict[int, int]) -> list[list[str]]:
    """Give the first images of phases 1 and 2 about three findings: five readers see them."""
    for place in (0, phases[1]):
        later = range(place, len(findings))
        rich = min(later, key=lambda k: abs(len(findings[k]) - 3))
        findings[place], findings[rich] = findings[rich], findings[place]
    return findings


def _by_diagnosis(rng: np.random.Generator, diagnosis: str) -> list[str]:
    return [finding for finding, chance in BY_DIAGNOSIS[diagnosis].items() if rng.random() < chance]


def _sizes(rng: np.random.Generator, n: int) -> list[tuple[int, int]]:
    """Sizes in their shares, each at least once where n allows."""
    counts = [max(1, round(share * n)) for _, share in SIZES]
    pool = [size for (size, _), count in zip(SIZES, counts, strict=True) for _ in range(count)]
    pool += [SIZES[0][0]] * max(n - len(pool), 0)
    return [pool[place] for place in rng.permutation(len(pool))[:n]]


def _subjects(rng: np.random.Generator, n: int) -> np.ndarray:
    """Subject of each image, numbered from 0; some come back in whatever data set."""
    fresh = rng.random(n) >= SAME_SUBJECT_RATE
    fresh[0] = True
    number = np.cumsum(fresh) - 1
    earlier = (rng.random(n) * (number + 1)).astype(np.int64)
    return np.where(fresh, number, earlier)


def _splits(rng: np.random.Generator, n: int) -> list[str]:
    """Split of each subject, in its share within every ten subjects."""
    rounds = [rng.permutation(len(SPLITS)) for _ in range(n // len(SPLITS) + 1)]
    return [SPLITS[place] for round_ in rounds for place in round_][:n]


def _dicom_groups(rng: np.random.Generator, n: int) -> NDArray[Any]:
    """Ids in four groups of eight hexadecimal digits."""
    digits = rng.integers(0, 16, (n, 4, 8))
    return digits @ 16 ** np.arange(7, -1, -1)
