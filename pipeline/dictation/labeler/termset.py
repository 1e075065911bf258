"""Our rules of denial as a term set of negspacy."""

from collections import Counter
from pathlib import Path

from gazescribe.pipeline.dictation.labeler.loading import load_rules
from gazescribe.pipeline.dictation.labeler.phrases import GAP, MAX_VARIANTS, parts, written_out
from gazescribe.pipeline.dictation.labeler.settings import Conventions
from gazescribe.pipeline.dictation.labeler.triggers import Trigger

KINDS = ("pseudo_negations", "preceding_negations", "following_negations", "termination")
MIN_REACH = 8  # words; negspacy denies to the end of the sentence, so that less cannot be said
_BY_DIRECTION = {
    "before": "preceding_negations",
    "after": "following_negations",
    "cancels": "pseudo_negations",
    "boundary": "termination",
}


def termset(
    rules: Path | str | None = None, left_out: Counter[str] | None = None
) -> dict[str, list[str]]:
    """Write the rules of denial in negspacy's form, for its setting `neg_termset`.

    Parameters
    ----------
    rules : path, optional
        A rules folder (else `rules/` here, else the packaged one).
    left_out : collections.Counter, optional
        Takes the number of phrases that negspacy cannot be told, by reason.

    Returns
    -------
    dict of str to list of str
        `pseudo_negations`, `preceding_negations`, `following_negations` and `termination`.

    Notes
    -----
    Phrases are written out, up to 2,000 variants each, without what may be absent beside the
    finding. Of a phrase with a gap only what has no word in the gap is told. What denies nothing
    but has words of denial in it ("no change in", "cannot exclude") is told as a pseudo negation;
    all else of that kind has no effect in negspacy.

    Examples
    --------
    >>> import gazescribe as gs
    >>> "no evidence" in gs.termset()["preceding_negations"]
    True
    """
    left_out = Counter() if left_out is None else left_out
    terms: dict[str, set[str]] = {kind: set() for kind in KINDS}
    book = load_rules(None if rules is None else Path(rules))
    for phrase, trigger in book.triggers(Conventions()):
        kind = _kind(trigger)
        reason = _reason(trigger, kind)
        if reason is not None:
            left_out[reason] += 1
        elif kind is not None:
            terms[kind] |= _variants(phrase, kind, left_out)
    denials = terms["preceding_negations"] | terms["following_negations"]
    terms["pseudo_negations"] = {
        term for term in terms["pseudo_negations"] if _has_denial(term, denials)
    }
    for kind in ("preceding_negations", "following_negations"):
        terms[kind] -= terms["pseudo_negations"]
    return {kind: sorted(terms[kind]) for kind in KINDS}


def _kind(trigger: Trigger) -> str | None:
    """Give the list of negspacy's that a rule belongs to; None where it has none."""
    if trigger.direction in ("before", "after") and trigger.effect != "negative":
        return "pseudo_negations"
    return _BY_DIRECTION.get(trigger.direction)


def _reason(trigger: Trigger, kind: str | None) -> str | None:
    """Say why negspacy cannot be told a rule; None where it can."""
    if kind is None:
        return f"direction {trigger.direction}"
    if trigger.alone:
        return "counts only at the end of its clause"
    if kind in ("preceding_negations", "following_negations") and trigger.words < MIN_REACH:
        return f"reaches fewer than {MIN_REACH} words"
    return None


def _variants(phrase: str, kind: str, left_out: Counter[str]) -> set[str]:
    variants = set()
    has_ending = has_gap = False
    n_variants = 0
    rows = parts(phrase)
    # What may be absent on the side of the finding makes no difference to negspacy.
    while kind == "preceding_negations" and () in rows[-1]:
        rows = rows[:-1]
    while kind == "following_negations" and () in rows[0]:
        rows = rows[1:]
    for row in written_out(rows):
        n_variants += 1
        words = [word for word in row if not GAP.fullmatch(word)]
        has_gap |= len(words) < len(row)
        if any(word.endswith("*") and len(word) > 1 for word in words):
            has_ending = True
        elif words:
            variants.add(" ".join(words))
    left_out["words in a gap"] += has_gap
    left_out["any ending of a word"] += has_ending
    left_out[f"more than {MAX_VARIANTS:,} variants"] += not n_variants
    return variants


def _has_denial(term: str, denials: set[str]) -> bool:
    """Tell whether a term of denial stands inside of another term."""
    words = term.split()
    for first in range(len(words)):
        for last in range(first + 1, len(words) + 1):
            if " ".join(words[first:last]) in denials:
                return True
    return False
