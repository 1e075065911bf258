import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.core.errors import RuleError, SchemaError
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.dictation.evaluation.cases import (
    columns_of,
    confusion,
    count_outcomes,
    observe,
    score_certainties,
    select_cases,
    unserved,
)
from tests.synthetic import mention, reading, table

TEXT = "mild edema . no effusion . thickening ."
COLUMNS = {"Edema": ["pulmonary edema"], "Pleura": ["pleural effusion", "pleural thickening"]}


def frame(rows, name):
    return table(rows, name).to_pandas()


def tuning(**values):
    rows = [
        {"reading_id": one, "name": "labeler_tuning", "value": value}
        for one, value in values.items()
    ]
    other = {"reading_id": "R1", "name": "mimic_split", "value": "true"}
    return frame([*rows, other], "attributes")


def certain(**values):
    rows = [
        {"reading_id": one, "label": label, "certainty": value}
        for one, own in values.items()
        for label, value in own.items()
    ]
    return frame(rows, "certainties")


def observed(mentions, certainties, readings=None):
    cases = frame(readings or [reading(text=TEXT)], "readings")
    return observe(cases, certainties, frame(mentions, "mentions"), COLUMNS)


EDEMA = mention(TEXT, "edema", "pulmonary edema")
EFFUSION = mention(TEXT, "effusion", "pleural effusion", polarity="negative")
THICK = mention(TEXT, "thickening", "pleural thickening", polarity="uncertain")


def test_cases_are_of_the_phase_untuned_and_with_text():
    readings = [
        reading("R1", TEXT, phase=1),
        reading("R2", TEXT, phase=2),
        reading("R3", TEXT, phase=2),
        reading("R4", None, phase=2),
        reading("R5", "  ", phase=2),
        reading("R6", None, phase=2),
        reading("R7", TEXT, phase=None),
    ]
    said = tuning(R2="false", R3="true", R4="false", R5="false", R6="true")
    cases, left_out = select_cases(frame(readings, "readings"), said, 2)
    assert cases["reading_id"].tolist() == ["R2"]
    assert left_out == {"other phase": 2, "labeler tuning": 2, "without text": 2}


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        pytest.param(3, "no reading of phase 3. Give REFLACX's tables", id="no such phase"),
        pytest.param(
            2, r"(?s)2 readings have no attribute labeler_tuning.*- R1\n  - R3$", id="tuning"
        ),
    ],
)
def test_tables_that_cannot_be_used(phase, message):
    rows = [reading(f"R{number}", TEXT, phase=2) for number in (3, 2, 1)]
    with pytest.raises(SchemaError, match=message):
        select_cases(frame(rows, "readings"), tuning(R2="true"), phase)


@pytest.mark.parametrize(
    ("mentions", "state", "said"),
    [
        pytest.param([], "not_mentioned", None, id="none"),
        pytest.param([EFFUSION], "negative", "effusion", id="negative"),
        pytest.param([EFFUSION, THICK], "uncertain", "thickening", id="uncertain over negative"),
        pytest.param(
            [EFFUSION | {"polarity": "uncertain"}, THICK | {"polarity": "positive"}],
            "positive",
            "thickening",
            id="positive over uncertain",
        ),
        pytest.param(
            [EFFUSION, THICK | {"polarity": "negative"}], "negative", "effusion", id="first"
        ),
        pytest.param([EDEMA], "not_mentioned", None, id="another label's"),
        pytest.param(
            [EFFUSION | {"report_id": "R2"}], "not_mentioned", None, id="another reading's"
        ),
    ],
)
def test_the_strongest_mention_decides(mentions, state, said):
    rows = observed(mentions, certain(R1={"Pleura": 4}))
    row = rows.set_index("label").loc["Pleura"]
    assert (row["state"], row["certainty"]) == (state, 4)
    assert row["text"] == said if said else pd.isna(row["text"])
    assert pd.isna(rows.set_index("label").loc["Edema", "certainty"])


def test_every_case_has_every_label():
    readings = [reading("R2", TEXT), reading("R1", TEXT)]
    rows = observed([EDEMA], certain(R1={"Edema": 1}, R3={"Edema": 2}), readings)
    assert rows[["reading_id", "label"]].to_numpy().tolist() == [
        [one, label] for one in ("R1", "R2") for label in ("Edema", "Pleura")
    ]


