import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import GazeError, ParamsError, RuleError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.labeler import Conventions, Labeler, Mention
from gazescribe.pipeline.dictation.labeler import labeler as labeler_module
from gazescribe.pipeline.dictation.labeler.labeler import REMEMBERED_CHARACTERS

ROOT = Path(__file__).parents[5]


@pytest.fixture(scope="module")
def labeler():
    return Labeler.from_rules(ROOT / "rules")


def states(labeler, text):
    return {(one.label, one.polarity) for one in labeler.label([text])[0]}


def test_a_mention_says_what_the_table_says(labeler):
    (mentions,) = labeler.label(["Lungs clear. No pneumothorax."])
    assert mentions == [
        Mention(
            16,
            28,
            "pneumothorax",
            "pneumothorax",
            "pneumothorax",
            1,
            "negative",
            "negation.no",
            "No",
        )
    ]
    others = {"report_id", "onset_s", "offset_s"}
    assert set(Mention._fields) == set(TABLES["mentions"].columns) - others
    with pytest.raises(AttributeError, match="set attribute"):
        mentions[0].polarity = "positive"


def test_texts_come_back_in_order_and_in_any_number(labeler):
    assert labeler.label([]) == []
    found = labeler.label(["", "No effusion.", "Heart.", "Edema."])
    assert [len(mentions) for mentions in found] == [0, 2, 0, 1]


def test_half_a_character_is_refused_by_its_place(labeler):
    with pytest.raises(GazeError, match=r"text 2 has half .* character 6") as raised:
        labeler.label(["Edema.", "Edema \ud800."])
    assert "Edema" not in str(raised.value)


def test_each_of_many_headings_ends_at_the_next(labeler):
    text = "Indication: edema. Findings: edema. " * 3
    (mentions,) = labeler.label([text])
    assert [mention.char_start for mention in mentions] == [29, 65, 101]


def test_texts_are_read_as_they_are_needed(labeler):
    read = []

    def texts():
        for number in range(5000):
            read.append(number)
            yield "Edema."

    first = next(labeler.stream(texts()))
    assert first[0].label == "pulmonary edema"
    assert len(read) < 100


def test_given_sentences_are_not_split_again(labeler):
    text = "no effusion.there is edema"
    assert {one.sentence for one in labeler.label([text])[0]} == {0, 1}
    (mentions,) = labeler.label([text], [[(0, len(text))]])
    assert {one.sentence for one in mentions} == {0}


def test_denial_is_seen_in_every_sentence_not_only_the_first(labeler):
    text = "No edema. Lungs clear. No effusion. Neither mass nor nodule is seen."
    mentions = labeler.label([text])[0]
    assert len(mentions) == 7
    assert {one.polarity for one in mentions} == {"negative"}


