"""Train, validate and test by subject, from the authors' lists or a seeded draw.

REFLACX, EGD and MIMIC-CXR-JPG share subjects, so the draw looks at the subject's number alone: all
data sets agree on it, in whatever order they are read (spec mil 6.3). The authors moved subjects of
REFLACX alone. So MIMIC-CXR-JPG and EGD, which have many others, ask REFLACX who is in it.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.tables import has_table, read_table
from gazescribe.pipeline.core.values import SPLITS
from gazescribe.pipeline.ingest.reflacx_metadata import read_metadata
from gazescribe.pipeline.ingest.settings import Ingest, IngestOptions
from gazescribe.pipeline.sources.faults import refuse
from gazescribe.pipeline.sources.loading import load_manifest

Subject = TypeVar("Subject", int, str)


@dataclass(frozen=True)
class Draw:
    """Chooses a share of subjects by a hash of seed, purpose and subject."""

    purpose: str
    seed: int
    share: float

    def takes(self, subject_id: int) -> bool:
        """Tell whether a subject is drawn."""
        digest = hashlib.sha256(f"{self.purpose}:{self.seed}:{subject_id}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.share * 2**64

    def __str__(self) -> str:
        return f"seeded draw (seed {self.seed}, {self.share * 100:g} % of subjects)"


@dataclass(frozen=True)
class SplitPlan:
    """Decides the split of a subject: by the published validation list, else by a draw."""

    listed: frozenset[int] | None
    draw: Draw
    source: str  # where the split comes from, for every result
    drawn_from: frozenset[int] | None = None  # subjects that can be drawn; None for all

    def split_of(self, subject_id: int, published: str) -> str:
        """Give the split of a subject whose images have this split in MIMIC-CXR-JPG."""
        if published != "train":
            return published
        if self.listed is not None:
            return "validate" if subject_id in self.listed else "train"
        can_be_drawn = self.drawn_from is None or subject_id in self.drawn_from
        return "validate" if can_be_drawn and self.draw.takes(subject_id) else "train"


@dataclass(frozen=True)
class TuningPlan:
    """Decides which readings of phases 1 and 2 the labeler may be tuned on."""

    listed: frozenset[str] | None
    draw: Draw
    source: str

    def chooses(self, reading_id: str, phase: int, subject_id: int) -> bool:
        """Tell whether a reading is one for tuning."""
        if self.listed is None:
            return phase in {1, 2} and self.draw.takes(subject_id)
        return reading_id in self.listed


def plan_splits(val_subjects: Path | None, settings: Ingest) -> SplitPlan:
    """Read the published list of validation subjects, or prepare the draw.

    A ManifestError, with all such lines at once, if one is no subject number.
    """
    draw = Draw("validate", settings.seed, settings.val_share)
    if val_subjects is None:
        return SplitPlan(None, draw, str(draw))
    lines, source = _read_list(val_subjects, r"\d{8}", "subjects")
    return SplitPlan(frozenset(map(int, lines)), draw, source)


def plan_shared_splits(options: IngestOptions, settings: Ingest) -> SplitPlan:
    """Plan the splits of a data set that has REFLACX's subjects and others: the others stay.

    Where nobody says who is in REFLACX, the draw takes its share of all subjects, REFLACX's among
    them, which agrees with REFLACX's own splits, but validates on far more images than the authors.
    Raises as `plan_splits`, or if the tables that should be REFLACX's are not.
    """
    plan = plan_splits(options.val_subjects, settings)
    if plan.listed is not None:
        return plan
    if options.reflacx is None:
        return replace(plan, source=f"{plan.draw}, as REFLACX's were not given (--reflacx)")
    subjects = _reflacx_subjects(options.reflacx)
    share = f"{plan.draw.share * 100:g} % of REFLACX's {len(subjects):,} subjects"
    source = f"seeded draw (seed {settings.seed}, {share})"
    return replace(plan, source=source, drawn_from=subjects)


def _reflacx_subjects(folder: Path) -> frozenset[int]:
    """Read who is in REFLACX, from its tables or from its raw tree: every reading has its row."""
    if not has_table(folder, "readings"):
        readings, faults = read_metadata(folder, load_manifest("reflacx"))
        refuse(faults, where=folder)
        return frozenset(reading.subject_id for reading in readings)
    table = read_table(folder, "readings", ["subject_id", "dataset"])
    others = sorted(set(table["dataset"].to_pylist()) - {"reflacx"})
    if others:
        message = f"these are tables of {', '.join(others)}, not REFLACX's."
        raise ManifestError(message, where=folder)
    return frozenset(table["subject_id"].to_pylist())


def plan_tuning(tuning_readings: Path | None, settings: Ingest) -> TuningPlan:
    """Read the published list of tuning readings, or prepare the draw; raises as `plan_splits`."""
    draw = Draw("tuning", settings.seed, settings.tuning_share)
    if tuning_readings is None:
        return TuningPlan(None, draw, f"{draw} of phases 1 and 2")
    lines, source = _read_list(tuning_readings, r"P[12]\d{2}R\d{6}", "readings")
    return TuningPlan(frozenset(lines), draw, source)


def _read_list(path: Path, pattern: str, kind: str) -> tuple[list[str], str]:
    if not path.is_file():
        raise ManifestError(f"there is no such list of {kind}.", where=path)
    content = path.read_bytes()
    lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
    faults = [
        f"line {number}: {line!r}"
        for number, line in enumerate(lines, 1)
        if line and not re.fullmatch(pattern, line)
    ]
    ids = sorted({line for line in lines if line})
    if faults or not ids:
        message = f"one of the {kind} was expected on each line, of the form {pattern}."
        raise ManifestError(message, where=path, faults=faults or ["the file is empty"])
    digest = hashlib.sha256(content).hexdigest()[:8]
    return ids, f"published list {path.name} ({len(ids)} {kind}, sha256 {digest})"


def count_splits(splits: Iterable[str | None]) -> dict[str, int]:
    """Count the readings, or images, of each split; None is in no split."""
    counts = Counter(splits)
    return {split: counts[split] for split in SPLITS}


def divided_faults(kind: str, ids: Iterable[Any], splits: Iterable[str | None]) -> list[str]:
    """Say which ids, of subjects or images as `kind` says, are in two splits."""
    seen: defaultdict[Any, set[str]] = defaultdict(set)
    for name, split in zip(ids, splits, strict=True):
        if split is not None:
            seen[name].add(split)
    return [
        f"{kind} {name}: {', '.join(sorted(names, key=SPLITS.index))}"
        for name, names in sorted(seen.items())
        if len(names) > 1
    ]


def check_disjoint(subjects: Iterable[int], splits: Iterable[str], *, where: object) -> None:
    """Check that no subject is in two splits; a ManifestError with all that are."""
    faults = divided_faults("subject", subjects, splits)
    if faults:
        remedy = "Look at the split column of the source: splits must not cut through a subject."
        raise ManifestError(
            f"{len(faults)} subjects are in two splits.", where=where, remedy=remedy, faults=faults
        )


def split_by_patient(
    subjects: Sequence[int],
    strata: Sequence[str | None],
    seed: int,
    shares: Sequence[float],
) -> list[str]:
    """Draw EGD's own split: each has its share of every stratum, no subject is in two.

    `subjects`, `strata` (the diagnosis) and the result have one element an image; `shares` are in
    the order of `SPLITS`. Another seed is another draw; the order of the images does not matter.
    Source: spec cooperative.md (split by patient, stratified by class, fixed seed).
    """
    images: defaultdict[int, list[str | None]] = defaultdict(list)
    for subject, stratum in zip(subjects, strata, strict=True):
        images[subject].append(stratum)
    chosen = share_out(images, "egd", seed, shares)
    return [chosen[subject] for subject in subjects]


def share_out(
    images: Mapping[Subject, Sequence[str | None]],
    purpose: str,
    seed: int,
    shares: Sequence[float],
) -> dict[Subject, str]:
    """Give each subject a split, so that each split has its share of every stratum.

    `images` has the strata of all images of a subject; an image can be of several. Subjects come
    one after another, those with many images first and else in an order drawn by hash. Each goes to
    the split that is furthest behind in its strata, by the rule of Sainte-Laguë: the least quotient
    of images (those to come counted by half) and share.
    """
    share_of = dict(zip(SPLITS, shares, strict=True))
    n_by_split: Counter[tuple[str, str | None]] = Counter()

    def quotient(split: str, strata: Sequence[str | None]) -> float:
        n_images = sum(n_by_split[split, stratum] for stratum in {*strata})
        return (n_images + len(strata) / 2) / share_of[split]

    def order(subject: Subject) -> tuple[int, bytes]:
        digest = hashlib.sha256(f"{purpose}:{seed}:{subject}".encode()).digest()
        return -len(images[subject]), digest

    chosen = {}
    for subject in sorted(images, key=order):
        strata_of_subject = images[subject]
        chosen[subject] = min(share_of, key=lambda split: quotient(split, strata_of_subject))
        n_by_split.update((chosen[subject], stratum) for stratum in strata_of_subject)
    return chosen