FIVE = [reading(f"R{number}", TEXT, dicom_id=f"image {number % 2}") for number in range(1, 6)]
SAID = [
    EDEMA | {"report_id": "R1"},
    EDEMA | {"report_id": "R2", "polarity": "uncertain"},
    EDEMA | {"report_id": "R3", "polarity": "negative"},
    EDEMA | {"report_id": "R5"},
]
CERTAIN = certain(**{f"R{n}": {"Edema": c} for n, c in enumerate((0, 2, 5, 3, None), 1)})


@pytest.mark.parametrize(
    ("least", "counted", "expected"),
    [
        # (tp, fp, fn, tn) of image 0 (R2, R4) and image 1 (R1, R3; R5 is of unknown certainty)
        pytest.param(1, ["positive", "uncertain"], [[1, 0, 1, 0], [0, 1, 1, 0]], id="paper"),
        pytest.param(3, ["positive", "uncertain"], [[0, 1, 1, 0], [0, 1, 1, 0]], id="from 3"),
        pytest.param(1, ["positive"], [[0, 0, 2, 0], [0, 1, 1, 0]], id="positive only"),
        pytest.param(3, ["positive"], [[0, 0, 1, 1], [0, 1, 1, 0]], id="positive, from 3"),
    ],
)
def test_outcomes(least, counted, expected):
    rows = observed(SAID, CERTAIN, FIVE)
    counts = count_outcomes(rows, ["Edema", "Pleura"], least, counted)
    np.testing.assert_array_equal(counts[:, 0], expected)
    assert counts[:, 1].sum() == 0, "no certainty of Pleura is known"


def test_confusion():
    found = confusion(observed(SAID, CERTAIN, FIVE), ["Edema", "Pleura"])
    columns = ["state", *(f"certainty_{value}" for value in range(6)), "unknown"]
    assert found.columns.tolist() == ["label", *columns]
    assert found.loc[found["label"] == "Edema", columns].to_numpy().tolist() == [
        ["positive", 1, 0, 0, 0, 0, 0, 1],
        ["negative", 0, 0, 0, 0, 0, 1, 0],
        ["uncertain", 0, 0, 1, 0, 0, 0, 0],
        ["not_mentioned", 0, 0, 0, 1, 0, 0, 0],
    ]
    assert found.loc[found["label"] == "Pleura", "unknown"].tolist() == [0, 0, 0, 5]


def test_scores_of_each_reference():
    rows = observed(SAID, CERTAIN, FIVE)
    scores, macro = score_certainties(rows, list(COLUMNS), Draws(50, 0.95, 0))
    assert scores["label"].tolist() == ["Edema"] * 4 + ["Pleura"] * 4
    at = scores.set_index(["label", "reference", "counted"])
    assert at.loc[("Edema", "certainty_above_0", "positive_or_uncertain"), "precision"] == 0.5
    assert at.loc[("Edema", "certainty_above_0", "positive_or_uncertain"), "recall"] == 0.333333
    assert at.loc[("Edema", "certainty_from_3", "positive"), "recall"] == 0
    assert at.loc["Pleura", ["precision", "recall", "f1"]].isna().all(axis=None)
    paper = macro["certainty_above_0"]["positive_or_uncertain"]["precision"]
    assert (paper["value"], paper["n_defined"], paper["n_items"]) == (0.5, 1, 2)


def test_no_case_left_scores_null():
    none = frame([reading(text=TEXT)], "readings").head(0)
    rows = observe(none, CERTAIN, frame(SAID, "mentions"), COLUMNS)
    scores, macro = score_certainties(rows, list(COLUMNS), Draws(50, 0.95, 0))
    assert len(scores) == 8
    assert scores[["tp", "fp", "fn", "tn"]].to_numpy().sum() == 0
    assert scores["f1"].isna().all()
    assert macro["certainty_from_3"]["positive"]["f1"]["value"] is None
    assert confusion(rows, list(COLUMNS)).drop(columns=["label", "state"]).to_numpy().sum() == 0


def test_labels_are_those_that_have_certainties():
    assert columns_of(certain(R1={"Pleura": 0}), COLUMNS) == {"Pleura": COLUMNS["Pleura"]}
    with pytest.raises(RuleError, match=r"certainties\.yaml: no class serves Heart, Lung"):
        columns_of(certain(R1={"Pleura": 0, "Lung": 1, "Heart": 1}), COLUMNS)
    with pytest.raises(SchemaError, match="no reading of the phase has certainties"):
        columns_of(certain(), COLUMNS)


def test_mentions_that_serve_no_label_are_counted():
    rows = [EDEMA, EFFUSION, mention(TEXT, "mild", "hernia"), mention(TEXT, "no", "hernia")]
    assert unserved(frame(rows, "mentions"), COLUMNS) == {"hernia": 2}
