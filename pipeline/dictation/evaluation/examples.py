"""Errors of the labeler with the sentences that they were made in, for people to judge.

Reads and writes nothing. Kinds against a reader's certainties: `false_positive` (mentioned, of
certainty 0), `denied` and `not_mentioned` (of a certainty above 0). Kinds against a gold table:
`gold_missed`, `gold_spurious`, `gold_polarity`. Kinds of two tables beside each other: `only_here`,
`only_beside`, `polarity`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.dictation.evaluation.gold import NONE, align

REASONS = ["concept", "rule_id", "trigger"]
COLUMNS = ["kind", "label", "reading_id", "certainty", "polarity", "gold_polarity", *REASONS]
SPAN = ["char_start", "char_end"]


def certainty_errors(observed: pd.DataFrame) -> pd.DataFrame:
    """Find where a reading's mentions and its reader's certainties differ, in what `observe` gives.

    An error is a row of `COLUMNS` and `SPAN`; the span is null where nothing was mentioned.
    """
    stated = observed[observed["certainty"].notna()]
    present = stated["certainty"] > 0
    mentioned = stated["state"].isin(["positive", "uncertain"])
    kinds = {
        "false_positive": mentioned & ~present,
        "denied": present & (stated["state"] == "negative"),
        "not_mentioned": present & (stated["state"] == "not_mentioned"),
    }
    errors = [stated[rows].assign(kind=kind, gold_polarity=None) for kind, rows in kinds.items()]
    return pd.concat(errors, ignore_index=True)[[*COLUMNS, *SPAN]]


def gold_errors(aligned: pd.DataFrame) -> pd.DataFrame:
    """Find where the mentions and a gold table differ, in what `gold.align` gives.

    An error is a row of `COLUMNS` and `SPAN`; the span is the mention's, or the missed one's.
    """
    polarity, gold = aligned["polarity_found"], aligned["polarity_gold"]
    kind = np.select(
        [polarity == NONE, gold == NONE], ["gold_missed", "gold_spurious"], "gold_polarity"
    )
    span = {name: aligned[f"{name}_found"].fillna(aligned[f"{name}_gold"]) for name in SPAN}
    rows = aligned.rename(columns={f"{name}_found": name for name in REASONS})
    rows = rows.rename(columns={"report_id": "reading_id"}).assign(
        kind=kind,
        certainty=None,
        polarity=polarity.where(polarity != NONE, None),
        gold_polarity=gold.where(gold != NONE, None),
        **span,
    )
    return rows.loc[polarity != gold, [*COLUMNS, *SPAN]].reset_index(drop=True)


def disagreeing(mentions: pd.DataFrame, beside: pd.DataFrame) -> pd.DataFrame:
    """Find where two tables `mentions` differ; `gold_polarity` is that of the one beside."""
    kinds = {"gold_missed": "only_beside", "gold_spurious": "only_here"}
    errors = gold_errors(align(mentions, beside))
    return errors.assign(kind=errors["kind"].map(kinds).fillna("polarity"))


def choose(errors: pd.DataFrame, order: Mapping[str, int], n_examples: int) -> pd.DataFrame:
    """Take up to `n_examples` errors of each kind and label, the first in the `order` of a draw.

    They come sorted by kind, label, reading and place.
    """
    drawn = errors.assign(drawn=errors["reading_id"].map(order))
    drawn = drawn.sort_values(["kind", "label", "drawn", *SPAN], kind="stable")
    chosen = drawn.groupby(["kind", "label"], sort=False).head(n_examples).drop(columns="drawn")
    order_by = ["kind", "label", "reading_id", *SPAN]
    return chosen.sort_values(order_by, kind="stable", ignore_index=True)


def with_sentences(
    errors: pd.DataFrame, texts: Mapping[str, str], sentences: pd.DataFrame
) -> Iterator[dict[str, Any]]:
    """Give each error with its sentence, or with the whole text when nothing was mentioned.

    An example holds `COLUMNS`; `text`, and `text_start`, its first character in the dictation;
    `mention_start` and `mention_end`, the mention in `text`, null where there is none.
    """
    used = sentences[sentences["reading_id"].isin(errors["reading_id"])]
    spans = {key: rows[SPAN].to_numpy().tolist() for key, rows in used.groupby("reading_id")}
    for row in errors.to_dict("records"):
        example: dict[str, Any] = {name: _plain(row[name]) for name in COLUMNS}
        text = texts[row["reading_id"]]
        mention = [_plain(row[name]) for name in SPAN]
        start, end = 0, len(text)
        if mention[0] is not None:
            start, end = _sentences_of(mention, spans.get(row["reading_id"], []))
            mention = [place - start for place in mention]
        example |= {"text": text[start:end], "text_start": start}
        yield example | dict(zip(("mention_start", "mention_end"), mention, strict=True))


def _sentences_of(mention: list[int], spans: list[list[int]]) -> tuple[int, int]:
    """Reach from the first to the last sentence that a mention overlaps, and all round it."""
    overlapping = [span for span in spans if span[0] < mention[1] and mention[0] < span[1]]
    starts, ends = zip(mention, *overlapping, strict=True)
    return min(starts), max(ends)


def _plain(value: Any) -> Any:
    """Give null for a missing value, and whole numbers as such."""
    if pd.isna(value):
        return None
    return int(value) if isinstance(value, float) else value
