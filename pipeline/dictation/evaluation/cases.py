"""The readings that the labeler is scored on: what each says, and what its reader was certain of.

Reads and writes nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.errors import RuleError, SchemaError
from gazescribe.pipeline.core.resampling import Draws, Floats
from gazescribe.pipeline.core.values import STATES
from gazescribe.pipeline.dictation.evaluation.rates import (
    COUNTS,
    cross_table,
    macro_scores,
    score_table,
)
from gazescribe.pipeline.dictation.evaluation.settings import REFERENCES

NOT_MENTIONED = "not_mentioned"
STRONGEST_FIRST = ("positive", "uncertain", "negative")
MAX_CERTAINTY = 5
COUNTED = {"positive_or_uncertain": ("positive", "uncertain"), "positive": ("positive",)}
PAPER = ("certainty_above_0", "positive_or_uncertain")


def select_cases(
    readings: pd.DataFrame, attributes: pd.DataFrame, phase: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Choose the rows of `readings` that the labeler is scored on; count the others by reason.

    Raises
    ------
    SchemaError
        If no reading is of that phase, or one does not say whether the labeler was tuned on it.
    """
    tuning = attributes[attributes["name"] == "labeler_tuning"].set_index("reading_id")["value"]
    of_phase = readings[readings["phase"] == phase]
    if of_phase.empty:
        raise SchemaError(f"there is no reading of phase {phase}.", remedy="Give REFLACX's tables.")
    unsaid = sorted(set(of_phase["reading_id"]) - set(tuning.index))
    if unsaid:
        message = f"{len(unsaid)} readings have no attribute labeler_tuning."
        raise SchemaError(message, remedy="Run `gazescribe ingest` again.", faults=unsaid)
    tuned = of_phase["reading_id"].map(tuning) == "true"
    untuned = of_phase[~tuned]
    cases = untuned[untuned["text"].fillna("").str.strip() != ""]
    left_out = {
        "other phase": len(readings) - len(of_phase),
        "labeler tuning": int(tuned.sum()),
        "without text": len(untuned) - len(cases),
    }
    return cases.reset_index(drop=True), left_out


def observe(
    cases: pd.DataFrame,
    certainties: pd.DataFrame,
    mentions: pd.DataFrame,
    columns: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Put what each reading says of each label beside its reader's certainty.

    `columns` gives the classes of `mentions` that serve each label of `certainties`. There is one
    row for each case and label: reading_id, dicom_id, label, certainty (null when unknown), state,
    and the mention that decides it: the first positive one, else the first uncertain one, else the
    first negative one; its columns are null when there is none.
    """
    serves = pd.DataFrame(
        [(column, name) for column, names in columns.items() for name in names],
        columns=["label", "class"],
    )
    spoken = mentions.rename(columns={"report_id": "reading_id", "label": "class"}).merge(serves)
    spoken["strength"] = spoken["polarity"].map(STRONGEST_FIRST.index)
    spoken = spoken.sort_values(["strength", "char_start", "char_end", "class"], kind="stable")
    deciding = spoken.drop_duplicates(["reading_id", "label"])
    grid = cases[["reading_id", "dicom_id"]].merge(pd.Series(list(columns), name="label"), "cross")
    grid = grid.merge(certainties, how="left", on=["reading_id", "label"])
    grid = grid.merge(deciding, how="left", on=["reading_id", "label"])
    return grid.assign(state=grid["polarity"].fillna(NOT_MENTIONED))


def count_outcomes(
    observed: pd.DataFrame, labels: Sequence[str], least: int, counted: Sequence[str]
) -> Floats:
    """Count hits and misses of each label on each image, in what `observe` gives.

    A certainty is a presence from `least` on; a state is a mention if it is among `counted`. The
    counts have the shape (n_images, n_labels, 4), images in the order of their dicom ids; unknown
    certainties count nowhere.
    """
    images, image = np.unique(observed["dicom_id"].to_numpy(str), return_inverse=True)
    label = observed["label"].map(list(labels).index).to_numpy(int)
    mentioned = observed["state"].isin(counted)
    present = observed["certainty"] >= least
    outcome = np.select([mentioned & present, mentioned, present], [0, 1, 2], 3)
    is_known = observed["certainty"].notna().to_numpy()
    counts = np.zeros((len(images), len(labels), len(COUNTS)))
    np.add.at(counts, (image[is_known], label[is_known], outcome[is_known]), 1)
    return counts


def confusion(observed: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Count the certainties of each label and state; `unknown` are those not stated."""
    names = [*(f"certainty_{value}" for value in range(MAX_CERTAINTY + 1)), "unknown"]
    certainty = observed["certainty"].fillna(MAX_CERTAINTY + 1).astype(int)
    states = {"label": list(labels), "state": list(STATES)}
    return cross_table(observed, states, certainty.map(dict(enumerate(names))), names)


def score_certainties(
    observed: pd.DataFrame, labels: Sequence[str], draws: Draws
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Score every label under each reference and each reading of "mentioned".

    The table holds `label`, `reference`, `counted`, then the columns of `score_table`; the dict
    gives for reference and counted what `macro_scores` does.
    """
    parts: list[pd.DataFrame] = []
    macro: dict[str, dict[str, Any]] = {}
    for reference, least in REFERENCES.items():
        macro[reference] = {}
        for counted, states in COUNTED.items():
            counts = count_outcomes(observed, labels, least, states)
            items = pd.DataFrame({"label": labels, "reference": reference, "counted": counted})
            parts.append(score_table(items, counts, draws))
            macro[reference][counted] = macro_scores(counts, draws)
    scores = pd.concat(parts, ignore_index=True)
    return scores.sort_values("label", kind="stable", ignore_index=True), macro


def columns_of(
    certainties: pd.DataFrame, column_map: Mapping[str, Sequence[str]]
) -> dict[str, Sequence[str]]:
    """Give the labels that have certainties, by name, and the classes that serve each.

    Raises
    ------
    SchemaError
        If there are no certainties.
    RuleError
        If `column_map`, of `certainties.yaml`, does not name a label.
    """
    used = sorted(certainties["label"].unique())
    if not used:
        raise SchemaError("no reading of the phase has certainties.")
    unknown = [label for label in used if label not in column_map]
    if unknown:
        message = f"no class serves {', '.join(unknown)}."
        raise RuleError(message, where="certainties.yaml", remedy="Say there which do.")
    return {label: column_map[label] for label in used}


def unserved(mentions: pd.DataFrame, columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Count the mentions of classes that serve no label, by class."""
    served = {name for names in columns.values() for name in names}
    return dict(sorted(Counter(name for name in mentions["label"] if name not in served).items()))
