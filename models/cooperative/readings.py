"""Readings that a cooperative network can use, of all its data sets, one an image.

Reads: `readings` of each data set. Drops: images that cannot be used, counted by reason.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gazescribe.models.cooperative.settings import EGD, CooperativeInputs, CooperativeRun
from gazescribe.models.core.leaks import leak_faults, people_of
from gazescribe.pipeline.core.errors import AlignmentError, quote
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.values import DIAGNOSES

TAKEN = ("macro", "micro", "accuracy")
COLUMNS = ["reading_id", "dataset", "dicom_id", "subject_id", "diagnosis", "split", "egd_split"]


def list_readings(inputs: CooperativeInputs) -> dict[str, pd.DataFrame]:
    """Read all readings, by data set in the order of `inputs`.

    The column split of EGD is its own, drawn by patient and stratified by diagnosis. Raises
    SchemaError if a folder holds another data set.
    """
    tables = {}
    for name, folder in inputs.tables.items():
        table: pd.DataFrame = read_table(Path(folder), "readings", COLUMNS).to_pandas()
        if strange := sorted(set(table["dataset"]) - {name}):
            message = f"these are tables of {', '.join(strange)}, not of {name}."
            remedy = f"Write cooperative.inputs.tables.{strange[0]} in its place."
            raise AlignmentError(message, where=folder, remedy=remedy)
        if name == EGD:
            table["split"] = table["egd_split"]
        table = table.drop(columns="egd_split")
        tables[name] = table.sort_values(["dicom_id", "reading_id"], ignore_index=True)
    return tables


def classes_of(inputs: CooperativeInputs, tables: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """Give the classes in the order of the networks' outputs; none where nothing is diagnosed.

    That order is stated, or the paper's three of EGD come first and all others by name. Raises
    AlignmentError if names differ by capitals alone.
    """
    diagnoses = {name for table in tables.values() for name in table["diagnosis"].dropna()}
    by_letters = defaultdict(set)
    for name in diagnoses:
        by_letters[name.casefold()].add(name)
    faults = [", ".join(sorted(names)) for names in by_letters.values() if len(names) > 1]
    if faults:
        message = "these diagnoses differ by capitals alone."
        raise AlignmentError(message, remedy="Write each in one way.", faults=sorted(faults))
    if reserved := sorted(diagnoses & set(TAKEN)):
        message = (
            f"no diagnosis can be called {', '.join(reserved)}: results have measures so named."
        )
        raise AlignmentError(message, remedy="Give it another name.")
    if inputs.classes is not None:
        return inputs.classes
    first = DIAGNOSES if EGD in inputs.tables else ()
    classes = (*first, *sorted(diagnoses - set(first)))
    if len(classes) == 1:
        message = f"all diagnoses are {quote(classes[0])}: a network has nothing to tell apart."
        raise AlignmentError(message, remedy="Give images of two classes or more, or no diagnosis.")
    return classes


def usable_readings(
    tables: Mapping[str, pd.DataFrame],
    run: CooperativeRun,
    images: Collection[str],
    classes: Sequence[str],
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Give the readings that can be used, sorted by image; count the others by their first reason.

    `tables` have a column map_row, -1 where no map shows gaze; `images` are those in the shards. An
    image without diagnosis teaches saliency, if it has a map. But not one of EGD, where each has a
    diagnosis unless something is wrong with it.

    Raises AlignmentError if none is left, or if a subject or an image is in two splits, in one data
    set or in several.
    """
    if run.split == "table":
        refuse_leaks(tables)
    listed = pd.concat(_numbered_apart(tables), ignore_index=True)
    # Stable: of an image in two data sets the first one's reading counts.
    listed = listed.sort_values("dicom_id", kind="stable", ignore_index=True)
    teaches_maps = listed["diagnosis"].isna() & (listed["map_row"] >= 0)
    teaches_maps &= listed["dataset"] != EGD
    wrong = {
        "no diagnosis": ~listed["diagnosis"].isin(classes) & ~teaches_maps,
        "image not in the shards": ~listed["dicom_id"].isin(images),
        "image read before": listed["dicom_id"].duplicated(),
    }
    if run.split == "table":
        wrong["in no split"] = listed["split"].isna()
    reason = np.select([bad.to_numpy() for bad in wrong.values()], list(wrong), "")
    left_out = dict(Counter(reason[reason != ""].tolist()))
    usable = listed[reason == ""].reset_index(drop=True)
    if usable.empty:
        faults = [f"{name}: {n}" for name, n in left_out.items()]
        message = f"of {len(listed)} images of {', '.join(tables)} none can be used."
        raise AlignmentError(message, faults=faults)
    return usable, left_out


def _numbered_apart(tables: Mapping[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """Give different people different numbers; those of the first data set keep theirs."""
    people = people_of(tables)
    first = next(iter(people.values()))
    apart = []
    for name, table in tables.items():
        subjects = table["subject_id"].tolist()
        if people[name] != first:
            subjects = [_number(people[name], subject) for subject in subjects]
        apart.append(table.assign(subject_id=subjects))
    return apart


def _number(people: str, subject_id: int) -> int:
    digest = hashlib.sha256(f"{people}:{subject_id}".encode()).digest()
    return int.from_bytes(digest[:7], "big") + 10**15  # no number of a person is as large


def refuse_leaks(tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse subjects and images that are in two splits; raises AlignmentError naming all."""
    if faults := leak_faults(tables):
        message = f"{len(faults)} subjects or images are in two splits."
        remedy = (
            "Correct the column split of the source and ingest again; or let `cooperative.split:"
            " folds` draw them over all data sets together. Images that are not the same need ids"
            " that are not the same."
        )
        raise AlignmentError(message, remedy=remedy, faults=faults)
