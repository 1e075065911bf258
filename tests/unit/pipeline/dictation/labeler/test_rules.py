import re
from pathlib import Path
from typing import get_args

from gazescribe.pipeline.dictation.labeler.rules import (
    Concept,
    Direction,
    Effect,
    Family,
    PolarityRule,
    Punctuation,
    Repairs,
    RuleBook,
    Sections,
    SpokenMark,
    Views,
    WordSets,
)
from gazescribe.pipeline.dictation.labeler.settings import Conventions

HEART = Concept(id="heart", labels=["heart"], phrases=["heart"], abnormal=["big"])
FAMILY = Family(
    family="hedge",
    direction="before",
    effect="uncertain",
    order=3,
    rules=[
        PolarityRule(id="maybe", phrases=["maybe", "perhaps"]),
        PolarityRule(
            id="likely", phrases=["likely"], order=4, under={"hedge physician": "positive"}
        ),
    ],
)
BOOK = RuleBook(Path(), (HEART,), (FAMILY,), Sections(), Repairs(), "")


def triggers(**conventions):
    return dict(BOOK.triggers(Conventions(**conventions)))


def test_a_rule_says_more_than_its_family():
    assert triggers()["maybe"] == triggers()["perhaps"]
    assert [triggers()[word].order for word in ("maybe", "likely")] == [3, 4]
    assert triggers()["likely"].rule_id == "hedge.likely"


def test_a_convention_changes_an_effect():
    assert triggers()["likely"].effect == "positive"
    assert triggers(hedge="negbio")["likely"].effect == "uncertain"


def test_a_state_of_a_concept_is_for_it_alone():
    big = triggers()["big"]
    assert (big.direction, big.effect, big.only) == ("state", "abnormal", "heart")


def test_every_key_of_a_rules_folder_is_explained():
    page = (Path(__file__).parents[5] / "docs" / "rules.md").read_text()
    explained = set(re.findall(r"`(\w+)`", page))
    models = (Concept, PolarityRule, Family, Sections, Punctuation, SpokenMark, Repairs, Views)
    keys = {key for model in (*models, WordSets) for key in model.model_fields}
    assert keys | {*get_args(Direction), *get_args(Effect)} <= explained
