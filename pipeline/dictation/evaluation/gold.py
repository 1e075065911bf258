"""Mentions against mentions: which of a gold table were found, and with which polarity.

Reads and writes nothing. A mention found matches one of the gold table of the same report and
label whose span overlaps; each mention is matched once, the most alike spans first.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.resampling import Draws, Floats
from gazescribe.pipeline.core.values import POLARITIES
from gazescribe.pipeline.dictation.evaluation.rates import cross_table, macro_scores, score_table

ANY = "any"
NONE = "none"  # on the other side: missed, or spurious


def align(mentions: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Put each mention of one table `mentions` beside its match in another.

    There is one row for a match, for a mention that is missed, and for one that is spurious, sorted
    by report, label and place: report_id, label, then the other columns as `_found` and `_gold`,
    null where there is none, the polarities `none` instead; and `exact`.
    """
    matches = _matches(mentions, gold)
    keys = ["pair", "report_id", "label"]
    sides = []
    for side, table, matched in (
        ("found", mentions, [*matches]),
        ("gold", gold, [*matches.values()]),
    ):
        # The two rows of a match, and no others, get the same name.
        pair = np.array([f"{side}{row}" for row in range(len(table))], dtype=object)
        pair[matched] = [str(number) for number in range(len(matched))]
        names = {name: f"{name}_{side}" for name in table.columns if name not in keys}
        sides.append(table.assign(pair=pair).rename(columns=names))
    aligned = sides[0].merge(sides[1], how="outer", on=keys)
    for side in ("polarity_found", "polarity_gold"):
        aligned[side] = aligned[side].fillna(NONE)
    exact = np.logical_and.reduce(
        [aligned[f"{name}_found"] == aligned[f"{name}_gold"] for name in ("char_start", "char_end")]
    )
    place = aligned["char_start_found"].fillna(aligned["char_start_gold"])
    aligned = aligned.assign(exact=exact, place=place)
    order = ["report_id", "label", "place", "pair"]
    return aligned.sort_values(order, ignore_index=True).drop(columns=["pair", "place"])


def _matches(mentions: pd.DataFrame, gold: pd.DataFrame) -> dict[int, int]:
    """Give the row of `gold` for each row of `mentions` that matches one."""
    columns = ["report_id", "label", "char_start", "char_end"]
    numbered = mentions[columns].assign(row=np.arange(len(mentions)))
    numbered_gold = gold[columns].assign(row=np.arange(len(gold)))
    both = numbered.merge(numbered_gold, on=["report_id", "label"], suffixes=("_found", "_gold"))
    starts = np.sort(both[["char_start_found", "char_start_gold"]].to_numpy(np.int64), axis=1)
    ends = np.sort(both[["char_end_found", "char_end_gold"]].to_numpy(np.int64), axis=1)
    overlap, union = ends[:, 0] - starts[:, 1], ends[:, 1] - starts[:, 0]
    # Most alike first; ties by place, the same way whichever side is called gold.
    order = np.lexsort((ends[:, 1], ends[:, 0], starts[:, 1], starts[:, 0], -overlap / union))
    rows = both[["row_found", "row_gold"]].to_numpy()[order[overlap[order] > 0]]
    matches: dict[int, int] = {}
    matched = set()
    for row_found, row_gold in rows.tolist():
        if row_found not in matches and row_gold not in matched:
            matches[row_found] = row_gold
            matched.add(row_gold)
    return matches


def count(aligned: pd.DataFrame, clusters: pd.Series) -> tuple[pd.DataFrame, Floats]:
    """Count hits and misses of each label and polarity in what `align` gives.

    `clusters` says for each row what it is resampled with. The items are rows of `label` and
    `polarity` (any, or one of the three), with `n_exact`: hits whose span is the gold table's. The
    counts have the shape (n_clusters, n_items, 4): for `any` a hit is a match; else a match with
    that polarity on both sides. There are no true negatives.
    """
    labels, label = np.unique(aligned["label"].to_numpy(str), return_inverse=True)
    names, cluster = np.unique(clusters.to_numpy(str), return_inverse=True)
    states = (ANY, *POLARITIES)
    counts = np.zeros((len(names), len(labels), len(states), 4))
    n_exact = np.zeros((len(labels), len(states)), np.int64)
    for number, state in enumerate(states):
        is_found, gold = (_is(aligned[f"polarity_{side}"], state) for side in ("found", "gold"))
        for outcome, is_so in enumerate((is_found & gold, is_found & ~gold, gold & ~is_found)):
            np.add.at(counts, (cluster[is_so], label[is_so], number, outcome), 1)
        exact = is_found & gold & aligned["exact"].to_numpy()
        np.add.at(n_exact, (label[exact], number), 1)
    rows = [(label_name, state) for label_name in labels for state in states]
    items = pd.DataFrame(rows, columns=["label", "polarity"]).assign(n_exact=n_exact.ravel())
    return items, counts.reshape(len(names), len(items), 4)


def _is(polarity: pd.Series, state: str) -> NDArray[np.bool_]:
    return (polarity != NONE if state == ANY else polarity == state).to_numpy(bool)


def polarity_confusion(aligned: pd.DataFrame) -> pd.DataFrame:
    """Count the polarities found for each label and gold polarity; `none` is missed or spurious."""
    states = [*POLARITIES, NONE]
    rows = aligned[["label"]].assign(gold=aligned["polarity_gold"])
    order = {"label": sorted(aligned["label"].unique()), "gold": states}
    return cross_table(rows, order, aligned["polarity_found"], states)


def score_gold(
    mentions: pd.DataFrame, gold: pd.DataFrame, images: pd.Series, draws: Draws, where: Path
) -> tuple[dict[str, pd.DataFrame], dict[str, Any], pd.DataFrame]:
    """Score mentions against a gold table, in the reports that it has mentions of.

    `images`, by reading_id, are what is drawn for the intervals; `where` is the gold table's file.
    Gives the files to write, macro
    averages over labels and over labels and polarities with counts, and what `align` gives.

    Raises
    ------
    AlignmentError
        If the gold table is empty, or if the two tables share no label.
    """
    if gold.empty:
        raise AlignmentError("the gold table has no mention.", where=where)
    named = mentions["report_id"].isin(gold["report_id"])
    if named.any() and not set(mentions.loc[named, "label"]) & set(gold["label"]):
        labels = [", ".join(sorted(set(table["label"]))) for table in (mentions[named], gold)]
        message = f"mentions and gold table share no label: {labels[0]} against {labels[1]}."
        remedy = "Give both the names of rules/labels.yaml."
        raise AlignmentError(message, where=where, remedy=remedy)
    aligned = align(mentions[named], gold)
    items, counts = count(aligned, aligned["report_id"].map(images))
    scores = score_table(items, counts, draws)
    whole = (items["polarity"] == ANY).to_numpy()
    hits = scores[whole]
    summary = {
        "n_reports": int(gold["report_id"].nunique()),
        "n_mentions_of_other_reports": int((~named).sum()),
        "n_matched": int(hits["tp"].sum()),
        "n_exact": int(hits["n_exact"].sum()),
        "n_missed": int(hits["fn"].sum()),
        "n_spurious": int(hits["fp"].sum()),
        "macro_spans": macro_scores(counts[:, whole], draws),
        "macro_polarities": macro_scores(counts[:, ~whole], draws),
    }
    return {"mentions.csv": scores, "polarities.csv": polarity_confusion(aligned)}, summary, aligned
