"""Train, validate and test by subject, from the authors' lists or a seeded draw.

REFLACX, EGD and MIMIC-CXR-JPG share subjects, so the draw looks at the subject's number alone: all
data sets agree on it, in whatever order they are read (spec mil 6.3).
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.schemas import SPLITS
from gazescribe.pipeline.ingest.settings import Ingest

_SUBJECT = r"\d{8}"
_READING = r"P[12]\d{2}R\d{6}"


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
    """Decides the split of a subject: by the published validation list, else by a draw.

    `source` says where the split comes from, for every result.
    """

    listed: frozenset[int] | None
    draw: Draw
    source: str

    def chooses(self, subject_id: int) -> bool:
        """Tell whether list or draw move a subject from train to validate."""
        if self.listed is None:
            return self.draw.takes(subject_id)
        return subject_id in self.listed

    def split_of(self, subject_id: int, published: str) -> str:
        """Give the split of a subject whose images have this split in MIMIC-CXR-JPG."""
        if published == "test":
            return "test"
        if published == "validate" or self.chooses(subject_id):
            return "validate"
        return "train"


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

    Raises
    ------
    ManifestError
        If a line of the list is no subject number; all such lines at once.
    """
    draw = Draw("validate", settings.seed, settings.val_share)
    if val_subjects is None:
        return SplitPlan(None, draw, str(draw))
    lines, source = _read_list(val_subjects, _SUBJECT, "subjects")
    return SplitPlan(frozenset(map(int, lines)), draw, source)


def plan_tuning(tuning_readings: Path | None, settings: Ingest) -> TuningPlan:
    """Read the published list of tuning readings, or prepare the draw; raises as `plan_splits`."""
    draw = Draw("tuning", settings.seed, settings.tuning_share)
    if tuning_readings is None:
        return TuningPlan(None, draw, f"{draw} of phases 1 and 2")
    lines, source = _read_list(tuning_readings, _READING, "readings")
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


def check_disjoint(subjects: Iterable[int], splits: Iterable[str], *, where: object) -> None:
    """Check that no subject is in two splits.

    Raises
    ------
    ManifestError
        If one is; all of them at once.
    """
    seen: defaultdict[int, set[str]] = defaultdict(set)
    for subject, split in zip(subjects, splits, strict=True):
        seen[subject].add(split)
    faults = [
        f"subject {subject}: {', '.join(sorted(names, key=SPLITS.index))}"
        for subject, names in sorted(seen.items())
        if len(names) > 1
    ]
    if faults:
        remedy = "Look at the split column of the source: splits must not cut through a subject."
        raise ManifestError(
            f"{len(faults)} subjects are in two splits.", where=where, remedy=remedy, faults=faults
        )
