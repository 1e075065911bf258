import json

import pandas as pd

from gazescribe.pipeline.dictation.evaluation.cases import observe
from gazescribe.pipeline.dictation.evaluation.examples import (
    certainty_errors,
    choose,
    gold_errors,
    with_sentences,
)
from gazescribe.pipeline.dictation.evaluation.gold import align
from tests.synthetic import mention, reading, sentences, table, words

TEXT = "mild edema . no effusion . large heart ."
COLUMNS = {"Edema": ["edema"], "Effusion": ["effusion"], "Heart": ["heart"]}
ORDER = {"R1": 1, "R2": 0, "R3": 2}
MENTIONS = [
    mention(TEXT, "edema", "edema", rule_id="default", trigger="mild"),
    mention(TEXT, "effusion", "effusion", polarity="negative"),
]


def frame(rows, name):
    return table(rows, name).to_pandas()


def errors(certainties, mentions=MENTIONS):
    rows = [
        {"reading_id": "R1", "label": label, "certainty": value}
        for label, value in certainties.items()
    ]
    cases = frame([reading(text=TEXT)], "readings")
    told = frame(mentions, "mentions")
    return certainty_errors(observe(cases, frame(rows, "certainties"), told, COLUMNS))


def written(found, spoken=None):
    told = frame(sentences(words(TEXT) if spoken is None else spoken), "sentences")
    return [json.loads(json.dumps(one)) for one in with_sentences(found, {"R1": TEXT}, told)]


def test_each_kind_of_error():
    found = errors({"Edema": 0, "Effusion": 3, "Heart": 5})
    assert found.set_index("label")["kind"].to_dict() == {
        "Edema": "false_positive",
        "Effusion": "denied",
        "Heart": "not_mentioned",
    }


def test_what_is_right_or_unknown_is_no_error():
    assert errors({"Edema": 1, "Effusion": 0, "Heart": 0}).empty
    assert errors({"Edema": None, "Effusion": None}).empty
    uncertain = [MENTIONS[0] | {"polarity": "uncertain"}]
    assert errors({"Edema": 2}, uncertain).empty
    assert errors({"Edema": 0}, uncertain)["kind"].tolist() == ["false_positive"]


def test_an_example_shows_its_sentence():
    (example,) = written(errors({"Edema": 0}))
    assert example == {
        "kind": "false_positive",
        "label": "Edema",
        "reading_id": "R1",
        "certainty": 0,
        "polarity": "positive",
        "gold_polarity": None,
        "concept": "edema",
        "rule_id": "default",
        "trigger": "mild",
        "text": "mild edema .",
        "text_start": 0,
        "mention_start": 5,
        "mention_end": 10,
    }


def test_the_place_is_in_the_sentence():
    (example,) = written(errors({"Effusion": 4}))
    assert example["text"] == "no effusion ."
    assert TEXT[example["text_start"] :].startswith(example["text"])
    assert example["text"][example["mention_start"] : example["mention_end"]] == "effusion"


def test_what_was_not_mentioned_shows_the_whole_text():
    (example,) = written(errors({"Heart": 5}))
    assert (example["text"], example["text_start"], example["polarity"]) == (TEXT, 0, None)
    assert (example["mention_start"], example["mention_end"]) == (None, None)


def test_a_mention_over_two_sentences_shows_both():
    (example,) = written(errors({"Edema": 0}, [mention(TEXT, "edema . no", "edema")]))
    assert example["text"] == "mild edema . no effusion ."


def test_a_mention_outside_all_sentences_shows_itself():
    (example,) = written(errors({"Edema": 0}), words(TEXT)[3:])
    assert (example["text"], example["mention_start"]) == ("edema", 0)


def test_errors_against_a_gold_table():
    found = frame([*MENTIONS, mention(TEXT, "heart", "heart")], "mentions")
    gold = frame(
        [
            mention(TEXT, "mild edema", "edema", polarity="uncertain"),
            mention(TEXT, "effusion", "effusion", polarity="negative"),
            mention(TEXT, "large", "size"),
        ],
        "mentions",
    )
    rows = gold_errors(align(found, gold)).set_index("kind")
    assert rows.loc["gold_polarity", ["polarity", "gold_polarity"]].tolist() == [
        "positive",
        "uncertain",
    ]
    assert rows.loc["gold_spurious", ["label", "polarity"]].tolist() == ["heart", "positive"]
    assert rows.loc["gold_missed", ["label", "gold_polarity"]].tolist() == ["size", "positive"]
    assert pd.isna(rows.loc["gold_missed", "polarity"])
    assert pd.isna(rows.loc["gold_spurious", "gold_polarity"])
    examples = {one["kind"]: one for one in written(rows.reset_index())}
    assert len(examples) == 3
    missed = examples["gold_missed"]
    assert missed["text"][missed["mention_start"] : missed["mention_end"]] == "large"
    assert (missed["certainty"], missed["rule_id"]) == (None, None)
    assert examples["gold_polarity"]["mention_start"] == 5


def test_the_first_readings_of_the_draw_are_taken_for_each_kind_and_label():
    one = errors({"Edema": 0, "Heart": 5})
    many = pd.concat([one.assign(reading_id=name) for name in ("R1", "R2", "R3")])
    chosen = choose(many, ORDER, 2)
    assert chosen[["kind", "label", "reading_id"]].to_numpy().tolist() == [
        ["false_positive", "Edema", "R1"],
        ["false_positive", "Edema", "R2"],
        ["not_mentioned", "Heart", "R1"],
        ["not_mentioned", "Heart", "R2"],
    ]
    assert choose(many, ORDER, 0).empty
    assert len(choose(many, ORDER, 9)) == 6