@pytest.mark.parametrize(
    ("text", "choice", "expected", "otherwise"),
    [
        pytest.param(
            "Left opacity.",
            {"opacity": "literal"},
            {("opacity", "positive")},
            {("atelectasis", "positive"), ("consolidation", "positive")},
            id="opacity",
        ),
        pytest.param(
            "CHF.",
            {"heart_failure": "cardiac"},
            {("pulmonary edema", "positive"), ("enlarged cardiac silhouette", "uncertain")},
            {("pulmonary edema", "positive")},
            id="heart failure",
        ),
        pytest.param(
            "No CHF.",
            {"heart_failure": "cardiac"},
            {("pulmonary edema", "negative")},
            {("pulmonary edema", "negative")},
            id="no heart failure",
        ),
        pytest.param(
            "Probable edema.",
            {"hedge": "negbio"},
            {("pulmonary edema", "uncertain")},
            {("pulmonary edema", "positive")},
            id="probable",
        ),
        pytest.param(
            "Findings concerning for edema.",
            {"hedge": "negbio"},
            {("pulmonary edema", "uncertain")},
            {("pulmonary edema", "positive")},
            id="concerning for",
        ),
        pytest.param(
            "Stable cardiac silhouette.",
            {"stable": "uncertain"},
            {("enlarged cardiac silhouette", "uncertain")},
            set(),
            id="stable is uncertain",
        ),
        pytest.param(
            "Stable cardiac silhouette.",
            {"stable": "finding"},
            {("enlarged cardiac silhouette", "positive")},
            set(),
            id="stable is a finding",
        ),
        pytest.param(
            "The heart is enlarged but stable.",
            {"stable": "uncertain"},
            {("enlarged cardiac silhouette", "positive")},
            {("enlarged cardiac silhouette", "positive")},
            id="stable beside a size",
        ),
        pytest.param(
            "Stable normal heart.",
            {"stable": "finding"},
            {("enlarged cardiac silhouette", "negative")},
            {("enlarged cardiac silhouette", "negative")},
            id="stable beside normal",
        ),
        pytest.param(
            "Indication: edema.",
            {"sections": "none"},
            {("pulmonary edema", "positive")},
            set(),
            id="sections",
        ),
        pytest.param(
            "Small pneumo thorax and hillary enlargement.",
            {"repairs": True},
            {("pneumothorax", "positive"), ("enlarged hilum", "positive")},
            {("pneumothorax", "positive")},
            id="repairs",
        ),
    ],
)
def test_conventions(labeler, text, choice, expected, otherwise):
    assert states(Labeler.from_rules(ROOT / "rules", **choice), text) == expected
    assert states(labeler, text) == otherwise


def test_every_shipped_repair_is_found_as_what_is_meant():
    """In the sentence that its word needs, each slip gives the labels that the word gives."""
    needs = {
        "cardiac": "enlarged {} silhouette",
        "costophrenic": "{} angle blunting",
        "fracture": "rib {}",
        "heart": "the {} is enlarged",
        "hila": "enlarged {}",
        "hilar": "{} enlargement",
        "mediastinal": "{} widening",
        "mediastinum": "wide {}",
        "picc": "{} line",
        "pleural": "{} thickening",
    }
    labeler = Labeler.from_rules(ROOT / "rules", repairs=True)
    for meant, slips in labeler.book.repairs.words.items():
        sentence = needs.get(meant, "large {}")
        expected = states(labeler, sentence.format(meant))
        assert expected
        for slip in slips:
            assert states(labeler, sentence.format(slip)) == expected, slip


def test_what_only_sounds_like_a_slip_is_none():
    labeler = Labeler.from_rules(ROOT / "rules", repairs=True)
    assert states(labeler, "Ejection fraction of 40 percent.") == set()
    assert states(labeler, "Cervical fusion. Vital capacity. Fraction of it.") == set()


def test_an_unknown_convention_is_refused():
    with pytest.raises(ParamsError, match="opacities is unknown; the nearest is opacity"):
        Labeler.from_rules(ROOT / "rules", opacities="paper")
    with pytest.raises(ParamsError, match="found 'both'"):
        Labeler.from_rules(ROOT / "rules", opacity="both")


def test_the_default_conventions_are_those_of_the_parameters():
    assert load_params(ROOT / "params.yaml").label == Conventions()


def test_every_label_of_the_map_can_be_said(labeler):
    said = {label for concept in labeler.book.concepts for label in concept.labels}
    said |= {
        label.removesuffix("?")
        for concept in labeler.book.concepts
        for labels in concept.under.values()
        for label in labels
    }
    assert said == set(load_label_map(ROOT / "rules").targets)


