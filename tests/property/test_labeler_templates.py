"""Sentences made from constructions and findings: each finding, in each place, in each polarity."""

import re
from pathlib import Path

import pytest

from gazescribe.pipeline.dictation.labeler import Labeler

FINDINGS = (
    "pleural effusion",
    "pneumothoraces",
    "consolidation",
    "edema",
    "opacities",
    "nodule",
    "cardiomegaly",
    "rib fracture",
    "ground-glass opacity",
    "hiatal hernia",
    "mediastinal widening",
)
OTHERS = ("pneumothorax", "atelectasis", "mass")
POLARITY = {"+": "positive", "-": "negative", "?": "uncertain"}
CONSTRUCTIONS = """
No {A-}.|No evidence of {A-}.|No definite {A-} is seen.|There is no {A-}.|Without {A-}.
No {A-} or {B-}.|No {A-}, {B-}, or emphysema.|No {A-} and no {B-}.|Neither {A-} nor {B-}.
There is neither {A-} nor {B-}.|Negative for {A-}.|Lungs are free of {A-} and {B-}.
{A-} is not seen.|{A-} is absent.|{A-} has resolved.|The {A-} has completely cleared.
{A-} is no longer visible.|{A-} and {B-} are not seen.|{A-} or {B-} is not identified.
{A-}, {B-} and emphysema are not identified.|Possible {A?}.|Cannot exclude {A?}.
{A?} cannot be excluded.|{A?} is not excluded.|{A?} not excluded.|May represent {A?}.
{A?} versus {B?}.|Question {A?}.|Possible {A?} or {B?}.|{A?} is possible.|{A?} is suspected.
No new {A?}.|{A?} would be difficult to exclude.|Findings raise the possibility of {A?}.
No change in {A+}.|No significant change in {A+}.|{A+} has not resolved.|{A+} is unchanged.
Stable {A+}.|Persistent {A+}.|{A+} has improved.|Worsening {A+}.|{A+} again seen.
Again seen is {A+}.|{A+} is partially cleared.|No interval improvement in {A+}.
{A+} without {B-}.|{A+} with no {B-}.|{A+} but no {B-}.|No {A-} but {B+} is present.
No {A-}, but there is {B+}.|No {A-}; {B+} is noted.|No {A-}, however {B+} persists.
Although there is no {A-}, {B+} is present.|No {A-} other than {B+}.|{A+} and {B+}.
{A+} is present and {B-} is absent.|{A-} has resolved but {B+} persists.
{A+} persists, {B-} has resolved.|No {A-}, with persistent {B+}.|No {A-}, {B+} is unchanged.
No {A-} and {B+} has worsened.|{A+} is noted and there is no {B-}.
Interval resolution of {A-} with persistent {B+}.|There is {A+} and no evidence of {B-}.
No {A-} is seen, and {B?} is possible.|{A+}, cannot exclude {B?}.|{A+} and possible {B?}.
No {A-}, possible {B?}.|Possible {A?}, no {B-}.|{A+} likely due to {B+}.
{A+} consistent with {B+}.|{A+} which may represent {B?}.|{A+}, possibly {B?}.
Findings are suspicious for {A?}.|Rule out {A-}.|History of {A-}.
Previously seen {A-} is no longer present.|Previously seen {A+} persists.
The previously described {A-} is not seen on this exam.|There is no residual {A-}.
{A-} on the prior study has resolved.|No obvious {A-}, but small {B?} cannot be excluded.
{A+} rather than {B-}.|{A-} is unlikely.|No {A-}/{B-}.|{A+}/{B+}.|no {A-} no {B-}
Compared to the study showing {A-}, there is now {B+}.|With or without {A?}.
{A+} is not improved.|Not free of {A+}.|Differential includes {A?} and {B?}.|? {A?}.|{A?}?
The {A+} has increased and the {B+} has decreased.|Except for {A+}, no {B-}.
The {A-} has resolved and the {B+} has decreased.|Aside from {A+}, there is no {B-}.
The {A+} has increased while the {B-} has resolved.|There is no {A-} and {B+} is stable.
"""
TEMPLATES = [one.strip() for one in re.split(r"[|\n]", CONSTRUCTIONS) if one.strip()]
SLOT = re.compile(r"\{([AB])([+?-])\}")


@pytest.fixture(scope="module")
def labeler():
    return Labeler.from_rules(Path(__file__).parents[2] / "rules")


def filled(template, finding, other):
    text, gold, place = "", [], 0
    for match in SLOT.finditer(template):
        text += template[place : match.start()]
        word = finding if match[1] == "A" else other
        gold.append((len(text), len(text) + len(word), POLARITY[match[2]]))
        text += word
        place = match.end()
    return text + template[place:], gold


@pytest.mark.parametrize("template", TEMPLATES)
def test_construction(labeler, template):
    others = OTHERS if "{B" in template else OTHERS[:1]
    cases = [filled(template, one, other) for one in FINDINGS for other in others]
    found = labeler.label([text for text, _ in cases])
    for (text, gold), mentions in zip(cases, found, strict=True):
        for start, end, polarity in gold:
            said = {m.polarity for m in mentions if m.char_start < end and start < m.char_end}
            assert said == {polarity}, text


CLAUSES = (
    "there is {A+}",
    "there is no {A-}",
    "{A-} is not seen",
    "{A+} is unchanged",
    "{A?} cannot be excluded",
    "the {A-} has resolved",
    "{A+} has not resolved",
    "no {A-} is identified",
    "{A?} may be present",
    "there is possible {A?}",
    "no change in {A+}",
    "stable {A+}",
    "no evidence of {A-}",
    "no new {A?} is seen",
)
JOINTS = (
    ", and ",
    "; ",
    ", but ",
    " but ",
    ", while ",
    " although ",
    ", however, ",
    ", ",
    ", with ",
)


@pytest.mark.parametrize("joint", JOINTS)
def test_clauses_keep_to_themselves(labeler, joint):
    pairs = [(one, other) for one in CLAUSES for other in CLAUSES if one != other]
    texts, golds = [], []
    for first, second in pairs:
        left, gold = filled(first, "effusion", "")
        right, more = filled(second, "nodule", "")
        shift = len(left + joint)
        texts.append(f"{left}{joint}{right}.")
        golds.append(gold + [(start + shift, end + shift, says) for start, end, says in more])
    for text, gold, mentions in zip(texts, golds, labeler.label(texts), strict=True):
        for start, end, polarity in gold:
            said = {m.polarity for m in mentions if m.char_start < end and start < m.char_end}
            assert said == {polarity}, text
