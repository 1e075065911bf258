import json
import shutil

import pytest

from gazescribe.pipeline.core.resources import resource
from tests.reviews import about, of_reading, said, write_review
from tests.running import gazescribe, invoke
from tests.synthetic import reading, write_tables

TEXT = "mild edema . no fracture . effusion is seen ."
EDEMA = said(TEXT, "edema")
FRACTURE = said(TEXT, "fracture", "acute fracture & fracture", "negative")
EFFUSION = said(TEXT, "effusion", "pleural effusion")
PLEURA = {**EFFUSION, "label": "pleural abnormality"}


@pytest.fixture
def folder(tmp_path):
    """Two readers of one reading; the first takes an edema that the labeler finds as denied."""
    write_tables(tmp_path / "tables", readings=[reading("R1", TEXT)])
    right = [about(one, one) for one in (FRACTURE, EFFUSION, PLEURA)]
    denied = about(EDEMA, {**EDEMA, "polarity": "negative"})
    for name in "AB":
        items = [denied, *right]
        write_review(
            tmp_path / f"reviews/{name}.json",
            of_reading(TEXT, items, is_complete=True),
            reviewer=name,
        )
    shutil.copytree(resource("rules"), tmp_path / "mine")
    return tmp_path


def run(folder, *options, command=gazescribe):
    tables = ("--tables", folder / "tables", "--rules", folder / "mine")
    return command("review", folder / "reviews", *tables, *options)


def test_scores_agreement_and_gold_sentences(folder):
    out = folder / "mine/gold/reviewed.yaml"
    summary = json.loads(run(folder, "--out", out, "--json"))
    rows = {(row["label"], row["polarity"]): row for row in summary["scores"]}
    counts = ("n", "tp", "fp", "fn", "f1")
    assert [rows["pulmonary edema", "any"][name] for name in counts] == [1, 1, 0, 0, 1.0]
    assert [rows["pulmonary edema", "negative"][name] for name in counts] == [1, 0, 0, 1, 0.0]
    assert [rows["pulmonary edema", "positive"][name] for name in counts] == [0, 0, 1, 0, 0.0]
    assert rows["pleural effusion", "positive"]["f1"] == 1.0
    assert summary["macro"]["f1"]["value"] == pytest.approx(3 / 5)
    (pair,) = summary["agreement"]
    assert (pair["n"], pair["agreement"], pair["kappa"]) == (4, 1.0, 1.0)
    assert summary["gold"] == {"polarity": 1, "right": 2}
    result = invoke("check-rules", folder / "mine")
    assert result.exit_code == 2  # the rules have not learnt from it yet
    assert "mild edema ." in result.output


def test_the_lines_hold_no_dictation(folder):
    printed = run(folder)
    assert "mild" not in printed
    assert "A and B: 4 mentions of 1 reading both reviewed, same polarity 1.000" in printed
    assert "1 reading of 2 readers: 1 polarity, 3 right; 3 sentences reviewed" in printed


def test_without_tables_there_is_no_text(folder):
    printed = gazescribe("review", folder / "reviews")
    assert printed.endswith("left out: 1 readings without text at hand\n")


def test_a_folder_without_reviews_is_refused(folder):
    result = invoke("review", folder / "tables")
    assert result.exit_code == 2
    assert "there is no review" in result.output


def test_a_reading_that_mentions_nothing_can_be_scored(tmp_path):
    write_tables(tmp_path / "tables", readings=[reading("R1", "clear .")])
    write_review(tmp_path / "a.json", of_reading("clear .", is_complete=True))
    printed = gazescribe("review", tmp_path / "a.json", "--tables", tmp_path / "tables")
    assert "no mention reviewed; 1 sentence reviewed to the end, macro F1 -" in printed
