"""The command `check-rules`."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.dictation.checking.flips import Cause, Comparison, Flip
from gazescribe.pipeline.dictation.checking.run import Check, run
from gazescribe.pipeline.dictation.labeler.baseline import NAME as BASELINE

FLIPS_SHOWN = 10
CAUSES_SHOWN = 5


@options.command("check-rules", example="gazescribe check-rules mine", section="label")
@click.argument("rules", type=options.EXISTING_FOLDER, required=False)
@click.option(
    "--gold", type=options.EXISTING_FILE, help="Mentions to take as the truth, of any form."
)
@click.option(
    "--reports",
    type=click.Path(exists=True, path_type=Path),
    help="Their texts, where the gold table has none: a file, or an ingested folder.",
)
@options.encoding_option
@options.params_option
@options.json_option
@click.pass_context
def check_rules(
    ctx: click.Context,
    rules: Path | None,
    gold: Path | None,
    reports: Path | None,
    encoding: str,
    params_file: Path | None,
    as_json: bool,
) -> None:
    """Say what is wrong with a rules folder, and what it changes against the shipped one.

    RULES (else ./rules) is read with its gold sentences; they and the shipped ones are labelled by
    both, and so are the reports of --gold. Exit code 2: the folder has faults, a gold sentence is
    wrong, or a mention of --gold was right with the shipped rules and is not with these.
    """
    conventions = None
    if gold or reports:
        from gazescribe.pipeline.commands.params import load_params  # of all stages: slow to import

        conventions = load_params(params_file).label
    try:
        check = run(rules, gold=gold, reports=reports, conventions=conventions, encoding=encoding)
    except RuleError as error:
        if error.faults:  # an editor wants all of them, not the first ten
            click.secho("error: ", fg="red", nl=False, err=True)
            click.echo(f"{error.where}: {error.what}", err=True)
            click.echo("\n".join(f"  - {fault}" for fault in error.faults), err=True)
            ctx.exit(2)
        raise
    if not as_json:
        for line in describe(check):
            click.echo(line)
    options.summarise(_line(check), _details(check), as_json=as_json)
    ctx.exit(2 if check.has_failed else 0)  # 1 is a bug, as with every command


def describe(check: Check) -> Iterator[str]:
    """Say what changed, most telling last: per label, per family, what caused it, and where."""
    for title, result in _parts(check):
        yield click.style(title, bold=True)
        yield from _labels(result)
        yield from _families(result)
        yield from _causes(result.worse or result.flips)
        yield from _flips(result)
    if check.baseline is not None:
        right = check.baseline.right_texts["before"]
        macro_f1 = _score(check.baseline.macro_f1("before"))
        yield f"  {BASELINE} on these mentions: {right:,} right, macro F1 {macro_f1}"
    if check.n_not_run:
        yield (
            f"{plural(check.n_not_run, 'shipped sentence')} not run: they name labels that these"
            " rules do not have"
        )
    wrong = [
        (text, place)
        for text, place in check.sentences.wrong
        if text not in [flip.text for flip in check.sentences.worse]
    ]
    for text, place in wrong[:FLIPS_SHOWN]:
        expected, now = place.polarity("expected"), place.polarity("now")
        words = text.text[place.char_start : place.char_end]
        yield f"wrong  {text.where}: {text.text}"
        yield f"       {place.label}, {words!r}: {now}, expected {expected}"


def _parts(check: Check) -> Iterator[tuple[str, Comparison]]:
    yield f"gold sentences: {check.sentences.n_texts:,}", check.sentences
    if check.reports is not None:
        yield f"reports: {check.reports.n_texts:,}", check.reports


def _labels(result: Comparison) -> Iterator[str]:
    changed = Counter(label for flip in result.flips for label in flip.labels)
    for label in sorted(changed):
        line = f"  {label}: {plural(changed[label], 'flip')}"
        scores = _scores(result, label) if label in result.counts else ""
        yield line + (f", F1 {scores}" if scores else "")


def _scores(result: Comparison, label: str | None) -> str:
    sides = ("before", "now")
    scores = [result.f1(side, label) if label else result.macro_f1(side) for side in sides]
    return " → ".join(_score(score) for score in scores)


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _families(result: Comparison) -> Iterator[str]:
    changed = Counter[str]()
    for flip in result.flips:
        changed.update({flip.cause_before.family, flip.cause_now.family})
    for family in sorted(changed):
        counts = result.families.get(family)
        if counts:
            yield f"  {family}.*: decides {counts['before']:,} → {counts['now']:,} mentions"


def _causes(flips: list[Flip]) -> Iterator[str]:
    """Name the rules that made the most flips: one plausible phrase can make hundreds."""
    culprits = [_culprit(flip) for flip in flips]
    causes = Counter((culprit.rule, culprit.place) for culprit in culprits)
    for (rule, place), n in causes.most_common(CAUSES_SHOWN):
        if n > 1:
            yield click.style(f"  {n} by {rule} ({place})", fg="yellow")


def _culprit(flip: Flip) -> Cause:
    """Choose what an editor has to look at: what decides now, or else what no longer does."""
    is_silent = flip.cause_now.family in ("default", "not found")
    return flip.cause_before if is_silent else flip.cause_now


def _flips(result: Comparison) -> Iterator[str]:
    order = sorted(result.flips, key=lambda flip: (not flip.is_worse, flip.is_better))
    for flip in order[:FLIPS_SHOWN]:
        kind = "worse" if flip.is_worse else "better" if flip.is_better else "other"
        color = {"worse": "red", "better": "green"}.get(kind)
        text = " ".join(flip.text.text.split())
        yield f"{click.style(f'{kind:6}', fg=color)} {flip.text.where}: {text}"
        expected = "" if flip.expected is None else f", expected {flip.expected}"
        labels = ", ".join(flip.labels)
        yield f"       {flip.words!r} ({labels}): {flip.before} → {flip.now}{expected}"
        yield f"         before: {flip.cause_before}"
        yield f"         now:    {flip.cause_now}"
        if flip.is_worse and flip.text.reason:
            yield f"         reason: {flip.text.reason}"
    if len(order) > FLIPS_SHOWN:
        yield f"  … and {len(order) - FLIPS_SHOWN:,} more flips: --json has them all"


def _line(check: Check) -> str:
    parts = []
    for title, result in _parts(check):
        right = result.right_texts
        judged = f", {right['before']:,} → {right['now']:,} right" if result.n_judged else ""
        scores = f", macro F1 {_scores(result, None)}" if result.n_judged else ""
        flips = f", {plural(len(result.flips), 'flip')}"
        if result.n_judged:
            flips += f" ({len(result.worse):,} worse, {len(result.better):,} better)"
        parts.append(title + judged + scores + flips)
    same = " (these are the shipped rules)" if check.is_shipped else ""
    return f"{check.folder}{same}: {'; '.join(parts)}"


def _details(check: Check) -> dict[str, Any]:
    details: dict[str, Any] = {"rules": str(check.folder), "is_shipped": check.is_shipped}
    details["n_shipped_sentences_not_run"] = check.n_not_run
    details["has_failed"] = check.has_failed
    if check.baseline is not None:
        details["baseline"] = {
            "name": BASELINE,
            "n_right": check.baseline.right_texts["before"],
            "macro_f1": check.baseline.macro_f1("before"),
            "f1": {
                label: check.baseline.f1("before", label) for label in sorted(check.baseline.counts)
            },
        }
    names = ("sentences", "reports")
    for name, (_, result) in zip(names, _parts(check), strict=False):
        details[name] = {
            "n": result.n_texts,
            "n_judged": result.n_judged,
            "n_right": {side: result.right_texts[side] for side in ("before", "now")},
            "macro_f1": {side: result.macro_f1(side) for side in ("before", "now")},
            "f1": {
                label: {side: result.f1(side, label) for side in ("before", "now")}
                for label in sorted(result.counts)
            },
            "families": {
                family: {side: counts[side] for side in ("before", "now")}
                for family, counts in sorted(result.families.items())
            },
            "flips": [_flip_details(flip) for flip in result.flips],
        }
    return details


def _flip_details(flip: Flip) -> dict[str, Any]:
    return {
        "where": flip.text.where,
        "text": flip.text.text,
        "labels": flip.labels,
        "words": flip.words,
        "before": flip.before,
        "now": flip.now,
        "expected": flip.expected,
        "by_before": str(flip.cause_before),
        "by_now": str(flip.cause_now),
        "is_worse": flip.is_worse,
        "is_better": flip.is_better,
    }