@pytest.mark.parametrize(
    ("text", "view", "expected"),
    [
        pytest.param(
            "No edema. Edema. Possible edema.",
            "reflacx",
            {"pulmonary edema": "positive"},
            id="positive wins",
        ),
        pytest.param(
            "No edema. Possible edema.",
            "reflacx",
            {"pulmonary edema": "uncertain"},
            id="uncertain over negative",
        ),
        pytest.param(
            "No consolidation.", "ten", {"Consolidation": "negative"}, id="denial does not fan out"
        ),
        pytest.param(
            "Possible edema.", "ten", {"Edema": "uncertain", "Opacity": "uncertain"}, id="fan out"
        ),
        pytest.param(
            "No lung opacities.",
            "ten",
            {"Atelectasis": "negative", "Consolidation": "negative", "Opacity": "negative"},
            id="generic opacity",
        ),
        pytest.param(
            "Pneumonia. No infiltrate. Small effusion.",
            "chexpert",
            {
                "Lung Opacity": "negative",
                "Pleural Effusion": "positive",
                "Pneumonia": "positive",
            },
            id="chexpert",
        ),
        pytest.param(
            "PICC line. No edema.",
            "chexpert",
            {"Edema": "negative", "No Finding": "positive", "Support Devices": "positive"},
            id="no finding",
        ),
        pytest.param(
            "Heart and mediastinum are normal.",
            "chexpert",
            {
                "Cardiomegaly": "negative",
                "Enlarged Cardiomediastinum": "negative",
                "No Finding": "positive",
            },
            id="heart and mediastinum",
        ),
        pytest.param(
            "Lines: All lines removed.",
            "chexpert",
            {"No Finding": "positive", "Support Devices": "negative"},
            id="a heading is no mention",
        ),
        pytest.param(
            "HISTORY: Pneumonia.\n\nSmall effusion.\n\nTECHNIQUE: edema",
            "chexpert",
            {"Pleural Effusion": "positive"},
            id="a paragraph of its own",
        ),
        pytest.param(
            "HISTORY: Edema\nWet read by the resident: small effusion.",
            "chexpert",
            {"Pleural Effusion": "positive"},
            id="wet read",
        ),
    ],
)
def test_views(labeler, text, view, expected):
    assert labeler.aggregate(labeler.label([text])[0], view) == expected


def test_the_published_aggregation_lets_uncertain_win_over_negative(labeler):
    mentions = labeler.label(["No edema. Edema. Possible edema."])[0]
    assert labeler.aggregate(mentions, compat=True) == {"pulmonary edema": "uncertain"}


def test_a_generic_opacity_keeps_its_channel_under_either_convention(labeler):
    literal = Labeler.from_rules(ROOT / "rules", opacity="literal")
    for one in (labeler, literal):
        values = one.aggregate(one.label(["Left opacity."])[0], "ten")
        assert values["Opacity"] == "positive"


@pytest.fixture
def nouns(tmp_path):
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "labels.yaml").write_text("channels: [Animal]\nlabels: {dog: [Animal], cat: []}\n")
    concepts = [
        {"id": "dog", "labels": ["dog"], "phrases": ["dog(s)", "puppy"]},
        {"id": "cat", "labels": ["cat"], "phrases": ["cat(s)"]},
    ]
    (tmp_path / "vocabulary" / "nouns.yaml").write_text(yaml.safe_dump({"concepts": concepts}))
    return tmp_path


def test_another_vocabulary_is_another_folder(nouns):
    labeler = Labeler.from_rules(nouns)
    mentions = labeler.label(["Two Dogs and no cat."])[0]
    assert [(one.text, one.label, one.polarity) for one in mentions] == [
        ("Dogs", "dog", "positive"),
        ("cat", "cat", "positive"),
    ]
    assert labeler.aggregate(mentions, "ten") == {"Animal": "positive"}
    with pytest.raises(RuleError, match="no CheXpert view"):
        labeler.aggregate(mentions, "chexpert")


def test_a_sentence_that_repeats_keeps_its_place_and_its_heading(labeler):
    text = "Findings: edema. Small edema. Indication: x. Small edema."
    for _ in range(2):
        (mentions,) = labeler.label([text])
        assert [(m.char_start, m.sentence) for m in mentions] == [(10, 0), (23, 1)]
        assert {m.text for m in mentions} == {"edema"}


def test_a_sentence_that_repeats_is_taken_back_where_the_next_one_says_so(labeler):
    texts = ["Small edema.", "Small edema. Scratch that.", "Small edema."]
    assert [len(mentions) for mentions in labeler.label(texts)] == [1, 0, 1]


