"""Nobody in two splits of all that one network sees, over all of its data sets together.

Subjects of two data sets are the same people where the numbers are of one kind: those of MIMIC-CXR,
which REFLACX and EGD share; and those of data sets with an image in common. Elsewhere a number says
nothing beyond its own data set. An image is the same wherever its id is.
"""

from collections.abc import Mapping

import pandas as pd

from gazescribe.pipeline.core.values import OF_MIMIC, SPLITS


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
        people = {
            other: first if dataset in alike else dataset for other, dataset in people.items()
        }
        people[name] = first
    return people


def leak_faults(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say which subjects and images are in two splits, and where; nothing where none is.

    `tables`, by data set, have the columns subject_id, dicom_id and split; rows without a split do
    not count.
    """
    people = people_of(tables)
    parts = [
        table[["subject_id", "dicom_id", "split"]].assign(dataset=name, people=people[name])
        for name, table in tables.items()
    ]
    if not parts:
        return []
    listed = pd.concat(parts, ignore_index=True).dropna(subset=["split"])
    return [
        *_divided(listed, "subject", ["people", "subject_id"]),
        *_divided(listed, "image", ["dicom_id"]),
    ]


def _divided(listed: pd.DataFrame, kind: str, key: list[str]) -> list[str]:
    """Name what has the same key in two splits."""
    first = listed.groupby(key, sort=False)["split"].transform("first")
    of_divided = listed.loc[listed["split"] != first, key].drop_duplicates()
    rows = listed.merge(of_divided, on=key)
    return [
        f"{kind} {of_key[key[-1]].iloc[0]}: {_places(of_key)}" for _, of_key in rows.groupby(key)
    ]


def _places(rows: pd.DataFrame) -> str:
    """Say which data sets have it in which splits."""
    by_split = {split: sorted(set(part["dataset"])) for split, part in rows.groupby("split")}
    return ", ".join(
        f"{split} in {' and '.join(by_split[split])}" for split in SPLITS if split in by_split
    )
