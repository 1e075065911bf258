from pathlib import Path

import pandas as pd
import pytest

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.dictation.evaluation.gold import (
    align,
    count,
    polarity_confusion,
    score_gold,
)

FILE = Path("gold.csv")
DRAWS = Draws(50, 0.95, 0)
COLUMNS = ["report_id", "char_start", "char_end", "polarity", "label"]


def mentions(*rows):
    """Rows of (report, start, end, polarity) or with a label at the end."""
    full = [(*row, "edema")[:5] for row in rows]
    return pd.DataFrame(full, columns=COLUMNS).astype({"char_start": int, "char_end": int})


def sides(aligned):
    """What was aligned, as (start found, start gold), None where there is none."""
    places = aligned[["char_start_found", "char_start_gold"]]
    return [tuple(None if pd.isna(one) else int(one) for one in row) for row in places.to_numpy()]


@pytest.mark.parametrize(
    ("found", "gold", "expected"),
    [
        pytest.param([("A", 2, 5, "positive")], [("A", 2, 5, "positive")], [(2, 2)], id="same"),
        pytest.param([("A", 2, 5, "positive")], [("A", 4, 9, "negative")], [(2, 4)], id="overlap"),
        pytest.param(
            [("A", 2, 5, "positive")], [("A", 5, 9, "positive")], [(2, None), (None, 5)], id="touch"
        ),
        pytest.param(
            [("A", 2, 5, "positive")],
            [("B", 2, 5, "positive")],
            [(2, None), (None, 2)],
            id="other report",
        ),
        pytest.param(
            [("A", 2, 5, "positive")],
            [("A", 2, 5, "positive", "mass")],
            [(2, None), (None, 2)],
            id="other label",
        ),
        pytest.param(
            [("A", 0, 7, "positive"), ("A", 8, 16, "positive")],
            [("A", 0, 16, "positive")],
            [(0, None), (8, 0)],
            id="once, the one more alike",
        ),
        pytest.param(
            [("A", 0, 9, "positive")],
            [("A", 0, 3, "positive"), ("A", 3, 9, "positive")],
            [(None, 0), (0, 3)],
            id="once, the gold more alike",
        ),
        pytest.param(
            [("A", 0, 4, "positive"), ("A", 0, 8, "positive")],
            [("A", 0, 8, "positive")],
            [(0, None), (0, 0)],
            id="exact before nested",
        ),
        pytest.param([], [("A", 2, 5, "positive")], [(None, 2)], id="nothing found"),
        pytest.param([("A", 2, 5, "positive")], [], [(2, None)], id="no gold"),
    ],
)
def test_matches(found, gold, expected):
    aligned = align(mentions(*found), mentions(*gold))
    assert sorted(sides(aligned), key=str) == sorted(expected, key=str)
    exact = [*aligned["exact"]]
    spans = aligned[["char_start_found", "char_end_found"]].to_numpy()
    other = aligned[["char_start_gold", "char_end_gold"]].to_numpy()
    assert exact == (spans == other).all(axis=1).tolist()


FOUND = mentions(
    ("A", 0, 5, "positive"),
    ("A", 10, 15, "positive"),
    ("A", 30, 35, "uncertain"),
    ("B", 0, 5, "negative"),
    ("C", 0, 5, "positive", "mass"),
)
GOLD = mentions(
    ("A", 0, 5, "positive"),
    ("A", 12, 18, "negative"),
    ("A", 20, 25, "negative"),
    ("B", 0, 5, "negative"),
    ("C", 0, 5, "positive", "hernia"),
)


def test_counts_by_label_and_polarity():
    aligned = align(FOUND, GOLD)
    items, counts = count(aligned, aligned["report_id"])
    assert counts.shape == (3, 12, 4)
    total = items.assign(counts=counts.sum(axis=0).astype(int).tolist())
    rows = total.set_index(["label", "polarity"])
    assert rows.loc["edema", "counts"].to_dict() == {
        "any": [3, 1, 1, 0],
        "positive": [1, 1, 0, 0],
        "negative": [1, 0, 2, 0],
        "uncertain": [0, 1, 0, 0],
    }
    assert rows.loc["edema", "n_exact"].to_dict() == {
        "any": 2,
        "positive": 1,
        "negative": 1,
        "uncertain": 0,
    }
    assert rows.loc[("mass", "any"), "counts"] == [0, 1, 0, 0]
    assert rows.loc[("hernia", "any"), "counts"] == [0, 0, 1, 0]
    assert counts[1, :4].sum() == 2, "report B has one negative mention, found"


def test_polarities():
    found = polarity_confusion(align(FOUND, GOLD)).set_index(["label", "gold"])
    assert found.columns.tolist() == ["positive", "negative", "uncertain", "none"]
    assert found.loc["edema"].to_numpy().tolist() == [
        [1, 0, 0, 0],
        [1, 1, 0, 1],
        [0, 0, 0, 0],
        [0, 0, 1, 0],
    ]
    assert found.loc[("hernia", "positive"), "none"] == 1
    assert found.loc[("mass", "none"), "positive"] == 1
    assert found.to_numpy().sum() == 7


def test_scores_are_of_the_reports_that_the_gold_table_names():
    more = pd.concat([FOUND, mentions(("D", 0, 5, "positive"), ("D", 6, 8, "positive"))])
    images = pd.Series({"A": "x", "B": "y", "C": "y", "D": "z"})
    results, summary, aligned = score_gold(more, GOLD, images, DRAWS, FILE)
    assert len(aligned) == 7
    assert {name: summary[name] for name in summary if name.startswith("n_")} == {
        "n_reports": 3,
        "n_mentions_of_other_reports": 2,
        "n_matched": 3,
        "n_exact": 2,
        "n_missed": 2,
        "n_spurious": 2,
    }
    spans = summary["macro_spans"]
    assert (spans["precision"]["value"], spans["precision"]["n_defined"]) == (0.375, 2)
    assert (spans["recall"]["value"], spans["recall"]["n_items"]) == (0.375, 3)
    polarities = summary["macro_polarities"]["f1"]
    # edema: positive 2/3, negative 2/4, uncertain 0; mass and hernia: positive 0
    assert polarities["value"] == pytest.approx((2 / 3 + 1 / 2) / 5, abs=1e-6)
    assert (polarities["n_defined"], polarities["n_items"]) == (5, 9)
    assert results["mentions.csv"]["label"].nunique() == 3
    assert len(results["polarities.csv"]) == 12


def test_a_labeler_that_finds_nothing_is_scored():
    images = pd.Series({"A": "x", "B": "y", "C": "y"})
    _, summary, _ = score_gold(mentions(), GOLD, images, DRAWS, FILE)
    assert summary["n_missed"] == 5
    assert summary["macro_spans"]["recall"]["value"] == 0
    assert summary["macro_spans"]["precision"]["value"] is None


@pytest.mark.parametrize(
    ("found", "gold", "message"),
    [
        pytest.param(FOUND, mentions(), "the gold table has no mention", id="empty"),
        pytest.param(
            FOUND,
            mentions(("A", 0, 5, "positive", "oedema"), ("C", 0, 5, "positive", "lump")),
            "share no label: edema, mass against lump, oedema",
            id="other names",
        ),
    ],
)
def test_gold_tables_that_cannot_be_used(found, gold, message):
    with pytest.raises(AlignmentError, match=f"gold.csv: .*{message}"):
        score_gold(found, gold, pd.Series(dtype=str), DRAWS, FILE)
