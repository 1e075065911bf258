import os
import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.dictation.labeler.loading import load_punctuation, load_rules
from gazescribe.pipeline.dictation.labeler.rules import RulePlace

ROOT = Path(__file__).parents[5]
LABELS = "channels: [Edema]\nlabels: {pulmonary edema: [Edema]}\n"
EDEMA = """concepts:
  - id: edema
    labels: [pulmonary edema]
    phrases: [edema]
"""
LAUGHS = "a: &a [b]\n" + "\n".join(
    f"{key}: &{key} [{', '.join(['*' + before] * 9)}]" for before, key in pairwise("abcdefghi")
)
FAMILY = """family: denial
direction: before
effect: negative
rules:
  - id: plain
    phrases: [no]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "polarity").mkdir()
    (tmp_path / "labels.yaml").write_text(LABELS)
    (tmp_path / "words.yaml").write_text("function_words: [in, the]\n")
    (tmp_path / "vocabulary" / "edema.yaml").write_text(EDEMA)
    (tmp_path / "polarity" / "denial.yaml").write_text(FAMILY)
    return tmp_path


def test_our_own_rules_load():
    book = load_rules(ROOT / "rules")
    assert len(book.concepts) > 40
    assert len(book.families) > 10
    assert re.fullmatch("[0-9a-f]{64}", book.sha256)


def test_a_folder_loads_as_it_says(folder):
    book = load_rules(folder)
    assert [concept.id for concept in book.concepts] == ["edema"]
    assert book.families[0].rules[0].phrases == ["no"]


def test_phrases_name_sets_of_words(folder):
    (folder / "words.yaml").write_text("sets: {are: [is, was]}\n")
    rules = FAMILY.replace("[no]", '["{are} {not} seen"]')
    (folder / "polarity" / "denial.yaml").write_text(f"sets: {{not: [not, never (ever)]}}\n{rules}")
    before = load_rules(folder)
    assert before.families[0].rules[0].phrases == ["[is|was] [not|never (ever)] seen"]
    (folder / "words.yaml").write_text("sets: {are: [is, were]}\n")
    assert load_rules(folder).sha256 != before.sha256


@pytest.mark.parametrize(
    ("sets", "phrase", "fault"),
    [
        ("{not: [never]}", "{nt} seen", "line 7: there is no set {nt}"),
        ("{are: [were]}", "{are} seen", "line 1: words.yaml has a set are already"),
        ("{not: ['{are} no']}", "{not} seen", "line 1: '{are} no' names a set inside a set"),
        ("{not: []}", "{not} seen", "line 1: sets.not: "),
        ("{not: ['[no|']}", "{not} seen", "line 7: '[[no|] seen' opens a bracket"),
    ],
)
def test_sets_that_cannot_be_used_are_refused_with_their_line(folder, sets, phrase, fault):
    (folder / "words.yaml").write_text("sets: {are: [is, was]}\n")
    rules = FAMILY.replace("[no]", f'["{phrase}"]')
    (folder / "polarity" / "denial.yaml").write_text(f"sets: {sets}\n{rules}")
    with pytest.raises(RuleError) as caught:
        load_rules(folder)
    assert any(fault in f for f in caught.value.faults), caught.value.faults


def test_the_hash_follows_the_content(folder):
    before = load_rules(folder).sha256
    assert load_rules(folder).sha256 == before
    (folder / "vocabulary" / "edema.yaml").write_text(
        EDEMA.replace("s: [edema]", "s: [edema, oedema]")
    )
    assert load_rules(folder).sha256 != before


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        pytest.param(
            "vocabulary/edema.yaml",
            "    phrases: [edema]",
            "    phrase: [edema]\n    phrases: [edema]",
            "vocabulary/edema.yaml line 4: concepts.0.phrase is unknown; the nearest is phrases",
            id="unknown key",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "[edema]",
            "\n      - edema\n      - ''",
            "vocabulary/edema.yaml line 6: '' is empty",
            id="empty phrase",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "phrases: [edema]\n",
            "phrases: [edema]\n  - id: edema\n    labels: [pulmonary edema]\n    phrases: [chf]\n",
            "vocabulary/edema.yaml line 5: the id edema is already used in"
            " vocabulary/edema.yaml line 2",
            id="id twice",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "phrases: [edema]",
            "phrases: [edema, chf]\n    unless: [CHF]",
            "vocabulary/edema.yaml line 4: 'chf' can never match: `unless` of edema cancels it",
            id="cancelled",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "[edema]",
            "[edema. heart]",
            "vocabulary/edema.yaml line 4: 'edema. heart' can never match",
            id="over a period",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "[edema]",
            '["in the (lung)"]',
            "vocabulary/edema.yaml line 4: 'in the (lung)' can be found in function words alone",
            id="everywhere",
        ),
        pytest.param(
            "polarity/denial.yaml",
            "[no]",
            "[no, 'the']",
            "polarity/denial.yaml line 6: 'the' can be found in function words alone",
            id="denies everywhere",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "[edema]",
            "[free gas|loose gas]",
            "vocabulary/edema.yaml line 4: 'free gas|loose gas' has | outside of brackets",
            id="alternatives without brackets",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "[pulmonary edema]",
            "[pulmonary oedema]",
            "vocabulary/edema.yaml line 3: labels.yaml has no label 'pulmonary oedema';"
            " the nearest is pulmonary edema",
            id="unknown label",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "[pulmonary edema]",
            "[]",
            "vocabulary/edema.yaml line 3: a mimic has no labels, and everything else has some",
            id="no label",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "phrases: [edema]",
            "phrases: [edema]\n    kind: mimic",
            "vocabulary/edema.yaml line 3: a mimic has no labels, and everything else has some",
            id="mimic with label",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "phrases: [edema]",
            "phrases: [edema]\n    under: {opacity literary: [pulmonary edema]}",
            "vocabulary/edema.yaml line 5: there is no convention 'opacity literary';"
            " the nearest is opacity literal",
            id="unknown convention",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "    labels: [pulmonary edema]\n",
            "",
            "vocabulary/edema.yaml line 2: concepts.0.labels is missing",
            id="missing key",
        ),
        pytest.param(
            "vocabulary/edema.yaml",
            "phrases: [edema]",
            "phrases: [edema]\n    phrases: [chf]",
            "vocabulary/edema.yaml line 5: phrases is given twice",
            id="key twice",
        ),
        pytest.param(
            "vocabulary/edema.yaml", "concepts:", "concepts: [", "this is not YAML", id="no yaml"
        ),
        pytest.param(
            "polarity/denial.yaml",
            "direction: before",
            "direction: forward",
            "polarity/denial.yaml line 2: direction: Input should be 'before'",
            id="unknown direction",
        ),
        pytest.param(
            "polarity/denial.yaml",
            "[no]",
            "[no, 'not (']",
            "polarity/denial.yaml line 6: 'not (' opens a bracket",
            id="bracket",
        ),
        pytest.param(
            "polarity/denial.yaml",
            "  - id: plain\n    phrases: [no]\n",
            "  - id: plain\n    phrases: [no]\n  - id: plain\n    phrases: [not]\n",
            "polarity/denial.yaml line 7: the id denial.plain is already used",
            id="rule twice",
        ),
    ],
)
def test_a_fault_names_file_and_line(folder, file, old, new, message):
    path = folder / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(RuleError, match=re.escape(message)):
        load_rules(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            "words:\n  oedma: [edna]\n",
            "repairs.yaml line 2: 'oedma' can never match: no phrase of the vocabulary has"
            " this word; the nearest is edema",
            id="unknown word",
        ),
        pytest.param(
            "words:\n  edema:\n    - edna\n    - a (dema)\n",
            "repairs.yaml line 4: 'a (dema)' can never match: it must be words without marks",
            id="marks",
        ),
        pytest.param(
            "words:\n  edema: ['']\n", "repairs.yaml line 2: '' can never match", id="empty"
        ),
        pytest.param("unless: ['(']\n", "repairs.yaml line 1: '(' opens a bracket", id="unless"),
    ],
)
def test_a_repair_that_matches_nothing_is_a_fault(folder, content, message):
    (folder / "repairs.yaml").write_text("words: {Edema: [Edna]}\n")
    assert load_rules(folder).repairs.slips == [("edema", ("edna",))]
    (folder / "repairs.yaml").write_text(content)
    with pytest.raises(RuleError, match=re.escape(message)) as caught:
        load_rules(folder)
    assert len(caught.value.faults) == 1


def test_a_book_that_was_read_before_is_that_of_its_folder_and_of_its_files_now(
    folder, tmp_path_factory
):
    first = load_rules(folder)
    copy = shutil.copytree(folder, tmp_path_factory.mktemp("other") / "copy")
    assert load_rules(copy) == replace(first, folder=copy)
    (folder / "vocabulary" / "edema.yaml").write_text(EDEMA.replace("[edema]", "[wet lung]"))
    assert load_rules(folder).concepts[0].phrases == ["wet lung"]


def test_the_book_knows_the_lines_of_rules_and_phrases(folder):
    (folder / "vocabulary" / "edema.yaml").write_text(
        EDEMA.replace("[edema]", "\n      - edema\n      - wet lung\n    abnormal: [wet]")
    )
    places = load_rules(folder).places
    edema = "vocabulary/edema.yaml"
    assert places["edema"] == RulePlace(edema, 2, (("edema", 5), ("wet lung", 6)))
    assert places["state.edema_abnormal"] == RulePlace(edema, 7, (("wet", 7),))
    assert places["denial.plain"] == RulePlace("polarity/denial.yaml", 5, (("no", 6),))


def test_repairs_are_not_blamed_for_a_faulty_vocabulary(folder):
    (folder / "repairs.yaml").write_text("words: {edema: [edna]}\n")
    (folder / "vocabulary" / "edema.yaml").write_text(EDEMA.replace("labels", "label"))
    (folder / "vocabulary" / "heart.yaml").write_text(
        EDEMA.replace("id: edema", "id: other").replace("[edema]", "[chf]")
    )
    with pytest.raises(RuleError) as caught:
        load_rules(folder)
    assert not any("repairs.yaml" in fault for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("concepts: {? [1] : 2}", "line 1: a key must be a word", id="list as key"),
        pytest.param("concepts: &a [*a]", "line 1: this anchor is used inside", id="in itself"),
        pytest.param("[" * 5000, "line 1: nested deeper than 50 levels", id="deep"),
        pytest.param(LAUGHS, "anchors unfold to", id="anchors without end"),
    ],
)
def test_yaml_that_nobody_writes(folder, content, message):
    (folder / "vocabulary" / "x.yaml").write_text(content)
    with pytest.raises(RuleError, match=f"vocabulary/x.yaml: this is not YAML .*{message}"):
        load_rules(folder)


@pytest.mark.parametrize(
    ("heading", "message"),
    [
        pytest.param('"("', "sections.yaml line 2: '.' opens a bracket", id="bracket"),
        pytest.param(f'"{"(" * 900}a{")" * 900}"', "more than 20 brackets", id="deep"),
    ],
)
def test_a_faulty_heading(folder, heading, message):
    (folder / "sections.yaml").write_text(f"ignored:\n  - {heading}\n")
    with pytest.raises(RuleError, match=message):
        load_rules(folder)


def test_a_file_that_would_not_be_read_is_named(folder):
    (folder / "vocabulary" / "mine.yml").write_text(EDEMA)
    with pytest.raises(RuleError, match=r"vocabulary/mine.yml: only files named .yaml are read"):
        load_rules(folder)


def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "vocabulary" / "x.yaml")
    with pytest.raises(RuleError, match=r"vocabulary/x.yaml: this is a pipe"):
        load_rules(folder)


def test_all_faults_come_at_once(folder):
    (folder / "vocabulary" / "edema.yaml").write_text(EDEMA.replace("[edema]", "['', '(']"))
    (folder / "polarity" / "denial.yaml").write_text(FAMILY.replace("effect", "efect"))
    with pytest.raises(RuleError, match="cannot be used") as caught:
        load_rules(folder)
    assert len(caught.value.faults) == 3


def test_a_folder_without_vocabulary_is_refused(tmp_path):
    (tmp_path / "labels.yaml").write_text(LABELS)
    with pytest.raises(RuleError, match=r"vocabulary/ holds no \*.yaml"):
        load_rules(tmp_path)


def test_a_folder_without_labels_is_refused(tmp_path):
    with pytest.raises(RuleError, match=r"labels.yaml"):
        load_rules(tmp_path)


PUNCTUATION = """spoken:
  - {mark: ".", phrases: [punkt], unless: [am punkt]}
not_last: [no, on]
"""


def test_punctuation_is_read_with_the_rules_and_alone(folder):
    assert load_punctuation(folder).spoken == load_rules(folder).punctuation.spoken == []
    (folder / "punctuation.yaml").write_text(PUNCTUATION)
    content = load_punctuation(folder)
    assert content == load_rules(folder).punctuation
    assert content.not_last == ["no", "on"]


def test_faults_of_punctuation_have_their_line(folder):
    content = PUNCTUATION.replace("[punkt]", '["punkt ("]').replace('"."', "full")
    (folder / "punctuation.yaml").write_text(content)
    for load in (load_punctuation, load_rules):
        with pytest.raises(RuleError) as raised:
            load(folder)
        assert any("punctuation.yaml line 2: " in fault for fault in raised.value.faults)
    (folder / "punctuation.yaml").write_text(PUNCTUATION.replace("[punkt]", '["punkt ("]'))
    with pytest.raises(RuleError, match="opens a bracket that it never closes"):
        load_punctuation(folder)
