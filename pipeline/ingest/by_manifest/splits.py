"""Train, validate and test of somebody's own data set: as its table says, or drawn.

The draw goes by subject and image together: what shares either stays together. It is stratified by
diagnosis, where there is none by the labels of `certainties` or `ellipses`. With few readings each
split still has one, as long as there are three subjects.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.values import SPLITS
from gazescribe.pipeline.ingest.by_manifest.own_reading import OwnReading, Pieces
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.ingest.protocol import Listing, Plan
from gazescribe.pipeline.ingest.settings import Ingest, IngestOptions
from gazescribe.pipeline.ingest.splits import count_splits, divided_faults, share_out
from gazescribe.pipeline.sources.table_manifests import OwnManifest

LABELLED = ("certainties", "ellipses")
PURPOSE = "own"


def plan_own_splits(
    _root: Path, listing: Listing, settings: Ingest, _options: IngestOptions
) -> Plan:
    """Take the source's splits where it has any, else draw; check them, and name those left empty.

    Raises ManifestError, naming all, if a subject or an image is in two splits.
    """
    table, readings = listing.content, [*listing.readings]
    if table is not None and table.columns.split is not None:
        source = f"column of {table.file}"
        splits = [reading.published for reading in readings]
        _check_divided(readings, table.file)
    else:
        splits, stratified = draw_splits(readings, settings)
        parts = "/".join(f"{share * 100:g}" for share in settings.own_shares)
        source = f"seeded draw by subject{stratified} (seed {settings.seed}, {parts} %)"
    counts = count_splits(splits)
    empty = [split for split in SPLITS if not counts[split]]
    if empty and any(counts.values()):
        n = len({reading.subject for reading in readings})
        source += f"; none for {' and '.join(empty)} of {plural(n, 'subject')}"
    pairs = zip(readings, splits, strict=True)
    return Plan(
        [replace(reading, split=split) for reading, split in pairs],
        {"split_source": source},
        {"splits": counts},
    )


def _check_divided(readings: Sequence[OwnReading], file: str) -> None:
    published = [
        (reading, reading.published) for reading in readings if reading.published is not None
    ]
    splits = [split for _, split in published]
    faults = divided_faults("subject", [reading.subject for reading, _ in published], splits)
    faults += divided_faults("image", [reading.dicom_id for reading, _ in published], splits)
    if faults:
        remedy = "Look at the split column of the source: splits must not cut through a subject."
        message = f"{len(faults)} subjects or images are in two splits."
        raise ManifestError(message, where=file, remedy=remedy, faults=faults)


def draw_splits(readings: Sequence[OwnReading], settings: Ingest) -> tuple[list[str], str]:
    """Draw the split of each reading; say also what the draw is stratified by.

    The order of the readings does not matter.
    """
    strata, stratified = _strata(readings)
    group_of = _groups(readings)
    images: defaultdict[str, list[str]] = defaultdict(list)
    for reading, labels in zip(readings, strata, strict=True):
        # "" is of all: so that with many rare labels each split has its share of readings, too.
        images[group_of[reading.reading_id]] += [*sorted(labels), ""]
    chosen = share_out(images, PURPOSE, settings.seed, settings.own_shares)
    _fill(chosen, settings.seed)
    return [chosen[group_of[reading.reading_id]] for reading in readings], stratified


def _strata(readings: Sequence[OwnReading]) -> tuple[list[frozenset[str]], str]:
    if any(reading.diagnosis for reading in readings):
        named = [reading.diagnosis for reading in readings]
        return [frozenset([name] if name else []) for name in named], ", stratified by diagnosis"
    labels = [reading.labels for reading in readings]
    return labels, ", stratified by label" if any(labels) else ""


def labels_of(pieces: Pieces, manifest: OwnManifest) -> frozenset[str]:
    """Name the labels of a reading, where one file has those of all readings.

    They are of `certainties` above 0, or else of `ellipses`.
    """
    for name in LABELLED:
        rows = pieces.get(name)
        if isinstance(rows, Rows):
            columns = manifest.tables.by_name()[name].columns
            certain = rows.numbers(columns.certainty)[0] > 0
            labels = rows.text(columns.label)
            return frozenset(
                label for label, is_certain in zip(labels, certain, strict=True) if is_certain
            )
    return frozenset()


def _groups(readings: Sequence[OwnReading]) -> dict[str, str]:
    """Give each reading the name of its group: those that share a subject or an image, by any way.

    A group is named by the last of its subjects, whatever order they come in.
    """
    joined: dict[str, str] = {}

    def root(name: str) -> str:
        while joined.setdefault(name, name) != name:
            name = joined[name]
        return name

    for reading in readings:
        both = sorted((root(f"subject {reading.subject}"), root(f"image {reading.dicom_id}")))
        joined[both[0]] = both[1]  # the later one: a subject rather than an image
    return {reading.reading_id: root(f"subject {reading.subject}") for reading in readings}


def _fill(chosen: dict[str, str], seed: int) -> None:
    """Move one group into each split that has none, as long as another has two."""
    for split in reversed(SPLITS):
        counts = Counter(chosen.values())
        largest = max(SPLITS, key=lambda name: counts[name])
        if not counts[split] and counts[largest] > 1:
            groups_of_largest = [group for group, name in chosen.items() if name == largest]
            chosen[max(groups_of_largest, key=lambda group: _digest(group, seed))] = split


def _digest(group: str, seed: int) -> bytes:
    return hashlib.sha256(f"fill:{seed}:{group}".encode()).digest()
