import re
import shutil
from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.dictation.checking.run import run
from gazescribe.pipeline.dictation.labeler import Conventions

RULES = Path(__file__).parents[5] / "rules"


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(RULES, tmp_path / "mine")


def add(path, old, new):
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))


def add_denial(folder, phrase):
    path = folder / "polarity" / "negation_before.yaml"
    path.write_text(f'{path.read_text()}  - id: mine\n    phrases: ["{phrase}"]\n')


def test_the_shipped_rules_are_right_about_the_shipped_sentences():
    check = run(RULES)
    assert check.is_shipped
    assert not check.has_failed
    assert check.sentences.right_texts["now"] == check.sentences.n_texts >= 662
    assert check.sentences.flips == []


def test_a_copy_is_the_same_rules(folder):
    assert run(folder).is_shipped


def test_a_plausible_phrase_of_denial_is_found_out(folder):
    add_denial(folder, "stable")
    check = run(folder)
    assert check.has_failed
    assert not check.is_shipped
    assert len(check.sentences.worse) >= 5
    assert "Stable effusion, no edema." in [flip.text.text for flip in check.sentences.worse]
    places = {flip.cause_now.place for flip in check.sentences.worse}
    assert any(place.startswith("polarity/negation_before.yaml line") for place in places)


def test_what_the_folder_expects_of_a_sentence_counts(folder):
    add(folder / "gold" / "lists.yaml", "Stable [effusion]EF+, no", "Stable [effusion]EF-, no")
    check = run(folder)
    assert {text.text for text, _ in check.sentences.wrong} == {"Stable effusion, no edema."}
    assert check.has_failed  # though no mention flips


def test_sentences_that_the_folder_lost_are_run(folder):
    shutil.rmtree(folder / "gold")
    assert run(folder).sentences.n_texts == run(RULES).sentences.n_texts


def test_another_vocabulary_is_not_judged_by_our_sentences(folder):
    for name in ("gold", "vocabulary", "polarity"):
        shutil.rmtree(folder / name)
    for name in ("certainties.yaml", "columns.yaml", "views.yaml", "repairs.yaml"):
        (folder / name).unlink()
    (folder / "labels.yaml").write_text("channels: [Erguss]\nlabels: {erguss: [Erguss]}\n")
    (folder / "vocabulary").mkdir()
    (folder / "vocabulary" / "a.yaml").write_text(
        "concepts: [{id: erguss, labels: [erguss], phrases: [erguss]}]\n"
    )
    check = run(folder)
    assert check.sentences.n_texts == 0
    assert check.n_not_run >= 662
    assert not check.has_failed


def test_faults_of_all_files_are_told_at_once(folder):
    add(folder / "gold" / "lists.yaml", "[effusion]EF", "[effusion]XX")
    add_denial(folder, "zero|nil")
    add(folder / "certainties.yaml", "[", "[Heart, ")
    add(folder / "places.yaml", "left: [", "left: [left side, ")
    with pytest.raises(RuleError) as caught:
        run(folder)
    told = "\n".join(caught.value.faults)
    assert "gold/lists.yaml line" in told
    assert re.search(r"polarity/negation_before\.yaml line \d+: 'zero\|nil' has \| outside", told)
    assert re.search(r"certainties\.yaml: .*names the unknown class 'Heart'", told)
    assert "places.yaml: sides.left: 'left side' must be one word" in told
    assert len(caught.value.faults) == len(set(caught.value.faults)) == 4


def test_reports_are_read_under_their_conventions(folder, tmp_path):
    (tmp_path / "reports.csv").write_text("report_id,text\na,Probable stable edema.\n")
    add_denial(folder, "stable")
    given = {"reports": tmp_path / "reports.csv"}
    (flip,) = run(folder, **given, conventions=Conventions(hedge="negbio")).reports.flips
    assert flip.before == "uncertain"
    (flip,) = run(folder, **given).reports.flips
    assert flip.before == "positive"
