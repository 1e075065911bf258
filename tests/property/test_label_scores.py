"""Scores of the labeler: bounds, and what swapping the two sides does."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.core.values import POLARITIES
from gazescribe.pipeline.dictation.evaluation.gold import NONE, align, count
from gazescribe.pipeline.dictation.evaluation.rates import (
    COUNTS,
    RATES,
    macro_scores,
    rates,
    score_table,
)

CASES = settings(deadline=None, max_examples=60)
SWAPPED = [0, 2, 1, 3]  # tp, fn, fp, tn
COUNTED = arrays(
    np.float64,
    st.tuples(st.integers(0, 6), st.integers(1, 4), st.just(4)),
    elements=st.integers(0, 9),
)
MENTION = st.tuples(
    st.sampled_from("AB"),
    st.integers(0, 12),
    st.integers(1, 8),
    st.sampled_from(["edema", "mass"]),
    st.sampled_from(POLARITIES),
)


@st.composite
def tables(draw):
    """Two tables of mentions, each span of a label once, as their key asks for."""
    found = []
    for _ in range(2):
        rows = draw(st.lists(MENTION, max_size=8, unique_by=lambda row: row[:4]))
        table = pd.DataFrame(
            [
                (report, start, start + length, label, word)
                for report, start, length, label, word in rows
            ],
            columns=["report_id", "char_start", "char_end", "label", "polarity"],
        )
        found.append(table.astype({"char_start": int, "char_end": int}))
    return found


@CASES
@given(COUNTED)
def test_rates_lie_between_0_and_1_and_f1_between_them(counts):
    table = score_table(pd.DataFrame(index=range(counts.shape[1])), counts, Draws(20, 0.95, 0))
    values = table[list(RATES)].to_numpy()
    defined = values[np.isfinite(values)]
    assert ((defined >= 0) & (defined <= 1)).all()
    both = table.dropna(subset=list(RATES))
    assert (both["f1"] >= both[["precision", "recall"]].min(axis=1) - 1e-6).all()
    assert (both["f1"] <= both[["precision", "recall"]].max(axis=1) + 1e-6).all()
    tp, fp, fn, _ = (table[name] for name in COUNTS)
    assert (table["precision"].isna() == (tp + fp == 0)).all()
    assert (table["recall"].isna() == (tp + fn == 0)).all()
    assert (table["f1"].isna() == (tp + fp + fn == 0)).all()
    for rate in RATES:
        known = table.dropna(subset=[f"{rate}_low"])
        assert (known[f"{rate}_low"] <= known[f"{rate}_high"]).all()
        assert known[f"{rate}_low"].between(0, 1).all()
        assert known[f"{rate}_high"].between(0, 1).all()
        assert (table[f"{rate}_resamples"] <= 20).all()


@CASES
@given(COUNTED)
def test_swapping_false_positives_and_negatives_swaps_precision_and_recall(counts):
    one, other = rates(counts), rates(counts[..., SWAPPED])
    np.testing.assert_array_equal(one[..., [1, 0, 2]], other)
    draws = Draws(20, 0.95, 0)
    macro, swapped = macro_scores(counts, draws), macro_scores(counts[..., SWAPPED], draws)
    assert macro["precision"] == swapped["recall"]
    assert macro["f1"] == swapped["f1"]


@CASES
@given(tables())
def test_swapping_mentions_and_gold_swaps_misses_and_spurious(pair):
    found, gold = pair
    forth, back = align(found, gold), align(gold, found)
    items, counts = count(forth, forth["report_id"])
    other, swapped = count(back, back["report_id"])
    pd.testing.assert_frame_equal(items, other)
    np.testing.assert_array_equal(counts, swapped[..., SWAPPED])


@CASES
@given(tables())
def test_every_mention_is_counted_once(pair):
    found, gold = pair
    aligned = align(found, gold)
    assert (aligned["polarity_found"] != NONE).sum() == len(found)
    assert (aligned["polarity_gold"] != NONE).sum() == len(gold)
    both = aligned[(aligned["polarity_found"] != NONE) & (aligned["polarity_gold"] != NONE)]
    assert (both["char_start_found"] < both["char_end_gold"]).all()
    assert (both["char_start_gold"] < both["char_end_found"]).all()


@CASES
@given(tables())
def test_nothing_is_left_that_could_still_be_matched(pair):
    aligned = align(*pair)
    spurious = aligned[aligned["polarity_gold"] == NONE]
    missed = aligned[aligned["polarity_found"] == NONE]
    left = spurious.merge(missed, on=["report_id", "label"], suffixes=("_f", "_g"))
    apart = (left["char_start_found_f"] >= left["char_end_gold_g"]) | (
        left["char_start_gold_g"] >= left["char_end_found_f"]
    )
    assert apart.all()


@CASES
@given(tables())
def test_a_table_matches_itself_exactly(pair):
    found, _ = pair
    aligned = align(found, found)
    assert len(aligned) == len(found)
    assert aligned["exact"].all()
    assert (aligned["polarity_found"] == aligned["polarity_gold"]).all()
