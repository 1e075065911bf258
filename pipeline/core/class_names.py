"""The labels that maps, windows and networks are of: how files say theirs.

The channels of `labels.yaml` in a rules folder are the labels of all that is made with it. They
travel in the metadata of tables and indices, in CONFIG, in checkpoints and in scores, so that
`models/` can name them on a machine that has no rules folder and no YAML reader.
"""

import json
from collections.abc import Mapping, Sequence

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.core.foreign import parse_json

KEY = "labels"
TEN_LABELS: tuple[str, ...] = (
    "Edema",
    "Opacity",
    "Pneumothorax",
    "Pleural abnormality",
    "Lung Lesion",
    "Atelectasis",
    "Consolidation",
    "Fracture",
    "Cardiomegaly",
    "Abnormal Mediastinum Contour",
)
"""Of Lanfredi et al. 2023 (Section 2.6, Table 1), in channel order: those of every file that does
not say its labels. So files of the ten have the bytes that they had before labels could differ, and
networks trained on them keep their hash. `rules/labels.yaml` says the same; a test compares."""


def labels_metadata(labels: Sequence[str]) -> dict[str, str]:
    """Say in the metadata of a table which labels it is of."""
    if tuple(labels) == TEN_LABELS:
        return {}
    return {KEY: json.dumps(list(labels), ensure_ascii=False)}


def labels_said(metadata: Mapping[bytes, bytes] | None, where: object) -> tuple[str, ...]:
    """Read which labels a table is of; raises SchemaError if its metadata says no list of names."""
    text = (metadata or {}).get(KEY.encode())
    if text is None:
        return TEN_LABELS
    labels = parse_json(text.decode("utf-8", "replace"), where=where, top=list)
    are_names = all(isinstance(label, str) for label in labels)
    if not labels or not are_names or len(set(labels)) < len(labels):
        raise SchemaError("its metadata names no labels.", where=where, remedy="Make it again.")
    return tuple(labels)


def check_same_labels(labels: Sequence[str], expected: Sequence[str], *, where: object) -> None:
    """Refuse what is of other labels, or of the same in another order; raises AlignmentError."""
    if tuple(labels) == tuple(expected):
        return
    faults = [f"not asked for: {label}" for label in labels if label not in expected]
    faults += [f"absent: {label}" for label in expected if label not in labels]
    message = f"this is of the labels {', '.join(labels)}; expected: {', '.join(expected)}."
    remedy = "Make it, and CONFIG, with one rules folder (--rules): its channels are the labels."
    raise AlignmentError(message, where=where, remedy=remedy, faults=faults)
