"""Reviews for tests: what the inspector saves, made from words of a text."""

import json
from hashlib import sha256

MENTION = ("char_start", "char_end", "label", "polarity")
TIME = "2026-11-30T10:00:00Z"


def said(text, words, label="pulmonary edema", polarity="positive"):
    """A mention of the first place in `text` that says `words`."""
    start = text.index(words)
    end = start + len(words)
    return {"char_start": start, "char_end": end, "label": label, "polarity": polarity}


def about(found, right):
    return {"found": found, "right": right}


def moved(text, sentence, start_s, end_s, kind="sentence"):
    """A window of the sentence that says these words, which a reader moved."""
    start = text.index(sentence)
    return {
        "kind": kind,
        "char_start": start,
        "char_end": start + len(sentence),
        "found": {"start_s": 0.0, "end_s": 1.0},
        "right": {"start_s": start_s, "end_s": end_s},
    }


def of_reading(text, /, mentions=(), windows=(), reading_id="R1", **changes):
    return {
        "reading_id": reading_id,
        "dataset": "reflacx",
        "text_sha256": sha256(text.encode()).hexdigest(),
        "reviewed_at": TIME,
        "is_complete": False,
        "mentions": list(mentions),
        "windows": list(windows),
        **changes,
    }


def review(*readings, reviewer="A. Reader"):
    return {
        "review": 1,
        "program": "gazescribe 1.0.0",
        "reviewer": reviewer,
        "saved_at": TIME,
        "readings": list(readings),
    }


def write_review(path, *readings, reviewer="A. Reader"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(review(*readings, reviewer=reviewer)), encoding="utf-8")
    return path
