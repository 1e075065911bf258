"""Nobody in two splits of all that one network sees, over all of its data sets together.

Subjects of two data sets are the same people where the numbers are of one kind: those of MIMIC-CXR,
which REFLACX and EGD share; and those of data sets with an image in common. Elsewhere a number says
nothing beyond its own data set. An image is the same wherever its id is.
"""

from collections import defaultdict
from collections.abc import Mapping

import pandas as pd

from gazescribe.pipeline.core.schemas import SPLITS

OF_MIMIC = ("reflacx", "egd", "mimic-cxr-jpg")
"""Data sets whose subjects are MIMIC-CXR's."""


def people_of(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Name, for each data set, the one that its subjects are numbered in: the first of its kind.

    `tables`, by data set, have a column dicom_id.
    """
    images = {name: set(table["dicom_id"]) for name, table in tables.items()}
    people: dict[str, str] = {}
    for name in tables:
        alike = {
            people[other]
            for other in people
            if {name, other} <= set(OF_MIMIC) or images[name] & images[other]
        }
        first = next((people[other] for other in people if people[other] in alike), name)
        people = {other: first if one in alike else one for other, one in people.items()}
        people[name] = first
    return people


def leak_faults(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say which subjects and images are in two splits, and where; nothing where none is.

    `tables`, by data set, have the columns subject_id, dicom_id and split; rows without a split do
    not count.
    """
    people = people_of(tables)
    seen: defaultdict[tuple[str, str, object], defaultdict[str, set[str]]]
    seen = defaultdict(lambda: defaultdict(set))
    for name, table in tables.items():
        rows = table.loc[table["split"].notna(), ["subject_id", "dicom_id", "split"]]
        for subject, image, split in rows.itertuples(index=False):
            seen["subject", people[name], subject][split].add(name)
            seen["image", "", image][split].add(name)
    return [
        f"{what} {key}: {_places(splits)}"
        for kind in ("subject", "image")
        for (what, _, key), splits in sorted(seen.items(), key=lambda item: str(item[0]))
        if what == kind and len(splits) > 1
    ]


def _places(splits: Mapping[str, set[str]]) -> str:
    return ", ".join(
        f"{split} in {' and '.join(sorted(splits[split]))}" for split in SPLITS if split in splits
    )
