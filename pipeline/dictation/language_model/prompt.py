"""What a language model is asked, and the form of its reply; another wording is another version."""

from collections.abc import Sequence
from typing import Any, Literal

from gazescribe.pipeline.core.values import POLARITIES
from gazescribe.pipeline.core.yaml_files import Strict

PROMPT_VERSION = "1"
TASK = """\
You annotate reports of chest radiographs. You get the numbered sentences of one report. List every
mention of a label below: each place where the report says that a finding is there, is not there, or
may be there.

sentence: the number of the sentence.
quote: the words that name the finding, copied letter for letter from that sentence, as few as name
it; without words of denial, doubt, size, side or change.
label: one of the labels. One quote can have several labels: list it once for each.
polarity: positive where the finding is there, also where it is old, unchanged, better or worse;
negative where it is denied, has resolved, or where a structure is called normal; uncertain where it
is possible, suspected, or cannot be excluded.

What stands as a reason for the examination, a technique, an advice or a finding of another
examination is no mention. A report may have no mention at all.

Labels:
"""


class Said(Strict):
    """One mention in a reply."""

    sentence: int
    quote: str
    label: str
    polarity: Literal["positive", "negative", "uncertain"]


class Reply(Strict):
    """A whole reply."""

    mentions: list[Said]


def ask(sentences: Sequence[str], labels: Sequence[str], model: str, seed: int) -> dict[str, Any]:
    """Give the body of the request about one report: of a chat, its reply held to a JSON schema."""
    task = TASK + "\n".join(f"- {label}" for label in labels)
    numbered = [f"[{number}] {' '.join(text.split())}" for number, text in enumerate(sentences, 1)]
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": task},
            {"role": "user", "content": "\n".join(numbered)},
        ],
        "temperature": 0,
        "seed": seed,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "mentions", "strict": True, "schema": _schema(labels)},
        },
    }


def _schema(labels: Sequence[str]) -> dict[str, Any]:
    mention = {
        "sentence": {"type": "integer"},
        "quote": {"type": "string"},
        "label": {"type": "string", "enum": [*labels]},
        "polarity": {"type": "string", "enum": [*POLARITIES]},
    }
    return _object({"mentions": {"type": "array", "items": _object(mention)}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