def test_few_sentences_are_remembered_and_no_long_ones(monkeypatch):
    monkeypatch.setattr(labeler_module, "REMEMBERED", 3)
    labeler = Labeler.from_rules(ROOT / "rules")
    texts = [f"Edema {number}." for number in range(8)] + ["Edema " + "x" * REMEMBERED_CHARACTERS]
    for mentions in labeler.stream(texts):
        assert len(mentions) == 1
        assert len(labeler._rows_of) <= 3
    assert labeler._rows_of
    assert max(map(len, labeler._rows_of)) < REMEMBERED_CHARACTERS


def test_sentences_that_overlap_give_each_mention_once(labeler):
    text = "Small edema."
    (mentions,) = labeler.label([text], [[(0, 12), (6, 12)]])
    assert [(m.char_start, m.sentence) for m in mentions] == [(6, 0)]


def test_a_concept_can_ask_for_its_own_case_and_for_words_near_it(nouns):
    concepts = [
        {"id": "cat", "labels": ["cat"], "phrases": ["CAT"], "case": "exact"},
        {"id": "dog", "labels": ["dog"], "phrases": ["pug"], "near": ["leash"]},
    ]
    (nouns / "vocabulary" / "nouns.yaml").write_text(yaml.safe_dump({"concepts": concepts}))
    labeler = Labeler.from_rules(nouns)
    assert states(labeler, "A CAT and a cat.") == {("cat", "positive")}
    assert len(labeler.label(["A CAT and a cat."])[0]) == 1
    assert states(labeler, "A pug.") == set()
    assert states(labeler, "A pug on a leash.") == {("dog", "positive")}


def test_labelling_loads_neither_spacy_nor_torch():
    code = (
        "import sys; from gazescribe.pipeline.dictation.labeler import Labeler;"
        "labeler = Labeler.from_rules(); mentions = labeler.label(['No effusion.']);"
        "assert mentions[0]; print({'spacy', 'negspacy', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"


CHINESE = {
    "labels.yaml": "channels: [P, E]\nlabels: {pneumothorax: [P], effusion: [E]}\n",
    "vocabulary/pleura.yaml": """concepts:
  - {id: pneumothorax, labels: [pneumothorax], phrases: [气胸], unless: [气胸术]}
  - {id: effusion, labels: [effusion], phrases: ["胸[腔|膜腔]积液"]}
""",
    "polarity/denial.yaml": """family: denial
direction: before
effect: negative
rules:
  - {id: not_seen, phrases: [未见]}
""",
}


def test_a_script_without_spaces_is_matched_by_the_vocabulary(tmp_path):
    for name, content in CHINESE.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    text = "双肺未见气胸、胸腔积液。左侧少量胸膜腔积液！气胸术后。"
    (mentions,) = Labeler.from_rules(tmp_path).label([text])
    assert [(m.text, m.polarity, m.sentence) for m in mentions] == [
        ("气胸", "negative", 0),
        ("胸腔积液", "negative", 0),
        ("胸膜腔积液", "positive", 1),
    ]


@pytest.mark.parametrize("mark", ["\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff", "\u200e"])
def test_marks_that_nobody_sees_change_nothing_but_places(labeler, mark):
    plain = (
        "Indication: edema. Findings: no pleural effusion, CHF or PNA period Heart is big.\n\nNo "
        "mass. Nodule left, correction, right."
    )
    text = mark + mark.join(plain) + mark
    (expected,), (found,) = labeler.label([plain]), labeler.label([text])
    assert len(found) == len(expected) > 5
    for mention, other in zip(found, expected, strict=True):
        assert text[mention.char_start : mention.char_end] == mention.text
        assert mention.char_start == 2 * other.char_start + 1
        assert mention.char_end == 2 * other.char_end
        assert mention.text.replace(mark, "") == other.text
        assert mention.trigger.replace(mark, "") == other.trigger
        assert mention[2:4] + mention[5:8] == other[2:4] + other[5:8]
    ((_, known),), ((_, explained),) = labeler.explain([plain]), labeler.explain([text])
    assert [concept.decision[:2] for concept in explained] == [
        concept.decision[:2] for concept in known
    ]
